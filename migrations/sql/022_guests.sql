-- People on a trip who are no clients: unlinked entries, and those who share a client's e-mail. Search finds them too, any
-- other name that an entry has for a client, and the words of a client list that could not be read.

-- Clients whose e-mail SQL can't fold to compare it.
CREATE INDEX idx_clients_v2_email_beyond_ascii ON clients_v2(email) WHERE email GLOB '*[^ -~]*';

-- Every entry of the JSON with the name of the person. client_email is NULL for an unlinked one, and called is NULL for one
-- without a name of its own. Entries of one pair describe several people if there are more than one.
CREATE VIEW trip_people AS
SELECT p.trip_id, p.position, p.client_email, p.email, p.role, p.element, p.called,
       CAST(coalesce(p.called, p.email, iif(p.type = 'text', nullif(trim(p.element ->> '$'), ''), NULL),
                     p.element) AS TEXT) AS name
FROM (
    SELECT e.trip_id, e.position, e.client_email, e.email, e.role, e.element, e.type,
           CAST(coalesce(
               nullif(trim(e.entry ->> '$.name'), ''), nullif(trim(e.entry ->> '$.full_name'), ''),
               nullif(trim(e.entry ->> '$.client_name'), ''),
               nullif(trim(coalesce(e.entry ->> '$.first_name', '') || ' ' ||
                           coalesce(e.entry ->> '$.last_name', '')), '')) AS TEXT) AS called
    FROM trip_client_entries e
) p;

-- Client lists in quarantine that nobody has accepted as they are.
CREATE VIEW trip_unreadable AS
SELECT q.trip_id, q.quarantine_id, q.raw_text
FROM trip_clients_quarantine q
WHERE NOT EXISTS (
    SELECT 1 FROM accepted_findings f
    WHERE f.kind = 'quarantine' AND f.trip_id = q.trip_id AND f.value = CAST(q.quarantine_id AS TEXT));

