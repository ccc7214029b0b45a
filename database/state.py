"""The state of a trip or client after a batch, for the answer of the call that wrote it."""

from __future__ import annotations

from typing import LiteralString

# The JSON of the trip whose id is `@trip`, as a scalar. `@guests` is a JSON array to repeat in it. Clients are listed
# if the trip has at most 40 assignments. Old databases may hold blobs and infinite numbers, which JSON doesn't have.
STATE: LiteralString = """(
    SELECT json_object(
        'trip_id', t.trip_id,
        'trip_name', CAST(t.trip_name AS TEXT),
        'status', CAST(t.status AS TEXT),
        'start_date', CAST(t.start_date AS TEXT),
        'end_date', CAST(t.end_date AS TEXT),
        'destinations', CAST(t.destinations AS TEXT),
        'primary_client_email', CAST(t.primary_client_email AS TEXT),
        'total_cost', iif(
            typeof(t.total_cost) IN ('integer', 'real') AND abs(t.total_cost) < 1e300, t.total_cost, NULL),
        'paid', iif(
            typeof(t.paid_amount) IN ('integer', 'real') AND abs(t.paid_amount) < 1e300, t.paid_amount, NULL),
        'currency', iif(json_valid(t.financials), iif(
            json_type(t.financials) = 'object', upper(t.financials ->> '$.currency'), NULL), NULL),
        'assignments', (SELECT count(*) FROM trip_client_assignments n WHERE n.trip_id = t.trip_id),
        'clients', json(iif(
            (SELECT count(*) FROM (
                SELECT 1 FROM trip_client_assignments m WHERE m.trip_id = t.trip_id LIMIT 41)) > 40, '[]', (
            SELECT json_group_array(json_array(p.full_name, p.roles)) FROM (
                SELECT CAST(c.full_name AS TEXT) AS full_name, group_concat(a.client_role, ', ') AS roles
                FROM trip_client_assignments a LEFT JOIN clients_v2 c ON c.email = a.client_email
                WHERE a.trip_id = t.trip_id
                GROUP BY a.client_email
                ORDER BY min(a.assignment_id)) p))),
        'guests', json(@guests))
    FROM trips_v2 t WHERE t.trip_id = @trip)"""

# The JSON of the latest 20 trips of the client with the e-mail `@email`, with roles or as primary client.
TRIPS_OF_CLIENT: LiteralString = """(
    SELECT json_group_array(json_object(
        'trip_id', x.trip_id, 'trip_name', x.trip_name, 'roles', x.roles, 'primary_client', json(x.primary_client)))
    FROM (
        SELECT t.trip_id, CAST(t.trip_name AS TEXT) AS trip_name,
               iif(t.primary_client_email = @email, 'true', 'false') AS primary_client,
               (SELECT group_concat(r.client_role, ', ') FROM trip_client_assignments r
                WHERE r.trip_id = t.trip_id AND r.client_email = @email) AS roles
        FROM trips_v2 t
        WHERE t.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = @email)
           OR t.primary_client_email = @email
        ORDER BY t.start_date DESC, t.trip_id DESC LIMIT 20) x)"""

# The number of these trips.
TRIPS_OF_CLIENT_COUNT: LiteralString = """(
    SELECT count(*) FROM trips_v2 t
    WHERE t.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = @email)
       OR t.primary_client_email = @email)"""
