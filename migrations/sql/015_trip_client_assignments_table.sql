-- Dual write: assignments are stored in the junction table trip_client_assignments and in the JSON column
-- trips_v2.clients. The triggers below keep the two sets of (e-mail, role) pairs equal at every commit,
-- whichever side is written.
--
-- Terms:
--   entry     an element of the JSON array. Objects, objects encoded as strings, and bare e-mail strings
--             can be linked. Any other value is kept unchanged.
--   linked    an entry whose e-mail, trimmed and case-folded, belongs to a client. Its pair is the
--             client's e-mail as stored and the entry's role (default 'traveler').
--   unlinked  any other entry. It stays in the JSON unchanged and is not drift.
--   shared    of a pair with several entries that contradict each other, such as a family with one inbox. All stay.
--   guard     a row in trip_client_sync that keeps the triggers of the two sides from firing each other.
--             The table is empty at every commit.
--
-- In the examples the trip's JSON stands before and after the arrow, and ann@x and bob@x are clients.

CREATE TABLE IF NOT EXISTS trip_client_assignments (
    assignment_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    client_email TEXT NOT NULL,
    client_role TEXT DEFAULT 'traveler',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (trip_id) REFERENCES trips_v2(trip_id) ON DELETE CASCADE,
    FOREIGN KEY (client_email) REFERENCES clients_v2(email) ON DELETE CASCADE,
    UNIQUE(trip_id, client_email, client_role)
);

-- 'hold' disables the triggers of a trip. So does 'plain', which says that no entry with a name is
-- added or removed. Inserting 'reconcile' calls trg_trip_client_sync_reconcile.
CREATE TABLE trip_client_sync (
    trip_id INTEGER PRIMARY KEY,
    action TEXT NOT NULL DEFAULT 'hold' CHECK(action IN ('hold','plain','reconcile'))
);

-- An index of unlinked entries with an e-mail. A new client is linked to its trips through it.
CREATE TABLE trip_client_unlinked (
    trip_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (email, trip_id)
) WITHOUT ROWID;
CREATE INDEX idx_trip_client_unlinked_trip ON trip_client_unlinked(trip_id);

-- Rows that a REPLACE is about to overwrite, with their JSON entries. With recursive_triggers off, no delete trigger
-- fires for them. With it on, the delete trigger would remove the entry before the new row can take over its keys.
CREATE TABLE trip_client_displaced (
    assignment_id INTEGER PRIMARY KEY,
    trip_id INTEGER NOT NULL,
    client_email TEXT NOT NULL,
    client_role TEXT,
    entries TEXT NOT NULL -- [[position, entry], …]
);

-- What a REPLACE of clients or of a trip is about to delete, so that it can be put back: the clients' e-mails, the
-- assignments, and the JSON of their trips. With foreign keys on, the assignments are deleted together with the row.
-- A note can outlive a rejected write. The next insert removes it.
CREATE TABLE replaced_clients (email TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE replaced_assignments (
    assignment_id INTEGER PRIMARY KEY,
    trip_id INTEGER NOT NULL,
    client_email TEXT NOT NULL,
    client_role TEXT,
    created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE replaced_trips (
    trip_id INTEGER PRIMARY KEY,
    clients TEXT,
    primary_client_email TEXT
);

-- Inserting the e-mail of the client that remains calls trg_client_replacements_insert. Empty at every commit.
CREATE TABLE client_replacements (email TEXT PRIMARY KEY) WITHOUT ROWID;

-- Writes of the whole column by old code, by day and trip. They show that the column is still in use.
CREATE TABLE direct_json_writes (
    day TEXT NOT NULL,
    trip_id INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    last_at TEXT NOT NULL,
    PRIMARY KEY (day, trip_id)
) WITHOUT ROWID;

CREATE TABLE trip_clients_quarantine (
    quarantine_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    raw_text TEXT,
    reason TEXT NOT NULL,
    quarantined_at TEXT NOT NULL
);
CREATE INDEX idx_trip_clients_quarantine_trip ON trip_clients_quarantine(trip_id);

-- Rows removed because their parent is missing. row_data is the whole row as a JSON object.
CREATE TABLE orphaned_rows (
    orphan_id INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    row_data TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_aside_at TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_assignments_client ON trip_client_assignments(client_email);
CREATE INDEX IF NOT EXISTS idx_clients_v2_email_folded ON clients_v2(lower(trim(email, char(9,10,11,12,13,32))));
CREATE INDEX IF NOT EXISTS idx_trips_v2_primary_client ON trips_v2(primary_client_email);
CREATE INDEX IF NOT EXISTS idx_trips_v2_slug ON trips_v2(trip_slug);
CREATE INDEX IF NOT EXISTS idx_trips_v2_name ON trips_v2(trip_name COLLATE NOCASE);

DROP TRIGGER IF EXISTS trg_trip_client_assignments_insert;
DROP TRIGGER IF EXISTS trg_trip_client_assignments_update;
DROP TRIGGER IF EXISTS trg_trip_client_assignments_delete;
DROP TRIGGER IF EXISTS trg_trips_v2_ai_dirty;
DROP TRIGGER IF EXISTS trg_trips_v2_au_dirty;
DROP TRIGGER IF EXISTS trg_trips_v2_ad_dirty;
DROP TRIGGER IF EXISTS trg_trip_client_assignments_ai_dirty;
DROP TRIGGER IF EXISTS trg_trip_client_assignments_au_dirty;
DROP TRIGGER IF EXISTS trg_trip_client_assignments_ad_dirty;
DROP TRIGGER IF EXISTS trg_activitylog_ai_dirty;
DROP TRIGGER IF EXISTS trg_activitylog_au_dirty;
DROP TRIGGER IF EXISTS trg_activitylog_ad_dirty;
DROP VIEW IF EXISTS trip_client_relationships;

-- ---------------------------------------------------------------------------------------------------
-- Clean up an existing junction: use the clients' own e-mails, fill in missing roles, set orphans aside.

UPDATE OR IGNORE trip_client_assignments
SET client_email = (
    SELECT c.email FROM clients_v2 c
    WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(trip_client_assignments.client_email, char(9,10,11,12,13,32)))
    ORDER BY c.client_id LIMIT 1)
WHERE NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = trip_client_assignments.client_email)
  AND EXISTS (
    SELECT 1 FROM clients_v2 c
    WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(trip_client_assignments.client_email, char(9,10,11,12,13,32))));

UPDATE OR IGNORE trip_client_assignments SET client_role = 'traveler' WHERE trim(coalesce(client_role, '')) = '';

INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_client_assignments',
       json_object('assignment_id', a.assignment_id, 'trip_id', a.trip_id, 'client_email', a.client_email,
                   'client_role', a.client_role, 'created_at', a.created_at, 'updated_at', a.updated_at),
       iif(NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id), 'no such trip',
           iif(NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email), 'no such client', 'same pair twice')),
       strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM trip_client_assignments a
WHERE NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id)
   OR NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email)
   OR trim(coalesce(a.client_role, '')) = '';

DELETE FROM trip_client_assignments
WHERE NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = trip_client_assignments.trip_id)
   OR NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = trip_client_assignments.client_email)
   OR trim(coalesce(client_role, '')) = '';

-- ---------------------------------------------------------------------------------------------------
-- The entries of every trip, one per row. A trip whose JSON is not an array has none.
--   type          the JSON type
--   element       the entry as JSON text, unchanged (carries the whole column along, so avoid it in GROUP BY)
--   entry         the entry as an object, or NULL
--   client_email  the linked client, or NULL

CREATE VIEW trip_client_entries AS
SELECT e.trip_id, e.position, e.type, e.element, e.entry, e.email, e.role,
       coalesce((SELECT c.email FROM clients_v2 c WHERE c.email = e.email),
                (SELECT c.email FROM clients_v2 c
                 WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(e.email, char(9,10,11,12,13,32)))
                 ORDER BY c.client_id LIMIT 1)) AS client_email
