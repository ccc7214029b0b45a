"""Proposals: what they say of a trip and never say, their versions and files, and hostile templates and texts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import json
import os
import re
import socket
import sys
import time
import zlib
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any

import icalendar
import pytest
from desk import ANA, BANFF, BEN, EMPTY, ERAS, KYOTO, Desk, Era, each_era, new_desk, op, voygen

from database.embedded import open_database
from database.markup import without_person
from database.redaction import Identity, Traces
from migrations.check import check
from tools.answers.errors import Unavailable
from tools.proposals import files, page_child, rendering
from tools.proposals.agency import InvalidAgency, read_agency
from tools.proposals.gathering import amount, recorded
from tools.proposals.house import House
from tools.proposals.pages import UnsafePage, sealed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PDF = pytest.mark.skipif(not rendering.makes_pdf(), reason="makes no PDF: WeasyPrint is not installed")

# Texts that mean something in HTML, CSS, calendars or to the eye, each of which a proposal shows as it is.
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=a> & {{ 7*7 }} \\ ; , \N{GRINNING FACE}'
TURNED = "safe\u202egnp.exe\u2066"

# What is only for the team, under keys as old databases have them.
SECRETS = ("SECRET-COMMISSION", "SECRET-NOTE", "SECRET-PASSPORT", "SECRET-NET", "SECRET-WORK", "SECRET-CALL")

TEXTS = {
    "prices": [{"label": "Ryokan", "amount": "4200.10"}, {"label": "Trains", "amount": 2199.9, "unit": "per person"}],
    "included": ["Breakfast", HOSTILE],
    "excluded": ["Insurance"],
    "terms": ["Held until the deposit arrives."],
    "valid_until": "2999-12-31",
}


async def planned(desk: Desk) -> None:
    """Plan the trip to Kyoto: with people of all kinds, an itinerary, a payment plan, and what is not for clients."""
    await desk.do(
        KYOTO,
        op("assign_client", email=BEN, role="payer"),
        op("assign_client", full_name="Dora Vance", new_client=True),
        op("assign_client", full_name="Dora Vance", email="dora@example.net"),
        op("assign_client", email="dora@example.net", role="guide"),
        op("add_note", note="SECRET-NOTE"),
        op("add_note", note="Bring good shoes.", audience="clients"),
        op("add_activity", details="SECRET-CALL"),
        op("set_day", date="2026-10-03", title=HOSTILE),
        op(
            "add_schedule_item", date="2026-10-03", title="Tea ceremony", start_time="16:30", end_time="18:00", price=80
        ),
        op("add_schedule_item", date="2026-10-04", title="Walk, off the map; with a guide", notes="SECRET-NET"),
        op("add_stay", name="Ryokan Aoi", city="Kyoto", check_in="2026-10-03", check_out="2026-10-06", price=4711),
        op("add_stay", name="Nara Inn", check_in="2026-10-06", check_out="2026-10-12", confirmation="NI-7"),
        op(
            "add_transport",
            **{"type": "flight", "number": "JL 44", "from": "London", "to": "Osaka"},
            depart="2026-10-03T09:05",
            arrive="2026-10-04T06:25",
            confirmation="QX7",
        ),
        op("set_payment_plan", due=[{"date": "2026-09-01", "amount": 6400, "label": "All of it"}]),
    )
    await desk.call("advance_workflow_phase", trip_identifier=KYOTO, new_phase="proposal", notes="SECRET-WORK")
    await desk.call("update_client", email=ANA, travel_docs={"passport": "SECRET-PASSPORT"})
    stays = desk.json("accommodations", KYOTO)
    stays[0] |= {"commission": "SECRET-COMMISSION", "net_rate": "SECRET-NET", "stars": 5}
    people = [*desk.json("clients", KYOTO), {"email": "stranger@example.net"}, {"role": "traveler"}]
    desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(people), KYOTO)
    days = desk.json("schedule", KYOTO)
    days[0]["description"] = TURNED
    financials = desk.json("financials", KYOTO) | {"commission": "SECRET-COMMISSION"}
    update = "UPDATE trips_v2 SET schedule = ?, accommodations = ?, financials = ? WHERE trip_id = ?"
    desk.sql(update, json.dumps(days), json.dumps(stays), json.dumps(financials), KYOTO)


async def make(desk: Desk, trip: object = KYOTO, **more: Any) -> dict[str, Any]:
    return await desk.call("generate_proposal", trip_identifier=trip, **more)


async def read(desk: Desk, uri: str) -> bytes:
    (content,) = (await desk.client.read_resource(uri)).contents
    text = getattr(content, "text", None)
    return base64.b64decode(content.blob) if text is None else text.encode()  # type: ignore[union-attr]


def hidden_files(folder: Path) -> list[Path]:
    return list(folder.glob(".*"))


def inflated(pdf: bytes) -> bytes:
    """The streams of a PDF, decompressed."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    return b"".join(zlib.decompress(one) if one[:1] == b"x" else one for one in streams)


