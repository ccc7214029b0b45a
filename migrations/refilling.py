"""Rebuilding of what the triggers maintain, after a time without them: search, unlinked index, outdated facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement

if TYPE_CHECKING:
    from database.phase import Phase


def refill(phase: Phase) -> list[Statement]:
    """Return the statements that rebuild everything. They need the views and triggers of the phase."""
    return [Statement(sql) for sql in (*SEARCH, *(() if phase == "normalized" else UNLINKED), FACTS)]


# As in the migrations 019 and 022.
SEARCH: tuple[LiteralString, ...] = (
    "DELETE FROM search_stale",
    "DELETE FROM search_displaced",
    "DELETE FROM trip_search",
    "DELETE FROM client_search",
    "DELETE FROM crowd_search",
    """
INSERT INTO client_search (rowid, whole_name, full_name, email, notes)
SELECT client_id, whole_name, full_name, email, notes FROM client_search_text
""",
    """
INSERT INTO crowd_search (rowid, travelers, roles)
SELECT s.assignment_id, s.traveler, s.role
FROM (SELECT assignment_id, row_number() OVER (PARTITION BY trip_id ORDER BY assignment_id) AS place
      FROM trip_client_assignments) p
JOIN traveler_search_text s ON s.assignment_id = p.assignment_id
WHERE p.place > 24
""",
    """
INSERT INTO trip_search (rowid, whole_name, name, destinations, group_name, travelers, roles, notes)
SELECT trip_id, whole_name, name, destinations, group_name, travelers, roles, notes FROM trip_search_text
""",
    """
INSERT INTO search_said (said)
SELECT group_concat(
    coalesce(trip_name, '') || ' ' || coalesce(destinations, '') || ' ' || coalesce(group_name, ''), ' ')
FROM trips_v2 GROUP BY trip_id / 500
""",
    """
INSERT INTO search_said (said)
SELECT group_concat(coalesce(full_name, ''), ' ') FROM clients_v2 GROUP BY client_id / 500
""",
    """
INSERT INTO search_said (said)
SELECT coalesce(group_concat(o.name, ' '), '') FROM trip_people o WHERE o.client_email IS NULL GROUP BY o.trip_id / 500
""",
)

UNLINKED: tuple[LiteralString, ...] = (
    "DELETE FROM trip_client_unlinked",
    """
INSERT INTO trip_client_unlinked (trip_id, email)
SELECT DISTINCT e.trip_id, lower(trim(e.email, char(9,10,11,12,13,32)))
FROM trip_client_entries e WHERE e.email IS NOT NULL AND e.client_email IS NULL
""",
)

FACTS: LiteralString = """
INSERT INTO facts_dirty (trip_id, reason)
SELECT f.trip_id, 'triggers_recreated' FROM trip_facts f
WHERE NOT EXISTS (SELECT 1 FROM facts_dirty d WHERE d.trip_id = f.trip_id AND d.reason = 'triggers_recreated')
"""