FROM (
    SELECT o.trip_id, o.position, o.type, o.element, o.entry,
           iif(json_type(o.entry, '$.email') = 'text' AND trim(o.entry ->> '$.email', char(9,10,11,12,13,32)) <> '',
               o.entry ->> '$.email', NULL) AS email,
           iif(json_type(o.entry, '$.role') = 'text',
               iif(trim(o.entry ->> '$.role') = '', 'traveler', o.entry ->> '$.role'),
               iif(coalesce(json_type(o.entry, '$.role'), 'null') = 'null', 'traveler', o.entry -> '$.role')) AS role
    FROM (
        SELECT t.trip_id, j.key AS position, j.type,
               iif(j.type IN ('object', 'array'), j.value,
                   iif(j.type = 'text', json_quote(j.value), t.clients -> j.fullkey)) AS element,
               n.value AS entry
        FROM trips_v2 t,
             json_each(iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), iif(json_type(t.clients) = 'array', t.clients, '[]'), '[]'), '[]')) j,
             json_each('[' ||
                 iif(j.type = 'object', j.value,
                     iif(j.type <> 'text', 'null',
                         iif(json_valid(j.value) AND json_valid('[' || j.value || ']'),
                             iif(json_type(j.value) = 'object', j.value, 'null'),
                             iif(instr(j.value, '@') > 1, json_object('email', j.value), 'null')))) || ']') n
    ) o
) e;

-- One row per pair, with its source: 'both', 'junction_table' or 'json_field'.
CREATE VIEW trip_client_relationships AS
SELECT p.trip_id, t.trip_name, p.email AS assigned_email, p.role AS assigned_role,
       coalesce(max(p.junction_at), max(p.json_at)) AS assigned_at,
       iif(max(p.in_junction) = 1, iif(max(p.in_json) = 1, 'both', 'junction_table'), 'json_field') AS source
FROM (
    SELECT a.trip_id, a.client_email AS email, coalesce(a.client_role, 'traveler') AS role,
           a.created_at AS junction_at, NULL AS json_at, 1 AS in_junction, 0 AS in_json
    FROM trip_client_assignments a
    UNION ALL
    SELECT e.trip_id, coalesce(e.client_email, lower(trim(e.email, char(9,10,11,12,13,32)))), e.role,
           NULL, coalesce(e.entry ->> '$.assigned_at', e.entry ->> '$.assigned_date'), 0, 1
    FROM trip_client_entries e
    WHERE e.email IS NOT NULL
) p
JOIN trips_v2 t ON t.trip_id = p.trip_id
GROUP BY p.trip_id, p.email, p.role;

-- ---------------------------------------------------------------------------------------------------
-- Reconcile one trip, called by inserting an action row. Afterwards both sides hold the union of their pairs, and each
-- linked entry is an object with the client's e-mail and a role. Entries of one pair are merged if they agree. If they
-- contradict each other, all stay except for repetitions and for entries without any details.
-- ["ANN@x",{"name":"Infant"}]  ->  [{"email":"ann@x","role":"traveler"},{"name":"Infant"}]

CREATE TRIGGER trg_trip_client_sync_reconcile AFTER INSERT ON trip_client_sync
WHEN NEW.action = 'reconcile'
BEGIN
    INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
    SELECT t.trip_id, t.clients, 'not an array', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM trips_v2 t
    WHERE t.trip_id = NEW.trip_id
      AND iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), json_type(t.clients) = 'array', 0), 0) = 0;

    UPDATE trips_v2 SET clients = '[]'
    WHERE trip_id = NEW.trip_id
      AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 0;

    INSERT INTO trip_client_assignments (trip_id, client_email, client_role, created_at, updated_at)
    SELECT NEW.trip_id, e.client_email, e.role,
           coalesce(min(coalesce(e.entry ->> '$.assigned_at', e.entry ->> '$.assigned_date')), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
           strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM trip_client_entries e
    WHERE e.trip_id = NEW.trip_id AND e.client_email IS NOT NULL
      AND json_array(e.client_email, e.role) NOT IN (
          SELECT json_array(a.client_email, a.client_role) FROM trip_client_assignments a
          WHERE a.trip_id = NEW.trip_id AND a.client_role IS NOT NULL)
    GROUP BY e.client_email, e.role
    ORDER BY min(e.position);

    UPDATE trips_v2 SET clients = (
        WITH entries AS MATERIALIZED (
            SELECT e.position, e.element, e.entry, e.email, e.role, e.client_email
            FROM trip_client_entries e
            WHERE e.trip_id = NEW.trip_id
        ), pairs AS MATERIALIZED (
            SELECT min(e.position) AS position, e.client_email, e.role, count(*) AS n,
                   min(e.entry) AS first_entry, json_group_array(json(e.entry)) AS objects
            FROM entries e
            WHERE e.client_email IS NOT NULL
            GROUP BY e.client_email, e.role
        ), shared AS MATERIALIZED (
            SELECT p.client_email, p.role, json_array(p.client_email, p.role) AS pair
            FROM pairs p
            WHERE p.n > 1 AND EXISTS (
                SELECT 1 FROM (
                    SELECT f.key, f.type, f.type || ':' || f.value AS value, min(f.id)
                    FROM json_each(p.objects) d, json_each(d.value) f
                    WHERE f.key NOT IN ('email', 'role', 'assigned_at', 'assigned_date')
                    GROUP BY d.key, f.key) v
                WHERE v.type <> 'null'
                GROUP BY v.key
                HAVING count(DISTINCT v.value) > 1)
        )
        SELECT json_group_array(json(s.element)) FROM (
            SELECT p.position,
                   json_set(
                       iif(p.n = 1, p.first_entry, (
                           SELECT json_group_object(k.key, json(k.value)) FROM (
                               SELECT f.key,
                                      iif(f.type IN ('object', 'array'), f.value,
                                          iif(f.type IN ('true', 'false', 'null'), f.type, json_quote(f.value))) AS value,
                                      min(iif(f.type = 'null', 1000000000000000, 0) + 1000000 * d.key + f.id)
                               FROM json_each(p.objects) d, json_each(d.value) f
                               GROUP BY f.key) k)),
                       '$.email', p.client_email, '$.role', p.role) AS element
            FROM pairs p
            WHERE json_array(p.client_email, p.role) NOT IN (SELECT h.pair FROM shared h)
            UNION ALL
            SELECT min(d.position), json_set(d.entry, '$.email', d.client_email, '$.role', d.role)
            FROM (
                SELECT e.position, e.client_email, e.role, e.entry, (
                    SELECT json_group_array(k.detail) FROM (
                        SELECT json_array(f.key, f.type, f.value) AS detail, f.type, min(f.id)
                        FROM json_each(e.entry) f
                        WHERE f.key NOT IN ('email', 'role', 'assigned_at', 'assigned_date')
                        GROUP BY f.key
                        ORDER BY f.key) k
                    WHERE k.type <> 'null') AS details
                FROM shared h
                JOIN entries e ON e.client_email = h.client_email AND e.role = h.role
            ) d
            WHERE d.details <> '[]'
            GROUP BY d.client_email, d.role, d.details
            UNION ALL
            SELECT e.position, e.element FROM entries e WHERE e.client_email IS NULL
            UNION ALL
            SELECT 1000000000 + a.assignment_id,
                   json_object('email', a.client_email, 'role', a.client_role, 'assigned_at', a.created_at)
            FROM trip_client_assignments a
            WHERE a.trip_id = NEW.trip_id
              AND json_array(a.client_email, a.client_role) NOT IN (
                  SELECT json_array(coalesce(e.client_email, e.email), e.role) FROM entries e WHERE e.email IS NOT NULL)
            ORDER BY 1
        ) s)
    WHERE trip_id = NEW.trip_id
      AND EXISTS (
          WITH entries AS MATERIALIZED (
              SELECT e.email, e.role, e.client_email,
                     iif(e.type = 'object' AND json_type(e.entry, '$.role') = 'text',
                         e.entry ->> '$.email' IS e.client_email AND e.entry ->> '$.role' IS e.role, 0) AS normal
              FROM trip_client_entries e
              WHERE e.trip_id = NEW.trip_id AND e.email IS NOT NULL
          )
          SELECT 1 FROM (
              SELECT 1 FROM entries e
              WHERE e.client_email IS NOT NULL
              GROUP BY e.client_email, e.role
              HAVING count(*) > 1 OR min(e.normal) = 0)
          UNION ALL
          SELECT 1 FROM trip_client_assignments a
          WHERE a.trip_id = NEW.trip_id
            AND json_array(a.client_email, a.client_role) NOT IN (
                SELECT json_array(coalesce(e.client_email, e.email), e.role) FROM entries e));

    DELETE FROM trip_client_unlinked WHERE trip_id = NEW.trip_id;

    INSERT INTO trip_client_unlinked (trip_id, email)
    SELECT DISTINCT NEW.trip_id, lower(trim(e.email, char(9,10,11,12,13,32)))
    FROM trip_client_entries e
    WHERE e.trip_id = NEW.trip_id AND e.email IS NOT NULL AND e.client_email IS NULL;

    DELETE FROM trip_client_sync WHERE trip_id = NEW.trip_id;
END;

-- ---------------------------------------------------------------------------------------------------
-- Forward: a write to the junction updates the JSON, and changes only the entry of that pair.

-- INSERT of (bob@x, payer):
-- [{"name":"Infant"}]  ->  [{"name":"Infant"},{"email":"bob@x","role":"payer","assigned_at":"2026-01-01"}]
CREATE TRIGGER trg_trip_client_assignments_insert AFTER INSERT ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT NEW.trip_id, iif(EXISTS (SELECT 1 FROM trip_client_displaced), 'hold', 'plain');

    DELETE FROM trip_client_assignments
    WHERE assignment_id = NEW.assignment_id AND trim(coalesce(client_role, '')) = ''
      AND EXISTS (SELECT 1 FROM trip_client_assignments a
                  WHERE a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = 'traveler');
    UPDATE trip_client_assignments SET client_role = 'traveler'
    WHERE assignment_id = NEW.assignment_id AND trim(coalesce(client_role, '')) = '';

    INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
    SELECT t.trip_id, t.clients, 'not an array', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM trips_v2 t
    WHERE t.trip_id = NEW.trip_id
      AND iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), json_type(t.clients) = 'array', 0), 0) = 0;
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json_object('email', a.client_email, 'role', a.client_role, 'assigned_at', a.created_at))
        FROM trip_client_assignments a WHERE a.trip_id = NEW.trip_id)
    WHERE trip_id = NEW.trip_id
      AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 0;

    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(s.element)) FROM (
            SELECT e.position, 0, e.element FROM trip_client_entries e WHERE e.trip_id = NEW.trip_id
            UNION ALL
            SELECT (p.value ->> 0) - p.key - 0.5, p.key, json_set(p.value -> 1, '$.email', NEW.client_email, '$.role', iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))
            FROM trip_client_displaced d, json_each(d.entries) p
            WHERE d.assignment_id = (
                SELECT min(d.assignment_id) FROM trip_client_displaced d
                WHERE d.trip_id = NEW.trip_id AND d.client_email = NEW.client_email AND d.entries <> '[]'
                  AND iif(trim(coalesce(d.client_role, '')) = '', 'traveler', d.client_role) = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))
            ORDER BY 1, 2) s)
    WHERE trip_id = NEW.trip_id
      AND EXISTS (SELECT 1 FROM trip_client_displaced)
      AND NOT EXISTS (
          SELECT 1 FROM trip_client_entries e
          WHERE e.trip_id = NEW.trip_id AND e.email = NEW.client_email AND e.role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role));
    UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json_object(
        'email', NEW.client_email, 'role', iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role), 'assigned_at', NEW.created_at))
    WHERE trip_id = NEW.trip_id
      AND iif(instr(clients, NEW.client_email) = 0 AND instr(clients, '\') = 0, 1, NOT EXISTS (
          SELECT 1 FROM trip_client_entries e
          WHERE e.trip_id = NEW.trip_id AND e.email = NEW.client_email AND e.role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role)));

    DELETE FROM trip_client_sync WHERE trip_id = NEW.trip_id;
    DELETE FROM trip_client_displaced;
