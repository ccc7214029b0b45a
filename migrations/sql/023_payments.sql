-- Payments and payment plans. Amounts are decimal texts with at most three decimals, and every sum is one of integers, in
-- thousandths. trips_v2.paid_amount and financials.paid_amount follow by trigger, for code that reads only those. What such
-- code writes there is kept as a payment of kind 'unknown'.
-- No foreign key: the payments of a deleted trip stay, and count again if it is restored. Ids are never used twice.

-- A currency of NULL is the trip's own, whichever it is. The amount is negative only if the kind is unknown. thousandths is
-- what the payment adds to the sum.
CREATE TABLE trip_payments (
    payment_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    amount TEXT NOT NULL CHECK (
        length(amount) <= 20 AND amount GLOB '*[0-9]*' AND amount NOT GLOB '*[^-0-9.]*' AND substr(amount, 2) NOT GLOB '*-*'
        AND amount NOT GLOB '*.*.*' AND amount NOT GLOB '*.????*'),
    currency TEXT,
    kind TEXT NOT NULL DEFAULT 'payment' CHECK (kind IN ('deposit', 'payment', 'refund', 'unknown')),
    paid_on TEXT,
    method TEXT,
    reference TEXT,
    payer TEXT,
    created_at TEXT NOT NULL,
    thousandths INTEGER GENERATED ALWAYS AS (
        iif(kind = 'refund', -1, 1)
        * CAST(substr(amount, 1, instr(amount || '.', '.') - 1)
               || substr(substr(amount, instr(amount || '.', '.') + 1) || '000', 1, 3) AS INTEGER)) VIRTUAL
);
CREATE INDEX idx_trip_payments_trip ON trip_payments(trip_id);
CREATE INDEX idx_trip_payments_payer ON trip_payments(payer) WHERE payer IS NOT NULL;

-- What is due when. The amounts are in the trip's own currency if currency is NULL.
CREATE TABLE trip_payment_plan (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    amount TEXT NOT NULL CHECK (
        length(amount) <= 20 AND amount GLOB '*[0-9]*' AND amount NOT GLOB '*[^0-9.]*'
        AND amount NOT GLOB '*.*.*' AND amount NOT GLOB '*.????*'),
    currency TEXT,
    label TEXT,
    thousandths INTEGER GENERATED ALWAYS AS (
        CAST(substr(amount, 1, instr(amount || '.', '.') - 1)
             || substr(substr(amount, instr(amount || '.', '.') + 1) || '000', 1, 3) AS INTEGER)) VIRTUAL
);
CREATE INDEX idx_trip_payment_plan_trip ON trip_payment_plan(trip_id);

-- Inserting a trip_id lets the trip follow its payments. Empty at every commit.
CREATE TABLE trip_money_sync (trip_id INTEGER NOT NULL);

-- What a REPLACE of a trip overwrites.
CREATE TABLE replaced_trip_money (trip_id INTEGER NOT NULL, currency TEXT, shown INTEGER, noted INTEGER);

