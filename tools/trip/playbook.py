"""The workflow phases: the work in each phase, and checks for what a trip still lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from database import listing, trips
from database.quoting import in_quotes
from database.roles import PRIMARY, travels
from tools.answers.fields import Phase
from tools.answers.guests import unreadable_note
from tools.answers.money import amount_words
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.engine import Database, Row

WORKFLOW_PHASES: tuple[Phase, ...] = get_args(Phase)

# Number of clients listed in a message about missing travel documents.
NAMES_SHOWN = 5


@dataclass(frozen=True)
class Play:
    """A phase: its aim, its steps, and checks that return a sentence about what is missing, or None."""

    aim: str
    steps: tuple[str, ...]
    checks: tuple[Callable[[Standing], str | None], ...]


@dataclass(frozen=True)
class Standing:
    """The current state of a trip, its travelers and its workflow."""

    trip: Row
    travelers: list[Row]
    workflow: dict[str, Any]
    unreadable: str = ""

    @classmethod
    async def of(cls, db: Database, trip_id: int) -> Standing | None:
        trip = await trips.whole(db, trip_id)
        if trip is None:
            return None
        papers = await listing.travelers_papers(db, trip_id)
        workflow = shapes.workflow(shapes.load_for_answer(trip["workflow_state"]))
        return cls(trip, papers, workflow, await unreadable_note(db, trip_id))

    @property
    def phase(self) -> str | None:
        """The phase as stored; an old database may hold an unknown one."""
        phase = self.workflow.get("current_phase")
        return None if phase is None or phase == "" else str(phase)

    @property
    def step(self) -> int | None:
        step = self.workflow.get("current_step")
        return step if isinstance(step, int) else None

    @property
    def next_phase(self) -> Phase | None:
        known = play_of(self.phase)
        later = WORKFLOW_PHASES[list(PLAYS.values()).index(known) + 1 :] if known else ()
        return later[0] if later else None

    @property
    def missing(self) -> list[str]:
        """Sentences about what is missing to finish the phase."""
        if self.phase is None:
            return ["There is no workflow: start one with initialize_workflow."]
        known = play_of(self.phase)
        if known is None:
            return ["The phase is unknown: set one with advance_workflow_phase."]
        return [sentence for check in known.checks if (sentence := check(self))]

    def holds(self, column: str) -> bool:
        return bool(shapes.load_for_answer(self.trip[column]))


def play_of(phase: str | None) -> Play | None:
    return next((play for name, play in PLAYS.items() if name == phase), None)


def _client(standing: Standing) -> str | None:
    return None if standing.travelers else "No client is on the trip: add one with assign_client."


def _dates(standing: Standing) -> str | None:
    known = standing.trip["start_date"] and standing.trip["end_date"]
    return None if known else "The dates are missing: set them with update_dates."


def _destinations(standing: Standing) -> str | None:
    return None if standing.trip["destinations"] else "The destinations are missing."


def _notes(standing: Standing) -> str | None:
    return None if standing.holds("notes") else "There are no notes on the trip idea: add one with add_note."


def _schedule(standing: Standing) -> str | None:
    return (
        None
        if standing.holds("schedule")
        else "The schedule is empty: add days with add_schedule_item, or import a page."
    )


def _accommodations(standing: Standing) -> str | None:
    return (
        None
        if standing.holds("accommodations")
        else "There are no accommodations: add them with add_stay, or import a page."
    )


def _cost(standing: Standing) -> str | None:
    return None if standing.trip["total_cost"] else "There is no cost: set it with update_cost."


def _payment_plan(standing: Standing) -> str | None:
    return None if standing.trip["planned"] else "There is no payment plan: set one with set_payment_plan."


def _payment(standing: Standing) -> str | None:
    return None if standing.trip["paid"] > 0 else "No payment is recorded: enter it with record_payment."


def _balance(standing: Standing) -> str | None:
    balance = standing.trip["balance"]
    if balance <= 0:
        return None
    return f"{amount_words(balance, standing.trip['currency'])} is still to pay: see list_payments."


def _document(standing: Standing) -> str | None:
    return None if standing.holds("documents") else "There is no document: add one with add_document."


def _proposal(standing: Standing) -> str | None:
    if standing.trip["proposed"] or standing.holds("documents"):
        return None
    return "There is no proposal: make one with generate_proposal, or add one with add_document."


def _all_documents(standing: Standing) -> str | None:
    documents = shapes.as_list(shapes.load_for_answer(standing.trip["documents"]))
    objects = cast("list[dict[str, Any]]", [one for one in documents if isinstance(one, dict)])
    without = [one for one in objects if not one.get("url")]
    if not without:
        return _document(standing)
    return f"Documents without a url: {len(without)} of {len(documents)}."


def _confirmed(standing: Standing) -> str | None:
    if standing.trip["status"] in {"confirmed", "in_progress", "completed"}:
        return None
    return "The status is not confirmed: set it with update_status."


def _primary_client(standing: Standing) -> str | None:
    known = standing.trip["primary_client_email"] or any(row["role"] in PRIMARY for row in standing.travelers)
    return None if known else "There is no primary client: give a traveler the role primary_traveler."


def _travel_documents(standing: Standing) -> str | None:
    names = dict.fromkeys(
        row["full_name"]
        for row in standing.travelers
        if travels(row["role"]) and not shapes.load_for_answer(row["travel_docs"])
    )
    if not names:
        return _client(standing)
    shown = ", ".join(map(in_quotes, list(names)[:NAMES_SHOWN])) + (
        f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    )
    return f"Travel documents are missing for {shown}: enter travel_docs with update_client."


PLAYS: dict[Phase, Play] = {
    "interview": Play(
        "Find out who travels, when, where, and what matters to them.",
        (
            "Find the clients with get_anything; create new ones with create_client_v2.",
            "Add them to the trip with assign_client and set the dates with update_dates, in bulk_trip_operations.",
            "Store lasting preferences with update_client, and wishes for this trip with add_note.",
        ),
        (_client, _dates, _destinations),
    ),
    "conceptualization": Play(
        "Develop a trip idea that fits the interview.",
        (
            "Read the preferences with get_client and the notes with get_anything.",
            "Record the idea with add_note of bulk_trip_operations: pace, regions, kind of hotels, budget.",
        ),
        (_client, _destinations, _notes),
    ),
    "planning": Play(
        "Plan the days: activities and places to stay.",
        (
            "Plan the days with add_schedule_item and set_day of bulk_trip_operations, or import a page of it.",
            "Add hotels with add_stay and flights or transfers with add_transport; heed the warnings in the answer.",
            "Record decisions and their reasons with add_note and set_workflow_step.",
        ),
        (_schedule, _accommodations),
    ),
    "proposal": Play(
        "Set the price and give the client a proposal.",
        (
            "Set the price with update_cost, and see with preview_proposal what the proposal lacks.",
            "Make the proposal with generate_proposal, or add one made elsewhere with add_document.",
            "Agree on when to pay what, and store it with set_payment_plan.",
            "Log with add_activity when it was sent to the client.",
        ),
        (_cost, _payment_plan, _proposal),
    ),
    "revision": Play(
        "Revise the proposal until the client agrees.",
        (
            "Record each request with add_note, then do it: update_schedule_item, update_stay, update_dates, roles.",
            "Make the new version with generate_proposal; if needed, go back a phase with advance_workflow_phase.",
        ),
        (_schedule, _cost, _proposal),
    ),
    "finalization": Play(
        "Book everything and collect the confirmations.",
        (
            "Enter confirmation numbers with update_stay, update_transport and update_schedule_item.",
            "Import each confirmation with import_trip_document and parse, or add its url with add_document.",
            "Record each deposit and payment with record_payment; list_payments shows what is due.",
            "Set the status to confirmed with update_status once everything is booked.",
        ),
        (_confirmed, _payment, _all_documents),
    ),
    "preparation": Play(
        "Prepare the travelers for departure.",
        (
            "Check times and transfers with get_anything; correct them with update_transport and update_schedule_item.",
            "Enter passports and visas with update_client under travel_docs.",
            "Check that everything is paid (list_payments) and one client is primary_traveler (change_client_role).",
            "Set the status to in_progress when they leave, and to completed when they are back.",
        ),
        (_primary_client, _balance, _travel_documents),
    ),
}