END;

-- DELETE of (ann@x, traveler):
-- [{"email":"ann@x","role":"traveler"},{"name":"Infant"}]  ->  [{"name":"Infant"}]
CREATE TRIGGER trg_trip_client_assignments_delete AFTER DELETE ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = OLD.trip_id)
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT OLD.trip_id, iif(EXISTS (SELECT 1 FROM clients_v2 WHERE email = OLD.client_email), 'plain', 'hold');

    INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
    SELECT t.trip_id, t.clients, 'not an array', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM trips_v2 t
    WHERE t.trip_id = OLD.trip_id
      AND iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), json_type(t.clients) = 'array', 0), 0) = 0;
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json_object('email', a.client_email, 'role', a.client_role, 'assigned_at', a.created_at))
        FROM trip_client_assignments a WHERE a.trip_id = OLD.trip_id)
    WHERE trip_id = OLD.trip_id
      AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 0;

    UPDATE trips_v2 SET clients = json_remove(clients, f.fullkey)
    FROM (
        SELECT j.fullkey
        FROM trips_v2 t, json_each(iif(
            length(t.clients) - length(replace(lower(t.clients), lower(trim(OLD.client_email, char(9,10,11,12,13,32))), '')) = length(trim(OLD.client_email, char(9,10,11,12,13,32)))
            AND instr(t.clients, '\') = 0, t.clients, '[]')) j
        WHERE t.trip_id = OLD.trip_id AND j.type = 'object' AND instr(j.value, OLD.client_email) > 0 AND instr(j.value, 'name') = 0
          AND json_type(j.value, '$.email') = 'text' AND j.value ->> '$.email' = OLD.client_email
          AND json_type(j.value, '$.role') = 'text' AND j.value ->> '$.role' = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role)
    ) f
    WHERE trip_id = OLD.trip_id AND trim(OLD.client_email, char(9,10,11,12,13,32)) <> ''
      AND NOT EXISTS (
          SELECT 1 FROM trip_client_assignments a
          WHERE a.trip_id = OLD.trip_id AND a.client_email = OLD.client_email
            AND a.client_role = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role));
    UPDATE trip_client_sync SET action = 'hold' WHERE trip_id = OLD.trip_id;
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(e.element)) FROM trip_client_entries e
        WHERE e.trip_id = OLD.trip_id
          AND coalesce(e.role = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role)
                       AND (e.email = OLD.client_email
                            OR lower(trim(e.email, char(9,10,11,12,13,32))) = lower(trim(OLD.client_email, char(9,10,11,12,13,32)))
                               AND NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = e.email)), 0) = 0)
    WHERE trip_id = OLD.trip_id
      AND instr(lower(clients), lower(trim(OLD.client_email, char(9,10,11,12,13,32)))) + instr(clients, '\') > 0
      AND NOT EXISTS (
          SELECT 1 FROM trip_client_assignments a
          WHERE a.trip_id = OLD.trip_id AND a.client_email = OLD.client_email
            AND a.client_role = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role));

    DELETE FROM trip_client_sync WHERE trip_id = OLD.trip_id;
END;

