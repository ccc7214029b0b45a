"""A draft of a trip: operations change it in memory, and one batch writes the result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer

from database import activity, assignments, clients, trips
from database.engine import Row, Statement
from database.later import Later
from database.quoting import as_word, in_quotes
from database.search import same_name
from tools.answers.bounds import named
from tools.answers.errors import Ambiguous, Conflict, InvalidInput, NotFound
from tools.answers.models import Contact, Sentence
from tools.answers.state import guest_names
from tools.trip import shapes
from tools.trip.itinerary.whole import Itinerary
from tools.trip.papers import Papers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.assignments import Pair
    from tools.finding.people import Directory
    from tools.trip.ledger import Ledger


# The JSON and plain columns that operations change. The slug is derived from the name.
JSON = ("financials", "documents", "notes", "workflow_state")
# Number of guests listed in a trip's state.
GUESTS_LISTED = 40

PLAIN = tuple(column for column in trips.EDITED if column not in {*JSON, "trip_slug"})


class OperationResult(BaseModel):
    """The result of one operation; null fields are omitted."""

    number: int = Field(default=0, description="Position, from 1.")
    trip_id: Annotated[int | None, Field(description="The trip, if several.")] = None
    operation: str = Field(default="", description="The operation's type.")
    success: bool = Field(default=True, description="Whether it was done.")
    message: Sentence = Field(default="", description="What was done.")
    error: Annotated[str | None, Field(description="Why it failed, and what to send instead.")] = None
    item_id: Annotated[str | None, Field(description="Id of the item, stay or transport.")] = None
    entry: Annotated[Any, Field(description="The entry as it is now stored, or as it was removed.")] = None
    email: Annotated[Contact, Field(description="The client's e-mail.")] = None
    client_id: Annotated[int | None, Field(description="The client's id.")] = None
    role: Annotated[str | None, Field(description="The client's role.")] = None
    roles: Annotated[list[str] | None, Field(description="The roles removed.")] = None
    assignment_id: Annotated[int | None, Field(description="Assignment id.")] = None
    created: Annotated[bool | None, Field(description="False if the assignment existed.")] = None
    client_created: Annotated[bool | None, Field(description="Whether the client is new.")] = None
    json_written_by: Annotated[
        str | None, Field(description="Who wrote the JSON side: trigger, backup or bulk; null if unchanged.")
    ] = None
    payment_id: Annotated[int | None, Field(description="Payment id.")] = None
    total_cost: Annotated[float | None, Field(description="Cost after it.")] = None
    paid: Annotated[float | None, Field(description="Paid after it.")] = None
    balance: Annotated[float | None, Field(description="Balance after it.")] = None
    currency: Annotated[str | None, Field(description="Trip's currency.")] = None

    @model_serializer(mode="wrap")
    def _without_nulls(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if value is not None}


@dataclass(frozen=True)
class _Step:
    """One change to the trip's assignments."""

    kind: str
    result: OperationResult
    pairs: list[Pair]
    to_role: str = ""
    guest: Row | None = None


