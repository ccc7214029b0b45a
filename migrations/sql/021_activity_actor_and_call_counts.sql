-- The name of the client, or of its token, on whose behalf a change was made.
ALTER TABLE ActivityLog ADD COLUMN actor TEXT;

-- Tool calls per hour (UTC), by outcome (ok or an error code) and duration (at most up_to_ms, 0 above the highest bound).
-- A server adds to it periodically, never during a call.
CREATE TABLE call_counts (
    hour TEXT NOT NULL,
    tool TEXT NOT NULL,
    outcome TEXT NOT NULL,
    up_to_ms INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (hour, tool, outcome, up_to_ms)
) WITHOUT ROWID;

-- Batches rejected by a constraint, per hour and kind: a guard by its name, or UNIQUE, FOREIGN KEY and so on.
CREATE TABLE violation_counts (
    hour TEXT NOT NULL,
    kind TEXT NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (hour, kind)
) WITHOUT ROWID;