-- An entry follows its row to a new role, e-mail or trip and keeps all its keys. UPDATE of the role to guide:
-- [{"email":"ann@x","role":"traveler","seat":"aisle"}]  ->  [{"email":"ann@x","role":"guide","seat":"aisle"}]
CREATE TRIGGER trg_trip_client_assignments_update AFTER UPDATE OF assignment_id, trip_id, client_email, client_role ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id IN (OLD.trip_id, NEW.trip_id))
BEGIN
    INSERT INTO trip_client_sync (trip_id) VALUES (NEW.trip_id);
    INSERT INTO trip_client_sync (trip_id) SELECT OLD.trip_id WHERE OLD.trip_id <> NEW.trip_id;

    DELETE FROM trip_client_assignments
    WHERE assignment_id = NEW.assignment_id AND trim(coalesce(client_role, '')) = ''
      AND EXISTS (SELECT 1 FROM trip_client_assignments a
                  WHERE a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = 'traveler');
    UPDATE trip_client_assignments SET client_role = 'traveler'
    WHERE assignment_id = NEW.assignment_id AND trim(coalesce(client_role, '')) = '';

    INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
    SELECT t.trip_id, t.clients, 'not an array', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM trips_v2 t
    WHERE t.trip_id IN (OLD.trip_id, NEW.trip_id)
      AND iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), json_type(t.clients) = 'array', 0), 0) = 0;
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json_object('email', a.client_email, 'role', a.client_role, 'assigned_at', a.created_at))
        FROM trip_client_assignments a WHERE a.trip_id = trips_v2.trip_id)
    WHERE trip_id IN (OLD.trip_id, NEW.trip_id)
      AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 0;

    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(s.element)) FROM (
            SELECT iif(e.trip_id = NEW.trip_id, e.position, 1000000000 + e.position) AS position,
                   iif(coalesce(e.trip_id = OLD.trip_id AND e.email = OLD.client_email AND e.role = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role), 0),
                       json_set(e.entry, '$.email', NEW.client_email, '$.role', iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role)), e.element) AS element
            FROM trip_client_entries e
            WHERE e.trip_id = NEW.trip_id
               OR e.trip_id = OLD.trip_id AND e.email = OLD.client_email AND e.role = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role)
            UNION ALL
            SELECT 2000000000 + p.key, json_set(p.value -> 1, '$.email', NEW.client_email, '$.role', iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))
            FROM trip_client_displaced d, json_each(d.entries) p
            WHERE d.trip_id = NEW.trip_id AND d.client_email = NEW.client_email AND iif(trim(coalesce(d.client_role, '')) = '', 'traveler', d.client_role) = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role)
              AND NOT EXISTS (
                  SELECT 1 FROM trip_client_entries e
                  WHERE e.trip_id = NEW.trip_id AND e.email = NEW.client_email AND e.role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))
            ORDER BY 1) s)
    WHERE trip_id = NEW.trip_id;

    UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json_object(
        'email', NEW.client_email,
        'role', iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role),
        'assigned_at', NEW.created_at))
    WHERE trip_id = NEW.trip_id
      AND NOT EXISTS (
          SELECT 1 FROM trip_client_entries e
          WHERE e.trip_id = NEW.trip_id AND e.email = NEW.client_email
            AND e.role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role));

    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(e.element)) FROM trip_client_entries e
        WHERE e.trip_id = OLD.trip_id
          AND coalesce(e.email = OLD.client_email
                       AND e.role = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role), 0) = 0)
    WHERE trip_id = OLD.trip_id AND OLD.trip_id <> NEW.trip_id;

    DELETE FROM trip_client_sync WHERE trip_id IN (OLD.trip_id, NEW.trip_id);
    DELETE FROM trip_client_displaced;
    INSERT INTO trip_client_sync (trip_id, action) SELECT trip_id, 'reconcile' FROM trips_v2 WHERE trip_id = NEW.trip_id;
END;

-- Writes with OR REPLACE. The two BEFORE triggers note the rows that will be overwritten. The insert and update
-- triggers above use the notes and then delete them, which removes the entries of overwritten rows.

-- INSERT OR REPLACE of (ann@x, traveler), the same pair. The entry keeps its keys:
-- [{"email":"ann@x","role":"traveler","seat":"aisle"}]  ->  [{"email":"ann@x","role":"traveler","seat":"aisle"}]
CREATE TRIGGER trg_trip_client_assignments_note_insert BEFORE INSERT ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
 AND (EXISTS (SELECT 1 FROM trip_client_displaced)
      OR EXISTS (
          SELECT 1 FROM trip_client_assignments a
          WHERE (a.assignment_id = NEW.assignment_id
             OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))))
BEGIN
    DELETE FROM trip_client_displaced;
    INSERT INTO trip_client_displaced (assignment_id, trip_id, client_email, client_role, entries)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, (
        SELECT json_group_array(json_array(e.position, json(e.entry))) FROM trip_client_entries e
        WHERE e.trip_id = a.trip_id AND e.email = a.client_email AND e.role = iif(trim(coalesce(a.client_role, '')) = '', 'traveler', a.client_role))
    FROM trip_client_assignments a
    WHERE (a.assignment_id = NEW.assignment_id
       OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role));
END;

-- UPDATE OR REPLACE of payer to traveler, which exists. The entries are merged:
-- [{"email":"ann@x","role":"traveler","seat":"aisle"},{"email":"ann@x","role":"payer"}]  ->  [{"email":"ann@x","role":"traveler","seat":"aisle"}]
CREATE TRIGGER trg_trip_client_assignments_note_update BEFORE UPDATE OF assignment_id, trip_id, client_email, client_role ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
 AND (EXISTS (SELECT 1 FROM trip_client_displaced)
      OR EXISTS (
          SELECT 1 FROM trip_client_assignments a
          WHERE a.assignment_id <> OLD.assignment_id AND (a.assignment_id = NEW.assignment_id
             OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))))
BEGIN
    DELETE FROM trip_client_displaced;
    INSERT INTO trip_client_displaced (assignment_id, trip_id, client_email, client_role, entries)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, (
        SELECT json_group_array(json_array(e.position, json(e.entry))) FROM trip_client_entries e
        WHERE e.trip_id = a.trip_id AND e.email = a.client_email AND e.role = iif(trim(coalesce(a.client_role, '')) = '', 'traveler', a.client_role))
    FROM trip_client_assignments a
    WHERE a.assignment_id <> OLD.assignment_id AND (a.assignment_id = NEW.assignment_id
       OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role));
END;

-- Removes the entry of an overwritten row. INSERT OR REPLACE of (bob@x, traveler) with the assignment_id of ann@x:
-- [{"email":"ann@x","role":"traveler"}]  ->  [{"email":"bob@x","role":"traveler","assigned_at":"2026-01-01"}]
-- A note can outlive a rejected write. If its client has been deleted since, an equal entry is unlinked and must stay.
CREATE TRIGGER trg_trip_client_displaced_delete AFTER DELETE ON trip_client_displaced
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = OLD.trip_id)
 AND EXISTS (SELECT 1 FROM clients_v2 WHERE email = OLD.client_email)
 AND NOT EXISTS (
    SELECT 1 FROM trip_client_assignments a
    WHERE a.trip_id = OLD.trip_id AND a.client_email = OLD.client_email
      AND iif(trim(coalesce(a.client_role, '')) = '', 'traveler', a.client_role)
        = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role))
BEGIN
    INSERT INTO trip_client_sync (trip_id) VALUES (OLD.trip_id);
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(e.element)) FROM trip_client_entries e
        WHERE e.trip_id = OLD.trip_id
          AND coalesce(e.email = OLD.client_email
                       AND e.role = iif(trim(coalesce(OLD.client_role, '')) = '', 'traveler', OLD.client_role), 0) = 0)
    WHERE trip_id = OLD.trip_id
      AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 1;
    DELETE FROM trip_client_sync WHERE trip_id = OLD.trip_id;
END;

-- ---------------------------------------------------------------------------------------------------
-- Reverse: a write to the JSON updates the junction. It removes only pairs that the old JSON had and the
-- new one lacks, so that a writer cannot remove pairs it never saw.

-- UPDATE of clients, as written and as stored. A text that is not an array is quarantined and the old list restored.
-- ["BOB@x"]  ->  [{"email":"bob@x","role":"traveler"}]
CREATE TRIGGER trg_trips_v2_clients_update AFTER UPDATE OF clients ON trips_v2
WHEN NEW.clients IS NOT OLD.clients
 AND NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
