"""edit_note and remove_note: any stored shape of notes, one note at a time, the old text kept aside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from desk import KYOTO, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path

TWO = [{"note": "first", "timestamp": "2025-01-01", "by": "Eva"}, "second", {"text": "third"}]


@pytest.mark.parametrize(
    ("stored", "note_id", "edited", "removed"),
    [
        (json.dumps(TWO), "1", {"note": "NEW", "timestamp": "2025-01-01", "by": "Eva"}, TWO[1:]),
        (json.dumps(TWO), "2", "NEW", [TWO[0], TWO[2]]),
        (json.dumps(TWO), "3", {"text": "NEW"}, TWO[:2]),
        (
            json.dumps([{"id": "ab", "note": "x"}, {"id": 7, "note": "y"}]),
            "7",
            {"id": 7, "note": "NEW"},
            [{"id": "ab", "note": "x"}],
        ),
        (json.dumps({"dietary": "vegan", "notes": ["x"]}), "dietary", "NEW", {"notes": ["x"]}),
        (json.dumps({"dietary": "vegan", "notes": ["x"]}), "1", "NEW", {"dietary": "vegan", "notes": []}),
        ("plain text, no JSON", "1", "NEW", []),
    ],
)
@pytest.mark.sampled(2)
async def test_one_note_of_any_shape_is_changed_or_removed_and_the_rest_stays(
    tmp_path: Path, stored: str, note_id: str, edited: object, removed: object
) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET notes = ? WHERE trip_id = ?", stored, KYOTO)
        before = desk.json("notes", KYOTO) if stored.startswith(("[", "{")) else [stored]
        await desk.do(KYOTO, op("edit_note", note_id=note_id, note="NEW"))
        after = desk.json("notes", KYOTO)
        changed: list[Any] = [one for one in _notes(after) if one not in _notes(before)]
        if isinstance(edited, dict):
            changed[0].pop("edited_at")
        assert changed == [edited]
        await desk.do(KYOTO, op("remove_note", note_id=note_id))
        assert desk.json("notes", KYOTO) == removed
        kept = [json.loads(row[0]) for row in desk.sql("SELECT row_data FROM orphaned_rows ORDER BY orphan_id")]
        assert [(one["trip_id"], one["note_id"]) for one in kept] == [(KYOTO, note_id)] * 2
        assert kept[0]["note"] in _notes(before)


def _notes(value: Any) -> list[Any]:
    own = cast("dict[str, Any]", value) if isinstance(value, dict) else {"notes": value}
    return [*(one for key, one in own.items() if key != "notes"), *own.get("notes", [])]


async def test_numbers_count_the_notes_as_they_were_before_the_call(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET notes = ? WHERE trip_id = ?", json.dumps(["a", "b", "c", "d"]), KYOTO)
        await desk.do(
            KYOTO, op("remove_note", note_id=1), op("edit_note", note_id=3, note="C"), op("remove_note", note_id="4")
        )
        assert desk.json("notes", KYOTO) == ["b", "C"]


async def test_a_new_note_has_an_id_and_a_wrong_one_names_those_there_are(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("add_note", note="hello"))
        ((note),) = desk.json("notes", KYOTO)
        said = await desk.fails(KYOTO, op("edit_note", note_id="nope", note="x"))
        assert said == f'not_found: The trip has no note "nope".\nSend the note_id of one of its notes: {note["id"]}.'
        await desk.do(KYOTO, op("remove_note", note_id=note["id"]))
        said = await desk.fails(KYOTO, op("remove_note", note_id=note["id"]))
        assert said.endswith("The trip has no notes.")


async def test_an_ambiguous_id_is_refused_and_a_number_with_a_hash_always_works(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        notes = {"1": "key", "notes": ["first", {"id": "1", "note": "second"}, {"id": "", "note": "third"}]}
        desk.sql("UPDATE trips_v2 SET notes = ? WHERE trip_id = ?", json.dumps(notes), KYOTO)
        said = await desk.fails(KYOTO, op("remove_note", note_id="1"))
        assert said == 'invalid_input: Several notes have the id "1".\nSend the number of the one you mean: #1, #2.'
        await desk.do(KYOTO, op("remove_note", note_id="#2"), op("remove_note", note_id="3"))
        assert desk.json("notes", KYOTO) == {"1": "key", "notes": ["first"]}


async def test_for_good_keeps_no_copy_of_the_old_text(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET notes = '[\"secret\"]' WHERE trip_id = ?", KYOTO)
        (result,) = await desk.do(KYOTO, op("edit_note", note_id="1", note="x", for_good=True))
        assert result["message"] == "Note 1 is changed, without a copy."
        kept = desk.sql("SELECT row_data FROM orphaned_rows UNION ALL SELECT activity_details FROM ActivityLog")
        assert "secret" not in str(kept)