-- The money of every trip, in thousandths.
--   currency   of the financials, else USD
--   total      total_cost
--   shown      paid_amount, or NULL if it is no number
--   noted      paid_amount of the financials, or NULL if there is none or it is no number
--   paid       the sum of the payments in the trip's currency
CREATE VIEW trip_money AS
SELECT m.trip_id, m.currency, m.is_object, m.paid_amount, m.noted_as,
       iif(iif(typeof(m.total_cost) IN ('integer', 'real'), m.total_cost BETWEEN -1000000000000 AND 1000000000000,
        iif(typeof(m.total_cost) = 'text', length(m.total_cost) <= 20 AND m.total_cost GLOB '*[0-9]*' AND m.total_cost NOT GLOB '*[^-0-9.]*'
            AND substr(m.total_cost, 2) NOT GLOB '*-*' AND m.total_cost NOT GLOB '*.*.*'
            AND CAST(m.total_cost AS REAL) BETWEEN -1000000000000 AND 1000000000000, 0)),
        CAST(replace(printf('%.3f', CAST(m.total_cost AS REAL)), '.', '') AS INTEGER), NULL) AS total,
       iif(iif(typeof(m.paid_amount) IN ('integer', 'real'), m.paid_amount BETWEEN -1000000000000 AND 1000000000000,
        iif(typeof(m.paid_amount) = 'text', length(m.paid_amount) <= 20 AND m.paid_amount GLOB '*[0-9]*' AND m.paid_amount NOT GLOB '*[^-0-9.]*'
            AND substr(m.paid_amount, 2) NOT GLOB '*-*' AND m.paid_amount NOT GLOB '*.*.*'
            AND CAST(m.paid_amount AS REAL) BETWEEN -1000000000000 AND 1000000000000, 0)),
        CAST(replace(printf('%.3f', CAST(m.paid_amount AS REAL)), '.', '') AS INTEGER), NULL) AS shown,
       iif(iif(typeof(m.noted_as) IN ('integer', 'real'), m.noted_as BETWEEN -1000000000000 AND 1000000000000,
        iif(typeof(m.noted_as) = 'text', length(m.noted_as) <= 20 AND m.noted_as GLOB '*[0-9]*' AND m.noted_as NOT GLOB '*[^-0-9.]*'
            AND substr(m.noted_as, 2) NOT GLOB '*-*' AND m.noted_as NOT GLOB '*.*.*'
            AND CAST(m.noted_as AS REAL) BETWEEN -1000000000000 AND 1000000000000, 0)),
        CAST(replace(printf('%.3f', CAST(m.noted_as AS REAL)), '.', '') AS INTEGER), NULL) AS noted,
       (SELECT coalesce(sum(p.thousandths), 0) FROM trip_payments p
        WHERE p.trip_id = m.trip_id AND (p.currency IS NULL OR p.currency = m.currency)) AS paid
FROM (
    SELECT o.trip_id, o.total_cost, o.paid_amount, o.is_object,
           iif(o.is_object, coalesce(nullif(upper(trim(
        iif(json_type(o.financials, '$.currency') = 'text', o.financials ->> '$.currency', ''))), ''), 'USD'), 'USD') AS currency,
           iif(o.is_object, iif(json_type(o.financials, '$.paid_amount') IN ('true', 'false', 'object', 'array'),
                                o.financials -> '$.paid_amount', o.financials ->> '$.paid_amount'), NULL) AS noted_as
    FROM (
        SELECT t.trip_id, t.total_cost, t.paid_amount, t.financials,
               iif(typeof(t.financials) = 'text', iif(json_valid(t.financials), json_type(t.financials) = 'object', 0), 0) AS is_object
        FROM trips_v2 t
    ) o
) m;

-- ---------------------------------------------------------------------------------------------------
-- Databases from before: what was paid becomes a payment. Where the two places differ, the column counts.

INSERT INTO trip_payments (trip_id, amount, kind, created_at)
SELECT w.trip_id, printf('%s%d.%03d', iif(w.target < 0, '-', ''), abs(w.target) / 1000, abs(w.target) % 1000), 'unknown',
       strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM (SELECT m.trip_id, coalesce(nullif(m.shown, 0), m.noted) AS target FROM trip_money m) w
WHERE w.target <> 0;

INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trips_v2', json_object('trip_id', m.trip_id, 'financials.paid_amount', CAST(m.noted_as AS TEXT)),
       'paid_amount differs', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM trip_money m
WHERE m.noted <> m.paid AND m.noted <> 0;

UPDATE trips_v2
SET paid_amount = iif(m.shown IS NOT m.paid, m.paid / 1000.0, trips_v2.paid_amount),
    financials = iif(m.noted <> m.paid, json_set(trips_v2.financials, '$.paid_amount',
        iif(m.paid % 1000 = 0, m.paid / 1000, m.paid / 1000.0)), trips_v2.financials)
FROM trip_money m
WHERE m.trip_id = trips_v2.trip_id AND (coalesce(m.shown, 0) <> m.paid OR m.noted <> m.paid);

-- ---------------------------------------------------------------------------------------------------
-- A trip follows its payments. What it held instead of a number is set aside.