BEGIN
    INSERT INTO trip_client_sync (trip_id) VALUES (NEW.trip_id);

    INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
    SELECT NEW.trip_id, NEW.clients, 'not an array', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE iif(typeof(NEW.clients) = 'text', iif(json_valid(NEW.clients), json_type(NEW.clients) = 'array', 0), 0) = 0;
    UPDATE trips_v2
    SET clients = iif(iif(typeof(OLD.clients) = 'text', iif(json_valid(OLD.clients), json_type(OLD.clients) = 'array', 0), 0) = 1,
                      OLD.clients, '[]')
    WHERE trip_id = NEW.trip_id
      AND iif(typeof(NEW.clients) = 'text', iif(json_valid(NEW.clients), json_type(NEW.clients) = 'array', 0), 0) = 0;

    DELETE FROM trip_client_assignments
    WHERE trip_id = NEW.trip_id
      AND (client_email, client_role) IN (
          SELECT iif(o.type = 'object', o.value ->> '$.email', NULL), iif(o.type = 'object', o.value ->> '$.role', NULL)
          FROM json_each(iif(typeof(OLD.clients) = 'text', iif(json_valid(OLD.clients), iif(json_type(OLD.clients) = 'array', OLD.clients, '[]'), '[]'), '[]')) o)
      AND json_array(client_email, client_role) NOT IN (
          SELECT json_array(e.client_email, e.role) FROM trip_client_entries e
          WHERE e.trip_id = NEW.trip_id AND e.client_email IS NOT NULL);

    DELETE FROM trip_client_sync WHERE trip_id = NEW.trip_id;
    INSERT INTO trip_client_sync (trip_id, action) VALUES (NEW.trip_id, 'reconcile');

    UPDATE direct_json_writes SET writes = writes + 1, last_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE day = date('now') AND trip_id = NEW.trip_id;
    INSERT INTO direct_json_writes (day, trip_id, writes, last_at)
    SELECT date('now'), NEW.trip_id, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE NOT EXISTS (SELECT 1 FROM direct_json_writes WHERE day = date('now') AND trip_id = NEW.trip_id);
END;

-- INSERT of a trip, as written and as stored:
-- ["ANN@x"]  ->  [{"email":"ann@x","role":"traveler"}]
-- If it is a REPLACE, the new list counts: assignments in it keep their ids, the others are deleted.
CREATE TRIGGER trg_trips_v2_clients_insert AFTER INSERT ON trips_v2
WHEN (NEW.clients IS NOT '[]'
      OR EXISTS (SELECT 1 FROM trip_client_assignments WHERE trip_id = NEW.trip_id)
      OR EXISTS (SELECT 1 FROM trip_client_unlinked WHERE trip_id = NEW.trip_id)
      OR EXISTS (SELECT 1 FROM replaced_trips))
 AND NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
BEGIN
    DELETE FROM replaced_trips WHERE trip_id <> NEW.trip_id AND trip_id IN (SELECT t.trip_id FROM trips_v2 t);
    INSERT INTO trip_client_sync (trip_id) VALUES (NEW.trip_id);

    INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
    SELECT NEW.trip_id, NEW.clients, 'not an array', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE iif(typeof(NEW.clients) = 'text', iif(json_valid(NEW.clients), json_type(NEW.clients) = 'array', 0), 0) = 0;
    UPDATE trips_v2
    SET clients = coalesce((
        SELECT r.clients FROM replaced_trips r
        WHERE iif(typeof(r.clients) = 'text', iif(json_valid(r.clients), json_type(r.clients) = 'array', 0), 0) = 1
        ORDER BY r.trip_id <> NEW.trip_id LIMIT 1), '[]')
    WHERE trip_id = NEW.trip_id
      AND iif(typeof(NEW.clients) = 'text', iif(json_valid(NEW.clients), json_type(NEW.clients) = 'array', 0), 0) = 0;

    DELETE FROM trip_client_assignments
    WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r)
      AND (trip_id <> NEW.trip_id
           OR json_array(client_email, client_role) NOT IN (
               SELECT json_array(e.client_email, e.role) FROM trip_client_entries e
               WHERE e.trip_id = NEW.trip_id AND e.client_email IS NOT NULL));
    INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT min(r.assignment_id), NEW.trip_id, r.client_email, r.client_role, r.created_at, r.updated_at
    FROM replaced_assignments r
    WHERE r.trip_id IN (SELECT p.trip_id FROM replaced_trips p)
      AND json_array(r.client_email, r.client_role) IN (
          SELECT json_array(e.client_email, e.role) FROM trip_client_entries e
          WHERE e.trip_id = NEW.trip_id AND e.client_email IS NOT NULL)
      AND json_array(r.client_email, r.client_role) NOT IN (
          SELECT json_array(a.client_email, a.client_role) FROM trip_client_assignments a
          WHERE a.trip_id = NEW.trip_id AND a.client_role IS NOT NULL)
    GROUP BY r.client_email, r.client_role;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;

    DELETE FROM trip_client_sync WHERE trip_id = NEW.trip_id;
    INSERT INTO trip_client_sync (trip_id, action) VALUES (NEW.trip_id, 'reconcile');
    UPDATE direct_json_writes SET writes = writes + 1, last_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE day = date('now') AND trip_id = NEW.trip_id AND NEW.clients IS NOT '[]';
    INSERT INTO direct_json_writes (day, trip_id, writes, last_at)
    SELECT date('now'), NEW.trip_id, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE NOT EXISTS (SELECT 1 FROM direct_json_writes WHERE day = date('now') AND trip_id = NEW.trip_id)
      AND NEW.clients IS NOT '[]';
END;

-- Writes with OR REPLACE. The BEFORE triggers note what the row will overwrite.

CREATE TRIGGER trg_trips_v2_note_insert BEFORE INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trips) OR EXISTS (SELECT 1 FROM replaced_clients)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_id = NEW.trip_id)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_slug = NEW.trip_slug AND NEW.trip_slug <> '')
BEGIN
    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_trips (trip_id, clients, primary_client_email)
    SELECT t.trip_id, t.clients, t.primary_client_email FROM trips_v2 t
    WHERE t.trip_id = NEW.trip_id OR t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '';
    INSERT INTO replaced_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
    FROM trip_client_assignments a WHERE a.trip_id IN (SELECT r.trip_id FROM replaced_trips r);
END;

CREATE TRIGGER trg_trips_v2_note_update BEFORE UPDATE OF trip_id ON trips_v2
WHEN NEW.trip_id <> OLD.trip_id
BEGIN
    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_trips (trip_id) SELECT trip_id FROM trips_v2 WHERE trip_id = NEW.trip_id;
END;

-- The JSON is deleted with its trip. This removes the trip's index rows and facts, and the assignments where foreign keys
-- are off.
CREATE TRIGGER trg_trips_v2_clients_delete AFTER DELETE ON trips_v2
BEGIN
    DELETE FROM trip_client_assignments WHERE trip_id = OLD.trip_id;
    DELETE FROM trip_client_unlinked WHERE trip_id = OLD.trip_id;
    DELETE FROM trip_facts WHERE trip_id = OLD.trip_id;
END;

-- UPDATE of trip_id. The assignments move along, the JSON stays the same:
-- [{"email":"ann@x","role":"traveler"}]  ->  [{"email":"ann@x","role":"traveler"}]
CREATE TRIGGER trg_trips_v2_id_update AFTER UPDATE OF trip_id ON trips_v2
WHEN NEW.trip_id <> OLD.trip_id
BEGIN
    INSERT INTO trip_client_sync (trip_id) VALUES (OLD.trip_id), (NEW.trip_id);
    DELETE FROM trip_client_assignments WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r WHERE r.trip_id = NEW.trip_id);
    DELETE FROM replaced_trips;
    UPDATE trip_client_assignments SET trip_id = NEW.trip_id WHERE trip_id = OLD.trip_id;
    DELETE FROM trip_client_unlinked WHERE trip_id = OLD.trip_id;
    DELETE FROM trip_client_sync WHERE trip_id IN (OLD.trip_id, NEW.trip_id);
    INSERT INTO trip_client_sync (trip_id, action) VALUES (NEW.trip_id, 'reconcile');
END;

-- ---------------------------------------------------------------------------------------------------
-- Clients: a new client is linked to its waiting entries, a changed e-mail is updated on both sides, and a
-- deleted client is removed as primary client.

-- INSERT of the client cleo@x:
-- [{"email":"Cleo@X"}]  ->  [{"email":"cleo@x","role":"traveler"}]
CREATE TRIGGER trg_clients_v2_link AFTER INSERT ON clients_v2
WHEN EXISTS (SELECT 1 FROM trip_client_unlinked WHERE email = lower(trim(NEW.email, char(9,10,11,12,13,32))))
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT u.trip_id, 'reconcile' FROM trip_client_unlinked u
    WHERE u.email = lower(trim(NEW.email, char(9,10,11,12,13,32)))
      AND NOT EXISTS (SELECT 1 FROM trip_client_sync s WHERE s.trip_id = u.trip_id);
