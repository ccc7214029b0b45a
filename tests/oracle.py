"""A second implementation of the dual-write rule in plain Python over the raw rows, without the project's SQL.

For each trip, the pairs (email, role) in the JSON equal the pairs in the junction. An entry is linked when its
email, trimmed and with ASCII letters lower-cased, is a client's; all other entries are ignored here. A pair has one
entry, or several that contradict each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

Pair: TypeAlias = tuple[str, str]

# Characters that the schema trims from an email: tab to carriage return, and space, but no other white space.
BLANKS = "\t\n\x0b\x0c\r "

# Tables whose foreign keys must hold. Those of other tables may have been violated before the import.
TABLES = ["trips_v2", "clients_v2", "trip_client_assignments", "ActivityLog", "facts_dirty", "trip_facts"]


@dataclass(frozen=True)
class Entry:
    """One element of a trip's JSON. `client` is the email of the client it is linked to, or None."""

    trip_id: int
    position: int
    element: Any
    client: str | None
    role: str

    @property
    def pair(self) -> Pair | None:
        return None if self.client is None else (self.client, self.role)

    @property
    def canonical(self) -> bool:
        """True if the entry is an object with its client's exact email and a role."""
        element: object = self.element
        if not isinstance(element, dict):
            return False
        fields = cast("dict[str, Any]", element)
        return fields.get("email") == self.client and fields.get("role") == self.role


def assert_clean(connection: sqlite3.Connection) -> None:
    found = [*findings(connection), *_not_waiting(connection)]
    assert not found, "\n".join(found)


def _not_waiting(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield a sentence for each unlinked entry with an email that a new client could not be linked to by a trigger."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'trg_trips_v2_clients_insert'").fetchone():
        return
    waiting = set(connection.execute("SELECT trip_id, email FROM trip_client_unlinked"))
    for entry in all_entries(connection):
        email = fields_of(entry.element).get("email")
        email = folded(email) if isinstance(email, str) else ""
        if entry.client is None and email and (entry.trip_id, email) not in waiting:
            yield f"trip {entry.trip_id}: not waiting for a client: {entry.element!r}"


