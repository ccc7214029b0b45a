-- A small database as it was before the fix, for the demonstration: invented people, JSON only, wear and tear.
CREATE TABLE trips_v2 (
    trip_id INTEGER PRIMARY KEY AUTOINCREMENT, trip_name TEXT NOT NULL,
    status TEXT DEFAULT 'planning' CHECK(status IN ('planning','confirmed','in_progress','completed','cancelled')),
    clients JSON NOT NULL DEFAULT '[]', primary_client_email TEXT, group_name TEXT,
    schedule JSON NOT NULL DEFAULT '[]', accommodations JSON DEFAULT '[]', transportation JSON DEFAULT '[]',
    financials JSON DEFAULT '{}', documents JSON DEFAULT '[]', notes JSON DEFAULT '{}',
    start_date TEXT NOT NULL, end_date TEXT NOT NULL, destinations TEXT,
    total_cost REAL DEFAULT 0, paid_amount REAL DEFAULT 0, search_text TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT, last_modified_by TEXT, workflow_state JSON);
CREATE TABLE clients_v2 (
    client_id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE NOT NULL, full_name TEXT NOT NULL,
    contact_info JSON DEFAULT '{}', travel_docs JSON DEFAULT '{}', trip_history JSON DEFAULT '[]',
    preferences JSON DEFAULT '{}', loyalty_programs JSON DEFAULT '{}', search_text TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_trip_date TEXT, total_trips INTEGER DEFAULT 0, total_spent REAL DEFAULT 0);
INSERT INTO clients_v2 (email, full_name) VALUES
    ('maya.lind@example.net', 'Maya Lind'),
    ('tom.lind@example.net', 'Tom Lind'),
    ('aiko.mori@example.net', 'Aiko Mori'),
    ('raul.vega@example.net', 'Raul Vega');
INSERT INTO trips_v2 (trip_name, clients, start_date, end_date, destinations, total_cost) VALUES
    ('Lind family in Kyoto',
     '[{"client_id": 1, "name": "Maya Lind", "email": "maya.lind@example.net", "role": "primary", "assigned_date": "2026-02-01 09:30:00", "preferences": {"seat": "aisle"}}, {"name": "Baby Lind", "role": "traveler"}, {"email": "Tom.Lind@Example.net"}]',
     '2026-10-03', '2026-10-12', 'Kyoto, Nara', 6400),
    ('Vega in Lisbon', '["raul.vega@example.net", {"email": "guest@example.org", "role": "traveler"}]',
     '2026-05-08', '2026-05-15', 'Lisbon', 1900),
    ('Mori & friends, Banff', '[{"email": "aiko.mori@example.net", "rol', '2026-07-01', '2026-07-09', 'Banff', 3100);
