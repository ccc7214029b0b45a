-- Phase prefer_junction: the JSON column is a mirror that only the triggers and voygen write.

CREATE TRIGGER trg_trips_v2_clients_refuse_update BEFORE UPDATE OF clients ON trips_v2
WHEN NEW.clients IS NOT OLD.clients
 AND NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = OLD.trip_id)
BEGIN
    SELECT RAISE(ABORT, 'trips_v2.clients is read-only in the phase prefer_junction, write trip_client_assignments instead');
END;

CREATE TRIGGER trg_trips_v2_clients_refuse_insert BEFORE INSERT ON trips_v2
WHEN NEW.clients IS NOT '[]'
BEGIN
    SELECT RAISE(ABORT, 'trips_v2.clients is read-only in the phase prefer_junction, write trip_client_assignments instead');
END;

-- A trip that replaces another keeps its assignments and their entries.
CREATE TRIGGER trg_trips_v2_clients_insert AFTER INSERT ON trips_v2
WHEN (EXISTS (SELECT 1 FROM trip_client_assignments WHERE trip_id = NEW.trip_id)
      OR EXISTS (SELECT 1 FROM trip_client_unlinked WHERE trip_id = NEW.trip_id)
      OR EXISTS (SELECT 1 FROM replaced_trips))
 AND NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
BEGIN
    DELETE FROM replaced_trips WHERE trip_id <> NEW.trip_id AND trip_id IN (SELECT t.trip_id FROM trips_v2 t);
    INSERT INTO trip_client_sync (trip_id) VALUES (NEW.trip_id);
    UPDATE trips_v2
    SET clients = coalesce((SELECT r.clients FROM replaced_trips r ORDER BY r.trip_id <> NEW.trip_id LIMIT 1), '[]')
    WHERE trip_id = NEW.trip_id AND EXISTS (SELECT 1 FROM replaced_trips);
    DELETE FROM trip_client_assignments
    WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r WHERE r.trip_id <> NEW.trip_id);
    INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT min(r.assignment_id), NEW.trip_id, r.client_email, r.client_role, r.created_at, r.updated_at
    FROM replaced_assignments r
    WHERE r.trip_id IN (SELECT p.trip_id FROM replaced_trips p)
      AND json_array(r.client_email, r.client_role) NOT IN (
          SELECT json_array(a.client_email, a.client_role) FROM trip_client_assignments a WHERE a.trip_id = NEW.trip_id)
    GROUP BY r.client_email, r.client_role;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    DELETE FROM trip_client_sync WHERE trip_id = NEW.trip_id;
    INSERT INTO trip_client_sync (trip_id, action) VALUES (NEW.trip_id, 'reconcile');
END;
