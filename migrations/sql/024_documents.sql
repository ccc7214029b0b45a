-- Documents that were imported for trips, and what in the documents the items of an itinerary came from.
-- No foreign key: the documents of a deleted trip stay, and belong to it again if it is restored. Ids are never used twice.

-- A database from before may have the table, in whatever shape. Its rows are kept.
CREATE TABLE IF NOT EXISTS trip_external_docs (
    doc_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER,
    url TEXT,
    content_type TEXT,
    size_bytes INTEGER,
    html TEXT,
    text TEXT,
    tag TEXT,
    created_at TEXT
);
CREATE TABLE trip_external_docs_before AS SELECT * FROM trip_external_docs;
DROP TABLE trip_external_docs;

-- source is url, file, text or part. A part, such as an attachment, has a parent_doc_id. sha256 is that of the bytes as they
-- came, or NULL in a row from before. raw has these bytes, zlib and then base64, or NULL if they were not to be kept. plan is
-- what was found in the document. parsed_at is when it was last put into the itinerary.
CREATE TABLE trip_external_docs (
    doc_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    url TEXT,
    content_type TEXT,
    size_bytes INTEGER,
    html TEXT,
    text TEXT,
    tag TEXT,
    created_at TEXT,
    parent_doc_id INTEGER,
    source TEXT NOT NULL DEFAULT 'url',
    final_url TEXT,
    filename TEXT,
    title TEXT,
    language TEXT,
    received_at TEXT,
    fetched_at TEXT,
    sha256 TEXT,
    raw TEXT,
    plan TEXT,
    parsed_at TEXT,
    UNIQUE (trip_id, sha256)
);
CREATE INDEX idx_trip_external_docs_parent ON trip_external_docs(parent_doc_id) WHERE parent_doc_id IS NOT NULL;

-- A column that the table from before lacks is taken from m, where it is NULL.
INSERT INTO trip_external_docs (doc_id, trip_id, url, content_type, size_bytes, html, text, tag, created_at)
SELECT r.doc_id, r.trip_id, r.url, r.content_type, r.size_bytes, r.html, r.text, r.tag, r.created_at
FROM (
    SELECT b.rowid AS place,
           (SELECT iif(typeof(doc_id) = 'integer', doc_id, NULL)
            FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS doc_id,
           (SELECT trip_id FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS trip_id,
           (SELECT url FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS url,
           (SELECT content_type FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS content_type,
           (SELECT size_bytes FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS size_bytes,
           (SELECT html FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS html,
           (SELECT text FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS text,
           (SELECT tag FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS tag,
           (SELECT created_at FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS created_at
    FROM trip_external_docs_before b, (
        SELECT NULL AS doc_id, NULL AS trip_id, NULL AS url, NULL AS content_type, NULL AS size_bytes, NULL AS html,
               NULL AS text, NULL AS tag, NULL AS created_at) m
) r
WHERE typeof(r.trip_id) = 'integer'
ORDER BY r.doc_id IS NULL, r.place;

INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_external_docs',
       json_object('doc_id', CAST(r.doc_id AS TEXT), 'trip_id', CAST(r.trip_id AS TEXT), 'url', CAST(r.url AS TEXT),
                   'content_type', CAST(r.content_type AS TEXT), 'size_bytes', CAST(r.size_bytes AS TEXT),
                   'html', CAST(r.html AS TEXT), 'text', CAST(r.text AS TEXT), 'tag', CAST(r.tag AS TEXT),
                   'created_at', CAST(r.created_at AS TEXT)),
       'no trip', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM (
    SELECT (SELECT doc_id FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS doc_id,
           (SELECT trip_id FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS trip_id,
           (SELECT url FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS url,
           (SELECT content_type FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS content_type,
           (SELECT size_bytes FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS size_bytes,
           (SELECT html FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS html,
           (SELECT text FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS text,
           (SELECT tag FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS tag,
           (SELECT created_at FROM (SELECT * FROM trip_external_docs_before o WHERE o.rowid = b.rowid)) AS created_at
    FROM trip_external_docs_before b, (
        SELECT NULL AS doc_id, NULL AS trip_id, NULL AS url, NULL AS content_type, NULL AS size_bytes, NULL AS html,
               NULL AS text, NULL AS tag, NULL AS created_at) m
) r
WHERE typeof(r.trip_id) <> 'integer';

DROP TABLE trip_external_docs_before;

-- Where an item of an itinerary came from: the words of the document that state it, and how it was found there (structured,
-- rule or agent). item_id is the id that the item has in the itinerary.
CREATE TABLE trip_item_sources (
    source_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    item_id TEXT NOT NULL,
    doc_id INTEGER NOT NULL,
    quote TEXT NOT NULL,
    how TEXT NOT NULL
);
CREATE INDEX idx_trip_item_sources_trip ON trip_item_sources(trip_id);
CREATE INDEX idx_trip_item_sources_doc ON trip_item_sources(doc_id);

-- The trips that a REPLACE overwrites by their slug.
CREATE TABLE replaced_trip_docs (trip_id INTEGER NOT NULL);

-- ---------------------------------------------------------------------------------------------------
-- Documents follow their trip. UPDATE OR REPLACE of trip_id exchanges them, so those of the trip that was replaced are kept.
-- A document that both trips have stays where it is.

CREATE TRIGGER trg_trips_v2_docs_update AFTER UPDATE OF trip_id ON trips_v2
WHEN NEW.trip_id <> OLD.trip_id
BEGIN
    UPDATE trip_external_docs SET trip_id = iif(trip_id = OLD.trip_id, NEW.trip_id, OLD.trip_id)
    WHERE trip_id IN (OLD.trip_id, NEW.trip_id) AND NOT EXISTS (
        SELECT 1 FROM trip_external_docs d
        WHERE d.trip_id IN (OLD.trip_id, NEW.trip_id) AND d.sha256 = trip_external_docs.sha256
          AND d.doc_id <> trip_external_docs.doc_id);
    UPDATE trip_item_sources SET trip_id = iif(trip_id = OLD.trip_id, NEW.trip_id, OLD.trip_id)
    WHERE trip_id IN (OLD.trip_id, NEW.trip_id);
END;

CREATE TRIGGER trg_trips_v2_docs_note_insert BEFORE INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trip_docs)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_slug = NEW.trip_slug AND NEW.trip_slug <> '' AND trip_id <> NEW.trip_id)
BEGIN
    DELETE FROM replaced_trip_docs;
    INSERT INTO replaced_trip_docs (trip_id)
    SELECT t.trip_id FROM trips_v2 t
    WHERE t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '' AND t.trip_id <> NEW.trip_id;
END;

CREATE TRIGGER trg_trips_v2_docs_insert AFTER INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trip_docs)
BEGIN
    DELETE FROM replaced_trip_docs WHERE trip_id IN (SELECT t.trip_id FROM trips_v2 t);
    UPDATE trip_external_docs SET trip_id = NEW.trip_id
    WHERE trip_id IN (SELECT r.trip_id FROM replaced_trip_docs r) AND NOT EXISTS (
        SELECT 1 FROM trip_external_docs d
        WHERE d.sha256 = trip_external_docs.sha256 AND d.doc_id <> trip_external_docs.doc_id
          AND (d.trip_id = NEW.trip_id OR d.trip_id IN (SELECT r.trip_id FROM replaced_trip_docs r)));
    UPDATE trip_item_sources SET trip_id = NEW.trip_id
    WHERE trip_id IN (SELECT r.trip_id FROM replaced_trip_docs r);
    DELETE FROM replaced_trip_docs;
END;
