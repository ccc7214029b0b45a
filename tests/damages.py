"""Every kind of damage to the content: the statements that cause it and the findings that a check reports.

Each kind damages a trip with two clients: `one`, its traveler and first entry, and `two`, its payer and second entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from damage import Damage, Finding, Trip, compact

if TYPE_CHECKING:
    from collections.abc import Callable


def _json(expression: str) -> tuple[str, ...]:
    return (f"UPDATE trips_v2 SET clients = {expression} WHERE trip_id = :trip",)


def _row(role: str) -> str:
    return f"INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (:trip, :one, {role})"


_OF_ONE = "WHERE trip_id = :trip AND client_email = :one"


def _role(role: str) -> str:
    return f"UPDATE trip_client_assignments SET client_role = {role} {_OF_ONE}"


PAIRS = [
    Damage(
        "a row without its entry",
        (_row("'guide'"),),
        lambda trip: [trip.pair("junction_only", trip.one, "guide")],
    ),
    Damage(
        "an entry taken away",
        _json("json_remove(clients, '$[0]')"),
        lambda trip: [trip.pair("junction_only", trip.one, "traveler")],
    ),
    Damage(
        "an entry without its row",
        _json("json_insert(clients, '$[#]', json_object('email', :two, 'role', 'guide', 'k', 1))"),
        lambda trip: [trip.pair("json_only", trip.two, "guide", {"email": trip.two, "role": "guide", "k": 1})],
    ),
    Damage(
        "a row taken away",
        (f"DELETE FROM trip_client_assignments {_OF_ONE}",),
        lambda trip: [trip.pair("json_only", trip.one, "traveler", trip.entry())],
    ),
    Damage(
        "another role in the JSON",
        _json("json_set(clients, '$[0].role', 'guide')"),
        lambda trip: [
            trip.pair("junction_only", trip.one, "traveler"),
            trip.pair("json_only", trip.one, "guide", trip.entry(role="guide")),
        ],
    ),
    Damage(
        "an entry twice",
        _json("json_insert(clients, '$[#]', json(clients -> '$[0]'))"),
        lambda trip: [trip.pair("duplicate", trip.one, "traveler", trip.entry(), trip.entry())],
    ),
    Damage(
        "an entry again in another shape",
        _json("json_insert(clients, '$[#]', upper(:one))"),
        lambda trip: [
            trip.pair("duplicate", trip.one, "traveler", trip.entry(), trip.one.upper(), canonical=False),
        ],
    ),
]

_SHAPES: list[tuple[str, str, Callable[[Trip], Any]]] = [
    ("case", "json_set(clients, '$[0].email', upper(:one))", lambda trip: trip.entry(email=trip.one.upper())),
    (
        "padding",
        "json_set(clients, '$[0].email', ' ' || :one || char(9))",
        lambda trip: trip.entry(email=f" {trip.one}\t"),
    ),
    ("a bare e-mail", "json_set(clients, '$[0]', :one)", lambda trip: trip.one),
    (
        "an object made a string",
        "json_set(clients, '$[0]', (clients -> '$[0]') || '')",
        lambda trip: compact(trip.entry()),
    ),
    ("no role", "json_remove(clients, '$[0].role')", lambda trip: trip.entry(role=...)),
    ("a null role", "json_set(clients, '$[0].role', NULL)", lambda trip: trip.entry(role=None)),
    ("a blank role", "json_set(clients, '$[0].role', ' ')", lambda trip: trip.entry(role=" ")),
]

SHAPES = [
    Damage(
        f"not canonical: {name}",
        _json(expression),
        lambda trip, element=element: [
            trip.pair("not_canonical", trip.one, "traveler", element(trip), canonical=False)
        ],
    )
    for name, expression, element in _SHAPES
]

ROLES = [
    Damage(
        "a number for a role that the row has as text",
        (_role("'5'"), *_json("json_set(clients, '$[0].role', 5)")),
        lambda trip: [trip.pair("not_canonical", trip.one, "5", trip.entry(role=5), canonical=False)],
    ),
    Damage(
        "true for a role, where the row has 1",
        (_role("'1'"), *_json("json_set(clients, '$[0].role', json('true'))")),
        lambda trip: [
            trip.pair("junction_only", trip.one, "1"),
            trip.pair("json_only", trip.one, "true", trip.entry(role=True), canonical=False),
        ],
    ),
    Damage(
        "no role in the row",
        (_role("NULL"),),
        lambda trip: [trip.pair("not_canonical", trip.one, "traveler", trip.entry(), canonical=False)],
    ),
    Damage(
        "a second row without a role",
        (_row("NULL"),),
        lambda trip: [trip.pair("not_canonical", trip.one, "traveler", trip.entry(), canonical=False)],
    ),
    Damage(
        "two rows without a role, and no entry",
        (_row("NULL"), _role("NULL"), *_json("json_remove(clients, '$[0]')")),
        lambda trip: [trip.pair("junction_only", trip.one, "traveler", canonical=False)],
    ),
    Damage(
        "a blank role on both sides",
        (_role("''"), *_json("json_set(clients, '$[0].role', '')")),
        lambda trip: [trip.pair("not_canonical", trip.one, "traveler", trip.entry(role=""), canonical=False)],
    ),
]


def _not_an_array(value: str, text: str) -> Damage:
    def findings(trip: Trip) -> list[Finding]:
        pairs = [
            trip.pair("junction_only", email, role) for email, role in ((trip.one, "traveler"), (trip.two, "payer"))
        ]
        return [*pairs, trip.found("not_an_array", json=text)]

    return Damage(f"not an array: {value}", _json(value), findings)


ARRAYS = [
    _not_an_array("""'[{"email": "'""", '[{"email": "'),
    _not_an_array("''", ""),
    _not_an_array("'null'", "null"),
    _not_an_array("json_object('email', 'a@x.io')", '{"email":"a@x.io"}'),
    _not_an_array("7", "7"),
    _not_an_array("2.5", "2.5"),
    _not_an_array("json_quote('[]')", '"[]"'),
    _not_an_array("x'5b5d'", "X'5B5D'"),
    _not_an_array("x'ff5b'", "X'FF5B'"),
]


def _unlinked(name: str, value: str, element: Any, *, indexed: bool = True) -> Damage:
    """Damage that appends an element without a client; 'stranger' in it stands for the trip's `stranger`."""
    index = "INSERT INTO trip_client_unlinked (trip_id, email) VALUES (:trip, :stranger)"

    def findings(trip: Trip) -> list[Finding]:
        entry = compact(element).replace('"stranger"', compact(trip.stranger))
        email = trip.stranger if entry != compact(element) else None
        found = trip.found("unlinked", position=2, email=email, entry=entry)
        return [found] if indexed else [found, trip.found("not_indexed")]

    appended = _json(f"json_insert(clients, '$[#]', {value})")
    return Damage(name, (*appended, index) if indexed else appended, findings)


