"""The state of a trip after a batch, for the answer of the call that wrote it."""

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
        'assignments', (SELECT count(*) FROM trip_client_assignments n WHERE n.trip_id = t.trip_id),
        'clients', json((
            SELECT json_group_array(json_array(p.full_name, p.roles)) FROM (
                SELECT CAST(c.full_name AS TEXT) AS full_name, group_concat(a.client_role, ', ') AS roles
                FROM trip_client_assignments a LEFT JOIN clients_v2 c ON c.email = a.client_email
                WHERE a.trip_id = t.trip_id AND (
                    SELECT count(*) FROM (
                        SELECT 1 FROM trip_client_assignments m WHERE m.trip_id = t.trip_id LIMIT 41)) <= 40
                GROUP BY a.client_email
                ORDER BY min(a.assignment_id)) p)),
        'guests', json(@guests))
    FROM trips_v2 t WHERE t.trip_id = @trip)"""
