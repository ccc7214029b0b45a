"""The phases of work on a trip: what each asks for, and what a trip still lacks to finish the one it is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from database import listing, trips
from tools.answers.fields import Phase
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.engine import Database, Row

WORKFLOW_PHASES: tuple[Phase, ...] = get_args(Phase)

# Clients whose papers are missing that a sentence names.
NAMED = 5


@dataclass(frozen=True)
class Play:
    """A phase: what it is for, how to work in it, and the checks that say what is missing, in a sentence each."""

    aim: str
    steps: tuple[str, ...]
    checks: tuple[Callable[[Standing], str | None], ...]


@dataclass(frozen=True)
class Standing:
    """The trip as it stands, and each role of each client on it."""

    trip: Row
    travelers: list[Row]
    workflow: dict[str, Any]

    @classmethod
    async def of(cls, db: Database, trip_id: int) -> Standing | None:
        trip = await trips.whole(db, trip_id)
        if trip is None:
            return None
        papers = await listing.travelers_papers(db, trip_id)
        return cls(trip, papers, shapes.workflow(shapes.load_for_answer(trip["workflow_state"])))

    @property
    def phase(self) -> str | None:
        """As stored: an old database may hold another than ours."""
        phase = self.workflow.get("current_phase")
        return None if phase is None or phase == "" else str(phase)

    @property
    def step(self) -> int | None:
        step = self.workflow.get("current_step")
        return step if isinstance(step, int) else None

    @property
    def next_phase(self) -> Phase | None:
        known = play_of(self.phase)
        behind = WORKFLOW_PHASES[list(PLAYS.values()).index(known) + 1 :] if known else ()
        return behind[0] if behind else None

    @property
    def missing(self) -> list[str]:
        """Everything missing to finish the phase, or the workflow itself."""
        if self.phase is None:
            return ["There is no workflow: initialize_workflow starts one."]
        known = play_of(self.phase)
        if known is None:
            return ["The phase is none that is known here: advance_workflow_phase sets one."]
        return [sentence for check in known.checks if (sentence := check(self))]

    def holds(self, column: str) -> bool:
        return bool(shapes.load_for_answer(self.trip[column]))


def play_of(phase: str | None) -> Play | None:
    return next((play for name, play in PLAYS.items() if name == phase), None)


def _client(standing: Standing) -> str | None:
    return None if standing.travelers else "No client is on the trip: assign_client puts one there."


def _dates(standing: Standing) -> str | None:
    known = standing.trip["start_date"] and standing.trip["end_date"]
    return None if known else "The dates are not known: update_dates sets them."


def _destinations(standing: Standing) -> str | None:
    return None if standing.trip["destinations"] else "The destinations are not known."


def _notes(standing: Standing) -> str | None:
    return None if standing.holds("notes") else "There are no notes on what the trip shall be: add_note adds one."


def _schedule(standing: Standing) -> str | None:
    return (
        None if standing.holds("schedule") else "The schedule is empty: it comes with an imported page of the proposal."
    )


def _accommodations(standing: Standing) -> str | None:
    return (
        None
        if standing.holds("accommodations")
        else "No accommodations are entered: they come with an imported page of the proposal."
    )


def _cost(standing: Standing) -> str | None:
    return None if standing.trip["total_cost"] else "There is no cost: update_cost sets it."


def _document(standing: Standing) -> str | None:
    return None if standing.holds("documents") else "There is no document: add_document adds one."


def _all_documents(standing: Standing) -> str | None:
    documents = shapes.as_list(shapes.load_for_answer(standing.trip["documents"]))
    objects = cast("list[dict[str, Any]]", [one for one in documents if isinstance(one, dict)])
    without = [one for one in objects if not one.get("url")]
    if not without:
        return _document(standing)
    return f"Documents that lie nowhere yet, by their url: {len(without)} of {len(documents)}."


def _confirmed(standing: Standing) -> str | None:
    if standing.trip["status"] in {"confirmed", "in_progress", "completed"}:
        return None
    return "The status is not confirmed: update_status sets it."


def _primary_client(standing: Standing) -> str | None:
    known = standing.trip["primary_client_email"] or any(
        row["role"] in {"primary", "primary_traveler"} for row in standing.travelers
    )
    return None if known else "There is no primary client: give one the role primary_traveler."


def _travel_documents(standing: Standing) -> str | None:
    names = dict.fromkeys(
        row["full_name"] for row in standing.travelers if not shapes.load_for_answer(row["travel_docs"])
    )
    if not names:
        return _client(standing)
    shown = ", ".join(list(names)[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return f"Travel documents are missing of {shown}: update_client enters travel_docs."


PLAYS: dict[Phase, Play] = {
    "interview": Play(
        "Learn who travels, when, where to, and what matters to them.",
        (
            "Find the clients with get_anything; create new ones with create_client_v2.",
            "Put them on the trip with assign_client of bulk_trip_operations, and set update_dates there.",
            "Keep lasting wishes with update_client under preferences, those for this trip with add_note.",
        ),
        (_client, _dates, _destinations),
    ),
    "conceptualization": Play(
        "Make an idea of the trip that fits what the interview gave.",
        (
            "Read preferences with get_client, and the notes with get_anything.",
            "Write down the idea with add_note of bulk_trip_operations: pace, regions, kind of hotels, budget.",
        ),
        (_client, _destinations, _notes),
    ),
    "planning": Play(
        "Fill the days: what is done when, and where they stay.",
        (
            "The schedule and the accommodations come with an imported page of the proposal.",
            "Keep what you decide, and why, with add_note and set_workflow_step.",
        ),
        (_schedule, _accommodations),
    ),
    "proposal": Play(
        "Put a price on it and hand the client a document.",
        (
            "Set the price with update_cost, and the proposal with add_document, of bulk_trip_operations.",
            "Log with add_activity when it went to the client.",
        ),
        (_cost, _document),
    ),
    "revision": Play(
        "Change what the client wants otherwise, till they agree.",
        (
            "Write each wish down with add_note, then change what it asks for: update_dates, update_cost, roles.",
            "Add the new proposal with add_document; go back a phase with advance_workflow_phase if need be.",
        ),
        (_schedule, _cost, _document),
    ),
    "finalization": Play(
        "Book, and have every confirmation at hand.",
        (
            "Add each confirmation with add_document, with the url where it lies.",
            "Set update_status to confirmed once everything is booked.",
        ),
        (_confirmed, _all_documents),
    ),
    "preparation": Play(
        "Get the travelers ready to leave.",
        (
            "Enter passports and visas with update_client under travel_docs.",
            "See with get_anything that somebody is primary_traveler; change_client_role makes them so.",
            "Set update_status to in_progress when they leave, to completed when they are back.",
        ),
        (_primary_client, _travel_documents),
    ),
}
