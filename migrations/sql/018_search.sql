-- Full-text search over trips and clients, updated by triggers in every phase. Case and accents are ignored.
-- A word with an apostrophe is also indexed without it.

CREATE VIRTUAL TABLE trip_search USING fts5(name, destinations, group_name, notes, tokenize = "unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE client_search USING fts5(full_name, email, tokenize = "unicode61 remove_diacritics 2");

-- The indexed text, one row per trip and one per client.
CREATE VIEW trip_search_text AS
SELECT t.trip_id,
       t.trip_name || iif(instr(t.trip_name, '''') + instr(t.trip_name, '’') > 0, ' ' || replace(replace(t.trip_name, '''', ''), '’', ''), '') AS name,
       coalesce(t.destinations, '') AS destinations,
       coalesce(t.group_name, '') AS group_name,
       coalesce(iif(json_valid(t.notes), (
           SELECT group_concat(j.atom, ' ') FROM json_tree(t.notes) j
           WHERE j.type = 'text' AND coalesce(j.key, '') <> 'timestamp'), t.notes), '') AS notes
FROM trips_v2 t;

CREATE VIEW client_search_text AS
SELECT c.client_id,
       c.full_name || iif(instr(c.full_name, '''') + instr(c.full_name, '’') > 0, ' ' || replace(replace(c.full_name, '''', ''), '’', ''), '') AS full_name,
       c.email
FROM clients_v2 c;

CREATE TRIGGER trg_trips_v2_search_insert AFTER INSERT ON trips_v2
BEGIN
    DELETE FROM trip_search WHERE rowid = NEW.trip_id;
    INSERT INTO trip_search (rowid, name, destinations, group_name, notes)
    SELECT s.trip_id, s.name, s.destinations, s.group_name, s.notes FROM trip_search_text s WHERE s.trip_id = NEW.trip_id;
END;

CREATE TRIGGER trg_trips_v2_search_update AFTER UPDATE OF trip_id, trip_name, destinations, group_name, notes ON trips_v2
WHEN NEW.trip_id IS NOT OLD.trip_id OR NEW.trip_name IS NOT OLD.trip_name OR NEW.destinations IS NOT OLD.destinations
  OR NEW.group_name IS NOT OLD.group_name OR NEW.notes IS NOT OLD.notes
BEGIN
    DELETE FROM trip_search WHERE rowid IN (OLD.trip_id, NEW.trip_id);
    INSERT INTO trip_search (rowid, name, destinations, group_name, notes)
    SELECT s.trip_id, s.name, s.destinations, s.group_name, s.notes FROM trip_search_text s WHERE s.trip_id = NEW.trip_id;
END;

CREATE TRIGGER trg_trips_v2_search_delete AFTER DELETE ON trips_v2
BEGIN
    DELETE FROM trip_search WHERE rowid = OLD.trip_id;
END;

CREATE TRIGGER trg_clients_v2_search_insert AFTER INSERT ON clients_v2
BEGIN
    DELETE FROM client_search WHERE rowid = NEW.client_id;
    INSERT INTO client_search (rowid, full_name, email)
    SELECT s.client_id, s.full_name, s.email FROM client_search_text s WHERE s.client_id = NEW.client_id;
END;

CREATE TRIGGER trg_clients_v2_search_update AFTER UPDATE OF client_id, full_name, email ON clients_v2
WHEN NEW.client_id IS NOT OLD.client_id OR NEW.full_name IS NOT OLD.full_name OR NEW.email IS NOT OLD.email
BEGIN
    DELETE FROM client_search WHERE rowid IN (OLD.client_id, NEW.client_id);
    INSERT INTO client_search (rowid, full_name, email)
    SELECT s.client_id, s.full_name, s.email FROM client_search_text s WHERE s.client_id = NEW.client_id;
END;

CREATE TRIGGER trg_clients_v2_search_delete AFTER DELETE ON clients_v2
BEGIN
    DELETE FROM client_search WHERE rowid = OLD.client_id;
END;
