-- Phase normalized: the JSON column is dropped, and the junction is the only store.

CREATE VIEW trip_client_relationships AS
SELECT a.trip_id, t.trip_name, a.client_email AS assigned_email, coalesce(a.client_role, 'traveler') AS assigned_role,
       a.created_at AS assigned_at, 'junction_table' AS source
FROM trip_client_assignments a
JOIN trips_v2 t ON t.trip_id = a.trip_id;

-- Assignments and archived entries follow their trip to a new id.
CREATE TRIGGER trg_trips_v2_id_update AFTER UPDATE OF trip_id ON trips_v2
WHEN NEW.trip_id <> OLD.trip_id
BEGIN
    UPDATE trip_client_assignments SET trip_id = NEW.trip_id WHERE trip_id = OLD.trip_id;
    DELETE FROM trip_client_archive WHERE trip_id = NEW.trip_id;
    UPDATE trip_client_archive SET trip_id = NEW.trip_id WHERE trip_id = OLD.trip_id;
END;

CREATE TRIGGER trg_trips_v2_archive_delete AFTER DELETE ON trips_v2
BEGIN
    DELETE FROM trip_client_archive
    WHERE trip_id = OLD.trip_id
      AND NOT EXISTS (SELECT 1 FROM trip_client_assignments a
                      WHERE a.assignment_id = trip_client_archive.assignment_id AND a.trip_id <> OLD.trip_id);
END;