UNLINKED = [
    _unlinked("no e-mail", "json_object('name', 'Infant')", {"name": "Infant"}),
    _unlinked("a null e-mail", "json_object('email', NULL)", {"email": None}),
    _unlinked("a number", "7", 7),
    _unlinked("no such client", "json_object('email', :stranger)", {"email": "stranger"}),
    _unlinked("no such client in the index", "json_object('email', :stranger)", {"email": "stranger"}, indexed=False),
]

_ORPHAN = "INSERT INTO trip_client_assignments VALUES (:gone, {}, {}, 'guide', '2026-01-01', '2026-01-01')"


def _orphan(trip: Trip, reason: str, trip_id: int, email: str) -> Finding:
    values = {"client_email": email, "client_role": "guide", "created_at": "2026-01-01", "updated_at": "2026-01-01"}
    found = {**trip.found("orphan"), "set_aside": False, "reason": reason, "assignment_id": trip.values()["gone"]}
    return {**found, **values, "trip_id": trip_id}


ORPHANS = [
    Damage(
        "an orphan of a trip",
        (_ORPHAN.format(":gone", ":one"),),
        lambda trip: [_orphan(trip, "no such trip", trip.values()["gone"], trip.one)],
    ),
    Damage(
        "an orphan of a client",
        (_ORPHAN.format(":trip", ":stranger"),),
        lambda trip: [_orphan(trip, "no such client", trip.number, trip.stranger)],
    ),
    Damage(
        "an orphan of a client with its entry",
        (
            _ORPHAN.format(":trip", ":stranger"),
            *_json("json_insert(clients, '$[#]', json_object('email', :stranger, 'role', 'guide'))"),
        ),
        lambda trip: [
            _orphan(trip, "no such client", trip.number, trip.stranger),
            trip.found(
                "unlinked", position=2, email=trip.stranger, entry=compact({"email": trip.stranger, "role": "guide"})
            ),
            trip.found("not_indexed"),
        ],
    ),
]

OTHERS = [
    Damage(
        "a guard left",
        ("INSERT INTO trip_client_sync (trip_id) VALUES (:trip)",),
        lambda trip: [trip.found("guard_left")],
    ),
    Damage(
        "a guard left by a reconciliation",
        ("INSERT INTO trip_client_sync (trip_id, action) VALUES (:trip, 'reconcile')",),
        lambda trip: [trip.found("guard_left")],
    ),
    Damage(
        "a primary client that is none",
        ("UPDATE trips_v2 SET primary_client_email = :stranger WHERE trip_id = :trip",),
        lambda trip: [trip.found("primary_client", email=trip.stranger)],
    ),
    Damage(
        "no slug",
        ("UPDATE trips_v2 SET trip_slug = NULL WHERE trip_id = :trip",),
        lambda trip: [trip.found("slug_missing")],
    ),
    Damage(
        "an empty slug",
        ("UPDATE trips_v2 SET trip_slug = '' WHERE trip_id = :trip",),
        lambda trip: [trip.found("slug_missing")],
    ),
    Damage(
        "a slug twice",
        ("UPDATE trips_v2 SET trip_slug = 'trip-' || :trip WHERE trip_id = :trip + 1",),
        lambda trip: [
            trip.found("slug_double", slug=f"trip-{trip.number}", trip_ids=f"[{trip.number},{trip.number + 1}]")
        ],
    ),
]

CONTENT = [*PAIRS, *SHAPES, *ROLES, *ARRAYS, *UNLINKED, *ORPHANS, *OTHERS]
