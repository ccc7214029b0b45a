"""Pages and text become lines as a person sees them, and structured data in one shape."""

from __future__ import annotations

import base64
import codecs
import json
from typing import Any

import pytest
from papers import PAGE, SAMPLES, TEXT
from selectolax.lexbor import LexborHTMLParser

from documents.errors import DocumentError
from documents.kinds import kind_of
from documents.markup import within_depth
from documents.model import Document, Kind, Line
from documents.reading import read


def page(body: str, head: str = "") -> Document:
    return read(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), filename="page.html")


def shown(body: str, head: str = "") -> list[str]:
    return [line.text for line in page(body, head).lines]


def test_a_page_becomes_the_lines_that_a_person_sees() -> None:
    document = read(PAGE.encode())
    assert (document.kind, document.title, document.language) == (Kind.PAGE, "Your stay & more", "en-GB")
    assert document.lines == [
        Line("Home Trips", aside=True),
        Line("Harbour House", level=1),
        Line("Check-in: Tue 4 May 2027"),
        Line("from 15:00"),
        Line("Hidden: yes"),
        Line("Two nights", item=True),
        Line("Breakfast included", item=True),
        Line("Day Plan", cells=("Day", "Plan")),
        Line("4 May Arrival", cells=("4 May", "Arrival")),
        Line("5 May Boat trip 10:30", cells=("5 May", "Boat trip 10:30")),
        Line("Call us 9:00-17:00", aside=True),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='display:none'>no</div>",
        "<div style='color:red; DISPLAY : NONE !important'>no<b>no</b></div>",
        "<div style='visibility:hidden'>no</div>",
        "<p hidden>no</p>",
        "<p hidden=until-found>no</p>",
        "<p aria-hidden=true>no</p>",
        "<!-- no -->",
        "<!--[if mso]><p>no</p><![endif]-->",
        "<script>no</script>",
        "<style>no</style>",
        "<template><p>no</p></template>",
        "<noscript>no</noscript>",
        "<s>no</s><del>no</del><strike>no</strike><span style='text-decoration:line-through'>no</span>",
        "<textarea>no</textarea><select><option>no</select><input value=no>",
        "<svg><title>no</title><text>no</text></svg>",
        "<dialog>no</dialog>",
        "<div class=gone>no</div>",
        "<div id=away>no</div>",
        "<div class='x gone'><p>no</p></div>",
        "<p style='position:absolute;left:-9999px'>no</p>",
    ],
)
def test_what_is_hidden_is_not_text(hidden: str) -> None:
    style = "<style>/* .yes{display:none} */ .gone, p.y {display:none} #away{color:red;visibility:hidden}</style>"
    assert shown(f"<p class=yes>before</p>{hidden}<p>after</p>", style) == ["before", "after"]


def test_what_a_style_sheet_shows_on_a_screen_is_text() -> None:
    style = "<style>.tab{display:none}.tab.on{display:block}@media print{.web{display:none}}.a{color:red}</style>"
    assert shown("<div class='tab on'>one</div><div class=web>two</div><dialog open>three</dialog>", style) == [
        "one",
        "two",
        "three",
    ]
    # Mails close gaps with font-size:0, and pages fade in.
    assert shown("<div style='font-size:0px'><p style='font-size:13px'>one</p></div>") == ["one"]
    assert shown("<div style='opacity:0;transform:translateY(9px)'>one</div>") == ["one"]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("one<br>two<br/><br>three", ["one", "two", "three"]),
        ("<div>one<div>two</div>three</div>", ["one", "two", "three"]),
        ("<p>one<p>two", ["one", "two"]),
        ("o<b>n</b>e <i>t</i>wo", ["one two"]),
        ("<span>12:30</span><span>13:40</span>", ["12:30 13:40"]),
        ("&euro;&nbsp;417<sup>50</sup>", ["€ 417 50"]),
        ("a\u200bb\u00adc &lt;d&gt; &#x1F6A2; \ufeff", ["abc <d> 🚢"]),
        ("<pre>one\n  two\nthree</pre>", ["one", "two", "three"]),
        ("<p style='white-space:pre-line'>one\ntwo</p>", ["one", "two"]),
        ("<p>one\ntwo</p>", ["one two"]),
        ("<span style='display:block'>one</span><span>two</span>", ["one", "two"]),
        ("<dl><dt>From<dd>Oslo<dt>To<dd>Bergen</dl>", ["From", "Oslo", "To", "Bergen"]),
        ("Cafe\u0301", ["Café"]),
        ("<details><summary>More</summary>inside</details>", ["More", "inside"]),
    ],
)
def test_blocks_break_lines_and_inline_elements_do_not(body: str, lines: list[str]) -> None:
    assert shown(body) == lines


