-- Who a change was made for: the name of the client, or of the token that it came with.
ALTER TABLE ActivityLog ADD COLUMN actor TEXT;

-- Calls of tools: how many in an hour of UTC, by outcome (ok, or the code of the error), and by the time they took: up to
-- so many milliseconds, 0 for longer than all that. A server adds to it now and then, never within a call.
CREATE TABLE call_counts (
    hour TEXT NOT NULL,
    tool TEXT NOT NULL,
    outcome TEXT NOT NULL,
    up_to_ms INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (hour, tool, outcome, up_to_ms)
) WITHOUT ROWID;

-- Batches that a constraint refused, in an hour, by kind: a guard by its name, else UNIQUE, FOREIGN KEY and so on.
CREATE TABLE violation_counts (
    hour TEXT NOT NULL,
    kind TEXT NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (hour, kind)
) WITHOUT ROWID;
