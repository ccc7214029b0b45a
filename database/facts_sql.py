"""The one statement that computes the facts of any number of trips, from whatever shape their columns were left in."""

from __future__ import annotations

from typing import LiteralString


def _array(column: LiteralString) -> LiteralString:
    """The column where it is the text of a JSON array, else an empty one: json_each of malformed text is an error."""
    return (
        "iif(typeof(" + column + ") = 'text', iif(json_valid(" + column + "), iif(json_type(" + column + ") = 'array', "
        "" + column + ", '[]'), '[]'), '[]')"
    )  # fmt: skip


def _day(column: LiteralString) -> LiteralString:
    """The Julian day of a date or of the date that a time begins with, else NULL: no 'now', no 30th of February."""
    start: LiteralString = "substr(" + column + ", 1, 10)"
    return "iif(date(julianday(" + start + ")) = " + start + ", julianday(" + start + "), NULL)"


def _minutes(element: LiteralString) -> LiteralString:
    """How long an element of a json_each takes, in minutes; NULL where it does not say so by a number."""
    value: LiteralString = element + ".value"
    return (
        "iif(" + element + ".type = 'object', coalesce("
        "iif(json_type(" + value + ", '$.duration_minutes') IN ('integer', 'real'), "
        "max(0, " + value + " ->> '$.duration_minutes'), NULL), "
        "iif(json_type(" + value + ", '$.minutes') IN ('integer', 'real'), "
        "max(0, " + value + " ->> '$.minutes'), NULL)), NULL)"
    )  # fmt: skip


# Facts with travelers in them: old code, which knows of none, writes the time without T and Z.
CURRENT: LiteralString = "coalesce(f.last_computed GLOB '????-??-??T*Z', 0)"

_DAYS: LiteralString = "json_each(" + _array("t.schedule") + ") d"

_DAY_OBJECT: LiteralString = "iif(d.type = 'object', d.value, '{}')"

_ACTIVITIES: LiteralString = (
    "json_each(iif(json_type(" + _DAY_OBJECT + ", '$.activities') = 'array', "
    "" + _DAY_OBJECT + " -> '$.activities', '[]')) a"
)  # fmt: skip

_ACTIVITY_TYPE: LiteralString = "lower(trim(iif(a.type = 'object', a.value, '{}') ->> '$.type'))"

_NIGHTS: LiteralString = (
    "coalesce(CAST(max(0, " + _day("t.end_date") + " - " + _day("t.start_date") + ") AS INTEGER), 0)"
)

# A day names its hotel as a text or as an object with a name.
_HOTELS: LiteralString = (
    "iif(json_array_length(" + _array("t.accommodations") + ") > 0, "
    "json_array_length(" + _array("t.accommodations") + """), (
    SELECT count(DISTINCT nullif(lower(trim(h.name)), '')) FROM (
        SELECT iif(k.type = 'text', k.value,
                   iif(json_type(iif(k.type = 'object', k.value, '{}'), '$.name') = 'text',
                       k.value ->> '$.name', NULL)) AS name
        FROM """ + _DAYS + ", json_each(" + _DAY_OBJECT + """) k
        WHERE k.key IN ('hotel', 'hotel_name', 'accommodation', 'lodging')
    ) h))"""
)  # fmt: skip

# total() is a float and cannot overflow; the bound is the longest integer that JSON's readers agree on.
_TRANSIT: LiteralString = (
    """(
    SELECT CAST(min(total(m.minutes), 9007199254740991) AS INTEGER) FROM (
        SELECT """ + _minutes("e") + " AS minutes FROM json_each(" + _array("t.transportation") + """) e
        UNION ALL
        SELECT """ + _minutes("a") + " FROM " + _DAYS + ", " + _ACTIVITIES + """
        WHERE """ + _ACTIVITY_TYPE + """ IN ('transfer', 'transit', 'flight', 'drive')
    ) m)"""
)  # fmt: skip


def _travelers(column: LiteralString) -> LiteralString:
    """A JSON array of the trip's clients, each once, in the order in which they were first assigned."""
    return (
        "(SELECT json_group_array(p.said) FROM (SELECT " + column + """ AS said
          FROM trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
          WHERE a.trip_id = t.trip_id GROUP BY c.client_id ORDER BY min(a.assignment_id)) p)"""
    )  # fmt: skip


_PRIMARY: LiteralString = """coalesce(nullif(trim(t.primary_client_email, char(9,10,11,12,13,32)), ''), (
    SELECT a.client_email FROM trip_client_assignments a
    WHERE a.trip_id = t.trip_id AND a.client_role IN ('primary_traveler', 'primary')
    ORDER BY a.assignment_id LIMIT 1))"""

# ?1: rows of the queue. ?2: trips that are not in it, each with the version of its facts that was read. ?3: the time.
COMPUTE: LiteralString = (
    """
WITH picked (trip_id) AS (
    SELECT d.trip_id FROM json_each(?1) q CROSS JOIN facts_dirty d ON d.id = q.value
    UNION
    SELECT w.value ->> 0 FROM json_each(?2) w LEFT JOIN trip_facts f ON f.trip_id = w.value ->> 0
    WHERE f.version IS w.value ->> 1
)
INSERT INTO trip_facts (trip_id, total_nights, total_hotels, total_activities, total_cost, transit_minutes,
                        traveler_count, traveler_names, traveler_emails, primary_client_email, primary_client_name,
                        last_computed, version)
SELECT s.trip_id, s.nights, s.hotels, s.activities, s.cost, s.transit, json_array_length(s.emails), s.names, s.emails,
       s.primary_email,
       coalesce((SELECT c.full_name FROM clients_v2 c WHERE c.email = s.primary_email),
                (SELECT c.full_name FROM clients_v2 c
                 WHERE lower(trim(c.email, char(9,10,11,12,13,32)))
                     = lower(trim(s.primary_email, char(9,10,11,12,13,32)))
                 ORDER BY c.client_id LIMIT 1)),
       ?3, 1
FROM (
    SELECT t.trip_id,
           """ + _NIGHTS + """ AS nights,
           """ + _HOTELS + """ AS hotels,
           (SELECT coalesce(sum(json_array_length(""" + _DAY_OBJECT + """, '$.activities')), 0)
            FROM """ + _DAYS + """) AS activities,
           iif(t.total_cost BETWEEN -1e308 AND 1e308, t.total_cost, 0) AS cost,
           """ + _TRANSIT + """ AS transit,
           """ + _travelers("c.full_name") + """ AS names,
           """ + _travelers("c.email") + """ AS emails,
           """ + _PRIMARY + """ AS primary_email
    FROM picked p CROSS JOIN trips_v2 t ON t.trip_id = p.trip_id
) s
WHERE true
ON CONFLICT (trip_id) DO UPDATE
SET total_nights = excluded.total_nights, total_hotels = excluded.total_hotels,
    total_activities = excluded.total_activities, total_cost = excluded.total_cost,
    transit_minutes = excluded.transit_minutes, traveler_count = excluded.traveler_count,
    traveler_names = excluded.traveler_names, traveler_emails = excluded.traveler_emails,
    primary_client_email = excluded.primary_client_email, primary_client_name = excluded.primary_client_name,
    last_computed = excluded.last_computed, version = coalesce(trip_facts.version, 0) + 1
RETURNING trip_id
"""
)  # fmt: skip