CREATE TRIGGER trg_trip_money_sync_insert AFTER INSERT ON trip_money_sync
BEGIN
    INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
    SELECT 'trips_v2', json_object(
               'trip_id', m.trip_id,
               'paid_amount', iif(typeof(m.paid_amount) = 'blob', hex(m.paid_amount), CAST(m.paid_amount AS TEXT)),
               'financials.paid_amount', CAST(m.noted_as AS TEXT)),
           'paid_amount is no number', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM trip_money m
    WHERE m.trip_id = NEW.trip_id AND m.paid <> 0
      AND (m.shown IS NULL AND m.paid_amount IS NOT NULL OR m.noted IS NULL AND m.noted_as IS NOT NULL);

    UPDATE trips_v2
    SET paid_amount = iif(coalesce(m.shown, 0) <> m.paid, m.paid / 1000.0, trips_v2.paid_amount),
        financials = iif(m.is_object AND coalesce(m.noted, 0) <> m.paid, json_set(trips_v2.financials, '$.paid_amount',
            iif(m.paid % 1000 = 0, m.paid / 1000, m.paid / 1000.0)), trips_v2.financials)
    FROM trip_money m
    WHERE trips_v2.trip_id = NEW.trip_id AND m.trip_id = NEW.trip_id
      AND (coalesce(m.shown, 0) <> m.paid OR m.is_object AND coalesce(m.noted, 0) <> m.paid);

    DELETE FROM trip_money_sync;
END;

CREATE TRIGGER trg_trip_payments_insert AFTER INSERT ON trip_payments
BEGIN
    INSERT INTO trip_money_sync (trip_id) VALUES (NEW.trip_id);
END;

CREATE TRIGGER trg_trip_payments_update AFTER UPDATE OF amount, currency, kind ON trip_payments
BEGIN
    INSERT INTO trip_money_sync (trip_id) VALUES (NEW.trip_id);
END;

CREATE TRIGGER trg_trip_payments_delete AFTER DELETE ON trip_payments
BEGIN
    INSERT INTO trip_money_sync (trip_id) VALUES (OLD.trip_id);
END;

-- ---------------------------------------------------------------------------------------------------
-- Payments follow the trip. A number that differs from their sum was written there directly, except after a change of the
-- currency: then the other payments count, unless the number was written too. The column goes before the financials.

-- UPDATE OR REPLACE of trip_id exchanges the payments, so those of the trip that was replaced are kept.
CREATE TRIGGER trg_trips_v2_money_update AFTER UPDATE OF trip_id, paid_amount, financials ON trips_v2
WHEN NEW.trip_id <> OLD.trip_id OR NEW.paid_amount IS NOT OLD.paid_amount OR NEW.financials IS NOT OLD.financials
BEGIN
    UPDATE trip_payments SET trip_id = iif(trip_id = OLD.trip_id, NEW.trip_id, OLD.trip_id)
    WHERE trip_id IN (OLD.trip_id, NEW.trip_id) AND NEW.trip_id <> OLD.trip_id;
    UPDATE trip_payment_plan SET trip_id = iif(trip_id = OLD.trip_id, NEW.trip_id, OLD.trip_id)
    WHERE trip_id IN (OLD.trip_id, NEW.trip_id) AND NEW.trip_id <> OLD.trip_id;

    INSERT INTO trip_payments (trip_id, amount, kind, created_at)
    SELECT w.trip_id, printf('%s%d.%03d', iif(w.added < 0, '-', ''), abs(w.added) / 1000, abs(w.added) % 1000), 'unknown',
           strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM (
        SELECT m.trip_id,
               coalesce(iif(m.currency IS o.currency OR NEW.paid_amount IS NOT OLD.paid_amount, nullif(m.shown, m.paid), NULL),
                        iif(m.currency IS o.currency OR m.noted_as IS NOT o.noted_as, m.noted, NULL)) - m.paid AS added
        FROM trip_money m, (
            SELECT iif(iif(typeof(OLD.financials) = 'text', iif(json_valid(OLD.financials), json_type(OLD.financials) = 'object', 0), 0), coalesce(nullif(upper(trim(
        iif(json_type(OLD.financials, '$.currency') = 'text', OLD.financials ->> '$.currency', ''))), ''), 'USD'), 'USD') AS currency,
                   iif(iif(typeof(OLD.financials) = 'text', iif(json_valid(OLD.financials), json_type(OLD.financials) = 'object', 0), 0),
                       iif(json_type(OLD.financials, '$.paid_amount') IN ('true', 'false', 'object', 'array'),
                           OLD.financials -> '$.paid_amount', OLD.financials ->> '$.paid_amount'), NULL) AS noted_as) o
        WHERE m.trip_id = NEW.trip_id) w
    WHERE w.added <> 0;

    INSERT INTO trip_money_sync (trip_id)
    SELECT m.trip_id FROM trip_money m
    WHERE m.trip_id = NEW.trip_id
      AND (coalesce(m.shown, 0) <> m.paid OR m.is_object AND coalesce(m.noted, 0) <> m.paid);