DROP VIEW trip_search_text;
CREATE VIEW trip_search_text AS
SELECT p.trip_id,
       replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
       replace(replace(replace(replace(replace(replace(replace(replace(replace(
           p.trip_name,
           '&', 'and'), ' ', ''), '''', ''), '’', ''), '-', ''), '–', ''), '—', ''), ',', ''), '.', ''), '/', ''),
           '(', ''), ')', ''), ':', ''), '!', ''), '?', ''), '"', ''), '_', ''), '+', ''), '#', '') AS whole_name,
       p.trip_name || iif(instr(p.trip_name, '''') + instr(p.trip_name, '’') > 0, ' ' || replace(replace(p.trip_name, '''', ''), '’', ''), '')
       || iif(length(p.trip_name || p.destinations || p.group_name) = length(CAST(p.trip_name || p.destinations || p.group_name AS BLOB)), '', coalesce((
           SELECT ' ' || group_concat(coalesce(l.plain, iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', ' ', n.letter)), '') || ' ' || coalesce(group_concat(iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', n.letter || n.next, NULL), ' '), '')
           FROM (
               SELECT substr(x.text, i.key + 1, 1) AS letter, substr(x.text, i.key + 2, 1) AS next
               FROM (SELECT p.trip_name || ' ' || p.destinations || ' ' || p.group_name AS text LIMIT 1) x
               CROSS JOIN json_each('[0' || replace(hex(zeroblob(min(length(x.text), 1000) - 1)), '00', ',0') || ']') i
               WHERE x.text GLOB '*[ÄÅÖÜäåöüͰ-ჿក-៿⺀-ﾟ𠀀-𱍏]*') n
           LEFT JOIN search_letters l ON l.letter = n.letter), '')) AS name,
       p.destinations,
       p.group_name,
       coalesce((
           SELECT group_concat(s.traveler, ' ') FROM traveler_search_text s
           WHERE s.trip_id = p.trip_id AND NOT EXISTS (SELECT 1 FROM crowd_search_docsize k WHERE k.id = s.assignment_id)), '')
       || coalesce((
           SELECT ' ' || g.names
                  || iif(length(g.names) = length(CAST(g.names AS BLOB)), '', coalesce((
                  SELECT ' ' || group_concat(coalesce(l.plain, iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', ' ', n.letter)), '') || ' ' || coalesce(group_concat(iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', n.letter || n.next, NULL), ' '), '')
                  FROM (
                      SELECT substr(x.text, i.key + 1, 1) AS letter, substr(x.text, i.key + 2, 1) AS next
                      FROM (SELECT g.names AS text LIMIT 1) x
                      CROSS JOIN json_each('[0' || replace(hex(zeroblob(min(length(x.text), 1000) - 1)), '00', ',0') || ']') i
                      WHERE x.text GLOB '*[ÄÅÖÜäåöüͰ-ჿក-៿⺀-ﾟ𠀀-𱍏]*') n
                  LEFT JOIN search_letters l ON l.letter = n.letter), ''))
           FROM (
               SELECT replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                   group_concat(g.name, ' '),
                   'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i') AS names
               FROM (
                   SELECT o.name || ' ' || iif(o.email = o.name, '', coalesce(o.email, '')) AS name
                   FROM trip_people o
                   WHERE o.trip_id = p.trip_id
                     AND iif(o.client_email IS NULL, 1, iif(instr(o.element, 'name') + instr(o.element, '\') > 0,
                         o.called IS NOT NULL AND lower(o.called) IS NOT (
                             SELECT lower(c.full_name) FROM clients_v2 c WHERE c.email = o.client_email), 0))
                   UNION ALL
                   SELECT substr(CAST(u.raw_text AS TEXT), 1, 2000) FROM trip_unreadable u WHERE u.trip_id = p.trip_id) g
               LIMIT 1) g), '') AS travelers,
       coalesce((
           SELECT group_concat(s.role, ' ') FROM traveler_search_text s
           WHERE s.trip_id = p.trip_id AND NOT EXISTS (SELECT 1 FROM crowd_search_docsize k WHERE k.id = s.assignment_id)), '') AS roles,
       p.notes || iif(length(p.notes) = length(CAST(p.notes AS BLOB)), '', coalesce((
           SELECT ' ' || group_concat(iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', n.letter || n.next, NULL), ' ')
           FROM (
               SELECT substr(x.text, i.key + 1, 1) AS letter, substr(x.text, i.key + 2, 1) AS next
               FROM (SELECT p.notes AS text LIMIT 1) x
               CROSS JOIN json_each('[0' || replace(hex(zeroblob(min(length(x.text), 1000) - 1)), '00', ',0') || ']') i
               WHERE x.text GLOB '*[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]*') n), '')) AS notes
FROM trip_search_plain p;

-- Names change when entries are removed, for example with a deleted client, or put back, and when the trip is reconciled.

CREATE TRIGGER trg_trips_v2_guests_update AFTER UPDATE OF clients ON trips_v2
WHEN iif(
    NEW.clients IS OLD.clients OR EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id AND action = 'plain'), 0,
    iif(json_valid(NEW.clients), json_array_length(NEW.clients), 0) <> iif(json_valid(OLD.clients), json_array_length(OLD.clients), 0))
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT NEW.trip_id WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
END;

CREATE TRIGGER trg_trip_client_sync_guests AFTER INSERT ON trip_client_sync
WHEN NEW.action = 'reconcile'
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT NEW.trip_id WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id);
    INSERT INTO search_said (said)
    SELECT group_concat(o.name, ' ') FROM trip_people o
    WHERE o.trip_id = NEW.trip_id AND o.client_email IS NULL
    HAVING count(*) > 0;
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
END;

CREATE TRIGGER trg_trip_clients_quarantine_search AFTER INSERT ON trip_clients_quarantine
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT NEW.trip_id WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
END;

-- DELETE of a client. Guests who share the e-mail stay, as unlinked entries. If ann@x is the client Ann Alder:
-- [{"email":"ann@x","name":"Ann Alder"},{"email":"ann@x","name":"Mia"}]  ->  [{"email":"ann@x","name":"Mia"}]

-- Deletes the assignments on trips that may have guests, and keeps the guests' entries. The rule is that of GUESTS in
-- database/guests.py. trip_client_unlinked names these trips for the trigger after the deletion.
CREATE TRIGGER trg_clients_v2_guests_stay BEFORE DELETE ON clients_v2
WHEN EXISTS (SELECT 1 FROM trip_client_assignments WHERE client_email = OLD.email)
BEGIN
    INSERT INTO trip_client_unlinked (trip_id, email)
    SELECT DISTINCT o.trip_id, lower(trim(OLD.email, char(9,10,11,12,13,32)))
    FROM trip_people o
    WHERE o.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = OLD.email)
      AND o.client_email = OLD.email AND o.called IS NOT NULL AND lower(o.called) IS NOT lower(OLD.full_name)
      AND o.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g)
      AND NOT EXISTS (
          SELECT 1 FROM trip_client_unlinked u
          WHERE u.email = lower(trim(OLD.email, char(9,10,11,12,13,32))) AND u.trip_id = o.trip_id);
    INSERT INTO trip_client_sync (trip_id)
    SELECT u.trip_id FROM trip_client_unlinked u
    WHERE u.email = lower(trim(OLD.email, char(9,10,11,12,13,32)))
      AND u.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
    UPDATE trips_v2 SET clients = (
        SELECT json_group_array(json(p.element)) FROM (
            SELECT o.position, o.element, o.client_email, o.called,
                   count(*) OVER (PARTITION BY o.client_email, o.role) AS n
            FROM trip_people o WHERE o.trip_id = trips_v2.trip_id
            ORDER BY o.position) p
        WHERE p.client_email IS NOT OLD.email
           OR p.called IS NOT NULL AND lower(p.called) IS NOT lower(OLD.full_name) AND iif(
              p.n > 1,
              lower(substr(p.called, 1, instr(p.called || ' ', ' ')))
                  IS NOT lower(substr(OLD.full_name, 1, instr(OLD.full_name || ' ', ' '))),
              NOT EXISTS (
                  SELECT 1 FROM json_each('[' || replace(json_quote(lower(p.called)), ' ', '","') || ']') w
                  WHERE w.value <> '' AND instr(' ' || lower(OLD.full_name) || ' ', ' ' || w.value || ' ') > 0)))
    WHERE trip_id IN (
        SELECT u.trip_id FROM trip_client_unlinked u WHERE u.email = lower(trim(OLD.email, char(9,10,11,12,13,32))));
    DELETE FROM trip_client_assignments
    WHERE client_email = OLD.email
      AND trip_id IN (
          SELECT u.trip_id FROM trip_client_unlinked u WHERE u.email = lower(trim(OLD.email, char(9,10,11,12,13,32))));
    DELETE FROM trip_client_sync
    WHERE trip_id IN (
        SELECT u.trip_id FROM trip_client_unlinked u WHERE u.email = lower(trim(OLD.email, char(9,10,11,12,13,32))));
END;

CREATE TRIGGER trg_clients_v2_guests_unlink AFTER DELETE ON clients_v2
WHEN EXISTS (SELECT 1 FROM trip_client_unlinked WHERE email = lower(trim(OLD.email, char(9,10,11,12,13,32))))
BEGIN
    INSERT INTO trip_client_sync (trip_id, action)
    SELECT u.trip_id, 'reconcile' FROM trip_client_unlinked u
    WHERE u.email = lower(trim(OLD.email, char(9,10,11,12,13,32)))
      AND u.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
END;

-- Made again, because SQLite fires the youngest trigger first, and trg_clients_v2_guests_stay needs its assignments.
DROP TRIGGER trg_backfill_clients_v2_delete;
CREATE TRIGGER trg_backfill_clients_v2_delete BEFORE DELETE ON clients_v2
WHEN OLD.email IS NOT NULL
BEGIN
    INSERT INTO migration_backfill_clients (email) VALUES (OLD.email);
END;
