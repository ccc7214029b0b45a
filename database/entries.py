"""A query for the entries of the JSON column that works without the views in the database."""

from __future__ import annotations

from typing import LiteralString

# The body of the view trip_client_entries in migration 015. A test checks that the two are equal.
ENTRIES: LiteralString = """
SELECT e.trip_id, e.position, e.type, e.element, e.entry, e.email, e.role,
       coalesce((SELECT c.email FROM clients_v2 c WHERE c.email = e.email),
                (SELECT c.email FROM clients_v2 c
                 WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(e.email, char(9,10,11,12,13,32)))
                 ORDER BY c.client_id LIMIT 1)) AS client_email
FROM (
    SELECT o.trip_id, o.position, o.type, o.element, o.entry,
           iif(json_type(o.entry, '$.email') = 'text' AND trim(o.entry ->> '$.email', char(9,10,11,12,13,32)) <> '',
               o.entry ->> '$.email', NULL) AS email,
           iif(json_type(o.entry, '$.role') = 'text',
               iif(trim(o.entry ->> '$.role') = '', 'traveler', o.entry ->> '$.role'),
               iif(coalesce(json_type(o.entry, '$.role'), 'null') = 'null', 'traveler', o.entry -> '$.role')) AS role
    FROM (
        SELECT t.trip_id, j.key AS position, j.type,
               iif(j.type IN ('object', 'array'), j.value,
                   iif(j.type = 'text', json_quote(j.value), t.clients -> j.fullkey)) AS element,
               n.value AS entry
        FROM trips_v2 t,
             json_each(iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), iif(json_type(t.clients) = 'array', t.clients, '[]'), '[]'), '[]')) j,
             json_each('[' ||
                 iif(j.type = 'object', j.value,
                     iif(j.type <> 'text', 'null',
                         iif(json_valid(j.value) AND json_valid('[' || j.value || ']'),
                             iif(json_type(j.value) = 'object', j.value, 'null'),
                             iif(instr(j.value, '@') > 1, json_object('email', j.value), 'null')))) || ']') n
    ) o
) e
"""  # noqa: E501 - copied from a migration file

# Prefix for a query that reads trip_client_entries. The CTE takes precedence over the view of that name.
WITH_ENTRIES: LiteralString = "WITH trip_client_entries AS (" + ENTRIES + ")\n"

NOT_AN_ARRAY: LiteralString = (
    "iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 0"
)