def findings(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield one sentence for each difference between the stores and each structural fault of the database."""
    clients = client_emails(connection)
    pairs = junction_pairs(connection)
    for trip_id, text in connection.execute("SELECT trip_id, clients FROM trips_v2 ORDER BY trip_id"):
        entries = read_entries(trip_id, text, clients)
        if entries is None:
            yield f"trip {trip_id}: not an array: {text!r}"
        else:
            yield from _trip_findings(trip_id, entries, pairs.pop(trip_id, []))
    yield from (f"trip {trip_id}: does not exist, but is assigned {rest}" for trip_id, rest in pairs.items())
    yield from (f"guard left: {row}" for row in connection.execute("SELECT * FROM trip_client_sync"))
    for table in TABLES:
        rows = connection.execute("SELECT * FROM pragma_foreign_key_check(?)", (table,)).fetchall()
        yield from (f"foreign key: {row}" for row in rows)


def _trip_findings(trip_id: int, entries: list[Entry], in_junction: list[Pair]) -> Iterator[str]:
    linked = [entry for entry in entries if entry.client is not None]
    in_json = [entry.pair for entry in linked if entry.pair]
    yield from (f"trip {trip_id}: junction only: {pair}" for pair in in_junction if pair not in in_json)
    yield from (f"trip {trip_id}: JSON only: {pair}" for pair in in_json if pair not in in_junction)
    for pair in set(in_json):
        of_pair = [entry for entry in linked if entry.pair == pair]
        if not is_merged(of_pair):
            yield f"trip {trip_id}: not merged in the JSON: {[entry.element for entry in of_pair]}"
    yield from (f"trip {trip_id}: not canonical: {entry.element!r}" for entry in linked if not entry.canonical)


def is_merged(of_pair: Sequence[Entry]) -> bool:
    """True for a single entry, or for conflicting entries that all have details and contain no duplicates."""
    if len(of_pair) == 1:
        return True
    details = [_details(entry.element) for entry in of_pair]
    values: dict[str, set[str]] = {}
    for key, value in {detail for of_one in details for detail in of_one}:
        values.setdefault(key, set()).add(value)
    contradict = any(len(different) > 1 for different in values.values())
    return contradict and all(details) and len(set(details)) == len(details)


def _details(element: Any) -> frozenset[tuple[str, str]]:
    """The keys and values that describe the person, without nulls."""
    return frozenset(
        (key, json.dumps(value))
        for key, value in fields_of(element).items()
        if value is not None and key not in {"email", "role", "assigned_at", "assigned_date"}
    )


def client_emails(connection: sqlite3.Connection) -> list[str]:
    """All clients' emails, oldest client first; without an exact match, an entry is linked to the first match."""
    return [row[0] for row in connection.execute("SELECT email FROM clients_v2 ORDER BY client_id")]


def junction_pairs(connection: sqlite3.Connection) -> dict[int, list[Pair]]:
    pairs: dict[int, list[Pair]] = {}
    for trip_id, email, role in connection.execute(
        "SELECT trip_id, client_email, client_role FROM trip_client_assignments ORDER BY assignment_id"
    ):
        pairs.setdefault(trip_id, []).append((email, role))
    return pairs


def all_entries(connection: sqlite3.Connection) -> list[Entry]:
    """The entries of every trip whose JSON is an array."""
    clients = client_emails(connection)
    rows = connection.execute("SELECT trip_id, clients FROM trips_v2 ORDER BY trip_id").fetchall()
    return [entry for trip_id, text in rows for entry in read_entries(trip_id, text, clients) or []]


def read_entries(trip_id: int, text: object, clients: Sequence[str]) -> list[Entry] | None:
    """The entries in the text, or None if it is not a JSON array."""
    array = parsed(text)
    if not isinstance(array, list):
        return None
    elements = cast("list[Any]", array)
    return [_entry(trip_id, position, element, clients) for position, element in enumerate(elements)]


def parsed(text: object) -> Any:
    """The JSON value, or None for text that is not JSON. As in SQLite, the first of two equal keys wins."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text, object_pairs_hook=_first_wins, parse_constant=_refuse)
    except ValueError:
        return None


def _entry(trip_id: int, position: int, element: Any, clients: Sequence[str]) -> Entry:
    fields = fields_of(element)
    email = fields.get("email")
    client = _client(email, clients) if isinstance(email, str) else None
    return Entry(trip_id, position, element, client, _role(fields.get("role")))


def fields_of(element: Any) -> dict[str, Any]:
    """The fields of the element, which may be an object, an object serialized as a string, or a bare email."""
    if isinstance(element, dict):
        return cast("dict[str, Any]", element)
    if not isinstance(element, str):
        return {}
    inner = parsed(element)
    if isinstance(inner, dict):
        return cast("dict[str, Any]", inner)
    is_json = inner is not None or element.strip() == "null"
    return {"email": element} if not is_json and "@" in element[1:] else {}


def _client(email: str, clients: Sequence[str]) -> str | None:
    if not folded(email):
        return None
    if email in clients:
        return email
    return next((client for client in clients if folded(client) == folded(email)), None)


def folded(email: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in email.strip(BLANKS))


def _role(role: Any) -> str:
    if role is None:
        return "traveler"
    if isinstance(role, str):
        return role if role.strip(" ") else "traveler"
    return json.dumps(role, separators=(",", ":"), ensure_ascii=False)


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        fields.setdefault(key, value)
    return fields


def _refuse(word: str) -> None:
    raise ValueError(word)


def drift(connection: sqlite3.Connection) -> set[tuple[str, int, str | None, str | None]]:
    """The drift that a check must find: kind, trip and, for findings about a pair, email and role."""
    clients = client_emails(connection)
    rows = junction_pairs(connection)
    found: set[tuple[str, int, str | None, str | None]] = set()
    for trip_id, text in connection.execute("SELECT trip_id, clients FROM trips_v2").fetchall():
        entries = read_entries(trip_id, text, clients)
        if entries is None:
            found.add(("not_an_array", trip_id, None, None))
        of_clients = [pair for pair in rows.get(trip_id, []) if pair[0] in clients]
        found |= {(kind, trip_id, *pair) for kind, pair in _pair_kinds(entries or [], of_clients)}
    return found | {("guard_left", row[0], None, None) for row in connection.execute("SELECT * FROM trip_client_sync")}


def _pair_kinds(entries: Sequence[Entry], rows: Sequence[Pair]) -> Iterator[tuple[str, Pair]]:
    """Yield the kind of drift of each pair. A junction row without a role counts as a traveler's, but is reported."""
    in_junction = [(email, _role(role)) for email, role in rows]
    for pair in {*in_junction, *(entry.pair for entry in entries if entry.pair)}:
        of_pair = [entry for entry in entries if entry.pair == pair]
        if not of_pair:
            yield "junction_only", pair
        elif pair not in in_junction:
            yield "json_only", pair
        elif not is_merged(of_pair):
            yield "duplicate", pair
        elif pair not in rows or in_junction.count(pair) > 1 or not all(e.canonical for e in of_pair):
            yield "not_canonical", pair
