-- A self-test for a live database. It leaves nothing behind: the last statement of every part fails on purpose.
--
-- `voygen validate` runs each part that applies to the phase as one batch. By hand, on a database in dual_write:
--     sqlite3 -bail trips.db "BEGIN" ".read self_test.sql"
--     wrangler d1 execute NAME --file self_test.sql
-- Both roll everything back at the last line. The final error tells the result:
--     guard_self_test_over      every check passed
--     guard_self_test_passed    a check failed, in the statement that the error names

-- part: dual write, junction to JSON (dual_write, prefer_junction)
INSERT INTO clients_v2 (email, full_name) VALUES ('self-test-1@voygen.invalid', 'Self Test'), ('self-test-2@voygen.invalid', 'Self Test');
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES ('Self test', 'voygen-self-test-1', '2000-01-01', '2000-01-02');
INSERT INTO trip_client_assignments (trip_id, client_email, client_role) SELECT trip_id, 'self-test-1@voygen.invalid', 'payer' FROM trips_v2 WHERE trip_slug = 'voygen-self-test-1';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-1' AND json_array_length(clients) = 1
       AND clients ->> '$[0].email' = 'self-test-1@voygen.invalid' AND clients ->> '$[0].role' = 'payer');
UPDATE trip_client_assignments SET client_role = 'guide' WHERE client_email = 'self-test-1@voygen.invalid';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-1' AND clients ->> '$[0].role' = 'guide');
DELETE FROM trip_client_assignments WHERE client_email = 'self-test-1@voygen.invalid';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-1' AND json_array_length(clients) = 0);

-- part: dual write, JSON to junction (dual_write)
INSERT INTO clients_v2 (email, full_name) VALUES ('self-test-3@voygen.invalid', 'Self Test'), ('self-test-4@voygen.invalid', 'Self Test');
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date, clients)
VALUES ('Self test', 'voygen-self-test-2', '2000-01-01', '2000-01-02', '[{"email":"SELF-TEST-3@voygen.invalid","seat":"aisle"}]');
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trip_client_assignments WHERE client_email = 'self-test-3@voygen.invalid' AND client_role = 'traveler');
UPDATE trips_v2 SET clients = '[{"email":"self-test-4@voygen.invalid","role":"payer"},{"name":"Infant"}]' WHERE trip_slug = 'voygen-self-test-2';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE (
    SELECT group_concat(a.client_email || ' ' || a.client_role) FROM trip_client_assignments a
    JOIN trips_v2 t ON t.trip_id = a.trip_id WHERE t.trip_slug = 'voygen-self-test-2') IS NOT 'self-test-4@voygen.invalid payer';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-2' AND clients ->> '$[1].name' = 'Infant');

-- part: trigger behaviour (dual_write)
INSERT INTO clients_v2 (email, full_name) VALUES ('self-test-5@voygen.invalid', 'Self Test');
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date, clients)
VALUES ('Self test', 'voygen-self-test-3', '2000-01-01', '2000-01-02', '[{"email":"self-test-5@voygen.invalid","seat":"aisle"}]');
UPDATE trips_v2 SET clients = '[{"email"' WHERE trip_slug = 'voygen-self-test-3';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trip_clients_quarantine q JOIN trips_v2 t ON t.trip_id = q.trip_id
    WHERE t.trip_slug = 'voygen-self-test-3' AND q.raw_text = '[{"email"' AND t.clients ->> '$[0].seat' = 'aisle');
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE EXISTS (SELECT 1 FROM trip_client_sync);
UPDATE trips_v2 SET total_cost = 1 WHERE trip_slug = 'voygen-self-test-3';
UPDATE trips_v2 SET total_cost = 2 WHERE trip_slug = 'voygen-self-test-3';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE (
    SELECT count(*) FROM facts_dirty f JOIN trips_v2 t ON t.trip_id = f.trip_id
    WHERE t.trip_slug = 'voygen-self-test-3' AND f.reason = 'trip_update') <> 1;

