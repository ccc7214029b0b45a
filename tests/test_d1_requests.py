"""The requests that calls of tools need on the hosted engine: few, and as many for large input as for small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from desk import ANA, KYOTO, op
from hosted_desk import hosted_desk
from workerd import skip_module_without_node

if TYPE_CHECKING:
    from collections.abc import Callable

    from workerd import Hosted

skip_module_without_node()

# The most requests of a call that an agent makes in the course of a conversation.
FEW = 4

QUERIES: dict[str, dict[str, Any]] = {
    "an id": {"query": str(KYOTO)},
    "a slug": {"query": "lima-in-kyoto"},
    "an e-mail": {"query": ANA},
    "a name": {"query": "Ana Lima"},
    "words": {"query": "kyoto lima"},
    "a word with more matches than are read": {"query": "trip"},
    "words of many clients": {"query": "guest 7"},
    "a long word": {"query": "beginningwords"},
    "any words": {"query": "guest trip kyoto", "search_strategy": "broad"},
    "a name that other trips and travelers share in part": {"query": "Guest sixty 1"},
}


async def test_finding_takes_few_requests_whatever_is_sought_and_found(hosted: Hosted) -> None:
    async with hosted_desk(hosted) as desk:
        grow(hosted, "sixty", 60)
        hosted.sql(
            "UPDATE trips_v2 SET destinations = 'Villefranche-sur-Mer, beginningwords of Kyoto' WHERE trip_id = 2"
        )
        needed: dict[str, int] = {}
        for what, sent in QUERIES.items():
            await desk.call("get_anything", **sent)
            needed[what] = desk.requests.count
    assert {what: count for what, count in needed.items() if count > FEW} == {}


def grow(hosted: Hosted, name: str, many: int) -> Size:
    """Add so many clients, a trip that has all of them, and so many trips that each have the first client."""
    for sql in GROW:
        hosted.sql(sql.strip(), name, many)
    trips = hosted.sql("SELECT trip_id FROM trips_v2 WHERE trip_slug LIKE 'trip-' || ?1 || '-%'", name)
    return Size(name, many, [trip_id for (trip_id,) in trips])


NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?2 AS INTEGER)) "

GROW = [
    NUMBERS
    + "INSERT INTO clients_v2 (email, full_name) SELECT ?1 || i || '@example.net', 'Guest ' || ?1 || ' ' || i FROM n",
    NUMBERS
    + """
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date)
SELECT 'Crowded ' || ?1, 'crowded-' || ?1,
       json_group_array(json_object('email', ?1 || i || '@example.net', 'role', 'traveler')), '2026-01-01', '2026-01-05'
FROM n""",
    NUMBERS
    + """
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date)
SELECT 'Trip ' || ?1 || ' ' || i, 'trip-' || ?1 || '-' || i,
       json_array(json_object('email', ?1 || '1@example.net', 'role', 'traveler')), '2026-01-01', '2026-01-05'
FROM n""",
    NUMBERS
    + """
INSERT INTO db_errors (error_timestamp, attempted_operation, error_message)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ'), ?1 || i, 'message ' || ?1 || ' ' || i FROM n""",
]


class Size(NamedTuple):
    """The rows that `grow` added: their name, their number, and the ids of the trips."""

    name: str
    many: int
    trips: list[int]


# Calls whose input or result has as many items as `grow` added.
CALLS: dict[str, Callable[[Size], dict[str, Any]]] = {
    "list_trips": lambda size: {"limit": min(size.many, 100)},
    "get_anything": lambda size: {"query": f"guest {size.name}", "search_strategy": "broad"},
    "get_client": lambda size: {"email": f"{size.name}1@example.net"},
    "get_recent_activities": lambda size: {"limit": min(size.many, 100)},
    "query_trip_facts": lambda size: {"trip_ids": size.trips},
    "mark_facts_dirty": lambda size: {"trip_ids": size.trips, "reason": "asked"},
    "refresh_trip_facts": lambda size: {"limit": size.many},
    "get_facts_stats": lambda _: {},
    "analyze_recent_errors": lambda size: {"limit": min(size.many, 100)},
    "resolve_error_pattern": lambda size: {"error_pattern": f"message {size.name}", "resolution": "done"},
    "health_check": lambda _: {},
    "explore_database": lambda _: {},
    "update_activitylog_clients": lambda _: {},
    "reset_activitylog_from_trips": lambda _: {"dry_run": False},
    "merge_clients": lambda size: {
        "keep": f"{size.name}2@example.net",
        "remove": f"{size.name}1@example.net",
        "dry_run": False,
    },
    "bulk_trip_operations": lambda size: {
        "trip_identifier": "2",
        "operations": [
            op("assign_client", email=f"new.{size.name}{n}@example.net", full_name=f"N {n}") for n in range(size.many)
        ],
    },
    "delete_trip": lambda size: {
        "trip_identifier": f"crowded-{size.name}",
        "confirm_trip_name": f"Crowded {size.name}",
    },
    "restore_deleted": lambda size: {"trip_name": f"Crowded {size.name}"},
    "erase_client": lambda size: {
        "client": f"{size.name}3@example.net",
        "confirm_name": f"Guest {size.name} 3",
        "dry_run": False,
    },
    "cleanup_duplicate_clients": lambda size: {"email_patterns": [f"{size.name}*"], "dry_run": False},
    "cleanup_duplicate_trips": lambda size: {"name_patterns": [f"Trip {size.name} *"], "dry_run": False},
    "check_consistency": lambda _: {},
    "repair_consistency": lambda _: {"dry_run": False},
}

# The most requests of calls that need more than FEW: they ask for columns, look in every table, or check everything.
MOST = {
    "get_anything": 5,
    "merge_clients": 5,
    "delete_trip": 7,
    "restore_deleted": 11,
    "erase_client": 19,
    "check_consistency": 25,
    "repair_consistency": 52,
}


async def test_no_number_of_requests_grows_with_the_input_or_the_result(hosted: Hosted) -> None:
    needed: dict[str, set[int]] = {}
    async with hosted_desk(hosted) as desk:
        for name, many in (("one", 5), ("fifty", 50), ("many", 500)):
            size = grow(hosted, name, many)
            for tool, sent in CALLS.items():
                await desk.call(tool, **sent(size))
                needed.setdefault(tool, set()).add(desk.requests.count)
    assert {tool: counts for tool, counts in needed.items() if len(counts) > 1} == {}
    over = {tool: max(counts) for tool, counts in needed.items() if max(counts) > MOST.get(tool, FEW)}
    assert over == {}
