-- The phase normalized: the JSON column is gone, and the junction is the only store.

CREATE VIEW trip_client_relationships AS
SELECT a.trip_id, t.trip_name, a.client_email AS assigned_email, coalesce(a.client_role, 'traveler') AS assigned_role,
       a.created_at AS assigned_at, 'junction_table' AS source
FROM trip_client_assignments a
JOIN trips_v2 t ON t.trip_id = a.trip_id;
