-- Phase normalized: the JSON column is dropped, and the junction is the only store.

CREATE VIEW trip_client_relationships AS
SELECT a.trip_id, t.trip_name, a.client_email AS assigned_email, coalesce(a.client_role, 'traveler') AS assigned_role,
       a.created_at AS assigned_at, 'junction_table' AS source
FROM trip_client_assignments a
JOIN trips_v2 t ON t.trip_id = a.trip_id;

-- The archived entries with the name of the person, as trip_people in the other phases.
CREATE VIEW trip_people AS
SELECT o.trip_id, o.position, o.client_email,
       iif(json_type(o.entry, '$.email') = 'text', o.entry ->> '$.email', NULL) AS email,
       coalesce(o.role, nullif(trim(o.entry ->> '$.role'), ''), 'traveler') AS role, o.element,
       o.called,
       CAST(coalesce(o.called, o.entry ->> '$.email', iif(o.type = 'text', nullif(trim(o.element ->> '$'), ''), NULL), o.element) AS TEXT) AS name
FROM (
    SELECT n.*, CAST(coalesce(
        nullif(trim(n.entry ->> '$.name'), ''), nullif(trim(n.entry ->> '$.full_name'), ''),
        nullif(trim(n.entry ->> '$.client_name'), ''),
        nullif(trim(coalesce(n.entry ->> '$.first_name', '') || ' ' || coalesce(n.entry ->> '$.last_name', '')), '')) AS TEXT) AS called
    FROM (
    SELECT h.trip_id, h.position, h.element, a.client_email, a.client_role AS role, json_type(h.element) AS type,
           iif(json_type(h.element) = 'object', h.element,
               iif(json_type(h.element) <> 'text', NULL,
                   iif(json_valid(h.element ->> '$'),
                       iif(json_type(h.element ->> '$') = 'object', h.element ->> '$', NULL),
                       iif(instr(h.element ->> '$', '@') > 1, json_object('email', h.element ->> '$'), NULL)))) AS entry
    FROM trip_client_archive h
    LEFT JOIN trip_client_assignments a ON a.assignment_id = h.assignment_id AND a.trip_id = h.trip_id
    WHERE h.assignment_id IS NULL OR a.assignment_id IS NOT NULL
    ) n
) o;

-- Assignments and archived entries follow their trip to a new id.
CREATE TRIGGER trg_trips_v2_id_update AFTER UPDATE OF trip_id ON trips_v2
WHEN NEW.trip_id <> OLD.trip_id
BEGIN
    DELETE FROM trip_client_assignments WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r WHERE r.trip_id = NEW.trip_id);
    DELETE FROM replaced_trips;
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

-- UPDATE of a client's e-mail. The assignments follow.
CREATE TRIGGER trg_clients_v2_email AFTER UPDATE OF email ON clients_v2
WHEN NEW.email IS NOT OLD.email
BEGIN
    UPDATE trip_client_assignments SET client_email = NEW.email WHERE client_email = OLD.email;
    UPDATE trips_v2 SET primary_client_email = NEW.email WHERE primary_client_email = OLD.email;
END;

-- DELETE of a client. The archived entries of guests who share the e-mail are unlinked, as in the other phases.
CREATE TRIGGER trg_clients_v2_guests_stay BEFORE DELETE ON clients_v2
WHEN EXISTS (SELECT 1 FROM trip_client_assignments WHERE client_email = OLD.email)
BEGIN
    UPDATE trip_client_archive
    SET assignment_id = NULL, element = json_set(element, '$.email', OLD.email, '$.role', p.role)
    FROM (
        SELECT o.trip_id, o.position, o.role, o.called, count(*) OVER (PARTITION BY o.trip_id, o.role) AS n
        FROM trip_people o
        WHERE o.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = OLD.email)
          AND o.client_email = OLD.email
    ) p
    WHERE trip_client_archive.trip_id = p.trip_id AND trip_client_archive.position = p.position
      AND p.called IS NOT NULL AND lower(p.called) IS NOT lower(OLD.full_name) AND iif(
              p.n > 1,
              lower(substr(p.called, 1, instr(p.called || ' ', ' ')))
                  IS NOT lower(substr(OLD.full_name, 1, instr(OLD.full_name || ' ', ' '))),
              NOT EXISTS (
                  SELECT 1 FROM json_each('[' || replace(json_quote(lower(p.called)), ' ', '","') || ']') w
                  WHERE w.value <> '' AND instr(' ' || lower(OLD.full_name) || ' ', ' ' || w.value || ' ') > 0));
    INSERT INTO search_stale (trip_id)
    SELECT DISTINCT a.trip_id FROM trip_client_assignments a
    WHERE a.client_email = OLD.email AND a.trip_id NOT IN (SELECT s.trip_id FROM search_stale s);
END;

