"""paid_amount and financials.paid_amount follow the payments, and what old code writes there becomes a payment."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import KYOTO, new_desk, op
from engines import foreign_keys_off, open_database
from oracle import assert_clean
from phasing import lead_to

from database.money import MONEY
from migrations.check import check
from migrations.dumps import load_dump
from migrations.files import SQL
from migrations.repair import apply_repair
from migrations.undo import undo_repair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRIP = "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date"

PAYMENT = "INSERT INTO trip_payments (trip_id, amount, currency, kind, created_at) VALUES (1, ?, ?, ?, '2026-01-01')"

Read = tuple[Any, Any, list[str]]


@pytest.fixture(params=[False, True], ids=["plain", "recursive"])
def con(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    """A connection to a database with one trip, on which 100 were paid. Afterwards every trip equals its payments."""
    with closing(raw.connect(raw.new_file(tmp_path / "v.db"), recursive_triggers=request.param)) as connection:
        connection.execute(f"{TRIP}, financials) VALUES (1, 'T', 't', '2026-01-01', '2026-01-02', '{{\"seat\":[1]}}')")
        connection.execute(PAYMENT, ("100", "USD", "payment"))
        yield connection
        assert connection.execute("SELECT * FROM trip_money_sync").fetchall() == []
        assert connection.execute("SELECT * FROM trip_money WHERE coalesce(shown, 0) <> paid").fetchall() == []
        assert_clean(connection)


def read(con: sqlite3.Connection, trip_id: int = 1) -> Read:
    """The trip's paid_amount, its financials, and its payments of kind unknown, each with its currency."""
    (row,) = con.execute("SELECT paid_amount, financials FROM trips_v2 WHERE trip_id = ?", (trip_id,)).fetchall()
    unknown = "SELECT amount FROM trip_payments WHERE kind = 'unknown' AND trip_id = ? AND currency IS NULL ORDER BY 1"
    return *row, [amount for (amount,) in con.execute(unknown, (trip_id,))]