def test_headings_have_levels_and_menus_and_footers_are_marked() -> None:
    document = page(
        "<header><h2>Trip</h2><ul role=menu><li>Home</ul></header><main><h3>Day <br>one</h3><footer>in main</footer>"
        "</main><article><footer>signed</footer></article><footer><p>imprint</p></footer>"
    )
    assert [(line.text, line.level, line.aside) for line in document.lines] == [
        ("Trip", 2, False),
        ("Home", 0, True),
        ("Day", 3, False),
        ("one", 3, False),
        ("in main", 0, False),
        ("signed", 0, False),
        ("imprint", 0, True),
    ]


def rows(body: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(line.text, line.cells) for line in page(body).lines]


def test_a_cell_that_reaches_over_rows_is_repeated_in_cells_and_not_in_text() -> None:
    assert rows(
        "<table><tr><td rowspan=2>Fri<td>08:00<td>Train<tr><td>15:00<td>Walk"
        "<tr><td colspan=2>Sat<td>Rest<tr><td>Sun<td>09:00<td>Home</table>"
    ) == [
        ("Fri 08:00 Train", ("Fri", "08:00", "Train")),
        ("15:00 Walk", ("Fri", "15:00", "Walk")),
        ("Sat Rest", ("Sat", "", "Rest")),
        ("Sun 09:00 Home", ("Sun", "09:00", "Home")),
    ]


def test_lines_beside_each_other_in_cells_are_rows() -> None:
    assert rows("<table><tr><td>Mon<td>10:00<br>12:00<td>Castle<br>Lunch</table>") == [
        ("Mon 10:00 Castle", ("Mon", "10:00", "Castle")),
        ("12:00 Lunch", ("Mon", "12:00", "Lunch")),
    ]


def test_the_cells_of_a_layout_follow_each_other() -> None:
    assert rows("<table><tr><td>one<br>two<br>three<td>four<br>five</table>") == [
        (text, ()) for text in ("one", "two", "three", "four", "five")
    ]
    assert rows("<table><tr><td><table><tr><td>Check-in<td>4 May</table><td><h2>Offers</h2><ul><li>a</ul></table>") == [
        ("Check-in 4 May", ("Check-in", "4 May")),
        ("Offers", ()),
        ("a", ()),
    ]


def test_a_page_that_scripts_would_build_is_unavailable_and_its_text_is_asked_for() -> None:
    for body in (
        "<div id=root></div><script src=/app.js></script>",
        "<noscript>Enable JavaScript</noscript><div>Loading…</div><script>start()</script>",
    ):
        with pytest.raises(DocumentError) as raised:
            page(body)
        assert (raised.value.code, "`text`" in raised.value.hint) == ("unavailable", True)
    # A page without scripts may be empty, and one with structured data tells something.
    assert page("").lines == []
    data = '<script type="application/ld+json">{"@type":"Event","name":"Fair"}</script>'
    assert page(data).nodes == [{"@type": "Event", "name": "Fair"}]
    assert shown("<p>Thank you.</p><script>track()</script>") == ["Thank you."]