-- Writes with OR REPLACE, as in the other phases but without the JSON. replaced_trips.clients holds the archived entries,
-- or, if a client is replaced, which assignment each of them had.

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
    SELECT t.trip_id, (
               SELECT json_group_array(json_array(h.position, h.assignment_id))
               FROM replaced_assignments r CROSS JOIN trip_client_archive h ON h.assignment_id = r.assignment_id
               WHERE r.trip_id = t.trip_id AND h.trip_id = t.trip_id),
           t.primary_client_email
    FROM trips_v2 t
    WHERE t.trip_id IN (SELECT r.trip_id FROM replaced_assignments r)
       OR t.primary_client_email IN (SELECT r.email FROM replaced_clients r);
END;

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
    SELECT t.trip_id, (
               SELECT json_group_array(json_array(h.position, h.assignment_id))
               FROM replaced_assignments r CROSS JOIN trip_client_archive h ON h.assignment_id = r.assignment_id
               WHERE r.trip_id = t.trip_id AND h.trip_id = t.trip_id),
           t.primary_client_email
    FROM trips_v2 t
    WHERE t.trip_id IN (SELECT r.trip_id FROM replaced_assignments r)
       OR t.primary_client_email IN (SELECT r.email FROM replaced_clients r);
END;

CREATE TRIGGER trg_client_replacements_insert AFTER INSERT ON client_replacements
BEGIN
    DELETE FROM replaced_clients WHERE email <> NEW.email AND email IN (SELECT c.email FROM clients_v2 c);
    DELETE FROM replaced_assignments WHERE client_email NOT IN (SELECT r.email FROM replaced_clients r);
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
    UPDATE trip_client_archive SET assignment_id = n.assignment_id
    FROM (
        SELECT r.trip_id, h.value ->> 0 AS position, h.value ->> 1 AS assignment_id
        FROM replaced_trips r, json_each(r.clients) h
    ) n
    WHERE trip_client_archive.trip_id = n.trip_id AND trip_client_archive.position = n.position
      AND trip_client_archive.assignment_id IS NULL;
    UPDATE trip_client_archive
    SET assignment_id = (
        SELECT a.assignment_id FROM replaced_assignments r
        JOIN trip_client_assignments a
          ON a.trip_id = r.trip_id AND a.client_email = NEW.email AND a.client_role IS r.client_role
        WHERE r.assignment_id = trip_client_archive.assignment_id)
    WHERE assignment_id IN (SELECT r.assignment_id FROM replaced_assignments r);
    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    DELETE FROM client_replacements;
END;

CREATE TRIGGER trg_trips_v2_note_insert BEFORE INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trips) OR EXISTS (SELECT 1 FROM replaced_clients)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_id = NEW.trip_id)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_slug = NEW.trip_slug AND NEW.trip_slug <> '')
BEGIN
    DELETE FROM replaced_clients;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
    INSERT INTO replaced_trips (trip_id, clients, primary_client_email)
    SELECT t.trip_id, (
               SELECT json_group_array(json_array(h.position, h.assignment_id, h.element))
               FROM trip_client_archive h WHERE h.trip_id = t.trip_id),
           t.primary_client_email
    FROM trips_v2 t WHERE t.trip_id = NEW.trip_id OR t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '';
    INSERT INTO replaced_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
    FROM trip_client_assignments a WHERE a.trip_id IN (SELECT r.trip_id FROM replaced_trips r);
END;

CREATE TRIGGER trg_trips_v2_replaced_insert AFTER INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trips)
BEGIN
    DELETE FROM replaced_trips WHERE trip_id <> NEW.trip_id AND trip_id IN (SELECT t.trip_id FROM trips_v2 t);
    DELETE FROM trip_client_assignments
    WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r WHERE r.trip_id <> NEW.trip_id);
    INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
    SELECT min(r.assignment_id), NEW.trip_id, r.client_email, r.client_role, r.created_at, r.updated_at
    FROM replaced_assignments r
    WHERE r.trip_id IN (SELECT p.trip_id FROM replaced_trips p)
      AND json_array(r.client_email, r.client_role) NOT IN (
          SELECT json_array(a.client_email, a.client_role) FROM trip_client_assignments a WHERE a.trip_id = NEW.trip_id)
    GROUP BY r.client_email, r.client_role;
    DELETE FROM trip_client_archive WHERE trip_id IN (SELECT r.trip_id FROM replaced_trips r);
    INSERT INTO trip_client_archive (trip_id, position, assignment_id, element)
    SELECT NEW.trip_id, row_number() OVER (ORDER BY r.trip_id <> NEW.trip_id, r.trip_id, h.value ->> 0),
           h.value ->> 1, h.value ->> 2
    FROM replaced_trips r, json_each(r.clients) h;
    DELETE FROM replaced_assignments;
    DELETE FROM replaced_trips;
END;
