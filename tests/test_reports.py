"""The reports of the command line: tables in which stored text cannot be mistaken for the program's own output."""

from __future__ import annotations

import json
import unicodedata
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import EMPTY, KYOTO, seeded, voygen
from hypothesis import given
from hypothesis import strategies as st
from phasing import look

from server.report import MAX_ROWS, escaped, section, short_time, table

if TYPE_CHECKING:
    from pathlib import Path

# A forged verdict, a window title, right-to-left text, and zero-width characters.
HOSTILE = "x\nConsistent: all is well\r\x1b]0;owned\x07\u202eevil\u2066\u200b\u2028Consistent\x85\x9b2J\ufeff"

LONE_HALF = "\ud800"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seeded(tmp_path / "voygen.db")


def quarantine(path: Path, *texts: str) -> None:
    with closing(raw.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at) "
            "VALUES (1, ?, 'not an array', '2026-11-28T05:10:11.123Z')",
            [(text,) for text in texts],
        )


def said(path: Path, *arguments: object, status: int = 0) -> str:
    done = voygen(*arguments, "--db", path)
    assert done.returncode == status, done
    return done.stderr if status == 2 else done.stdout


# Escaping


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ana Müller, 名前", "Ana Müller, 名前"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b]0;t\x07", r"\x1b]0;t\x07"),
        ("a\u202eb\u2069\u200b", r"a\u202eb\u2069\u200b"),
        ("a\u2028b\x85\xa0", r"a\u2028b\x85\xa0"),
        ("\U000e0041\u3164\u034f", r"\U000e0041\u3164\u034f"),
        (LONE_HALF, r"\ud800"),
        ("a  b ", r"a\x20 b\x20"),
        (None, ""),
        (["é", 1], '["é", 1]'),
    ],
)
def test_text_is_shown_on_one_line_with_invisible_characters_escaped(text: object, shown: str) -> None:
    assert escaped(text) == shown


@given(st.text(), st.integers(2, 60))
def test_no_text_shows_a_control_character_or_exceeds_its_width(text: str, width: int) -> None:
    shown = escaped(text, width)
    assert shown.isprintable()
    assert columns_of(shown) <= width
    assert shown.endswith("…") or shown == escaped(text)


def columns_of(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in {"Mn", "Me"} for char in text)


def test_a_time_is_shown_to_the_minute() -> None:
    assert short_time("2026-11-28T05:10:11.123Z") == "2026-11-28 05:10"
    assert short_time("2026-11-28 05:10:11") == "2026-11-28 05:10"
    assert short_time("soon\n") == r"soon\n"
    assert short_time(None) == ""


# Tables


def test_columns_are_aligned_by_display_width_and_numbers_are_right_aligned() -> None:
    rows = [(5, "名前", "x"), (120, "Ana", None), (7, "e\u0301", "\x1b")]
    assert table(("TRIP", "NAME", "NOTE"), rows) == [
        "  TRIP  NAME  NOTE",
        "     5  名前  x",
        "   120  Ana",
        "     7  e\u0301     \\x1b",
    ]


def test_a_column_without_values_is_left_out() -> None:
    assert table(("A", "B", "C"), [(1, None, "x"), (2, "", "y")])[0] == "  A  C"


def test_long_text_is_truncated_with_an_ellipsis() -> None:
    (_, row) = table(("NAME", "NOTE"), [("n" * 500, "t" * 500)])
    assert row == f"  {'n' * 47}…  {'t' * 99}…"


def test_a_table_shows_twenty_rows_and_says_how_many_more() -> None:
    assert MAX_ROWS == 20
    assert len(table(("N",), [(n,) for n in range(20)])) == 21
    lines = section("Numbers", ("N",), [(n,) for n in range(23)])
    assert lines[:3] == ["", "Numbers: 23", "   N"]
    assert lines[-2:] == ["  19", "  3 more (use --json to see all)"]
    assert section("Numbers", ("N",), []) == []


def test_a_line_is_truncated_to_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    assert table(("NOTE",), [("t" * 30,)])[1] == f"  {'t' * 17}…"


# Commands


