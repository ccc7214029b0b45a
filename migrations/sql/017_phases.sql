-- The migration phase, and records of proofs, repairs, accepted findings and archived entries.

-- The checksums of the applied files, beside the ledger d1_migrations. `voygen migrate` fills it. It is created here for
-- databases that another tool migrates.
CREATE TABLE IF NOT EXISTS migration_checksums (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL);

-- One row. The epoch grows with every change of phase or schema. A write batch made for another epoch is rejected.
-- While detached_at is set, our triggers and views are dropped so that another program can rebuild tables.
CREATE TABLE migration_phase (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    phase TEXT NOT NULL CHECK (phase IN ('dual_write', 'prefer_junction', 'normalized')),
    epoch INTEGER NOT NULL,
    changed_at TEXT NOT NULL,
    detached_at TEXT
);
INSERT INTO migration_phase (id, phase, epoch, changed_at)
VALUES (1, 'dual_write', 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

-- The junction as it was when the triggers were detached. With foreign keys on, dropping a parent table empties the
-- junction. Attaching puts the rows back.
CREATE TABLE detached_assignments (
    assignment_id INTEGER PRIMARY KEY,
    trip_id INTEGER NOT NULL,
    client_email TEXT NOT NULL,
    client_role TEXT,
    created_at TIMESTAMP,
    updated_at TIMESTAMP
);

-- Findings that a person has accepted. value is the entry as stored, or the quarantine_id.
CREATE TABLE accepted_findings (
    kind TEXT NOT NULL CHECK (kind IN ('unlinked', 'quarantine')),
    trip_id INTEGER NOT NULL,
    value TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    PRIMARY KEY (kind, trip_id, value)
) WITHOUT ROWID;

-- The JSON entries while the column is dropped. assignment_id is NULL for an unlinked entry.
CREATE TABLE trip_client_archive (
    trip_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    assignment_id INTEGER,
    element TEXT NOT NULL,
    PRIMARY KEY (trip_id, position)
) WITHOUT ROWID;
CREATE INDEX idx_trip_client_archive_assignment ON trip_client_archive(assignment_id);

-- Trips for which a shadow read found the two stores different.
CREATE TABLE shadow_mismatches (
    trip_id INTEGER PRIMARY KEY,
    times INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
);

CREATE TABLE proof_records (
    proof_id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL,
    trips INTEGER NOT NULL,
    assignments INTEGER NOT NULL,
    drift INTEGER NOT NULL,
    phase TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    schema_fingerprint TEXT NOT NULL,
    recorded_at TEXT NOT NULL
);

CREATE TABLE repair_runs (
    run_id INTEGER PRIMARY KEY AUTOINCREMENT,
    prefer TEXT NOT NULL,
    started_at TEXT NOT NULL,
    undone_at TEXT
);

-- Every change of a repair, with the values before and after. Undo skips a value that others changed since.
CREATE TABLE repair_changes (
    change_id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX idx_repair_changes_run ON repair_changes(run_id);

-- The trip or client that was deleted last.
CREATE TABLE deleted_parents (trip_id INTEGER, email TEXT);

CREATE TRIGGER trg_trips_v2_note_delete BEFORE DELETE ON trips_v2
BEGIN
    DELETE FROM deleted_parents;
    INSERT INTO deleted_parents (trip_id) VALUES (OLD.trip_id);
END;

CREATE TRIGGER trg_clients_v2_note_delete BEFORE DELETE ON clients_v2
BEGIN
    DELETE FROM deleted_parents;
    INSERT INTO deleted_parents (email) VALUES (OLD.email);
END;
