-- The phase prefer_junction: the JSON column is a mirror that only the triggers and voygen write.

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