@dataclass
class TripDraft:
    """The trip as read from the database, with operations applied one after another.

    `travelers` holds only the assignments of the clients in the directory.
    """

    read: Row
    travelers: list[Row]
    directory: Directory
    now: str
    trip_name: str = ""
    status: str = ""
    start_date: str = ""
    end_date: str = ""
    destinations: str | None = None
    group_name: str | None = None
    primary_client_email: str | None = None
    total_cost: float | None = None
    financials: Any = None
    documents: Any = None
    notes: Any = None
    workflow_state: Any = None
    wants_slug_of: str | None = None
    new_slug: str | None = None
    activities: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    guests: list[Row] = field(default_factory=list[Row])
    later: Later = field(default_factory=Later)
    unreadable: str = ""
    itinerary: Itinerary = field(default_factory=lambda: Itinerary.of(None, None))
    ledger: Ledger | None = None
    papers: Papers = field(default_factory=Papers)
    _steps: list[_Step] = field(default_factory=list[_Step])
    _notes_read: Any = None
    _notes_removed: set[str | int] = field(default_factory=set[str | int])
    _notes_kept: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _roles: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def __post_init__(self) -> None:
        for column in PLAIN:
            setattr(self, column, self.read[column])
        for column in JSON:
            setattr(self, column, shapes.load_json(self.read[column]))
        self._notes_read = self.notes
        for row in self.travelers:
            self._roles.setdefault(row["email"], []).append(row["role"])

    @property
    def trip_id(self) -> int:
        return self.read["trip_id"]

    @property
    def changed(self) -> bool:
        return bool(self.activities or self._steps)

    def log(self, kind: str, details: str) -> None:
        self.activities.append((kind, details))

    def change_note(self, note_id: str, note: str | None, *, keep: bool, shared: bool | None = None) -> str:
        """Replace or remove a note. `keep` stores the old one aside. Numbers count the notes as they were read.

        Return the old note as JSON. Raises NotFound if there is no such note, or InvalidInput if there are several.
        """
        place = self._place_of_note(note_id)
        now_at = place
        if isinstance(place, int):
            now_at = place - sum(isinstance(one, int) and one < place for one in self._notes_removed)
        before = shapes.note_at(self.notes, now_at)
        self.notes = shapes.with_changed_note(self.notes, now_at, note, self.now, shared=shared)
        if keep:
            self._notes_kept.append(self._kept("note changed", note_id=note_id, note=before))
        if note is None:
            self._notes_removed.add(place)
        return shapes.dump_json(before)

    def _kept(self, reason: str, **fields: object) -> tuple[str, str]:
        return reason, shapes.dump_json({"trip_id": self.trip_id, **fields})

    def _place_of_note(self, note_id: str) -> str | int:
        places = [
            (one, place) for one, place in shapes.note_places(self._notes_read) if place not in self._notes_removed
        ]
        found = list(dict.fromkeys(place for one, place in places if one == note_id))
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(f"#{place + 1}" for place in found if isinstance(place, int))
            raise InvalidInput(
                f"Several notes have the id {in_quotes(note_id)}.", f"Send the number of the one you mean: {numbers}."
            )
        known = ", ".join(as_word(one) for one, _ in places if not one.startswith("#"))
        remedy = f"Send the note_id of one of its notes: {known}." if known else "The trip has no notes."
        raise NotFound(f"The trip has no note {in_quotes(note_id)}.", remedy)

    def roles_of(self, email: str, role: str | None) -> list[str]:
        """Return the client's roles on the trip, or only `role`. Raises NotFound if the client has no such role."""
        roles = self._roles.get(email, [])
        who = self.directory.name_of(email)
        if not roles:
            raise NotFound(f"{who} is not on this trip.", "Send a client who is on the trip; get_anything lists them.")
        if role is not None and role not in roles:
            raise NotFound(
                f"{who} is not on this trip as {as_word(role)}, but as {', '.join(map(as_word, roles))}.",
                "Send one of those roles.",
            )
        return list(roles) if role is None else [role]

    def current_roles(self, email: str) -> list[str]:
        """Return the client's roles on the trip; empty if none."""
        return list(self._roles.get(email, []))

    @property
    def state(self) -> int:
        """The placeholder for the trip's state after the batch, with its guests."""
        staying = [
            guest for guest in self.guests if clients.fold(str(guest["email"] or "")) not in self.directory.created
        ]
        return self.later.trip_state(self.trip_id, guest_names(staying[:GUESTS_LISTED]))

    def assign(self, email: str, role: str) -> OperationResult:
        roles = self._roles.setdefault(email, [])
        created = role not in roles
        if created:
            roles.append(role)
        result = OperationResult(email=email, role=role, created=created)
        self._steps.append(_Step("assign", result, [(email, role)]))
        return result

    def link(self, guest: Row, email: str, role: str) -> OperationResult:
        """Assign the client as `assign` does, and turn the guest's entry into the client's entry."""
        result = self.assign(email, role)
        self._steps[-1] = replace(self._steps[-1], kind="link", guest=guest)
        self.guests.remove(guest)
        return result

    def guest_called(self, name: str) -> Row | None:
        """Return the guest of this name: exactly, else ignoring case, accents and punctuation.

        Raises Ambiguous if the name is only similar to those of several guests.
        """
        exact = [guest for guest in self.guests if guest["name"] == name]
        alike = exact or [guest for guest in self.guests if same_name(str(guest["name"]), name)]
        if len(alike) > 1 and not exact:
            raise Ambiguous(
                f"{len(alike)} people on this trip have a name like {in_quotes(name)}: "
                f"{named([in_quotes(guest['name']) for guest in alike])}.",
                "Send full_name exactly as one of these.",
            )
        return alike[0] if alike else None

    def require_unshared(self, email: str, roles: Sequence[str]) -> None:
        """Raise Conflict if other people share the client's e-mail in one of these roles."""
        others = [
            in_quotes(guest["name"])
            for guest in self.guests
            if guest["shares_with"] == email and guest["role"] in roles
        ]
        if others:
            raise Conflict(
                f"{as_word(email)} is shared on this trip by {named(others)}, who would be changed too.",
                "First give each of them a client of their own: assign_client with full_name alone.",
            )

    def unassign(self, email: str, roles: Sequence[str]) -> None:
        self._roles[email] = [role for role in self._roles[email] if role not in roles]
        self._steps.append(_Step("unassign", OperationResult(), [(email, role) for role in roles]))

    def change_role(self, email: str, from_role: str, to_role: str) -> OperationResult:
        result = OperationResult(email=email, role=to_role)
        if from_role != to_role:
            kept = [role for role in self._roles[email] if role not in {from_role, to_role}]
            self._roles[email] = [*kept, to_role]
            self._steps.append(_Step("change", result, [(email, from_role)], to_role))
        return result

    @property
    def links(self) -> bool:
        """True if a guest's entry becomes a client's entry."""
        return any(step.kind == "link" for step in self._steps)

    def guards(self) -> list[Statement]:
        """Return the statements that fail the batch if what was read has changed."""
        statements = [trips.guard_unchanged(self.read)]
        if self.itinerary.row is not None:
            statements.append(trips.guard_itinerary(self.trip_id, self.itinerary.row))
        if self._steps:
            statements.append(assignments.guard_unchanged(self.trip_id, self.directory.emails, self.travelers))
            known = {email for step in self._steps for email, _ in step.pairs} - self.directory.created.keys()
            statements.append(clients.guard_exist(known))
        if self.primary_client_email and self.primary_client_email != self.read["primary_client_email"]:
            statements.append(clients.guard_exist({self.primary_client_email} - self.directory.created.keys()))
        if self.new_slug is not None:
            statements.append(trips.guard_slug_free(self.new_slug, self.trip_id))
        if self.ledger is not None:
            statements += self.ledger.guards()
        return statements + self.papers.guards(self.trip_id)

    def writes(self) -> list[Statement]:
        """Return the statements that write the draft, and complete the results with placeholders from `later`.

        The clients in the directory must have been created before.
        """
        statements: list[Statement] = []
        for steps in self._units():
            written = self._statements_of(steps)
            statements += written
            self._promise(steps, assignments.backup_of(written))
        statements += self._columns_and_money()
        statements += self._itinerary_statements()
        kept = [*self._notes_kept, *(self._kept(one.reason, **one.fields) for one in self.itinerary.kept)]
        if kept:
            statements.append(trips.keep_aside(kept, self.now))
        if self.activities:
            statements.append(activity.log(self.trip_id, self.activities, self.now))
        return statements + self.papers.writes

    def _itinerary_statements(self) -> list[Statement]:
        row = self.itinerary.row
        values = self.itinerary.written() if row is not None else {}
        changed = row is not None and any(values[column] != row[column] for column in values)
        return [trips.update_itinerary(self.trip_id, values, self.now)] if changed else []

    def _columns_and_money(self) -> list[Statement]:
        """Return the statements for the columns, and then those for the payments, which the columns follow."""
        values, statements = self._values(), list[Statement]()
        if any(values[column] != self.read[column] for column in values) or (self.ledger and self.ledger.changed):
            search_text = trips.search_text(self.trip_name, self.destinations)
            statements.append(trips.update(self.trip_id, values, search_text, self.now))
        elif any(step.kind != "assign" or step.result.created for step in self._steps):
            statements.append(trips.touch(self.trip_id, self.now))
        if self.ledger is not None:
            statements += self.ledger.statements()
            self.ledger.promise(self.later)
        return statements

    def _promise(self, steps: list[_Step], backup: Statement) -> None:
        """Complete the results with placeholders for what only the database knows: ids, and who wrote the JSON."""
        for step in steps:
            result = step.result
            if step.kind != "unassign":
                email, role = step.pairs[0][0], step.to_role or step.pairs[0][1]
                result.assignment_id = self.later.assignment_id(self.trip_id, email, role)
                result.client_id = self.later.client_id(email)
            if step.kind == "link":
                result.json_written_by = "bulk"
            elif step.kind == "assign" and result.created:
                result.json_written_by = "bulk" if len(steps) > 1 else self.later.json_writer(backup)

    def _units(self) -> list[list[_Step]]:
        """Group the steps to write together: consecutive steps of one kind, but each role change and link alone."""
        units: list[list[_Step]] = []
        for kind, group in groupby(self._steps, key=lambda step: step.kind):
            steps = list(group)
            units += [[step] for step in steps] if kind in {"change", "link"} else [steps]
        return units

    def _statements_of(self, steps: list[_Step]) -> list[Statement]:
        kind = steps[0].kind
        pairs = [pair for step in steps for pair in step.pairs]
        if kind == "unassign":
            return assignments.unassign(self.trip_id, pairs, self.now)
        if steps[0].guest is not None:
            return assignments.link(self.trip_id, steps[0].guest, *pairs[0], self.now)
        if kind == "change":
            return assignments.change_role(self.trip_id, *pairs[0], steps[0].to_role, self.now)
        if len(pairs) == 1:
            return assignments.assign(self.trip_id, *pairs[0], self.now)
        return assignments.assign_many(self.trip_id, pairs, self.now)

    def _values(self) -> dict[str, Any]:
        """Return the new values of the edited columns; an unchanged JSON column keeps its exact text."""
        values: dict[str, Any] = {column: getattr(self, column) for column in PLAIN}
        values["trip_slug"] = self.new_slug if self.new_slug is not None else self.read["trip_slug"]
        for column in JSON:
            before = self.read[column]
            after = getattr(self, column)
            values[column] = (
                before
                if shapes.dump_json(after) == shapes.dump_json(shapes.load_json(before))
                else shapes.dump_json(after)
            )
        return values