UNITS = (
    "<div>",
    "<b><p>",
    "<b><div></b>",
    "<ul><li>",
    "<table><tr><td>",
    "<x-y></div>",
    "<svg><style><div>",
    "<p><b id={}>",
)


@pytest.mark.parametrize("unit", UNITS)
def test_the_tree_of_a_page_is_never_much_deeper_than_allowed(unit: str) -> None:
    text = "".join(unit.replace("{}", str(number)) for number in range(1_500)) + "x"
    node = LexborHTMLParser(within_depth(text, [])).root
    depths = [0]
    opened = [(node, 1)] if node else []
    while opened:
        node, depth = opened.pop()
        depths.append(depth)
        opened += [(child, depth + 1) for child in node.iter(include_text=False)]
    assert max(depths) < 800


def test_very_deep_and_crowded_elements_keep_their_text() -> None:
    attributes = " ".join(f"a{number}=1" for number in range(30_000))
    assert shown(f"<div {attributes}>one</div><p>two</p>") == ["one", "two"]
    deep = "<div>" * 600 + "<p>deep</p><script>no</script>" + "</div>" * 600 + "<p>flat</p>"
    assert shown(deep) == ["deep", "flat"]


def test_text_beyond_the_limit_is_left_out_and_said() -> None:
    document = page("<p>" + "word " * 50 + "</p>" + "<p>" * 3_000 + "<br>".join(["word " * 40] * 3_000))
    assert (sum(len(line.text) + 1 for line in document.lines) <= 400_000, document.left_out) == (
        True,
        ["The text beyond 400,000 characters."],
    )


LD = '<script type="application/ld+json">{}</script>'


@pytest.mark.parametrize(
    ("script", "nodes"),
    [
        ('{"@type":"Event","name":"A"}', [("Event", "A")]),
        (
            '[{"@type":"Event","name":"A"},[{"@type":["Thing","FoodEvent"],"name":"B"}]]',
            [("Event", "A"), ("FoodEvent", "B")],
        ),
        ('{"@graph":[{"@type":"http://schema.org/Event","name":"A"}]}', [("Event", "A")]),
        ('{"@type":"schema:Event","schema:name":"A"}', [("Event", "A")]),
        ('{"@type":"Event","name":{"@value":"A"},}', [("Event", "A")]),
        ('{"@type":"Event","name":"A"} {"@type":"Event","name":"B"};', [("Event", "A"), ("Event", "B")]),
        ('<!-- {"@type":"Event","name":"A"} -->', [("Event", "A")]),
        ('//<![CDATA[\n{"@type":"Event","name":"A"}\n//]]>', [("Event", "A")]),
        ("{&quot;@type&quot;:&quot;Event&quot;,&quot;name&quot;:&quot;A&quot;}", [("Event", "A")]),
        ('{"@type":"Event","name":"A\nB &amp; C\u200b"}', [("Event", "A B & C")]),
        ('{"name":"no type"}', []),
        ('"text"', []),
        ("", []),
    ],
)
def test_json_ld_is_read_in_all_its_forms(script: str, nodes: list[tuple[str, str]]) -> None:
    document = page("<p>text" + LD.replace("{}", script))
    assert [(node["@type"], node["name"]) for node in document.nodes] == nodes
    assert document.left_out == []


def test_broken_json_ld_is_said_and_what_is_whole_is_kept() -> None:
    for broken in ('{"@type":"Event","name":', "[" * 90_000, "{'@type': 'Event'}"):
        document = page("<p>text" + LD.replace("{}", broken) + LD.replace("{}", '{"@type":"Event","name":"A"}'))
        assert ([node["name"] for node in document.nodes], document.left_out) == (
            ["A"],
            ["Structured data that is not valid JSON."],
        )


