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

-- A trip that replaces another may inherit its assignments. Reconciling adds them to its JSON.
CREATE TRIGGER trg_trips_v2_clients_insert AFTER INSERT ON trips_v2
WHEN (EXISTS (SELECT 1 FROM trip_client_assignments WHERE trip_id = NEW.trip_id)
      OR EXISTS (SELECT 1 FROM trip_client_unlinked WHERE trip_id = NEW.trip_id))
 AND NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
BEGIN
    INSERT INTO trip_client_sync (trip_id, action) VALUES (NEW.trip_id, 'reconcile');
END;
