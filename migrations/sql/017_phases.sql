-- The phases of the migration, and the records of what was proven, repaired, accepted and archived on the way.

-- One row. The epoch grows with every change of phase or schema: a write batch that was made for another is refused.
CREATE TABLE migration_phase (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    phase TEXT NOT NULL CHECK (phase IN ('dual_write', 'prefer_junction', 'normalized')),
    epoch INTEGER NOT NULL,
    changed_at TEXT NOT NULL
);
INSERT INTO migration_phase (id, phase, epoch, changed_at)
VALUES (1, 'dual_write', 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

-- Findings that a person has seen and lets pass: value is the entry as it stands, or the quarantine_id.
CREATE TABLE accepted_findings (
    kind TEXT NOT NULL CHECK (kind IN ('unlinked', 'quarantine')),
    trip_id INTEGER NOT NULL,
    value TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    PRIMARY KEY (kind, trip_id, value)
) WITHOUT ROWID;

-- What only the JSON held, while the column is gone. assignment_id is NULL for an entry that was not linked.
CREATE TABLE trip_client_archive (
    trip_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    assignment_id INTEGER,
    element TEXT NOT NULL,
    PRIMARY KEY (trip_id, position)
) WITHOUT ROWID;
CREATE INDEX idx_trip_client_archive_assignment ON trip_client_archive(assignment_id);

-- Readings of a trip for which the two stores disagreed.
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

-- Everything that a repair changed: the value before, and after, so that undoing it takes back nobody else's work.
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