-- part: constraint fix (dual_write, prefer_junction, normalized)
INSERT INTO clients_v2 (email, full_name) VALUES ('self-test-6@voygen.invalid', 'Self Test');
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date, primary_client_email)
VALUES ('Self test', 'voygen-self-test-4', '2000-01-01', '2000-01-02', 'self-test-6@voygen.invalid');
INSERT INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT t.trip_id, 'self-test-6@voygen.invalid', r.value FROM trips_v2 t, json_each('["traveler","payer"]') r WHERE t.trip_slug = 'voygen-self-test-4';
INSERT INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT trip_id, 'self-test-6@voygen.invalid', 'payer' FROM trips_v2 WHERE trip_slug = 'voygen-self-test-4' ON CONFLICT DO NOTHING;
UPDATE clients_v2 SET email = 'self-test-7@voygen.invalid' WHERE email = 'self-test-6@voygen.invalid';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE (
    SELECT count(*) FROM trip_client_assignments a JOIN trips_v2 t ON t.trip_id = a.trip_id
    WHERE t.trip_slug = 'voygen-self-test-4' AND a.client_email = t.primary_client_email AND a.client_email = 'self-test-7@voygen.invalid') <> 2;
DELETE FROM clients_v2 WHERE email = 'self-test-7@voygen.invalid';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-4' AND primary_client_email IS NULL);
DELETE FROM trips_v2 WHERE trip_slug = 'voygen-self-test-4';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE EXISTS (SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-4');

-- part: bulk operation (dual_write, prefer_junction)
INSERT INTO clients_v2 (email, full_name)
SELECT 'self-test-bulk-' || value || '@voygen.invalid', 'Self Test' FROM json_each('[1,2,3,4,5,6,7,8,9,10]');
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES ('Self test', 'voygen-self-test-5', '2000-01-01', '2000-01-02');
INSERT INTO trip_client_sync (trip_id) SELECT trip_id FROM trips_v2 WHERE trip_slug = 'voygen-self-test-5';
INSERT INTO trip_client_assignments (trip_id, client_email)
SELECT t.trip_id, c.email FROM trips_v2 t, clients_v2 c WHERE t.trip_slug = 'voygen-self-test-5' AND c.email LIKE 'self-test-bulk-%';
DELETE FROM trip_client_sync;
INSERT INTO trip_client_sync (trip_id, action) SELECT trip_id, 'reconcile' FROM trips_v2 WHERE trip_slug = 'voygen-self-test-5';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-5' AND json_array_length(clients) = 10);

-- part: payments (dual_write, prefer_junction, normalized)
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date, financials, paid_amount)
VALUES ('Self test', 'voygen-self-test-7', '2000-01-01', '2000-01-02', '{"currency":"EUR","seat":"aisle"}', 100.5);
INSERT INTO trip_payments (trip_id, amount, currency, kind, created_at)
SELECT trip_id, '0.10', 'EUR', 'refund', '2000-01-01' FROM trips_v2 WHERE trip_slug = 'voygen-self-test-7';
INSERT INTO trip_payments (trip_id, amount, currency, created_at)
SELECT trip_id, '7', 'USD', '2000-01-01' FROM trips_v2 WHERE trip_slug = 'voygen-self-test-7';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2 WHERE trip_slug = 'voygen-self-test-7' AND paid_amount = 100.4
       AND financials = '{"currency":"EUR","seat":"aisle","paid_amount":100.4}');
UPDATE trips_v2 SET paid_amount = 0 WHERE trip_slug = 'voygen-self-test-7';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE (
    SELECT group_concat(p.kind || ' ' || p.thousandths) FROM trip_payments p JOIN trips_v2 t ON t.trip_id = p.trip_id
    WHERE t.trip_slug = 'voygen-self-test-7') IS NOT 'unknown 100500,refund -100,payment 7000,unknown -100400';

-- part: view (dual_write, prefer_junction, normalized)
INSERT INTO clients_v2 (email, full_name) VALUES ('self-test-8@voygen.invalid', 'Self Test');
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES ('Self test', 'voygen-self-test-6', '2000-01-01', '2000-01-02');
INSERT INTO trip_client_assignments (trip_id, client_email, client_role) SELECT trip_id, 'self-test-8@voygen.invalid', 'payer' FROM trips_v2 WHERE trip_slug = 'voygen-self-test-6';
INSERT INTO write_guard (self_test_passed) SELECT 0 WHERE (
    SELECT group_concat(v.assigned_role || ' ' || v.trip_name) FROM trip_client_relationships v
    WHERE v.assigned_email = 'self-test-8@voygen.invalid' AND v.source IN ('both', 'junction_table')) IS NOT 'payer Self test';

-- part: over (dual_write, prefer_junction, normalized)
INSERT INTO write_guard (self_test_over) VALUES (0);