END;

CREATE TRIGGER trg_trips_v2_money_note_insert BEFORE INSERT ON trips_v2
WHEN EXISTS (SELECT 1 FROM replaced_trip_money)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_id = NEW.trip_id)
  OR EXISTS (SELECT 1 FROM trips_v2 WHERE trip_slug = NEW.trip_slug AND NEW.trip_slug <> '')
BEGIN
    DELETE FROM replaced_trip_money;
    INSERT INTO replaced_trip_money (trip_id, currency, shown, noted)
    SELECT m.trip_id, m.currency, m.shown, m.noted FROM trip_money m
    WHERE m.trip_id IN (
        SELECT t.trip_id FROM trips_v2 t
        WHERE t.trip_id = NEW.trip_id OR t.trip_slug = NEW.trip_slug AND NEW.trip_slug <> '');
END;

-- INSERT of a trip, or REPLACE, which takes over the payments. A paid amount of 0 is the column's default: a statement that
-- leaves it out removes no payments.
CREATE TRIGGER trg_trips_v2_money_insert AFTER INSERT ON trips_v2
WHEN coalesce(NEW.paid_amount, 0) IS NOT 0 OR instr(NEW.financials, 'paid_amount') > 0
  OR EXISTS (SELECT 1 FROM replaced_trip_money)
  OR EXISTS (SELECT 1 FROM trip_payments WHERE trip_id = NEW.trip_id)
BEGIN
    DELETE FROM replaced_trip_money WHERE trip_id <> NEW.trip_id AND trip_id IN (SELECT t.trip_id FROM trips_v2 t);
    UPDATE trip_payments SET trip_id = NEW.trip_id
    WHERE trip_id <> NEW.trip_id AND trip_id IN (SELECT r.trip_id FROM replaced_trip_money r);
    UPDATE trip_payment_plan SET trip_id = NEW.trip_id
    WHERE trip_id <> NEW.trip_id AND trip_id IN (SELECT r.trip_id FROM replaced_trip_money r);

    INSERT INTO trip_payments (trip_id, amount, kind, created_at)
    SELECT w.trip_id, printf('%s%d.%03d', iif(w.added < 0, '-', ''), abs(w.added) / 1000, abs(w.added) % 1000), 'unknown',
           strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM (
        SELECT m.trip_id,
               coalesce(iif(coalesce(o.currency, m.currency) = m.currency OR m.shown IS NOT o.shown,
                            nullif(nullif(m.shown, 0), m.paid), NULL),
                        iif(coalesce(o.currency, m.currency) = m.currency OR m.noted IS NOT o.noted,
                            nullif(m.noted, 0), NULL)) - m.paid AS added
        FROM trip_money m
        LEFT JOIN (SELECT r.currency, r.shown, r.noted FROM replaced_trip_money r
                   ORDER BY r.trip_id <> NEW.trip_id LIMIT 1) o
        WHERE m.trip_id = NEW.trip_id) w
    WHERE w.added <> 0;

    DELETE FROM replaced_trip_money;
    INSERT INTO trip_money_sync (trip_id)
    SELECT m.trip_id FROM trip_money m
    WHERE m.trip_id = NEW.trip_id
      AND (coalesce(m.shown, 0) <> m.paid OR m.is_object AND coalesce(m.noted, 0) <> m.paid);
END;

-- A payer who is named by e-mail stays the same person.
CREATE TRIGGER trg_clients_v2_payer AFTER UPDATE OF email ON clients_v2
WHEN NEW.email IS NOT OLD.email
BEGIN
    UPDATE trip_payments SET payer = NEW.email WHERE payer = OLD.email;
END;
