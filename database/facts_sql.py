"""The statement that computes trip facts. It tolerates malformed column values."""

from __future__ import annotations

from typing import LiteralString

from database.guests import GUESTS
from database.roles import travels_sql

# True for the place of a day in a list, and for a date, a number or "Day 1" as its key in an object.
_DAY_KEY: LiteralString = "(d.key GLOB '[0-9]*' OR lower(d.key) GLOB 'day*[0-9]')"


def _array(column: LiteralString) -> LiteralString:
    """Build SQL for the column's JSON array, or NULL if it holds none, because json_each fails on malformed text."""
    return (
        "iif(typeof(" + column + ") = 'text', iif(json_valid(" + column + "), iif(json_type(" + column + ") = 'array', "
        "" + column + ", NULL), NULL), NULL)"
    )  # fmt: skip


def _holder(column: LiteralString, key: LiteralString) -> LiteralString:
    """Build SQL for a list or object under a key of the column's object, or NULL."""
    path: LiteralString = "'$." + key + "'"
    return "iif(json_type(" + column + ", " + path + ") IN ('array', 'object'), " + column + " -> " + path + ", NULL)"


def _days(column: LiteralString) -> LiteralString:
    """Build SQL for the column's days: a list, or an object of days, also inside an object; a day alone in a list."""
    return (
        "iif(typeof(" + column + ") = 'text', iif(json_valid(" + column + "), iif(json_type(" + column + ") = 'array', "
        + column + ", iif(json_type(" + column + ") = 'object', coalesce(" + _holder(column, "days") + ", "
        + _holder(column, "schedule") + ", " + _holder(column, "itinerary") + ", "
        "iif((SELECT count(*) FROM json_each(" + column + ") m WHERE " + _DAY_KEY.replace("d.key", "m.key") + ") > 0, "
        + column + ", json_array(json(" + column + ")))), NULL)), NULL), NULL)"
    )  # fmt: skip


def _day(column: LiteralString) -> LiteralString:
    """Build SQL for the Julian day of a date or timestamp, or NULL for other text, such as 'now' or February 30."""
    start: LiteralString = "substr(" + column + ", 1, 10)"
    return "iif(date(julianday(" + start + ")) = " + start + ", julianday(" + start + "), NULL)"


def _minutes(value: LiteralString) -> LiteralString:
    """Build SQL for a JSON object's duration in minutes, or NULL if it has no numeric duration."""
    return (
        "coalesce("
        "iif(json_type(" + value + ", '$.duration_minutes') IN ('integer', 'real'), "
        "max(0, " + value + " ->> '$.duration_minutes'), NULL), "
        "iif(json_type(" + value + ", '$.minutes') IN ('integer', 'real'), "
        "max(0, " + value + " ->> '$.minutes'), NULL))"
    )  # fmt: skip


# True unless old code computed the facts: it omits travelers and writes the time without T and Z.
CURRENT: LiteralString = "coalesce(f.last_computed GLOB '????-??-??T*Z', 0)"

# ?1: queue row ids. ?2: trips that are not queued, each with the version its facts had when they were read.
_PICKED: LiteralString = """
    SELECT d.trip_id FROM json_each(?1) q CROSS JOIN facts_dirty d ON d.id = q.value
    UNION
    SELECT w.value ->> 0 FROM json_each(?2) w LEFT JOIN trip_facts f ON f.trip_id = w.value ->> 0
    WHERE f.version IS w.value ->> 1"""

# A day's hotel is a string or an object with a name.
_HOTEL: LiteralString = (
    "iif(k.type = 'text', k.value, iif(k.type = 'object', "
    "iif(json_type(k.value, '$.name') = 'text', k.value ->> '$.name', NULL), NULL))"
)  # fmt: skip

# True for an activity that is travel. Activities whose text lacks `minutes` are skipped, because parsing is slow.
_ON_THE_WAY: LiteralString = (
    "iif(instr(a.value, 'minutes') > 0, iif(a.type = 'object', "
    "trim(coalesce(a.value ->> '$.activity_type', a.value ->> '$.type')) COLLATE NOCASE "
    "IN ('transfer', 'transit', 'flight', 'drive'), 0), 0)"
)  # fmt: skip

# One pass over each schedule: its days (d), each day's keys (k) and activities (a). json_each(NULL) returns no rows.
# A day that is a list holds only activities.
# Trips are looked up in id order, so GROUP BY needs no sort.
_WALKED: LiteralString = (
    """
    SELECT t.trip_id,
           count(DISTINCT nullif(trim(""" + _HOTEL + """), '') COLLATE NOCASE)
               FILTER (WHERE a.key IS NULL AND k.key IN ('hotel', 'hotel_name', 'accommodation', 'lodging')) AS hotels,
           count(a.key) AS activities,
           total(""" + _minutes("a.value") + ") FILTER (WHERE " + _ON_THE_WAY + """) AS minutes
    FROM trips_v2 t
    LEFT JOIN json_each(""" + _days("t.schedule") + """) d ON """ + _DAY_KEY + """
    LEFT JOIN json_each(iif(d.type = 'object', d.value,
                            iif(d.type = 'array', json_object('activities', json(d.value)), NULL))) k
    LEFT JOIN json_each(iif(k.key = 'activities', iif(k.type = 'array', k.value, NULL), NULL)) a
    WHERE t.trip_id IN (SELECT p.trip_id FROM picked p)
    GROUP BY t.trip_id"""
)  # fmt: skip