def test_references_in_a_graph_are_followed_and_never_in_circles() -> None:
    graph: list[dict[str, Any]] = [
        {"@type": "FoodEstablishmentReservation", "reservationFor": {"@id": "#r"}},
        {"@type": "Restaurant", "@id": "#r", "name": "Nord", "parent": {"@id": "#r"}},
    ]
    nodes = page("<p>text" + LD.replace("{}", json.dumps({"@graph": graph}))).nodes
    assert nodes[0]["reservationFor"]["name"] == "Nord"
    assert len(json.dumps(nodes)) < 10_000


def test_microdata_has_the_shape_of_json_ld() -> None:
    document = page("""
        <div itemscope itemtype="http://schema.org/LodgingReservation" itemref="more nothing">
          <meta itemprop="checkinTime" content="2027-05-04T15:00"><b itemprop="reservationNumber"> QX  81 </b>
          <link itemprop="reservationStatus" href="http://schema.org/ReservationConfirmed">
          <div itemprop="reservationFor" itemscope itemtype="http://schema.org/Hotel">
            <span itemprop="name">Harbour <i>House</i></span><time itemprop="opens" datetime="08:00">eight</time>
          </div><span itemprop="tag">a</span><span itemprop="tag note">b</span>
        </div><p id="more"><data itemprop="totalPrice" value="417.00">four hundred</data></p>""")
    assert document.nodes == [
        {
            "@type": "LodgingReservation",
            "checkinTime": "2027-05-04T15:00",
            "reservationNumber": "QX 81",
            "reservationStatus": "http://schema.org/ReservationConfirmed",
            "reservationFor": {"@type": "Hotel", "name": "Harbour House", "opens": "08:00"},
            "tag": ["a", "b"],
            "note": "b",
            "totalPrice": "417.00",
        }
    ]


UMLAUTS = "<p>Größe für 5 €</p>"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (UMLAUTS.encode(), None),
        (UMLAUTS.encode("cp1252"), None),
        (UMLAUTS.encode("cp1252"), "text/html; charset=ISO-8859-1"),
        (UMLAUTS.encode("iso8859-15"), "text/html;charset='iso-8859-15'"),
        (codecs.BOM_UTF8 + UMLAUTS.encode(), "text/html; charset=latin1"),
        (codecs.BOM_UTF16_LE + UMLAUTS.encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + UMLAUTS.encode("utf-16-be"), "text/html"),
        (('<meta charset="iso-8859-15">' + UMLAUTS).encode("iso8859-15"), None),
        (("<meta http-equiv=Content-Type content='text/html; charset=cp850'>" + UMLAUTS).encode("cp858"), None),
        (
            ('<?xml version="1.0" encoding="iso-8859-15"?><html>' + UMLAUTS).encode("iso8859-15"),
            "application/xhtml+xml",
        ),
        (('<meta charset="latin1">' + UMLAUTS).encode(), "text/html; charset=utf-8"),
        (UMLAUTS.encode(), "text/html; charset=none-such"),
        (UMLAUTS.encode(), "text/html; charset=punycode"),
    ],
)
def test_the_charset_comes_from_the_mark_the_header_or_the_page(content: bytes, content_type: str | None) -> None:
    lines = [line.text for line in read(content, filename="a.html", content_type=content_type).lines]
    if b"cp850" in content:  # which has no euro sign
        assert lines[0].startswith("Größe für 5")
    else:
        assert lines == ["Größe für 5 €"]


@pytest.mark.parametrize("charset", ["utf-8", "cp932", "euc_jp", "iso2022_jp", "utf-16"])
def test_japanese_text_is_read_without_a_declared_charset(charset: str) -> None:
    text = "五月四日のホテルは港の家です。\nチェックインは15時から"
    assert read(text.encode(charset)).text == text