END;

-- UPDATE of the e-mail ann@x to anna@x:
-- [{"email":"ann@x","role":"traveler"}]  ->  [{"email":"anna@x","role":"traveler"}]
CREATE TRIGGER trg_clients_v2_email AFTER UPDATE OF email ON clients_v2
WHEN NEW.email IS NOT OLD.email
BEGIN
    INSERT INTO trip_client_sync (trip_id)
    SELECT DISTINCT a.trip_id FROM trip_client_assignments a
    WHERE a.client_email = OLD.email AND a.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(iif(e.email = OLD.email, json_set(e.entry, '$.email', NEW.email), e.element)))
        FROM trip_client_entries e WHERE e.trip_id = trips_v2.trip_id)
    WHERE trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = OLD.email)
      AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 1;
    UPDATE trip_client_assignments SET client_email = NEW.email WHERE client_email = OLD.email;
    UPDATE trips_v2 SET primary_client_email = NEW.email WHERE primary_client_email = OLD.email;
    DELETE FROM trip_client_sync
    WHERE trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = NEW.email);
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT t.trip_id, 'reconcile' FROM trips_v2 t
    WHERE (t.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = NEW.email)
           OR t.trip_id IN (SELECT u.trip_id FROM trip_client_unlinked u
                            WHERE u.email = lower(trim(NEW.email, char(9,10,11,12,13,32)))))
      AND t.trip_id NOT IN (SELECT s.trip_id FROM trip_client_sync s);
END;

-- DELETE of the client ann@x. Deleting the assignments, by cascade or here, removes the entry. In migration 022, entries of
-- others who share the e-mail stay.
-- [{"email":"ann@x","role":"traveler"}]  ->  []
CREATE TRIGGER trg_clients_v2_delete AFTER DELETE ON clients_v2
BEGIN
    DELETE FROM trip_client_assignments WHERE client_email = OLD.email;
    UPDATE trips_v2 SET primary_client_email = NULL WHERE primary_client_email = OLD.email;
END;

-- Writes with OR REPLACE. A client that replaces another, or several, takes over all of their assignments.
-- INSERT OR REPLACE of the client anna@x with the client_id of ann@x:
-- [{"email":"ann@x","role":"traveler","seat":"aisle"}]  ->  [{"email":"anna@x","role":"traveler","seat":"aisle"}]

CREATE TRIGGER trg_clients_v2_note_insert BEFORE INSERT ON clients_v2
WHEN EXISTS (SELECT 1 FROM replaced_clients) OR EXISTS (SELECT 1 FROM replaced_trips)
  OR EXISTS (SELECT 1 FROM clients_v2 WHERE client_id = NEW.client_id OR email = NEW.email)
BEGIN
    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_clients (email)
    SELECT c.email FROM clients_v2 c WHERE c.client_id = NEW.client_id OR c.email = NEW.email;
    INSERT INTO replaced_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
    FROM trip_client_assignments a WHERE a.client_email IN (SELECT r.email FROM replaced_clients r);
    INSERT INTO replaced_trips (trip_id, clients, primary_client_email)
    SELECT t.trip_id, t.clients, t.primary_client_email FROM trips_v2 t
    WHERE t.trip_id IN (SELECT r.trip_id FROM replaced_assignments r)
       OR t.primary_client_email IN (SELECT r.email FROM replaced_clients r);
END;

-- The client that is updated is noted too, because it may be on the same trips.
CREATE TRIGGER trg_clients_v2_note_update BEFORE UPDATE OF client_id, email ON clients_v2
WHEN EXISTS (SELECT 1 FROM replaced_clients)
  OR EXISTS (SELECT 1 FROM clients_v2
             WHERE (client_id = NEW.client_id OR email = NEW.email) AND client_id <> OLD.client_id)
BEGIN
    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_clients (email)
    SELECT c.email FROM clients_v2 c WHERE (c.client_id IN (OLD.client_id, NEW.client_id) OR c.email = NEW.email)
      AND EXISTS (SELECT 1 FROM clients_v2 o
                  WHERE (o.client_id = NEW.client_id OR o.email = NEW.email) AND o.client_id <> OLD.client_id);
    INSERT INTO replaced_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
    FROM trip_client_assignments a WHERE a.client_email IN (SELECT r.email FROM replaced_clients r);
    INSERT INTO replaced_trips (trip_id, clients, primary_client_email)
    SELECT t.trip_id, t.clients, t.primary_client_email FROM trips_v2 t
    WHERE t.trip_id IN (SELECT r.trip_id FROM replaced_assignments r)
       OR t.primary_client_email IN (SELECT r.email FROM replaced_clients r);
END;

CREATE TRIGGER trg_clients_v2_replaced_insert AFTER INSERT ON clients_v2
WHEN EXISTS (SELECT 1 FROM replaced_clients)
BEGIN
    INSERT INTO client_replacements (email) VALUES (NEW.email);
END;

CREATE TRIGGER trg_clients_v2_replaced_update AFTER UPDATE OF client_id, email ON clients_v2
WHEN EXISTS (SELECT 1 FROM replaced_clients)
BEGIN
    INSERT INTO client_replacements (email) VALUES (NEW.email);
END;

-- A noted client that still exists was not replaced.
CREATE TRIGGER trg_client_replacements_insert AFTER INSERT ON client_replacements
BEGIN
    DELETE FROM replaced_clients WHERE email <> NEW.email AND email IN (SELECT c.email FROM clients_v2 c);
    DELETE FROM replaced_assignments WHERE client_email NOT IN (SELECT r.email FROM replaced_clients r);
    DELETE FROM replaced_trips
    WHERE trip_id NOT IN (SELECT r.trip_id FROM replaced_assignments r)
      AND (primary_client_email IS NULL OR primary_client_email NOT IN (SELECT r.email FROM replaced_clients r));
    INSERT INTO trip_client_sync (trip_id)
    SELECT r.trip_id FROM replaced_trips r WHERE r.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);

    UPDATE trips_v2 SET clients = (SELECT r.clients FROM replaced_trips r WHERE r.trip_id = trips_v2.trip_id)
    WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r WHERE r.clients IS NOT trips_v2.clients);
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(iif(e.email IN (SELECT r.email FROM replaced_clients r),
                                         json_set(e.entry, '$.email', NEW.email), e.element)))
        FROM trip_client_entries e WHERE e.trip_id = trips_v2.trip_id)
    WHERE trip_id IN (
        SELECT r.trip_id FROM replaced_assignments r WHERE r.client_email <> NEW.email)
      AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 1;
    UPDATE trips_v2 SET primary_client_email = NEW.email
    WHERE trip_id IN (
        SELECT r.trip_id FROM replaced_trips r
        WHERE r.primary_client_email IN (SELECT c.email FROM replaced_clients c))
      AND primary_client_email IS NOT NEW.email;

    DELETE FROM trip_client_assignments WHERE client_email IN (SELECT r.email FROM replaced_clients r);
    INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT min(r.assignment_id), r.trip_id, NEW.email, r.client_role, r.created_at, r.updated_at
    FROM replaced_assignments r
    WHERE json_array(r.trip_id, r.client_role) NOT IN (
        SELECT json_array(a.trip_id, a.client_role) FROM trip_client_assignments a WHERE a.client_email = NEW.email)
    GROUP BY r.trip_id, r.client_role;

    DELETE FROM trip_client_sync WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r);
    INSERT INTO trip_client_sync (trip_id, action) SELECT r.trip_id, 'reconcile' FROM replaced_trips r;
    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    DELETE FROM client_replacements;
END;

-- ---------------------------------------------------------------------------------------------------
-- The queue of trips with outdated facts: INTEGER ids and one row per trip and reason. Inserting a duplicate
-- is never an error, so old code can keep using a plain INSERT. Neither table has child tables, so dropping
-- them is safe even where foreign keys cannot be turned off.