def test_the_check_prints_one_aligned_table_per_kind(path: Path) -> None:
    look(path, "UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", '[{"name":"Guest"}, 7]', EMPTY)
    quarantine(path, '{"email": "ana@example.net"}')
    assert said(path, "check") == (
        "Consistent: both stores hold the same assignments.\n"
        "\n"
        "Trips              3\n"
        "Assignments        2\n"
        "Drift              0\n"
        "Shared e-mails     0\n"
        "Unlinked entries   2\n"
        "Quarantined texts  1\n"
        "Orphaned rows      0\n"
        "Other faults       0\n"
        "\n"
        "Unlinked entries, kept in the JSON because no client has their e-mail: 2\n"
        "  TRIP  POSITION  ENTRY\n"
        '     3         0  {"name":"Guest"}\n'
        "     3         1  7\n"
        "\n"
        "Quarantined texts, moved out of the JSON: 1\n"
        "  ID  TRIP  SINCE (UTC)       REASON        TEXT\n"
        '   1     1  2026-11-28 05:10  not an array  {"email": "ana@example.net"}\n'
    )


def test_the_check_prints_twenty_findings_of_a_kind_and_json_prints_all(path: Path) -> None:
    quarantine(path, *(f"text {number}" for number in range(25)))
    report = said(path, "check")
    assert report.count("not an array") == 20
    assert report.splitlines()[-1] == "  5 more (use --json to see all)"
    assert len(json.loads(said(path, "check", "--json"))["quarantined"]) == 25


def test_quarantined_text_cannot_forge_a_line_of_a_report(path: Path) -> None:
    quarantine(path, HOSTILE)
    look(path, "UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps([{"name": HOSTILE}]), EMPTY)
    look(path, "DROP TRIGGER trg_trip_client_assignments_delete")
    look(path, "DELETE FROM trip_client_assignments WHERE trip_id = ?", KYOTO)
    for arguments, status in (
        (("check",), 1),
        (("repair",), 0),
        (("phase",), 0),
        (("phase", "advance"), 0),
        (("phase", "advance", "--apply"), 2),
    ):
        report = said(path, *arguments, status=status)
        assert all(line.isprintable() for line in report.split("\n")), report
        assert not [line for line in report.split("\n") if line.startswith("Consistent")]


def test_json_does_not_truncate_stored_text(path: Path) -> None:
    text = HOSTILE + "t" * 500
    quarantine(path, text)
    (finding,) = json.loads(said(path, "check", "--json"))["quarantined"]
    assert finding == {
        "kind": "quarantine",
        "quarantine_id": 1,
        "trip_id": 1,
        "raw_text": text,
        "reason": "not an array",
        "quarantined_at": "2026-11-28T05:10:11.123Z",
        "repair": "nothing: review the text by hand",
    }


def test_the_repair_plan_lists_the_location_kind_and_repair_of_each_finding(path: Path) -> None:
    look(path, "UPDATE trips_v2 SET trip_slug = NULL WHERE trip_id = ?", EMPTY)
    assert said(path, "repair") == (
        "Repair plan (--prefer union)\n"
        "\n"
        "Repairs: 1\n"
        "  WHERE   KIND          REPAIR\n"
        "  trip 3  slug_missing  give the trip a slug\n"
        "\n"
        "No changes made. Use --apply to run the repairs.\n"
    )


def test_faults_are_described_in_words(path: Path) -> None:
    look(path, "UPDATE trips_v2 SET primary_client_email = ? WHERE trip_id = ?", "gone\n@example.net", KYOTO)
    look(path, "DROP TRIGGER trg_trip_client_assignments_delete")
    report = said(path, "check")
    assert "trigger trg_trip_client_assignments_delete  missing\n" in report
    assert 'trip 1                                      no client has the e-mail "gone\\n@example.net"\n' in report


def test_the_phase_report_lists_writes_of_old_code(path: Path) -> None:
    look(path, "UPDATE direct_json_writes SET day = '2026-11-28', last_at = '2026-11-28T05:10:11.123Z', writes = 4")
    report = said(path, "phase")
    assert report.startswith("Phase:            dual_write (epoch ")
    assert "  DAY         TRIP  WRITES  LAST (UTC)\n" in report
    assert "  2026-11-28     1       4  2026-11-28 05:10\n" in report


def test_the_statistics_list_the_calls_of_each_operation_under_their_total(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO call_counts VALUES (strftime('%Y-%m-%dT%H', 'now'), ?, ?, 5, ?, 0.004)",
            [("get_anything", "ok", 3), ("find\nme", "not_found", 1)],
        )
    assert said(path, "stats", "--no-check").splitlines()[-4:] == [
        "  OPERATION     CALLS  SUCCESS  P50 MS  P95 MS  P99 MS  FAILURES",
        "  all               4   75.00%     ≤ 5     ≤ 5     ≤ 5  1 not_found",
        "  get_anything      3  100.00%     ≤ 5     ≤ 5     ≤ 5",
        "  find\\nme          1    0.00%     ≤ 5     ≤ 5     ≤ 5  1 not_found",
    ]
