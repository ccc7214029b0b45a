-- Guards and receipts for voygen's write batches.

-- A batch starts by re-checking what it read. A failed check inserts a 0 here, and the named CHECK constraint rolls the
-- batch back. The table is always empty.
CREATE TABLE write_guard (
    epoch INTEGER CONSTRAINT guard_epoch CHECK (epoch = 1),
    trip_unchanged INTEGER CONSTRAINT guard_trip_unchanged CHECK (trip_unchanged = 1),
    assignments_unchanged INTEGER CONSTRAINT guard_assignments_unchanged CHECK (assignments_unchanged = 1),
    clients_exist INTEGER CONSTRAINT guard_clients_exist CHECK (clients_exist = 1),
    email_free INTEGER CONSTRAINT guard_email_free CHECK (email_free = 1),
    receipt_new INTEGER CONSTRAINT guard_receipt_new CHECK (receipt_new = 1),
    slug_free INTEGER CONSTRAINT guard_slug_free CHECK (slug_free = 1),
    stores_equal INTEGER CONSTRAINT guard_stores_equal CHECK (stores_equal = 1),
    nothing_unlinked INTEGER CONSTRAINT guard_nothing_unlinked CHECK (nothing_unlinked = 1),
    nothing_quarantined INTEGER CONSTRAINT guard_nothing_quarantined CHECK (nothing_quarantined = 1),
    no_orphans INTEGER CONSTRAINT guard_no_orphans CHECK (no_orphans = 1),
    no_direct_writes INTEGER CONSTRAINT guard_no_direct_writes CHECK (no_direct_writes = 1),
    schema_as_shipped INTEGER CONSTRAINT guard_schema_as_shipped CHECK (schema_as_shipped = 1),
    self_test_passed INTEGER CONSTRAINT guard_self_test_passed CHECK (self_test_passed = 1),
    self_test_over INTEGER CONSTRAINT guard_self_test_over CHECK (self_test_over = 1)
);

-- Answers by idempotency key, so that a repeated call is not run again. An answer is stored in the batch of its change.
-- arguments is the SHA-256 of the arguments. result has the answer, and the ids by placeholder that the batch gave. It is
-- NULL if it was erased with a client.
CREATE TABLE receipts (
    idempotency_key TEXT PRIMARY KEY,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,
    result TEXT,
    created_at TEXT NOT NULL
) WITHOUT ROWID;

-- Ids of the batches that a hosted database stored within the last day, so that none is stored twice. sent_at is in
-- seconds since 1970. answers has the values that the batch returned and that can't be read again, such as counts of
-- changed rows. The table stays empty in a local file.
CREATE TABLE batch_ids (
    id TEXT PRIMARY KEY,
    sent_at INTEGER NOT NULL,
    answers TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