def test_plain_text_has_lines_items_headings_and_cells() -> None:
    assert read(TEXT.encode()).lines == [
        Line("Tuesday 4 May 2027"),
        Line("- 09:15 Rowing", item=True),
        Line("- 14:00 Lunch at the pier, 45 EUR", item=True),
        Line("Hotel Harbour House 2 nights", cells=("Hotel", "Harbour House", "2 nights")),
    ]
    document = read(b"## Day 1\n| Time | Plan |\n|---|:--|\n| 9:00 | Castle |\n3. Oktober: Anreise\r\nlast\0\x1b[31m")
    assert (document.kind, document.lines[-1]) == (Kind.TEXT, Line("last[31m"))
    document = read(b"## Day 1\n| Time | Plan |\n|---|:--|\n| 9:00 | Castle |\n3. Oktober: Anreise\r\nlast\x1b[0m")
    assert document.lines == [
        Line("Day 1", level=2),
        Line("| Time | Plan |", cells=("Time", "Plan")),
        Line("| 9:00 | Castle |", cells=("9:00", "Castle")),
        Line("3. Oktober: Anreise"),
        Line("last[0m"),
    ]


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_bytes_tell_the_kind_whatever_is_declared(kind: str) -> None:
    name, content = SAMPLES[kind]
    expected = Kind(kind.partition(" ")[0])
    assert kind_of(content, name) is expected
    assert kind_of(content) is expected
    assert kind_of(content, "upload.bin", "application/octet-stream") is expected
    if expected is not Kind.TEXT:
        assert kind_of(content, "upload.txt", "text/plain; charset=utf-8") is expected


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", Kind.OTHER),
        (b"\xff\xd8\xff\xe0JFIF", Kind.OTHER),
        (b"PK\x03\x04word/document.xml", Kind.OTHER),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OTHER),
        (b"From: Ana\nTo: Ben\n\nSee you on Friday", Kind.TEXT),
        (b"Received: by x\nFrom: Ana\n\nSee you", Kind.MAIL),
        (b"Arrival < 15:00 and <b> is a tag", Kind.TEXT),
        (b"<table><tr><td>x", Kind.PAGE),
        (b"<!-- saved --><!DOCTYPE html>", Kind.PAGE),
        (codecs.BOM_UTF16_LE + "BEGIN:VCALENDAR".encode("utf-16-le"), Kind.CALENDAR),
        (base64.b64encode(bytes(90)), Kind.TEXT),
    ],
)
def test_other_files_are_told_from_text(content: bytes, kind: Kind) -> None:
    assert kind_of(content) is kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"Hotel Roma\0 Check-in 5 April 2027\n", Kind.TEXT),
        (b"\0Hotel\0 Roma", Kind.TEXT),
        ("Grüße ".encode() * 1000 + b"\0", Kind.TEXT),
        (b"GIF8 is a shop, and RIFF is another", Kind.TEXT),
        (b"<html>\0<p>x</p>", Kind.PAGE),
        (b"GIF89a\x01\0\x01\0\x80\0\0", Kind.OTHER),
        (b"II*\0\x08\0\0\0", Kind.OTHER),
    ],
)
def test_text_that_is_declared_stays_text_although_control_characters_are_in_it(content: bytes, kind: Kind) -> None:
    assert kind_of(content, None, "text/plain") is kind


def test_a_stray_control_character_makes_no_text_a_file() -> None:
    assert kind_of(b"Hotel Roma\0 Check-in 5 April 2027\n") is Kind.TEXT
    assert kind_of(b"\0\1bin Ada Brekke ada@example.net") is Kind.OTHER


def test_a_picture_is_a_document_without_lines_that_says_so() -> None:
    document = read(b"\x89PNG\r\n\x1a\n....", filename="ticket.png", content_type="image/png")
    assert (document.kind, document.filename, document.lines, document.left_out) == (
        Kind.OTHER,
        "ticket.png",
        [],
        ["This kind of file is not read."],
    )


@pytest.mark.parametrize("content", [b"", bytes(10 * 1024 * 1024 + 1)])
def test_an_empty_and_a_very_large_document_are_refused(content: bytes) -> None:
    with pytest.raises(DocumentError) as raised:
        read(content)
    assert raised.value.code == "invalid_input"