# Statements of old code, and what the trip holds afterwards.
WRITES: list[tuple[str, Read]] = [
    ("UPDATE trips_v2 SET paid_amount = 100.5", (100.5, {"seat": [1], "paid_amount": 100.5}, ["0.500"])),
    ("UPDATE trips_v2 SET paid_amount = '40'", (40, {"seat": [1], "paid_amount": 40}, ["-60.000"])),
    ("UPDATE trips_v2 SET paid_amount = 0", (0, {"seat": [1], "paid_amount": 0}, ["-100.000"])),
    ("UPDATE trips_v2 SET paid_amount = 100", (100, {"seat": [1], "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET paid_amount = NULL", (100, {"seat": [1], "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET paid_amount = 'soon'", (100, {"seat": [1], "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET paid_amount = 9e999", (100, {"seat": [1], "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET paid_amount = 1e300", (100, {"seat": [1], "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET paid_amount = x'00'", (100, {"seat": [1], "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET paid_amount = -9223372036854775807 - 1", (100, {"seat": [1], "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET financials = '{\"paid_amount\":130}'", (130, {"paid_amount": 130}, ["30.000"])),
    ('UPDATE trips_v2 SET financials = \'{"paid_amount":"130.25"}\'', (130.25, {"paid_amount": "130.25"}, ["30.250"])),
    ("UPDATE trips_v2 SET financials = '{\"paid_amount\":true}'", (100, {"paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET financials = '{\"paid_amount\":{}}'", (100, {"paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET financials = '{\"paid_amount\":1e999}'", (100, {"paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET financials = '{\"a\":1}'", (100, {"a": 1, "paid_amount": 100}, [])),
    ("UPDATE trips_v2 SET financials = '[{\"paid_amount\":5}]'", (100, [{"paid_amount": 5}], [])),
    ("UPDATE trips_v2 SET financials = '{\"paid_amount\":'", (100, '{"paid_amount":', [])),
    ("UPDATE trips_v2 SET financials = NULL", (100, None, [])),
    (
        "UPDATE trips_v2 SET paid_amount = 70, financials = '{\"paid_amount\":5}'",
        (70, {"paid_amount": 70}, ["-30.000"]),
    ),
    (
        'UPDATE trips_v2 SET financials = \'{"currency":"eur"}\'',
        (0, {"currency": "eur"}, []),
    ),
    (
        'UPDATE trips_v2 SET paid_amount = 80, financials = \'{"currency":"EUR"}\'',
        (80, {"currency": "EUR", "paid_amount": 80}, ["80.000"]),
    ),
    (
        f"{TRIP}, paid_amount) VALUES (1, 'T', 't', 'a', 'b', 0) ON CONFLICT (trip_id) DO UPDATE SET paid_amount = 7",
        (7, {"seat": [1], "paid_amount": 7}, ["-93.000"]),
    ),
    (f"INSERT OR REPLACE{TRIP[6:]}) VALUES (1, 'T', 't', 'a', 'b')", (100, {"paid_amount": 100}, [])),
    (f"REPLACE{TRIP[6:]}, paid_amount) VALUES (1, 'T', 't', 'a', 'b', 100)", (100, {"paid_amount": 100}, [])),
    (f"REPLACE{TRIP[6:]}, paid_amount) VALUES (1, 'T', 't', 'a', 'b', 90)", (90, {"paid_amount": 90}, ["-10.000"])),
    (
        f"REPLACE{TRIP[6:]}, financials, paid_amount) VALUES (1, 'T', 't', 'a', 'b', '{{\"paid_amount\":50}}', 0)",
        (50, {"paid_amount": 50}, ["-50.000"]),
    ),
    (
        f"REPLACE{TRIP[6:]}, financials, paid_amount) VALUES (1, 'T', 't', 'a', 'b', '{{\"currency\":\"EUR\"}}', 100)",
        (0, {"currency": "EUR"}, []),
    ),
    (
        "UPDATE OR REPLACE trips_v2 SET paid_amount = 101, trip_slug = 's'",
        (101, {"seat": [1], "paid_amount": 101}, ["1.000"]),
    ),
    ("UPDATE OR IGNORE trips_v2 SET paid_amount = 101", (101, {"seat": [1], "paid_amount": 101}, ["1.000"])),
]


@pytest.mark.parametrize(("statement", "after"), WRITES, ids=[statement[:70] for statement, _ in WRITES])
@pytest.mark.sampled(4)
def test_what_old_code_writes_is_kept_as_a_payment_of_the_difference(
    con: sqlite3.Connection, statement: str, after: Read
) -> None:
    con.execute(statement)
    paid, financials, unknown = read(con)
    with suppress(ValueError):
        financials = None if financials is None else json.loads(financials)
    assert (paid, financials, unknown) == after
    if "'soon'" in statement:
        assert "soon" in con.execute("SELECT group_concat(row_data) FROM orphaned_rows").fetchone()[0]


def test_the_trip_follows_every_change_of_its_payments(con: sqlite3.Connection) -> None:
    con.execute(PAYMENT, ("0.1", "USD", "deposit"))
    con.execute(PAYMENT, ("0.2", None, "payment"))
    con.execute(PAYMENT, ("7", "EUR", "payment"))
    con.execute(PAYMENT, ("30.005", "USD", "refund"))
    assert read(con)[0] == 70.295
    con.execute("UPDATE trip_payments SET amount = '1', kind = 'refund' WHERE amount = '100'")
    assert read(con)[0] == -30.705
    con.execute('UPDATE trips_v2 SET financials = \'{"currency":"EUR"}\'')
    assert read(con)[0] == 7.2
    con.execute("DELETE FROM trip_payments")
    assert read(con)[0] == 0


@pytest.mark.parametrize("amount", ["", "1.2345", "1e3", "1,5", "--1", "1.2.3", "inf", None, "123456789012345678901"])
@pytest.mark.sampled(3)
def test_an_amount_that_is_no_decimal_is_refused(con: sqlite3.Connection, amount: str | None) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        con.execute(PAYMENT, (amount, "USD", "payment"))


@pytest.mark.parametrize("foreign_keys", ["ON", pytest.param("OFF", marks=foreign_keys_off)])
def test_payments_stay_when_a_trip_is_deleted_replaced_or_given_another_id(
    con: sqlite3.Connection, foreign_keys: str
) -> None:
    con.execute(f"PRAGMA foreign_keys = {foreign_keys}")
    con.execute("INSERT INTO trip_payment_plan (trip_id, position, due_on, amount) VALUES (1, 1, '2026-01-01', '5')")
    con.execute("DELETE FROM trips_v2")
    assert con.execute("SELECT trip_id, amount FROM trip_payments").fetchall() == [(1, "100")]
    con.execute(f"{TRIP}) VALUES (1, 'Back', 't', 'a', 'b')")
    assert read(con)[0] == 100
    con.execute(f"{TRIP}, paid_amount) VALUES (2, 'Other', 'o', 'a', 'b', 3)")
    con.execute("UPDATE OR REPLACE trips_v2 SET trip_id = 2, paid_amount = 101 WHERE trip_id = 1")
    assert read(con, 2) == (101, '{"paid_amount":101}', ["1.000"])
    assert con.execute("SELECT amount FROM trip_payments WHERE trip_id = 1").fetchall() == [("3.000",)]
    assert con.execute("SELECT trip_id FROM trip_payment_plan").fetchall() == [(2,)]
    con.execute("CREATE UNIQUE INDEX slugs ON trips_v2(trip_slug)")
    con.execute(f"REPLACE{TRIP[6:]}) VALUES (7, 'Same slug', 't', 'a', 'b')")
    assert read(con, 7) == (101, '{"paid_amount":101}', ["1.000"])
    assert con.execute("SELECT trip_id FROM trip_payment_plan").fetchall() == [(7,)]
    con.execute("INSERT OR IGNORE" + TRIP[6:] + ", paid_amount) VALUES (7, 'Ignored', 't', 'a', 'b', 9)")
    con.execute("DELETE FROM trips_v2")
    con.execute(f"{TRIP}, paid_amount) VALUES (8, 'New', 't', 'a', 'b', 1)")
    assert read(con, 8) == (1, '{"paid_amount":1}', ["1.000"])


LEGACY = f"""
{TRIP}, paid_amount, financials) VALUES
  (9011, 'a', '', 'a', 'b', 250.5, '{{"currency":"EUR","x":1}}'), (9012, 'b', '', 'a', 'b', 0.1 + 0.2, NULL),
  (9013, 'c', '', 'a', 'b', 0, '{{"paid_amount":40}}'), (9014, 'd', '', 'a', 'b', NULL, '{{"paid_amount":'),
  (9015, 'e', '', 'a', 'b', 'half', '[]'), (9016, 'f', '', 'a', 'b', 9e999, '{{}}'), (9017, 'g', '', 'a', 'b', 0, '7'),
  (9018, 'h', '', 'a', 'b', 5, '{{"paid_amount":6}}'), (9019, 'i', '', 'a', 'b', -3, '{{"paid_amount":"-3.000"}}');
"""


@pytest.mark.parametrize("name", ["seed-legacy", "d1-export-2025", "drifted-dual-write"])
async def test_migration_makes_a_payment_of_each_amount_and_loses_nothing(tmp_path: Path, name: str) -> None:
    load_dump(raw.LEGACY / f"{name}.sql", tmp_path / "v.db")
    with closing(raw.connect(tmp_path / "v.db")) as connection:
        present = {row[1] for row in connection.execute("PRAGMA table_info(trips_v2)")}
        connection.executescript(
            LEGACY if "trip_slug" in present else LEGACY.replace("trip_slug, ", "").replace("'', ", "")
        )
        before = connection.execute(
            "SELECT trip_id, paid_amount, financials FROM trips_v2 WHERE trip_id > 9000"
        ).fetchall()
        others = connection.execute("SELECT trip_id, paid_amount FROM trips_v2 WHERE trip_id < 9000").fetchall()
        await raw.migrate_file(tmp_path / "v.db")
        payments = connection.execute("SELECT trip_id, amount FROM trip_payments ORDER BY trip_id").fetchall()
        assert [one for one in payments if one[0] > 9000] == [
            (9011, "250.500"),
            (9012, "0.300"),
            (9013, "40.000"),
            (9018, "5.000"),
            (9019, "-3.000"),
        ]
        assert [trip for trip, _ in payments if trip < 9000] == [trip for trip, paid in others if paid]
        after = connection.execute(
            "SELECT trip_id, paid_amount, financials FROM trips_v2 WHERE trip_id > 9000"
        ).fetchall()
        changed = {new[0]: new[1:] for old, new in zip(before, after, strict=True) if old != new}
        assert changed == {9013: (40, '{"paid_amount":40}'), 9018: (5, '{"paid_amount":5}')}
        (kept,) = connection.execute(
            "SELECT row_data FROM orphaned_rows WHERE reason = 'paid_amount differs'"
        ).fetchone()
        assert json.loads(kept) == {"trip_id": 9018, "financials.paid_amount": "6"}
    async with await open_database(tmp_path / "v.db") as db:
        assert [one for one in (await check(db)).faults if one["kind"] == "paid_amount"] == []


async def test_payments_work_in_every_phase_and_survive_an_undone_repair(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "v.db")
    with closing(raw.connect(path)) as connection:
        connection.execute(f"{TRIP}) VALUES (1, 'T', 't', '2026-01-01', '2026-01-02')")
        async with await open_database(path) as db:
            for number, phase in enumerate(("prefer_junction", "normalized", "dual_write"), 1):
                await lead_to(db, phase)
                connection.execute(PAYMENT, ("10", "USD", "payment"))
                connection.execute("UPDATE trips_v2 SET paid_amount = paid_amount + 1")
                assert read(connection)[0] == number * 11
                assert (await check(db)).clean
            connection.execute("DROP TRIGGER trg_trips_v2_money_update")
            connection.execute("UPDATE trips_v2 SET paid_amount = 50")
            report = await apply_repair(db)
            assert report.after.clean
            assert report.run_id
            assert report.changed == {"payment": 1, "schema": 1}
            assert read(connection)[2].count("17.000") == 1
            assert (await undo_repair(db, report.run_id))["undone"] == 2
            assert read(connection)[0] == 33


async def test_a_trip_in_a_currency_that_is_no_code_still_takes_payments(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql('UPDATE trips_v2 SET financials = \'{"currency":" euros "}\' WHERE trip_id = ?', KYOTO)
        (paid,) = await desk.do(KYOTO, op("record_payment", amount=5))
        assert (paid["paid"], paid["currency"]) == (5, "EUROS")
        desk.sql("UPDATE trips_v2 SET financials = '7', total_cost = 'tbd' WHERE trip_id = ?", KYOTO)
        trip = await desk.whole(KYOTO)
        assert (trip["paid"], trip["balance"], trip["currency"], trip["total_cost"]) == (0, 0, "USD", None)
        assert (await desk.call("list_payments", trip_identifier=KYOTO))["trips"][0]["due"] == []


def test_python_reads_money_with_the_same_sql_as_the_view() -> None:
    text = (SQL / "023_payments.sql").read_text(encoding="utf-8")
    view = text.split("CREATE VIEW trip_money AS\n")[1].split(";\n")[0]
    assert view.split() == MONEY.split()