# Names and e-mails of the travelers: clients in order of first assignment, without duplicates, then guests.
_TRAVELERS: LiteralString = (
    """(
               SELECT json_array(json_group_array(o.full_name),
                                 json_group_array(o.email) FILTER (WHERE o.email IS NOT NULL)) FROM (
                   SELECT CAST(c.full_name AS TEXT) AS full_name,
                          iif(c.email GLOB 'no-email-*@voygen.invalid', NULL, CAST(c.email AS TEXT)) AS email,
                          0 AS guest, min(a.assignment_id) AS place
                   FROM trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
                   WHERE a.trip_id = t.trip_id AND """ + travels_sql("a.client_role") + """
                   GROUP BY c.client_id
                   UNION ALL
                   SELECT g.name, iif(g.shares_with IS NULL, g.email, NULL), 1, g.position
                   FROM (""" + GUESTS.replace("@trips", "t.trip_id") + """) g
                   WHERE """ + travels_sql("g.role") + """
                   ORDER BY 3, 4
               ) o)"""
)  # fmt: skip

_NIGHTS: LiteralString = (
    "coalesce(CAST(max(0, " + _day("t.end_date") + " - " + _day("t.start_date") + ") AS INTEGER), 0)"
)

# total() returns a float, so it cannot overflow. The limit is JSON's largest safe integer.
_TRANSIT: LiteralString = (
    "CAST(min(w.minutes + (SELECT total(" + _minutes("e.value") + ") FILTER (WHERE e.type = 'object') "
    "FROM json_each(" + _array("t.transportation") + ") e), 9007199254740991) AS INTEGER)"
)  # fmt: skip

_PRIMARY: LiteralString = """coalesce(nullif(trim(t.primary_client_email, char(9,10,11,12,13,32)), ''), (
               SELECT a.client_email FROM trip_client_assignments a
               WHERE a.trip_id = t.trip_id AND a.client_role IN ('primary_traveler', 'primary')
               ORDER BY a.assignment_id LIMIT 1))"""

_FACTS: LiteralString = (
    """
    SELECT t.trip_id,
           """ + _NIGHTS + """ AS nights,
           coalesce(nullif(json_array_length(""" + _array("t.accommodations") + """), 0), w.hotels) AS hotels,
           w.activities,
           iif(t.total_cost BETWEEN -1e308 AND 1e308, t.total_cost, 0) AS cost,
           """ + _TRANSIT + """ AS transit,
           """ + _TRAVELERS + """ AS travelers,
           """ + _PRIMARY + """ AS primary_email
    FROM walked w
    CROSS JOIN trips_v2 t ON t.trip_id = w.trip_id"""
)  # fmt: skip

# The trips that COMPUTE would compute, and those that are in the queue.
DUE_NOW: LiteralString = (
    """
SELECT json_array(
    (SELECT json_group_array(p.trip_id) FROM (""" + _PICKED + """) p
     WHERE EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = p.trip_id)),
    (SELECT json_group_array(DISTINCT d.trip_id) FROM json_each(?1) q CROSS JOIN facts_dirty d ON d.id = q.value)
) AS value
"""
)  # fmt: skip

# ?3: the current time. `facts` is MATERIALIZED so that columns that are read twice are computed only once.
COMPUTE: LiteralString = (
    """
WITH picked (trip_id) AS (""" + _PICKED + """
), walked AS (""" + _WALKED + """
), facts AS MATERIALIZED (""" + _FACTS + """
)
INSERT INTO trip_facts (trip_id, total_nights, total_hotels, total_activities, total_cost, transit_minutes,
                        traveler_count, traveler_names, traveler_emails, primary_client_email, primary_client_name,
                        last_computed, version)
SELECT s.trip_id, s.nights, s.hotels, s.activities, s.cost, s.transit,
       json_array_length(s.travelers, '$[0]'), s.travelers -> 0, s.travelers -> 1, s.primary_email,
       coalesce((SELECT c.full_name FROM clients_v2 c WHERE c.email = s.primary_email),
                (SELECT c.full_name FROM clients_v2 c
                 WHERE lower(trim(c.email, char(9,10,11,12,13,32)))
                     = lower(trim(s.primary_email, char(9,10,11,12,13,32)))
                 ORDER BY c.client_id LIMIT 1)),
       ?3, 1
FROM facts s
WHERE true
ON CONFLICT (trip_id) DO UPDATE
SET total_nights = excluded.total_nights, total_hotels = excluded.total_hotels,
    total_activities = excluded.total_activities, total_cost = excluded.total_cost,
    transit_minutes = excluded.transit_minutes, traveler_count = excluded.traveler_count,
    traveler_names = excluded.traveler_names, traveler_emails = excluded.traveler_emails,
    primary_client_email = excluded.primary_client_email, primary_client_name = excluded.primary_client_name,
    last_computed = excluded.last_computed, version = coalesce(trip_facts.version, 0) + 1
"""
)  # fmt: skip
