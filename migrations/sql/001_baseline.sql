-- The schema before the fix: assignments are stored only in the JSON column trips_v2.clients.
-- Existing tables of a legacy database stay unchanged.

CREATE TABLE IF NOT EXISTS trips_v2 (
    trip_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_name TEXT NOT NULL,
    status TEXT DEFAULT 'planning' CHECK(status IN ('planning','confirmed','in_progress','completed','cancelled')),
    clients JSON NOT NULL DEFAULT '[]',
    primary_client_email TEXT,
    group_name TEXT,
    schedule JSON NOT NULL DEFAULT '[]',
    accommodations JSON DEFAULT '[]',
    transportation JSON DEFAULT '[]',
    financials JSON DEFAULT '{}',
    documents JSON DEFAULT '[]',
    notes JSON DEFAULT '{}',
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    destinations TEXT,
    total_cost REAL DEFAULT 0,
    paid_amount REAL DEFAULT 0,
    search_text TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT,
    last_modified_by TEXT,
    workflow_state JSON,
    trip_slug TEXT
);

CREATE TABLE IF NOT EXISTS clients_v2 (
    client_id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT UNIQUE NOT NULL,
    full_name TEXT NOT NULL,
    contact_info JSON DEFAULT '{}',
    travel_docs JSON DEFAULT '{}',
    trip_history JSON DEFAULT '[]',
    preferences JSON DEFAULT '{}',
    loyalty_programs JSON DEFAULT '{}',
    search_text TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_trip_date TEXT,
    total_trips INTEGER DEFAULT 0,
    total_spent REAL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS ActivityLog (
    activity_id INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_type TEXT,
    activity_details TEXT,
    trip_id INTEGER,
    client_id INTEGER,
    session_id TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS db_errors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    error_timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
    attempted_operation TEXT NOT NULL,
    error_message TEXT NOT NULL,
    sql_query TEXT,
    table_names TEXT,
    column_names TEXT,
    suggested_tool TEXT,
    context TEXT,
    resolved BOOLEAN DEFAULT 0,
    resolution TEXT,
    session_id TEXT,
    mcp_server TEXT DEFAULT 'voygen'
);

CREATE TABLE IF NOT EXISTS facts_dirty (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    reason TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS trip_facts (
    trip_id INTEGER PRIMARY KEY,
    total_nights INTEGER DEFAULT 0,
    total_hotels INTEGER DEFAULT 0,
    total_activities INTEGER DEFAULT 0,
    total_cost REAL DEFAULT 0,
    transit_minutes INTEGER DEFAULT 0,
    last_computed DATETIME,
    version INTEGER DEFAULT 1
);

CREATE INDEX IF NOT EXISTS idx_trips_v2_dates ON trips_v2(start_date, end_date);
CREATE INDEX IF NOT EXISTS idx_trips_v2_status ON trips_v2(status);
CREATE INDEX IF NOT EXISTS idx_clients_v2_email ON clients_v2(email);
CREATE INDEX IF NOT EXISTS idx_clients_v2_name ON clients_v2(full_name);
CREATE INDEX IF NOT EXISTS idx_activitylog_trip ON ActivityLog(trip_id);
