"""Imported documents stay with their trip, wherever it goes, and lose what names an erased client."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from confirmations import DAYS, MAIL, sent
from desk import ANA, BANFF, KYOTO, new_desk
from test_documents_tools import parse, take

from database.embedded import open_database
from database.exporting import export_lines, opened_as_of_now
from database.importing import restore_export
from migrations.check import check
from migrations.files import shipped

if TYPE_CHECKING:
    from pathlib import Path

# The table as the original has it, with a foreign key that deletes; without most columns; and with other types.
LEGACY = {
    "as it was": (
        """CREATE TABLE trip_external_docs (
            doc_id INTEGER PRIMARY KEY AUTOINCREMENT, trip_id INTEGER NOT NULL, url TEXT, content_type TEXT,
            size_bytes INTEGER, html TEXT, text TEXT, tag TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP,
            FOREIGN KEY (trip_id) REFERENCES trips_v2(trip_id) ON DELETE CASCADE)""",
        "INSERT INTO trip_external_docs VALUES (7, 1, 'u', 'text/html', 9, '<p>10:00</p>', '10:00', 'tag', 'then')",
        [(7, 1, "u", "text/html", 9, "<p>10:00</p>", "10:00", "tag", "then")],
    ),
    "with few columns": (
        "CREATE TABLE trip_external_docs (doc_id INTEGER PRIMARY KEY, trip_id INTEGER, html TEXT)",
        "INSERT INTO trip_external_docs VALUES (3, 1, 'h'), (4, NULL, 'lost')",
        [(3, 1, None, None, None, "h", None, None, None)],
    ),
    "with a text as id and a key to nothing": (
        "CREATE TABLE trip_external_docs (doc_id TEXT PRIMARY KEY, trip_id INTEGER REFERENCES trips(id), text TEXT)",
        "INSERT INTO trip_external_docs VALUES ('a', 1, 't')",
        [(1, 1, None, None, None, None, "t", None, None)],
    ),
}

OLD_COLUMNS = "doc_id, trip_id, url, content_type, size_bytes, html, text, tag, created_at"


@pytest.mark.parametrize("shape", LEGACY)
async def test_documents_of_an_old_database_are_kept_whatever_the_shape_of_their_table(
    tmp_path: Path, shape: str
) -> None:
    table, rows, expected = LEGACY[shape]
    path = tmp_path / "old.db"
    with closing(raw.connect_file(path)) as connection:
        connection.executescript(shipped()[0].text)
        connection.execute(
            "INSERT INTO trips_v2 (trip_name, start_date, end_date) VALUES ('T', '2026-10-03', '2026-10-12')"
        )
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(table)
        connection.execute(rows)
    await raw.migrate_file(path)
    with closing(raw.connect(path)) as connection:
        assert connection.execute(f"SELECT {OLD_COLUMNS} FROM trip_external_docs").fetchall() == expected
        aside = connection.execute(
            "SELECT row_data FROM orphaned_rows WHERE table_name = 'trip_external_docs'"
        ).fetchall()
        assert ["lost" in text for (text,) in aside] == ([True] if shape == "with few columns" else [])
        connection.execute("DELETE FROM trips_v2")
        assert connection.execute("SELECT count(*) FROM trip_external_docs").fetchone() == (1,)
    async with await open_database(path) as db:
        assert (await check(db)).faults == []


async def test_a_document_of_an_old_database_can_be_put_into_the_itinerary(tmp_path: Path) -> None:
    page = "<h2>Sunday 4 October 2026</h2><p>10:00 Tea ceremony</p>"
    async with new_desk(tmp_path) as desk:
        desk.sql("INSERT INTO trip_external_docs (trip_id, url, html) VALUES (?, 'u', ?)", KYOTO, page)
        assert (await parse(desk))["created"]["activities"] == 1
        shown = await desk.call("get_trip_documents", trip_identifier=KYOTO, doc_id=1, include_html=True)
        assert page in shown["text"]


async def test_documents_survive_a_deletion_a_replacement_and_an_export(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await take(desk, text=DAYS, parse="none")
        sources = "SELECT count(*) FROM trip_item_sources s WHERE s.trip_id = d.trip_id"
        mine = f"SELECT trip_id, ({sources}) FROM trip_external_docs d"
        assert desk.sql(mine) == [(KYOTO, 4)]
        deleted = await desk.call("delete_trip", trip_identifier=KYOTO, confirm_trip_name="Lima in Kyoto")
        assert (deleted["documents_kept"], "1 imported documents are kept." in deleted["message"]) == (1, True)
        await desk.call("restore_deleted", orphan_id=deleted["orphan_id"])
        assert desk.sql(mine) == [(KYOTO, 4)]
        copied = await desk.call("copy_trip", trip_identifier=KYOTO, new_name="Again", start_date="2027-10-02")
        assert len(desk.json("schedule", copied["trip_id"])) == 3
        assert desk.sql(mine) == [(KYOTO, 4)]
        desk.sql("UPDATE trips_v2 SET trip_id = 77 WHERE trip_id = ?", KYOTO)
        assert desk.sql(mine) == [(77, 4)]
        desk.sql("CREATE UNIQUE INDEX slugs ON trips_v2 (trip_slug)")
        replace = "INSERT OR REPLACE INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES ('N', ?, ?, ?)"
        desk.sql(replace, "lima-in-kyoto", "2026-10-03", "2026-10-12")
        ((new_id,),) = desk.sql("SELECT trip_id FROM trips_v2 WHERE trip_slug = 'lima-in-kyoto'")
        assert new_id != 77
        assert desk.sql(mine) == [(new_id, 4)]
        assert desk.sql("SELECT * FROM replaced_trip_docs") == []
        before = of_documents(desk.everything())
        with opened_as_of_now(tmp_path / "voygen.db") as connection:
            export = [f"{line}\n" for line in export_lines(connection, {})]
    (tmp_path / "export.jsonl").write_text("".join(export), encoding="utf-8")
    restore_export(tmp_path / "export.jsonl", tmp_path / "new.db")
    with closing(raw.connect(tmp_path / "new.db")) as connection:
        assert of_documents(raw.dump(connection)) == before


def of_documents(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(('"trip_external_docs"', '"trip_item_sources"'))]


async def test_two_trips_with_the_same_document_can_exchange_their_ids(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for trip in (1, 3):
            desk.sql(
                "INSERT INTO trip_external_docs (trip_id, sha256) VALUES (?, 'same'), (?, ?)", trip, trip, str(trip)
            )
        desk.sql("UPDATE OR REPLACE trips_v2 SET trip_id = 3 WHERE trip_id = 1")
        assert sorted(desk.sql("SELECT trip_id, sha256 FROM trip_external_docs")) == [
            (1, "3"),
            (1, "same"),
            (3, "1"),
            (3, "same"),
        ]


async def test_an_erased_client_is_named_by_no_document_any_more(tmp_path: Path) -> None:
    calm = MAIL.replace("Ana Lima", "guest").replace(f"<{ANA}>", "<guest@example.net>")
    async with new_desk(tmp_path) as desk:
        await take(desk, **sent(MAIL, "Ana Lima.eml"), parse="none", idempotency_key="k")
        await take(desk, text=DAYS.replace("Tea ceremony", "Ana Lima: tea"), parse="none")
        await take(desk, trip=2, **sent(calm, "calm.eml"))
        await take(desk, trip=3, **sent(MAIL, "other.eml"))
        assert desk.sql("SELECT count(raw) FROM trip_external_docs") == [(4,)]
        erased = await desk.call("erase_client", client=ANA, confirm_name="Ana Lima", dry_run=False)
        assert erased["records"]["trip_external_docs"] > 0
        rows = of_documents(desk.everything())
        assert rows
        assert not any("Lima" in line or ANA in line for line in rows)
        # The bytes can't be edited: those that name her, and those of her trips, are gone.
        assert desk.sql("SELECT trip_id FROM trip_external_docs WHERE raw IS NOT NULL") == [(2,)]
        assert any("trip 1: schedule" in line for line in erased["remaining"])
        text = desk.sql("SELECT text FROM trip_external_docs WHERE trip_id = 3")[0][0]
        assert "AOI4711" in text
        plan = json.loads(desk.sql("SELECT plan FROM trip_external_docs WHERE trip_id = 3")[0][0])
        assert plan["stays"][0]["name"] == "Ryokan Aoi"


async def test_an_erased_client_is_not_left_in_bytes_tickets_or_encoded_text_of_other_trips(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n\0\0" + bytes(range(256))
    encoded = base64.encodebytes(MAIL.encode()).decode()
    ticket = f"1.LIMA/ANAMS\nLima / Ana <{ANA}>\nAna <{ANA}>\n4 October 2026\n10:00 Tea for Mr Smith\n"
    others = (f"\0\1bin Ana Lima {ANA}".encode(), "\0Ana Lima\xff".encode("utf-16"), b"\0\1 nobody \xff")
    async with new_desk(tmp_path) as desk:
        kept = [await take(desk, trip=BANFF, **sent(one, f"{at}.bin")) for at, one in enumerate((*others, picture))]
        pasted = await take(desk, trip=BANFF, text=f"See below\n\n{encoded}\nBest")
        await take(desk, text=ticket, parse="none")
        await take(desk, trip=BANFF, text=f"{ticket}See you")
        erased = await desk.call("erase_client", client=ANA, confirm_name="Ana Lima", dry_run=False)
        rows = "\n".join(of_documents(desk.everything())).lower()
        assert rows
        assert not any(word in rows for word in ("lima", '"ana', "ana ", ANA, encoded[:60].lower()))
        left = [row for (row,) in desk.sql("SELECT doc_id FROM trip_external_docs WHERE raw IS NOT NULL")]
        # Bytes without text that don't name her may be a picture of her passport.
        assert left == [one["doc_id"] for one in kept[2:]]
        (told,) = [one for one in erased["remaining"] if "pictures" in one]
        which = ", ".join(map(str, left))
        assert told == f"trip {BANFF}: documents without text, such as pictures, which can't be searched: {which}"
        text = desk.sql("SELECT text FROM trip_external_docs WHERE doc_id = ?", pasted["doc_id"])[0][0]
        assert text.split() == ["See", "below", "erased", "Best"]
        assert "10:00 Tea for Mr Smith" in desk.sql("SELECT text FROM trip_external_docs ORDER BY doc_id DESC")[0][0]