CREATE TABLE facts_dirty_before AS SELECT id, trip_id, reason, created_at FROM facts_dirty;
DROP TABLE facts_dirty;
CREATE TABLE facts_dirty (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL ON CONFLICT IGNORE,
    reason TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'unspecified',
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(trip_id, reason) ON CONFLICT IGNORE
);
INSERT INTO facts_dirty (trip_id, reason, created_at)
SELECT CAST(b.trip_id AS INTEGER), coalesce(b.reason, 'unspecified'), min(b.created_at)
FROM facts_dirty_before b
WHERE EXISTS (
    SELECT 1 FROM trips_v2 t
    WHERE t.trip_id = CAST(b.trip_id AS INTEGER) AND CAST(t.trip_id AS TEXT) = CAST(b.trip_id AS TEXT))
GROUP BY CAST(b.trip_id AS INTEGER), coalesce(b.reason, 'unspecified')
ORDER BY min(b.id);
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'facts_dirty',
       json_object('id', b.id, 'trip_id', b.trip_id, 'reason', b.reason, 'created_at', b.created_at),
       'no such trip', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM facts_dirty_before b
WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 t
    WHERE t.trip_id = CAST(b.trip_id AS INTEGER) AND CAST(t.trip_id AS TEXT) = CAST(b.trip_id AS TEXT));
DROP TABLE facts_dirty_before;

CREATE TABLE trip_facts_before AS
SELECT trip_id, total_nights, total_hotels, total_activities, total_cost, transit_minutes, last_computed, version FROM trip_facts;
DROP TABLE trip_facts;
CREATE TABLE trip_facts (
    trip_id INTEGER PRIMARY KEY,
    total_nights INTEGER DEFAULT 0,
    total_hotels INTEGER DEFAULT 0,
    total_activities INTEGER DEFAULT 0,
    total_cost REAL DEFAULT 0,
    transit_minutes INTEGER DEFAULT 0,
    traveler_count INTEGER DEFAULT 0,
    traveler_names JSON DEFAULT '[]',
    traveler_emails JSON DEFAULT '[]',
    primary_client_email TEXT,
    primary_client_name TEXT,
    last_computed DATETIME,
    version INTEGER DEFAULT 1
);
INSERT INTO trip_facts (trip_id, total_nights, total_hotels, total_activities, total_cost, transit_minutes, last_computed, version)
SELECT t.trip_id, b.total_nights, b.total_hotels, b.total_activities, b.total_cost, b.transit_minutes, b.last_computed, b.version
FROM trip_facts_before b CROSS JOIN trips_v2 t
WHERE t.trip_id = CAST(b.trip_id AS INTEGER) AND CAST(t.trip_id AS TEXT) = CAST(b.trip_id AS TEXT);
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_facts',
       json_object('trip_id', b.trip_id, 'total_nights', b.total_nights, 'total_hotels', b.total_hotels,
                   'total_activities', b.total_activities, 'total_cost', b.total_cost,
                   'transit_minutes', b.transit_minutes, 'last_computed', b.last_computed, 'version', b.version),
       'no such trip', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM trip_facts_before b
WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 t
    WHERE t.trip_id = CAST(b.trip_id AS INTEGER) AND CAST(t.trip_id AS TEXT) = CAST(b.trip_id AS TEXT));
DROP TABLE trip_facts_before;

-- These triggers leave the JSON unchanged. They use WHERE NOT EXISTS because the outer statement overrides a
-- conflict clause inside a trigger.

CREATE TRIGGER trg_trips_v2_ai_dirty AFTER INSERT ON trips_v2
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) SELECT NEW.trip_id, 'trip_insert'
    WHERE NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = NEW.trip_id AND reason = 'trip_insert');
END;

CREATE TRIGGER trg_trips_v2_au_dirty AFTER UPDATE ON trips_v2
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) SELECT NEW.trip_id, 'trip_update'
    WHERE NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = NEW.trip_id AND reason = 'trip_update');
END;

CREATE TRIGGER trg_trips_v2_ad_dirty AFTER DELETE ON trips_v2
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) SELECT OLD.trip_id, 'trip_delete'
    WHERE NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = OLD.trip_id AND reason = 'trip_delete');
END;

CREATE TRIGGER trg_trip_client_assignments_ai_dirty AFTER INSERT ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = NEW.trip_id AND reason = 'client_assigned')
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) VALUES (NEW.trip_id, 'client_assigned');
END;

CREATE TRIGGER trg_trip_client_assignments_au_dirty AFTER UPDATE ON trip_client_assignments
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) SELECT NEW.trip_id, 'client_role_changed'
    WHERE NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = NEW.trip_id AND reason = 'client_role_changed');
    INSERT INTO facts_dirty (trip_id, reason) SELECT OLD.trip_id, 'client_role_changed'
    WHERE NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = OLD.trip_id AND reason = 'client_role_changed');
END;

CREATE TRIGGER trg_trip_client_assignments_ad_dirty AFTER DELETE ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = OLD.trip_id AND reason = 'client_removed')
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) VALUES (OLD.trip_id, 'client_removed');
END;

CREATE TRIGGER trg_activitylog_ai_dirty AFTER INSERT ON ActivityLog
WHEN NEW.trip_id IS NOT NULL
 AND NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = NEW.trip_id AND reason = 'activity_logged')
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) VALUES (NEW.trip_id, 'activity_logged');
END;

CREATE TRIGGER trg_activitylog_au_dirty AFTER UPDATE ON ActivityLog
WHEN NEW.trip_id IS NOT NULL
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) SELECT NEW.trip_id, 'activity_changed'
    WHERE NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = NEW.trip_id AND reason = 'activity_changed');
END;

CREATE TRIGGER trg_activitylog_ad_dirty AFTER DELETE ON ActivityLog
WHEN OLD.trip_id IS NOT NULL
BEGIN
    INSERT INTO facts_dirty (trip_id, reason) SELECT OLD.trip_id, 'activity_removed'
    WHERE NOT EXISTS (SELECT 1 FROM facts_dirty WHERE trip_id = OLD.trip_id AND reason = 'activity_removed');
END;

-- ---------------------------------------------------------------------------------------------------
-- Backfill: reconcile every trip once. `voygen migrate` does this in small batches after it has applied all files, and
-- then drops everything below. In the meantime, trips after trips_done may have pairs that are in one store only. The
-- triggers above keep such a trip right for most writes. For the others, the triggers below reconcile the trip first.
-- Those that come before a REPLACE also note again what the row will overwrite, because SQLite does not define the order
-- of two triggers on the same event.

CREATE TABLE migration_backfill (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    first_trip INTEGER NOT NULL,
    trips_done INTEGER NOT NULL,
    trips_up_to INTEGER, -- the last trip of the running batch
    clients_done INTEGER NOT NULL,
    clients_up_to INTEGER,
    merged INTEGER NOT NULL DEFAULT 0
);
INSERT INTO migration_backfill (id, first_trip, trips_done, clients_done)
SELECT 1, t.before, t.before, (SELECT coalesce(min(client_id), 1) - 1 FROM clients_v2)
FROM (SELECT coalesce(min(trip_id), 1) - 1 AS before FROM trips_v2) t;

-- The trips of a batch whose list is as a reconciliation would leave it: every entry is an object with the e-mail of a
-- client and a role, and no pair comes twice. Empty at every commit.
CREATE TABLE migration_backfill_plain (trip_id INTEGER PRIMARY KEY);

-- Inserting the e-mail of a client reconciles the trips that name the client. Empty at every commit.
CREATE TABLE migration_backfill_clients (email TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TRIGGER trg_backfill_clients_insert AFTER INSERT ON migration_backfill_clients
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT t.trip_id, 'reconcile' FROM trips_v2 t
    WHERE t.trip_id > (SELECT trips_done FROM migration_backfill)
      AND t.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g)
      AND (instr(lower(t.clients), lower(trim(NEW.email, char(9,10,11,12,13,32)))) > 0
           OR instr(t.clients, '\') > 0 AND EXISTS (
               SELECT 1 FROM trip_client_entries e
               WHERE e.trip_id = t.trip_id AND lower(trim(e.email, char(9,10,11,12,13,32))) = lower(trim(NEW.email, char(9,10,11,12,13,32)))));
    DELETE FROM migration_backfill_clients;
END;

