"""Track notes that must never be lost: texts such as note-17 in extra keys and unlinked entries.

Before each statement, the model predicts the place of each note afterwards; notes that the statement itself
removes are left out. The notes of a text that is not an array must be in quarantine.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from oracle import Entry, Pair, client_emails, read_entries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

# A trip, and the pair whose entry holds the note, or None if the entry is unlinked.
Place: TypeAlias = tuple[int, Pair | None]
Places: TypeAlias = dict[str, Place]

# An assignment: trip, email, role.
Row: TypeAlias = tuple[int, str, str]

NOTE = re.compile(r"note-\d+")


class Snapshot(NamedTuple):
    """The raw rows: JSON by trip, assignments by id, emails of the clients, and quarantined texts."""

    texts: dict[int, object]
    rows: dict[int, Row]
    clients: list[str]
    quarantine: list[object]

    def rows_of(self, trip_id: int) -> dict[int, Row]:
        return {key: row for key, row in self.rows.items() if row[0] == trip_id}


def snapshot(connection: sqlite3.Connection) -> Snapshot:
    return Snapshot(
        dict(connection.execute("SELECT trip_id, clients FROM trips_v2").fetchall()),
        {
            row[0]: (row[1], row[2], row[3])
            for row in connection.execute(
                "SELECT assignment_id, trip_id, client_email, client_role FROM trip_client_assignments"
            )
        },
        client_emails(connection),
        [row[0] for row in connection.execute("SELECT raw_text FROM trip_clients_quarantine ORDER BY quarantine_id")],
    )


def places(texts: Mapping[int, object], clients: list[str]) -> Places:
    """The place of each note."""
    return {note: (entry.trip_id, entry.pair) for entry in _entries(texts, clients) for note in notes(entry.element)}


def unlinked(texts: Mapping[int, object], clients: list[str]) -> dict[int, list[str]]:
    """The unlinked elements of each trip that has any, in order, as JSON text."""
    found: dict[int, list[str]] = {}
    for entry in _entries(texts, clients):
        if entry.client is None:
            found.setdefault(entry.trip_id, []).append(json.dumps(entry.element))
    return found


def relocated(before: Places, where: Callable[[Place], Place | None]) -> Places:
    """The notes at their new places, without those for which `where` returns None."""
    moved = {note: where(place) for note, place in before.items()}
    return {note: place for note, place in moved.items() if place is not None}


def assert_kept(expected: Places, after: Snapshot) -> None:
    """Check that each note is where it is expected."""
    found = places(after.texts, after.clients)
    for note, place in expected.items():
        assert found.get(note) == place, f"{note} belongs to {place}, but is at {found.get(note, 'no place at all')}"


def notes(value: Any) -> set[str]:
    text = as_text(value) if isinstance(value, str | bytes | int | float) else json.dumps(value)
    return set(NOTE.findall(text))


def as_text(raw: object) -> str:
    return raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)


def _entries(texts: Mapping[int, object], clients: list[str]) -> list[Entry]:
    return [entry for trip_id, text in texts.items() for entry in read_entries(trip_id, text, clients) or []]
