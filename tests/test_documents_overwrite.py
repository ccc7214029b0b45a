"""Imports keep what people entered as they promise, and an agent's items only if the document states them."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
from confirmations import CALENDAR, DAYS, MAIL, sent
from desk import KYOTO, new_desk, op, seeded
from faults import Faults, Program
from test_documents_tools import parse, take
from test_kills import changes_of_call, new_folder, tool_call

from database.embedded import open_database
from database.engine import ForwardingDatabase, Statement
from database.errors import DatabaseError
from server.opening import phased
from tools.documents.importing import ImportDocumentArguments, import_trip_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desk import Desk

    from database.engine import Results

KILLS = campaigns.rounds(2, 30)

# As a person wrote them: keys that nobody knows, items without an id, a text as an item, and another day.
BY_HAND = """\
{"days": [
  {"day_number": 1, "date": "2026-10-03", "mood": "quiet", "activities": [{"title": "Arrive", "seat": "12A"}, "Nap"]},
  {"day": "2026-10-04", "weather": {"sun": true}, "activities": [
     {"activity_id": "tea", "time": "10:00", "name": "Tea ceremony, Camellia House", "dress": "kimono"},
     {"title": "Shopping", "price": 20}]}
 ], "color": "#123"}"""

STAYS = '[{"accommodation_id": "h1", "hotel": "Ryokan Aoi", "check_in": "2026-10-03", "check_out": "2026-10-11", "bed": "futon"}]'  # noqa: E501


def write_by_hand(desk: Desk) -> None:
    desk.sql("UPDATE trips_v2 SET schedule = ?, accommodations = ? WHERE trip_id = ?", BY_HAND, STAYS, KYOTO)


async def test_none_adds_and_changes_nothing_that_a_person_wrote(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        write_by_hand(desk)
        await take(desk, text=DAYS)
        await take(desk, **sent(MAIL, "a.eml"))
        answer = await parse(desk)
        assert answer["created"] == {"days": 2, "activities": 3, "stays": 0, "transport": 0}
        assert answer["duplicates_skipped"] == 1
        (conflict,) = answer["conflicts"]
        assert conflict == {
            "item_id": "h1",
            "stored": {"check_out": "2026-10-11"},
            "document": {"check_out": "2026-10-12"},
        }
        assert desk.column("accommodations", KYOTO) == STAYS
        after, before = desk.column("schedule", KYOTO), BY_HAND
        # All that was there is there still, byte for byte; only new items and days stand between.
        for piece in before.replace("]}\n ]", "").splitlines()[1:4]:
            assert piece.rstrip("],}").strip() in after
        schedule = json.loads(after)
        assert schedule["color"] == "#123"
        tea, dinner, shopping = sorted(schedule["days"][1]["activities"], key=lambda one: one.get("title", ""))[:3]
        assert tea["dress"] == "kimono"
        assert (dinner["title"], shopping["title"]) == ("Dinner at Giro Giro", "Shopping")
        assert desk.sql("SELECT count(*) FROM orphaned_rows") == [(0,)]


async def test_days_replaces_the_activities_of_the_documents_days_and_keeps_the_rest(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        write_by_hand(desk)
        await take(desk, text=DAYS)
        answer = await parse(desk, overwrite="days")
        schedule = desk.json("schedule", KYOTO)
        first, second = schedule["days"][:2]
        assert first == json.loads(BY_HAND)["days"][0]
        assert (second["weather"], schedule["color"]) == ({"sun": True}, "#123")
        tea, dinner = second["activities"]
        # The entry that the document states too keeps its id and its keys.
        assert (tea["activity_id"], tea["dress"], dinner["title"]) == ("tea", "kimono", "Dinner at Giro Giro")
        assert desk.column("accommodations", KYOTO) == STAYS
        ((kept,),) = desk.sql("SELECT row_data FROM orphaned_rows")
        assert json.loads(kept)["entry"] == {"title": "Shopping", "price": 20}
        assert "Replaced: 1" in answer["message"]


async def test_all_replaces_each_part_that_the_document_has_something_for(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        write_by_hand(desk)
        desk.sql('UPDATE trips_v2 SET transportation = \'[{"type":"bus"}]\' WHERE trip_id = ?', KYOTO)
        await take(desk, text=DAYS)
        await take(desk, **sent(MAIL, "a.eml"))
        await parse(desk, overwrite="all")
        schedule = desk.json("schedule", KYOTO)
        assert schedule["color"] == "#123"
        assert [day.get("date") or day["day"] for day in schedule["days"]] == ["2026-10-04", "2026-10-05", "2026-10-06"]
        assert schedule["days"][0]["activities"][0]["activity_id"] == "tea"
        (stay,) = desk.json("accommodations", KYOTO)
        assert (stay["accommodation_id"], stay["check_out"], stay["bed"]) == ("h1", "2026-10-12", "futon")
        assert desk.column("transportation", KYOTO) == '[{"type":"bus"}]'
        kept = [json.loads(row) for (row,) in desk.sql("SELECT row_data FROM orphaned_rows")]
        assert sorted(one["kind"] for one in kept) == ["day", "schedule item"]
        assert next(one for one in kept if one["kind"] == "day")["entry"] == json.loads(BY_HAND)["days"][0]


async def test_limits_leave_out_days_and_activities_and_say_so(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await take(desk, text=DAYS)
        before = desk.everything()
        dry = await parse(desk, dry_run=True, max_days=2, max_activities_per_day=1)
        assert dry["created"] == {"days": 2, "activities": 2, "stays": 0, "transport": 0}
        assert dry["left_out"] == [
            "1 days from 2026-10-06 on, more than max_days",
            "1 activities of 2026-10-04, more than max_activities_per_day",
        ]
        assert len(dry["plan"]["days"]) == 3
        assert desk.everything() == before


async def test_a_later_change_moves_what_a_document_brought_and_an_earlier_one_does_not(tmp_path: Path) -> None:
    later = MAIL.replace("Tue, 01 Sep", "Thu, 03 Sep").replace("Check-out: 12 October", "Check-out: 10 October")
    async with new_desk(tmp_path) as desk:
        await take(desk, **sent(MAIL, "a.eml"), parse="none")
        (stay,) = desk.json("accommodations", KYOTO)
        moved = await take(desk, **sent(later, "b.eml"), parse="none")
        assert moved["parsed"]["changed"] == [{"item_id": stay["accommodation_id"], "check_out": "2026-10-10"}]
        assert desk.json("accommodations", KYOTO)[0]["check_out_date"] == "2026-10-10"
        # The first mail again: it is the older one.
        again = await parse(desk, doc_id=1)
        assert (again["changed"], again["conflicts"][0]["item_id"]) == ([], stay["accommodation_id"])
        assert desk.json("accommodations", KYOTO)[0]["check_out_date"] == "2026-10-10"


async def test_a_cancellation_marks_the_booking_and_deletes_nothing(tmp_path: Path) -> None:
    cancelled = CALENDAR.replace("SUMMARY:Bicycle", "STATUS:CANCELLED\nSUMMARY:Bicycle")
    async with new_desk(tmp_path) as desk:
        await take(desk, **sent(CALENDAR, "a.ics"), parse="none")
        done = await take(desk, **sent(cancelled, "b.ics"), parse="none")
        bike = desk.json("schedule", KYOTO)[1]["activities"][0]
        assert (bike["title"], bike["status"]) == ("Bicycle tour of Arashiyama", "cancelled")
        assert done["parsed"]["changed"] == [{"item_id": bike["activity_id"], "status": "cancelled"}]
        again = await parse(desk, doc_id=done["doc_id"])
        assert (again["changed"], again["duplicates_skipped"]) == ([], 2)


GOOD: dict[str, Any] = {
    "days": [
        {
            "date": "2026-10-04",
            "activities": [
                {"title": "Dinner at Giro Giro", "start_time": "6:30 pm", "quote": "18:30 Dinner at Giro Giro"},
                {"title": "Dinner at Giro Giro", "start_time": "19:30", "quote": "18:30 Dinner at Giro Giro"},
                {"title": "Karaoke", "start_time": "22:00", "quote": "22:00 Karaoke"},
                {"title": "Tea ceremony", "start_time": "10:00"},
            ],
        },
        {
            "date": "2026-10-06",
            "activities": [
                {"title": "Bicycle tour", "start_time": "09:00", "quote": "09:00 Bicycle tour of Arashiyama"}
            ],
        },
    ],
    "costs": [{"amount": 99, "currency": "EUR", "quote": "Tuesday 6 October 2026"}],
}


async def test_what_a_document_does_not_state_is_refused_and_the_rest_is_written(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await take(desk, text=DAYS)
        answer = await desk.call("set_trip_schedule", trip_identifier=KYOTO, doc_id=1, **GOOD)
        assert {one["item"] for one in answer["refused"]} == {
            "days[0].activities[1]",
            "days[0].activities[2]",
            "days[0].activities[3]",
            "days[1].activities[0]",
            "costs[0]",
        }
        assert all(one["why"] for one in answer["refused"])
        (day,) = desk.json("schedule", KYOTO)
        (dinner,) = day["activities"]
        assert (dinner["title"], dinner["start_time"]) == ("Dinner at Giro Giro", "18:30")
        assert desk.sql("SELECT item_id, doc_id, quote, how FROM trip_item_sources") == [
            (dinner["activity_id"], 1, "18:30 Dinner at Giro Giro", "agent")
        ]


async def test_without_a_document_an_agents_items_are_its_own_word(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("set_day", date="2026-10-04", title="Tea"))
        stays = [{"name": "Inn", "check_in": "2026-10-03", "check_out": "2026-10-05"}]
        rides = [{"type": "train", "from": "Kyoto", "to": "Nara", "depart": "2026-10-05 9:05"}]
        answer = await desk.call(
            "set_trip_schedule", trip_identifier=KYOTO, days=GOOD["days"], stays=stays, transport=rides
        )
        assert answer["added"] == {"days": 1, "activities": 5, "stays": 1, "transport": 1}
        assert answer["refused"] == []
        assert desk.json("accommodations", KYOTO)[0]["nights"] == 2
        assert desk.json("transportation", KYOTO)[0]["departure_time"] == "2026-10-05T09:05"
        assert desk.json("schedule", KYOTO)[0]["day_name"] == "Tea"
        before = desk.everything()
        again = await desk.call("set_trip_schedule", trip_identifier=KYOTO, stays=stays, transport=rides)
        assert again["duplicates_skipped"] == 2
        error = await desk.refused("set_trip_schedule", trip_identifier=KYOTO, days=[{"date": "2027-10-04"}])
        assert error.startswith("conflict")
        assert desk.everything() == before


class Failing(ForwardingDatabase):
    """Fails the statement with this number of each batch."""

    def __init__(self, db: Any, number: int) -> None:
        super().__init__(db)
        self.number, self.reached = number, False

    async def batch(self, statements: Sequence[Statement]) -> Results:
        self.reached = self.number < len(statements)
        broken = Statement("INSERT INTO no_such_table VALUES (1)")
        return await super().batch(
            [*statements[: self.number], broken, *statements[self.number :]][: len(statements) + 1]
        )


async def test_an_import_that_fails_at_any_statement_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection:
        connection.execute("UPDATE trips_v2 SET schedule = ? WHERE trip_id = ?", (BY_HAND, KYOTO))
        before = raw.dump(connection)
        args = ImportDocumentArguments(trip_identifier=str(KYOTO), text=DAYS, parse="all")
        async with await open_database(path) as db:
            number = 0
            while True:
                failing = Failing(phased(db), number)
                with pytest.raises(DatabaseError):
                    await import_trip_document(failing, args)
                assert raw.dump(connection) == before
                if not failing.reached:
                    break
                number += 1
        assert number > 8


async def test_a_killed_import_is_whole_or_not_there_and_can_be_called_again(program: Program, tmp_path: Path) -> None:
    message = tool_call("import_trip_document", {"trip_identifier": str(KYOTO), "text": DAYS, "parse": "days"})
    first, last = changes_of_call(program, tmp_path, message)
    for number in range(KILLS):
        folder = new_folder(tmp_path / f"{number}")
        path = seeded(folder / "voygen.db")
        moment = first + 1 + (last - first) * (number + 1) // (KILLS + 1)
        with program.serve(path, faults=Faults(folder, kill_at=moment)) as pipe:
            pipe.greet()
            pipe.ask(message)
            pipe.close()
        for again in range(2):
            with closing(raw.connect(path)) as connection:
                state = connection.execute(
                    "SELECT (SELECT count(*) FROM trip_external_docs), (SELECT count(*) FROM trip_item_sources),"
                    " json_array_length(schedule) FROM trips_v2 WHERE trip_id = ?",
                    (KYOTO,),
                ).fetchone()
            assert state in ([(1, 4, 3)] if again else [(0, 0, 0), (1, 4, 3)])
            if not again:
                with program.serve(path) as pipe:
                    pipe.greet()
                    answer = pipe.ask(message)
                assert answer
                assert not answer["result"].get("isError"), answer