CREATE TRIGGER trg_backfill_clients_v2_delete BEFORE DELETE ON clients_v2
WHEN OLD.email IS NOT NULL
BEGIN
    INSERT INTO migration_backfill_clients (email) VALUES (OLD.email);
END;

CREATE TRIGGER trg_backfill_clients_v2_insert BEFORE INSERT ON clients_v2
WHEN EXISTS (SELECT 1 FROM clients_v2 WHERE client_id = NEW.client_id OR email = NEW.email)
BEGIN
    INSERT INTO migration_backfill_clients (email)
    SELECT c.email FROM clients_v2 c WHERE c.client_id = NEW.client_id OR c.email = NEW.email;

    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_clients (email)
    SELECT c.email FROM clients_v2 c WHERE c.client_id = NEW.client_id OR c.email = NEW.email;
    INSERT INTO replaced_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
    FROM trip_client_assignments a WHERE a.client_email IN (SELECT r.email FROM replaced_clients r);
    INSERT INTO replaced_trips (trip_id, clients, primary_client_email)
    SELECT t.trip_id, t.clients, t.primary_client_email FROM trips_v2 t
    WHERE t.trip_id IN (SELECT r.trip_id FROM replaced_assignments r)
       OR t.primary_client_email IN (SELECT r.email FROM replaced_clients r);
END;

CREATE TRIGGER trg_backfill_clients_v2_update BEFORE UPDATE OF client_id, email ON clients_v2
WHEN NEW.client_id IS NOT OLD.client_id OR NEW.email IS NOT OLD.email
BEGIN
    INSERT INTO migration_backfill_clients (email)
    SELECT c.email FROM clients_v2 c WHERE c.client_id IN (OLD.client_id, NEW.client_id) OR c.email = NEW.email;

    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_clients (email)
    SELECT c.email FROM clients_v2 c WHERE (c.client_id IN (OLD.client_id, NEW.client_id) OR c.email = NEW.email)
      AND EXISTS (SELECT 1 FROM clients_v2 o
                  WHERE (o.client_id = NEW.client_id OR o.email = NEW.email) AND o.client_id <> OLD.client_id);
    INSERT INTO replaced_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
    FROM trip_client_assignments a WHERE a.client_email IN (SELECT r.email FROM replaced_clients r);
    INSERT INTO replaced_trips (trip_id, clients, primary_client_email)
    SELECT t.trip_id, t.clients, t.primary_client_email FROM trips_v2 t
    WHERE t.trip_id IN (SELECT r.trip_id FROM replaced_assignments r)
       OR t.primary_client_email IN (SELECT r.email FROM replaced_clients r);
END;

CREATE TRIGGER trg_backfill_trips_v2_insert BEFORE INSERT ON trips_v2
WHEN EXISTS (
    SELECT 1 FROM trips_v2 t
    WHERE (t.trip_id = NEW.trip_id OR t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '')
      AND t.trip_id > (SELECT trips_done FROM migration_backfill))
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT t.trip_id, 'reconcile' FROM trips_v2 t
    WHERE (t.trip_id = NEW.trip_id OR t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '')
      AND t.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);

    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_trips (trip_id, clients, primary_client_email)
    SELECT t.trip_id, t.clients, t.primary_client_email FROM trips_v2 t
    WHERE t.trip_id = NEW.trip_id OR t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '';
    INSERT INTO replaced_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
    FROM trip_client_assignments a WHERE a.trip_id IN (SELECT r.trip_id FROM replaced_trips r);
END;

CREATE TRIGGER trg_backfill_assignments_insert BEFORE INSERT ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
 AND EXISTS (
    SELECT 1 FROM trip_client_assignments a
    WHERE (a.assignment_id = NEW.assignment_id
       OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))
      AND a.trip_id > (SELECT trips_done FROM migration_backfill))
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT DISTINCT a.trip_id, 'reconcile' FROM trip_client_assignments a
    WHERE (a.assignment_id = NEW.assignment_id
       OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role))
      AND a.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);

    DELETE FROM trip_client_displaced;
    INSERT INTO trip_client_displaced (assignment_id, trip_id, client_email, client_role, entries)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, (
        SELECT json_group_array(json_array(e.position, json(e.entry))) FROM trip_client_entries e
        WHERE e.trip_id = a.trip_id AND e.email = a.client_email AND e.role = iif(trim(coalesce(a.client_role, '')) = '', 'traveler', a.client_role))
    FROM trip_client_assignments a
    WHERE (a.assignment_id = NEW.assignment_id
       OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role));
END;

CREATE TRIGGER trg_backfill_assignments_update BEFORE UPDATE OF assignment_id, trip_id, client_email, client_role ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id IN (OLD.trip_id, NEW.trip_id))
 AND EXISTS (
    SELECT 1 FROM trips_v2 t
    WHERE (t.trip_id IN (OLD.trip_id, NEW.trip_id)
       OR t.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.assignment_id = NEW.assignment_id))
      AND t.trip_id > (SELECT trips_done FROM migration_backfill))
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT t.trip_id, 'reconcile' FROM trips_v2 t
    WHERE (t.trip_id IN (OLD.trip_id, NEW.trip_id)
       OR t.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.assignment_id = NEW.assignment_id))
      AND t.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);

    DELETE FROM trip_client_displaced;
    INSERT INTO trip_client_displaced (assignment_id, trip_id, client_email, client_role, entries)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, (
        SELECT json_group_array(json_array(e.position, json(e.entry))) FROM trip_client_entries e
        WHERE e.trip_id = a.trip_id AND e.email = a.client_email AND e.role = iif(trim(coalesce(a.client_role, '')) = '', 'traveler', a.client_role))
    FROM trip_client_assignments a
    WHERE a.assignment_id <> OLD.assignment_id AND (a.assignment_id = NEW.assignment_id
       OR a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = iif(trim(coalesce(NEW.client_role, '')) = '', 'traveler', NEW.client_role));
END;

-- The update trigger above removes the pairs that the new list lacks, by the e-mails of the old list, which must be
-- normalized for that. This trigger removes those of a list that is not. It keeps an old text that is not an array.
CREATE TRIGGER trg_backfill_trips_v2_update BEFORE UPDATE OF clients ON trips_v2
WHEN NEW.clients IS NOT OLD.clients
 AND OLD.trip_id > (SELECT trips_done FROM migration_backfill)
 AND NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = OLD.trip_id)
BEGIN
    INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
    SELECT OLD.trip_id, OLD.clients, 'not an array', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE iif(typeof(OLD.clients) = 'text', iif(json_valid(OLD.clients), json_type(OLD.clients) = 'array', 0), 0) = 0;

    INSERT INTO trip_client_sync (trip_id) VALUES (OLD.trip_id);
    DELETE FROM trip_client_assignments
    WHERE trip_id = OLD.trip_id
      AND iif(typeof(NEW.clients) = 'text', iif(json_valid(NEW.clients), json_type(NEW.clients) = 'array', 0), 0) = 1
      AND json_array(client_email, client_role) IN (
          SELECT json_array(e.client_email, e.role) FROM trip_client_entries e
          WHERE e.trip_id = OLD.trip_id AND e.client_email IS NOT NULL)
      AND json_array(lower(trim(client_email, char(9,10,11,12,13,32))), client_role) NOT IN (
          SELECT json_array(lower(trim(n.entry ->> '$.email', char(9,10,11,12,13,32))),
                            iif(json_type(n.entry, '$.role') = 'text',
                                iif(trim(n.entry ->> '$.role') = '', 'traveler', n.entry ->> '$.role'),
                                iif(coalesce(json_type(n.entry, '$.role'), 'null') = 'null', 'traveler', n.entry -> '$.role')))
          FROM (
              SELECT iif(j.type = 'object', j.value,
                         iif(j.type <> 'text', '{}',
                             iif(json_valid(j.value), iif(json_type(j.value) = 'object', j.value, '{}'),
                                 json_object('email', j.value)))) AS entry
              FROM json_each(iif(iif(typeof(NEW.clients) = 'text', iif(json_valid(NEW.clients), json_type(NEW.clients) = 'array', 0), 0) = 1, NEW.clients, '[]')) j) n);
    DELETE FROM trip_client_sync WHERE trip_id = OLD.trip_id;
END;