def text_of_page(page: bytes) -> str:
    """Return what a reader sees of a page, with spaces between its parts."""
    body = re.sub(r"<style>.*?</style>", "", page.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@each_era
async def test_a_proposal_says_what_is_recorded_for_clients_and_nothing_else(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await planned(desk)
        for template in ("standard", "journal"):
            made = await make(desk, template=template, formats=["html", "ics"], **TEXTS)
            page, calendar = [await read(desk, file["uri"]) for file in made["files"]]
            shown = text_of_page(page)
            for expected in (
                *("Lima in Kyoto", "Kyoto, Nara", "3 October 2026", "12 October 2026", "Ana Lima", "Dora Vance"),
                *("Tea ceremony", "16:30", "09:05", "JL 44", "London to Osaka", "Ryokan Aoi", "3 nights", "Nara Inn"),
                *("Bring good shoes.", "4,200.10", "2,199.90", "6,400.00", "USD", "per person", "All of it"),
                *("1 September 2026", "Insurance", "Held until the deposit arrives.", "31 December 2999", HOSTILE),
                *(f"version {made['version']}", "Total for 3 travelers", "Ana Lima, Dora Vance and Dora Vance"),
            ):
                assert expected.casefold() in shown.casefold(), (template, expected)
            stored = desk.sql("SELECT snapshot || html FROM trip_proposals")
            assert not any(secret in text for secret in SECRETS for (text,) in stored)
            for absent in (
                "Ben Ode",
                "stranger",
                "4711",
                "80.00",
                "stars",
                "\u202e",
                "\u2066",
                "at leisure",
                "no plan",
            ):
                assert absent.casefold() not in page.decode().casefold(), (template, absent)
            assert not any(secret.encode() in calendar for secret in SECRETS)
            assert "<script>alert" not in page.decode()
            assert b"default-src 'none'" in page


async def test_a_calendar_is_valid_and_has_floating_local_times(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await planned(desk)
        await desk.do(KYOTO, op("rename_trip", new_name=HOSTILE + "\N{CJK UNIFIED IDEOGRAPH-4EAC}" * 60))
        made = await make(desk, formats=["ics"])
        content = await read(desk, made["files"][1]["uri"])
        # Another version changes the events in a traveler's calendar, rather than adding others.
        again = await read(desk, (await make(desk, formats=["ics"], terms=["New"]))["files"][1]["uri"])
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    parse: Any = icalendar.Calendar.from_ical
    calendar, later = parse(content), parse(again)
    assert calendar.errors == []
    events = {str(event["SUMMARY"]).split(",")[0]: event for event in calendar.events}
    assert {str(event["UID"]) for event in calendar.events} == {str(event["UID"]) for event in later.events}
    assert [int(event["SEQUENCE"]) for event in (calendar.events[0], later.events[0])] == [1, 2]
    assert str(calendar.events[0]["SUMMARY"]).startswith(HOSTILE)
    tea, walk, flight, stay = (events[name] for name in ("Tea ceremony", "Walk", "Flight JL 44", "Nara Inn"))
    assert (tea["DTSTART"].dt.isoformat(), tea["DTEND"].dt.isoformat()) == (
        "2026-10-03T16:30:00",
        "2026-10-03T18:00:00",
    )
    assert flight["DTEND"].dt.isoformat() == "2026-10-04T06:25:00"
    assert str(flight["DESCRIPTION"]) == "Confirmation QX7\nArrives 2026-10-04 06:25, local time"
    assert str(walk["SUMMARY"]) == "Walk, off the map; with a guide"
    assert [stay[name].dt.isoformat() for name in ("DTSTART", "DTEND")] == ["2026-10-06", "2026-10-12"]


@PDF
async def test_a_pdf_is_tagged_and_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    async with new_desk(tmp_path, house=House(proposals_dir=tmp_path)) as desk:
        await planned(desk)
        made = await make(desk, formats=["pdf"], **TEXTS)
        page, printed = made["files"]
        for file in (page, printed):
            content = await read(desk, file["uri"])
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
            assert (tmp_path / file["path"]).read_bytes() == content
        assert hidden_files(tmp_path) == []
        content = (tmp_path / printed["path"]).read_bytes()
        structure = inflated(content)
        assert all(word in structure for word in (b"/MarkInfo", b"/Lang (en)", b"pdfuaid:part"))
        document: Any = import_module("pypdfium2").PdfDocument(content)
        assert document.is_tagged()
        assert "Tea ceremony" in "".join(page.get_textpage().get_text_bounded() for page in document)
        assert document.get_metadata_dict()["Title"] == "Lima in Kyoto: proposal"


async def test_where_no_pdf_can_be_made_one_sentence_says_how_to_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    async with new_desk(tmp_path) as desk:
        assert (await desk.call("list_templates"))["makes_pdf"] is False
        made = await make(desk, formats=["pdf"])
        assert [file["format"] for file in made["files"]] == ["html"]
        assert "print it to PDF" in made["warnings"][-1]
        assert "print it to PDF" in (await desk.call("list_templates"))["message"]
        with pytest.raises(Exception, match="print it to PDF"):
            await read(desk, f"proposal://{KYOTO}/1.pdf")


async def test_what_does_not_add_up_or_has_passed_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    lines: Sequence[tuple[dict[str, Any], Sequence[str]]] = (
        ({"prices": [{"label": "All", "amount": 6400.01}]}, ("6400.01", "6400.00")),
        ({"prices": [{"label": "One", "amount": 0.1}, {"label": "Two", "amount": 6399.8}]}, ("6399.90",)),
        ({"prices": [{"label": "All", "amount": 6400, "currency": "EUR"}]}, ("EUR", "USD")),
        ({"prices": [{"label": "All", "amount": -6400}]}, ("prices",)),
        ({"valid_until": "2020-01-01"}, ("2020-01-01", "has passed")),
        ({"valid_until": "2026-02-30"}, ("valid_until",)),
        ({"template": "../standard"}, ("journal, standard",)),
        ({"template": "_parts"}, ("journal, standard",)),
        ({"formats": ["docx"]}, ("formats",)),
        ({"commission": 3}, ("commission",)),
    )
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        for arguments, expected in lines:
            error = await desk.refused("generate_proposal", trip_identifier=KYOTO, **arguments)
            assert all(word in error for word in expected), error
        assert desk.everything() == before
        # Three times a tenth is three tenths, which floats deny.
        await desk.do(BANFF, op("update_cost", cost=0.3))
        await make(desk, BANFF, prices=[{"label": str(at), "amount": 0.1} for at in range(3)])


async def test_a_version_is_kept_and_made_again_only_if_something_changed(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("advance_workflow", phase="revision"))
        lacking = "There is no proposal: make one with generate_proposal, or add one with add_document."
        assert lacking in (await desk.call("continue_trip", search_query=str(KYOTO)))["missing"]
        first = await make(desk, idempotency_key="k")
        assert lacking not in (await desk.call("continue_trip", search_query=str(KYOTO)))["missing"]
        assert (first["version"], first["unchanged"], first["replayed"]) == (1, False, False)
        before = desk.everything()
        again = await make(desk)
        assert (again["version"], again["unchanged"], again["files"]) == (1, True, first["files"])
        replayed = await make(desk, idempotency_key="k")
        assert replayed == {**first, "replayed": True}
        assert desk.everything() == before
        await desk.do(KYOTO, op("add_note", note="For the team."))
        assert (await make(desk))["unchanged"]
        page = await read(desk, first["files"][0]["uri"])
        desk.sql("DELETE FROM trip_proposals")
        assert (await make(desk))["files"] == first["files"]
        await desk.do(KYOTO, op("update_cost", cost=7000))
        second = await make(desk)
        assert (second["version"], second["unchanged"], second["total"]) == (2, False, 7000)
        assert (await make(desk, template="journal"))["version"] == 3
        assert await read(desk, "proposal://lima-in-kyoto/1.html") == page
        entries = [entry["details"] for entry in (await desk.whole(KYOTO))["recent_activity"]]
        assert "Version 3 of the proposal, journal" in entries
        assert (await desk.call("preview_proposal", trip_identifier=KYOTO))["last_version"] == 3
        both = await asyncio.gather(make(desk, BANFF), make(desk, BANFF, template="journal"))
        assert sorted(one["version"] for one in both) == [1, 2]


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_links_its_files_in_both_eras(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        result = await desk.client.call_tool("generate_proposal", {"trip_identifier": str(KYOTO), "formats": ["ics"]})
        links = [block for block in result.content if block.type == "resource_link"]
        assert [(link.uri, link.mime_type) for link in links] == [
            (f"proposal://{KYOTO}/1.html", "text/html"),
            (f"proposal://{KYOTO}/1.ics", "text/calendar"),
        ]
        assert [len(await read(desk, link.uri)) for link in links] == [link.size for link in links]
        for missing in (f"proposal://{KYOTO}/9.html", "proposal://none/1.ics", f"proposal://{KYOTO}/1%27.html"):
            with pytest.raises(Exception, match="no such version"):
                await read(desk, missing)


async def test_a_preview_tells_what_is_missing_and_writes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        shown = await desk.call("preview_proposal", trip_identifier=EMPTY, template="journal")
        assert desk.everything() == before
        assert (shown["title"], shown["people"], shown["total"], shown["last_version"]) == ("Nobody yet", 0, 0, None)
        told = " ".join(shown["missing"])
        for expected in ("Nobody travels yet.", "No cost is recorded.", "Days without a plan", "Nights without a stay"):
            assert expected in told
        await planned(desk)
        told = " ".join((await desk.call("preview_proposal", trip_identifier=KYOTO))["missing"])
        assert "2026-10-05" in told
        assert "Nights" not in told
        await desk.do(KYOTO, op("update_cost", cost=6500))
        told = " ".join((await desk.call("preview_proposal", trip_identifier=KYOTO))["missing"])
        assert "adds up to 6400.00, not to 6500.00" in told


SHAPES: dict[str, dict[str, Any]] = {
    "texts": {"schedule": "see the mail", "accommodations": "a hotel", "transportation": "by car", "notes": "none"},
    "numbers": {"schedule": "7", "accommodations": "[1, null, true]", "transportation": "{}", "notes": "[[]]"},
    "broken": {"schedule": "[{", "accommodations": "{", "transportation": "\x00", "financials": "[]", "start_date": 5},
    "halves": {"schedule": '[{"title": "\\ud83d", "activities": ["\\udc00 x"]}]', "destinations": b"\xff\xfe"},
    "a very long trip": {"schedule": json.dumps([{"day_number": at, "title": "D" * 3000} for at in range(1, 76)])},
    "beyond the calendar": {"start_date": "9999-12-01", "end_date": "9999-12-31"},
}


async def test_a_trip_in_any_shape_makes_a_proposal(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for number, columns in enumerate(SHAPES.values(), 1):
            assignments = ", ".join(f"{column} = ?" for column in columns)
            desk.sql(f"UPDATE trips_v2 SET {assignments} WHERE trip_id = ?", *columns.values(), KYOTO)
            made = await make(desk, formats=["html", "ics"])
            assert (made["version"], made["files"][0]["bytes"] > 1000) == (number, True)


TEMPLATES = {
    "attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a method of the context": "{{ trip.__init__.__globals__ }}",
    "the globals of a macro": "{% macro a() %}{% endmacro %}{{ a.__call__.__globals__ }}",
    "a format string": "{{ '{0.__class__}'.format(trip) }}",
    "itself": '{% include "own" %}',
    "a large page": "{% for a in range(3000) %}{{ 'x' * 1000 }}{% endfor %}",
    "a file": '{% include "/etc/passwd" %}',
    "a file beside it": '{% include "../secret.html" %}',
    "an unknown field": "{{ trip.commission }}",
    "a syntax error": "{% for %}",
    "a change of the trip": "{% set _ = trip.travelers.append('x') %}",
    "a division": "{{ 1 / 0 }}",
    "something random": "{{ lipsum() }}",
    "an address in memory": "{{ trip.name.upper }}",
    "a generator": "{{ trip.travelers|map('upper') }}",
    "the whole trip": "{{ trip }}",
}

# What only the end of the process stops, and what only it can keep from a template.
ENDLESS = {
    "a loop without end": "<head>{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a huge text": "<head>{{ 'x' * 10**9 }}",
    "a file": '<head>{% include "../secret.html" %}',
    "a page that takes long to check": "<head></head>{% for a in range(900) %}{{ '<div>'|safe * 200 }}{% endfor %}",
    "a number of a booking": "<head></head>{% for a in trip.stays %}{{ a.confirmation }}{% endfor %}",
}

ONE_NIGHT = {"check_out": "2026-10-07", "confirmation": "SECRET-NUMBER"}

PAGES = {
    "no head": "<p>x",
    "a head in a comment": "<!-- <head> --><p>x",
    "an animated link": '<head><svg><a><set attributeName="href" to="javascript:x()"/></a></svg>',
    "a picture": '<head><img src="http://127.0.0.1:{port}/p.png">',
    "a picture by css": "<head><style>body{background:\\75rl(http://127.0.0.1:{port}/)}</style>",
    "an import by css": '<head><style>@im/**/port "http://127.0.0.1:{port}/";@import "x";</style>',
    "a style attribute": '<head><p style="background:url(//127.0.0.1:{port}/)">',
    "a file by css": "<head><style>@font-face{font-family:a;src:url(file:///etc/passwd)}</style>",
    "a link": '<head><link rel="stylesheet" href="http://127.0.0.1:{port}/">',
    "a script": "<head><script>fetch('/')</script>",
    "an event": '<head><p onclick="x()">',
    "a frame": '<head><iframe srcdoc="x"></iframe>',
    "an svg": '<head><svg><image xlink:href="http://127.0.0.1:{port}/"/></svg>',
    "an address that runs": '<head><a href="javascript:x()">x</a>',
    "css between marks of comments in strings": (
        '<head><style>a{content:"/*";background:url(http://127.0.0.1:{port}/);quotes:"*/"}</style>'
    ),
    "an escape that ends with two letters": '<head><p style="background:\\75&#13;&#10;rl(http://127.0.0.1:{port}/)">',
    "a fill of svg": '<head><svg><rect fill="url(http://127.0.0.1:{port}/#a)"/></svg>',
    "an attribution": '<head><a href="https://x.example" attributionsrc>x</a>',
    "an element with a long name": f'<head><p><x\u202e{"x" * 9000} src="x">',
    "no policy": '<!-- <head> --><head><title http-equiv="x">a</title>',
    "another encoding": '<head><meta charset="iso-2022-jp">',
    "a refresh": '<head><meta http-equiv="refresh" content="0;url=http://127.0.0.1:{port}/">',
}


@pytest.mark.parametrize("what", PAGES)
def test_a_page_that_loads_runs_or_sends_something_is_refused(what: str) -> None:
    with pytest.raises(UnsafePage) as refused:
        sealed(PAGES[what].replace("{port}", "80"))
    assert len(str(refused.value)) < 200
    assert "\u202e" not in str(refused.value)


@pytest.mark.parametrize("what", TEMPLATES)
def test_the_sandbox_refuses_what_a_template_must_not_do(what: str) -> None:
    trip = {"name": "Lima", "travelers": ["Ana"]}
    told = page_child.filled(page_child.sandbox({"own": f"\n{TEMPLATES[what]}"}), "own", {"trip": trip}, 100_000)
    assert told.keys() <= {"problem", "line"}, told
    assert told.get("line") in {None, 2}, told
    assert told["problem"]


async def test_a_hostile_template_gets_an_error_and_never_a_file_or_a_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "PAGE_CPU_SECONDS", 1)
    folder = tmp_path / "templates"
    folder.mkdir()
    (tmp_path / "secret.html").write_text("SECRET-NOTE")
    (folder / "leads-out.html").symlink_to(tmp_path / "secret.html")
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(0)
        port = listening.getsockname()[1]
        async with new_desk(tmp_path, house=House(templates_dir=folder)) as desk:
            await desk.do(KYOTO, op("add_stay", name="Nara Inn", check_in="2026-10-06", **ONE_NIGHT))
            before = desk.everything()
            for what, template in (*ENDLESS.items(), ("a picture", PAGES["a picture"])):
                (folder / "own.html").write_text(template.replace("{port}", str(port)))
                error = await desk.refused("generate_proposal", trip_identifier=KYOTO, template="own")
                assert "template" in error, (what, error)
                assert "root:" not in error, (what, error)
                assert "SECRET" not in error, (what, error)
            assert desk.everything() == before
            listed = await desk.call("list_templates")
            assert [one["name"] for one in listed["templates"]] == ["journal", "own", "standard"]
            if rendering.makes_pdf():
                with pytest.raises(Unavailable, match="WeasyPrint fails"):
                    await rendering.pdf(PAGES["a picture"].replace("{port}", str(port)))
        with pytest.raises(BlockingIOError):
            listening.accept()


AGENCY = """
name = 'Fern & "Daughters" </style><script>'
advisor = "Ada Brandt"
email = "ada@fern.example"
color = "#f4c95d"
paper = "Letter"
logo = "logo.png"
terms = ["Our usual terms."]
"""


async def test_an_agency_sends_its_name_colors_logo_terms_and_own_templates(tmp_path: Path) -> None:
    folder, agency = tmp_path / "templates", tmp_path / "agency.toml"
    folder.mkdir()
    picture = b"\x89PNG\r\n\x1a\n" + bytes(20)
    (tmp_path / "logo.png").write_bytes(picture)
    agency.write_text(AGENCY)
    (folder / "_mine.html").write_text("{% macro day(value) %}{{ value|date('%d.%m.%Y') }}{% endmacro %}")
    (folder / "brief.html").write_text(
        '{# A letter in German. #}{% import "_mine.html" as mine %}<!doctype html><head><title>x</title></head>'
        "<p>{{ mine.day(trip.start) }}{{ '\\ud800' }} {{ agency.name }} <a href='https://fern.example'>hier</a>"
        '<p style="color:{{ agency.color }}">{{ trip.total|money }}'
    )
    async with new_desk(tmp_path, house=House(folder, agency)) as desk:
        listed = await desk.call("list_templates")
        assert {"name": "brief", "about": "A letter in German.", "own": True} in listed["templates"]
        own = await read(desk, (await make(desk, template="brief"))["files"][0]["uri"])
        assert own.count(b'<meta charset="utf-8">') == 1
        assert '03.10.2026\N{REPLACEMENT CHARACTER} Fern & "Daughters" </style><script> hier 6,400.00' in text_of_page(
            own
        )
        page = (await read(desk, (await make(desk))["files"][0]["uri"])).decode()
        assert f"data:image/png;base64,{base64.b64encode(picture).decode()}" in page
        assert "--accent: #f4c95d; --on-accent: #1d2126" in page
        assert "Our usual terms." in page
        assert "@page { size: Letter;" in page
        assert page.count("</style>") == 1
        agency.write_text("colour = 'red'")
        assert "no colour" in await desk.refused("generate_proposal", trip_identifier=KYOTO)
    started = voygen("serve", "--db", tmp_path / "voygen.db", "--agency-file", agency)
    assert (started.returncode, "The agency file has no colour" in started.stderr) == (2, True), started.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('color = "red"', "color such as"),
        ("name = 3", "name in the agency file is invalid"),
        ('logo = "agency.toml"', "is no PNG or JPEG file"),
        ('logo = "../none.png"', "none.png of the agency cannot be read"),
        ("x", "is not TOML"),
        ("x = " + "[" * 40_000, "is not TOML"),
        ('logo = "a\\u0000b"', "cannot be read"),
    ],
)
def test_an_agency_file_that_cannot_be_used_is_refused_with_what_to_change(
    tmp_path: Path, text: str, expected: str
) -> None:
    agency = tmp_path / "agency.toml"
    agency.write_text(text)
    with pytest.raises(InvalidAgency, match=expected):
        read_agency(agency)


async def test_proposals_survive_a_deletion_and_a_replacement_of_their_trip(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await make(desk)
        await make(desk, BANFF)
        versions = "SELECT trip_id, version FROM trip_proposals ORDER BY proposal_id"
        deleted = await desk.call("delete_trip", trip_identifier=KYOTO, confirm_trip_name="Lima in Kyoto")
        with pytest.raises(Exception, match="no such version"):
            await read(desk, f"proposal://{KYOTO}/1.html")
        await desk.call("restore_deleted", orphan_id=deleted["orphan_id"])
        assert await read(desk, f"proposal://{KYOTO}/1.html")
        assert (await make(desk))["unchanged"]
        desk.sql("UPDATE OR REPLACE trips_v2 SET trip_id = ? WHERE trip_id = ?", BANFF, KYOTO)
        assert desk.sql(versions) == [(BANFF, 1), (KYOTO, 1)]
        desk.sql("CREATE UNIQUE INDEX slugs ON trips_v2 (trip_slug)")
        replace = "INSERT OR REPLACE INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES ('N', ?, ?, ?)"
        desk.sql(replace, "lima-in-kyoto", "2026-10-03", "2026-10-12")
        ((new_id,),) = desk.sql("SELECT trip_id FROM trips_v2 WHERE trip_slug = 'lima-in-kyoto'")
        assert desk.sql(versions) == [(new_id, 1), (KYOTO, 1)]
        assert desk.sql("SELECT * FROM replaced_trip_proposals") == []
    async with await open_database(tmp_path / "voygen.db") as db:
        assert (await check(db)).faults == []


async def test_an_erased_client_is_named_by_no_version_any_more(tmp_path: Path) -> None:
    name, email = "Zoë O'Brien-Lövgren", "zoe.o@example.net"
    async with new_desk(tmp_path) as desk:
        await desk.call("create_client_v2", email=email, full_name=name)
        await desk.do(KYOTO, op("assign_client", email=email, role="primary_traveler"))
        await desk.do(KYOTO, op("set_day", date="2026-10-03", title=f"With {name} <{email}> at <sea>"))
        await make(desk, idempotency_key="k", included=[f"A cake for {name}"])
        await make(desk, template="journal")
        await make(desk, BANFF, terms=[f"{name} pays by the 3rd."])
        desk.sql(
            "UPDATE trip_proposals SET html = replace(html, '<h2>', '<h2 title=\"Zo&euml; O&#39;Brien-L&ouml;vgren\">')"
        )
        await make(desk, EMPTY)
        assert len(re.findall("Brien", "\n".join(desk.everything()))) > 6
        erased = await desk.call("erase_client", client=email, confirm_name=name, dry_run=False)
        assert erased["records"]["trip_proposals"] >= 6
        rows = [line for line in desk.everything() if line.startswith('"trip_proposals"')]
        assert len(rows) == 4
        assert not any(word in html.unescape(line) for line in rows for word in ("Brien", "vgren", email))
        assert [line for line in erased["remaining"] if "files of its proposals" in line]
        page = text_of_page(await read(desk, f"proposal://{KYOTO}/1.html"))
        assert "Prepared for Erased client" in page
        assert "With Erased client <erased> at <sea>" in page
        # The version is not the one that the same call would make now.
        assert not (await make(desk, included=["A cake for Erased client"]))["unchanged"]


@pytest.mark.parametrize(
    ("thousandths", "currency", "expected"),
    [
        (1_234_500, "USD", "1234.50"),
        (1_234_500, "KWD", "1234.500"),
        (1_234_567, "KWD", "1234.567"),
        (-5_000, "TND", "-5.000"),
        (1_234_000, "JPY", "1234"),
        (1_234_500, "JPY", "1234.50"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(thousandths: int, currency: str, expected: str) -> None:
    assert amount(thousandths, currency) == expected


@pytest.mark.parametrize(("start", "number"), [("<", 150_000), ("<!--", 100_000), ("<style>", 20_000), ("<p '", 9_000)])
def test_a_person_is_found_at_once_in_a_page_whose_tags_never_end(start: str, number: int) -> None:
    traces = Traces(Identity({"Ana Lima"}))
    began = time.process_time()
    assert "Lima" not in without_person(f"<p>Ana Lima</p>{start * number}", traces)
    assert time.process_time() - began < 15  # seconds; it took minutes
    assert "Lima" not in without_person(f"<p>x</p>{start * 3}Ana Lima", traces)


def test_files_of_a_call_that_was_killed_are_removed_by_a_later_one(tmp_path: Path) -> None:
    path = tmp_path / "lima-in-kyoto-1-v1.html"
    killed = files.write({path: b"Ana Lima"})
    (left,) = killed.waiting
    at_work = files.write({path: b"Ana Lima"})
    for other in (left, path, tmp_path / ".notes-1-v1.html"):
        other.touch()
        os.utime(other, (0, 0))
    files.write({tmp_path / "ode-in-banff-2-v1.html": b"Ben Ode"}).keep()
    names = {one.name for one in tmp_path.iterdir()}
    assert names == {one.name for one in at_work.waiting} | {path.name, ".notes-1-v1.html", "ode-in-banff-2-v1.html"}


UNSEEN = "SECRET-NET"

HELD = [{"name": "Inn", "check_in": "2026-10-03", "net_rate": UNSEEN}]

# What is only for the team, in texts that other programs stored where a name or a list belongs.
LEGACY: dict[str, dict[str, Any]] = {
    "json inside json": {"accommodations": json.dumps(json.dumps(HELD))},
    "json twice inside json": {"accommodations": json.dumps(json.dumps(json.dumps(HELD)))},
    "json that was cut off": {"accommodations": json.dumps(HELD)[:-2]},
    "the second half of json": {"accommodations": json.dumps(HELD)[4:]},
    "a list of json": {"accommodations": json.dumps([json.dumps(HELD[0])])},
    "another language's data": {"accommodations": str(HELD)},
    "items as json": {"schedule": json.dumps([{"date": "2026-10-03", "activities": json.dumps(HELD)}])},
    "places as json": {"destinations": json.dumps(["Kyoto", {"city": "Nara", "net": UNSEEN}])},
    "places by name": {"destinations": json.dumps({"Kyoto": {"net": UNSEEN}})},
    "a name as json": {"trip_name": json.dumps({"name": "Kyoto", "net": UNSEEN})},
    "a shared note for the team": {"notes": json.dumps([{"note": UNSEEN, "shared": True, "audience": "team"}])},
    "cancelled stays": {
        "accommodations": json.dumps(
            [{"name": UNSEEN, "cancelled": True}, {"name": UNSEEN, "booking_status": "Cancelled: by the hotel"}]
        )
    },
    "a cancelled day": {
        "schedule": json.dumps([{"date": "2026-10-03", "title": UNSEEN, "status": "canceled", "activities": [UNSEEN]}])
    },
}


async def test_what_is_only_for_the_team_stays_out_in_any_stored_shape(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        columns = sorted({column for shape in LEGACY.values() for column in shape})
        (before,) = desk.sql(f"SELECT {', '.join(columns)} FROM trips_v2 WHERE trip_id = ?", KYOTO)
        update = f"UPDATE trips_v2 SET {', '.join(f'{one} = ?' for one in columns)} WHERE trip_id = ?"
        for what, shape in LEGACY.items():
            desk.sql(update, *(dict(zip(columns, before, strict=True)) | shape).values(), KYOTO)
            trip = (await recorded(desk.db, KYOTO)).trip
            assert UNSEEN not in trip.model_dump_json(), what
            assert "places" not in what or trip.destinations in {"Kyoto", ""}


async def test_entries_with_words_as_times_and_repeated_ids_are_events_of_a_calendar(tmp_path: Path) -> None:
    times = [("10+02", "12:00"), ("T101010Z", "12:00"), ("10:00", "T12Z"), ("25:99", "evening"), ("09:15", "10:00")]
    items = [{"title": f"[Optional] {start}", "start_time": start, "end_time": end} for start, end in times]
    # Entries with the same id, or with one that looks like a repeated id, are events of their own.
    for item, own in zip(items, ("1", "1", "1-2", "1_2", "1"), strict=True):
        item["id"] = own
    async with new_desk(tmp_path) as desk:
        schedule = json.dumps([{"date": "2026-10-03", "activities": items}])
        desk.sql("UPDATE trips_v2 SET schedule = ? WHERE trip_id = ?", schedule, KYOTO)
        content = await read(desk, (await make(desk, formats=["ics"]))["files"][1]["uri"])
    assert content.count(b"SUMMARY:[Optional]") == len(times)
    assert re.findall(rb"^DT(?:START|END)\S*", content, re.MULTILINE).count(b"DTSTART:20261003T091500") == 1
    assert b"TZID" not in content
    uids = re.findall(rb"^UID:(\S+)", content, re.MULTILINE)
    assert len(set(uids)) == len(uids) == len(times) + 1
