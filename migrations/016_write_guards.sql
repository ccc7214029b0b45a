-- voygen's own: what its write batches lean on.

-- A batch starts by re-checking what it had read. Each check inserts a 0 here where it does not hold, and the
-- named CHECK rolls the batch back. The table is always empty.
CREATE TABLE write_guard (
    trip_unchanged INTEGER CONSTRAINT guard_trip_unchanged CHECK (trip_unchanged = 1),
    assignments_unchanged INTEGER CONSTRAINT guard_assignments_unchanged CHECK (assignments_unchanged = 1),
    clients_exist INTEGER CONSTRAINT guard_clients_exist CHECK (clients_exist = 1),
    slug_free INTEGER CONSTRAINT guard_slug_free CHECK (slug_free = 1)
);
