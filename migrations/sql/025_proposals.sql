-- Versions of the proposals that were made for trips, as they were sent.
-- No foreign key: the proposals of a deleted trip stay, and belong to it again if it is restored. Ids are never used twice.

-- Versions of a trip count from 1. fingerprint is the SHA-256 of what a version was made from, apart from its number and
-- date, or '' after an erasure. snapshot is that as JSON. html is the page.
CREATE TABLE trip_proposals (
    proposal_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    template TEXT NOT NULL,
    made_on TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    html TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX idx_trip_proposals_trip ON trip_proposals(trip_id, version);

-- The trips that a REPLACE overwrites by their slug.
CREATE TABLE replaced_trip_proposals (trip_id INTEGER NOT NULL);

-- ---------------------------------------------------------------------------------------------------
-- Proposals follow their trip. UPDATE OR REPLACE of trip_id exchanges them, so those of the trip that was replaced are kept.

CREATE TRIGGER trg_trips_v2_proposals_update AFTER UPDATE OF trip_id ON trips_v2
WHEN NEW.trip_id <> OLD.trip_id
BEGIN
    UPDATE trip_proposals SET trip_id = iif(trip_id = OLD.trip_id, NEW.trip_id, OLD.trip_id)
    WHERE trip_id IN (OLD.trip_id, NEW.trip_id);
END;

CREATE TRIGGER trg_trips_v2_proposals_note_insert BEFORE INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trip_proposals)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_slug = NEW.trip_slug AND NEW.trip_slug <> '' AND trip_id <> NEW.trip_id)
BEGIN
    DELETE FROM replaced_trip_proposals;
    INSERT INTO replaced_trip_proposals (trip_id)
    SELECT t.trip_id FROM trips_v2 t
    WHERE t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '' AND t.trip_id <> NEW.trip_id;
END;

-- The versions of the trip that was replaced come after those that the other one has.
CREATE TRIGGER trg_trips_v2_proposals_insert AFTER INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trip_proposals)
BEGIN
    DELETE FROM replaced_trip_proposals WHERE trip_id IN (SELECT t.trip_id FROM trips_v2 t);
    UPDATE trip_proposals
    SET trip_id = NEW.trip_id,
        version = version + (
            SELECT coalesce(max(p.version), 0) FROM trip_proposals p WHERE p.trip_id = NEW.trip_id)
    WHERE trip_id IN (SELECT r.trip_id FROM replaced_trip_proposals r);
    DELETE FROM replaced_trip_proposals;
END;
