"""Mails, calendars, wallet passes and PDFs become lines, events and parts."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date, datetime, timedelta, timezone
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import pytest
from dateutil.rrule import rrulestr
from papers import CALENDAR, PDF_PAGE, SAMPLES, TEXT, WALLET_PASS, mail, pdf, wallet_pass

from documents import pdf as pdf_module
from documents.errors import DocumentError
from documents.model import Document, Event, Kind
from documents.quoted import sent_at
from documents.reading import read
from documents.recurrence import Effort, days_of

if TYPE_CHECKING:
    from email.message import EmailMessage

# Mails


def texts(document: Document) -> list[str]:
    return [line.text for line in document.lines]


def test_a_mail_has_its_subject_its_day_and_its_attachments_as_parts() -> None:
    attached = [
        (CALENDAR.encode(), "trip.ics", "text/calendar"),
        (wallet_pass(), "pass.pkpass", "application/octet-stream"),
        (TEXT.encode(), "plan.txt", "text/plain"),
        (b"\x89PNG....", "scan.png", "image/png"),
        (b"PK broken", "broken.pkpass", "application/vnd.apple.pkpass"),
    ]
    document = read(mail(*attached).as_bytes())
    assert (document.kind, document.subject, document.title) == (Kind.MAIL, "Bekreftelse, Bodø", "Bekreftelse, Bodø")
    assert document.sent_at == datetime(2027, 3, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    assert [(part.kind, part.filename) for part in document.parts] == [
        (Kind.CALENDAR, "trip.ics"),
        (Kind.PASS, "pass.pkpass"),
        (Kind.TEXT, "plan.txt"),
        (Kind.OTHER, "scan.png"),
    ]
    assert document.left_out == ["A part of the mail that can't be read: This wallet pass is damaged."]


def test_of_two_tellings_the_one_with_more_text_is_chosen_and_structured_data_is_kept() -> None:
    fuller_page = read(mail(text="Please enable HTML.").as_bytes())
    assert (fuller_page.lines[1].text, len(fuller_page.nodes)) == ("Harbour House", 2)
    links = "\n".join(f"https://links.example/{number}?utm=abcdefghijklmnop" for number in range(50))
    assert read(mail(text=links).as_bytes()).lines[1].text == "Harbour House"
    fuller_text = read(mail(text=TEXT * 9).as_bytes())
    assert (fuller_text.lines[0].text, len(fuller_text.nodes)) == ("Tuesday 4 May 2027", 2)


FORWARDED = {
    "en": "---------- Forwarded message ---------\nFrom: Desk <d@x.example>\nDate: Mon, Aug 31, 2026 at 6:02 PM\n"
    "Subject: Your booking\nTo: Ana <a@x.example>",
    "en outlook": "-----Original Message-----\nFrom: Desk [mailto:d@x.example]\nSent: Monday, August 31, 2026 6:02 PM\n"
    "To: Ana\nCc: Ben\nSubject: Your booking",
    "de": "-------- Weitergeleitete Nachricht --------\nBetreff: Your booking\nDatum: Mon, 31 Aug 2026 18:02:00 +0200\n"
    "Von: Desk <d@x.example>\nAn: a@x.example",
    "de outlook": "Von: Desk\nGesendet: Montag, 31. August 2026 18:02\nAn: Ana\nBetreff: Your booking",
    "fr": "---------- Message transféré ---------\nDe : Desk <d@x.example>\nDate : lun. 31 août 2026 à 18:02\n"
    "Objet : Your booking\nÀ : Ana",
    "es": "---------- Mensaje reenviado ---------\nDe: Desk\nFecha: lunes, 31 de agosto de 2026 18:02\n"
    "Asunto: Your booking\nPara: Ana",
    "it": "---------- Messaggio inoltrato ---------\nDa: Desk\nData: lun 31 ago 2026 alle ore 18:02\n"
    "Oggetto: Your booking\nA: Ana",
    "pt": "De: Desk\nEnviada em: segunda-feira, 31 de agosto de 2026 18:02\nPara: Ana\nAssunto: Your booking",
    "nl": "Van: Desk\nVerzonden: maandag 31 augustus 2026 18:02\nAan: Ana\nOnderwerp: Your booking",
    "ja": "---------- 転送されたメッセージ ---------\nFrom: Desk\n日付: 2026年8月31日(月) 18:02\n"
    "件名: Your booking\n宛先: Ana",
    "bold": "*From:* Desk\n*Date:* Monday, 31 August 2026 18:02\n*Subject:* Your booking",
    "quoted": "> From: Desk\n> Date: 31.08.2026 18:02\n> Subject: Your booking\n> To: Ana",
}


@pytest.mark.parametrize("language", FORWARDED)
def test_a_forwarded_mail_is_a_part_with_the_day_it_was_sent(language: str) -> None:
    header = FORWARDED[language]
    mark = "> " if language == "quoted" else ""
    text = f"please add this, thanks\n\n{header}\n\n{mark}Room for two: 3 nights\n{mark}Total: 417.00 EUR\n"
    markup = text.replace("<", "&lt;").replace("\n", "<br>")
    for message in (mail(text=text, html=None), mail(text="-", html=markup)):
        document = read(message.as_bytes())
        assert texts(document) == ["please add this, thanks"]
        (part,) = document.parts
        assert (part.kind, part.subject, part.sent_at) == (Kind.MAIL, "Your booking", datetime(2026, 8, 31, 18, 2))  # noqa: DTZ001
        assert texts(part) == ["Room for two: 3 nights", "Total: 417.00 EUR"]


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Aug 31, 2026 at 6:02 PM Desk <d@x.example> wrote:",
        "Am 31.08.2026 um 18:02 schrieb Desk:",
        "Le lun. 31 août 2026 à 18:02, Desk <d@x.example> a écrit :",
        "El lun, 31 ago 2026 a las 18:02, Desk (<d@x.example>) escribió:",
        "Il giorno lun 31 ago 2026 alle ore 18:02 Desk <d@x.example>\nha scritto:",
        "2026年8月31日(月) 18:02 Desk <d@x.example>のメール:",
    ],
)
def test_what_a_reply_quotes_is_a_part_and_what_follows_is_the_replys_own(attribution: str) -> None:
    text = f"Yes please.\n\n{attribution}\n> Shall we book\n> the boat at 10:30?\n\nBest,\nAna\n"
    document = read(mail(text=text, html=None).as_bytes())
    assert texts(document) == ["Yes please.", "Best,", "Ana"]
    (part,) = document.parts
    assert (part.sent_at, texts(part)) == (
        datetime(2026, 8, 31, 18, 2),  # noqa: DTZ001
        ["Shall we book", "the boat at 10:30?"],
    )


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("06/11/2026 08:30", None),
        ("31/08/2026 08:30", datetime(2026, 8, 31, 8, 30)),  # noqa: DTZ001
        ("8/31/2026 12:05 AM", datetime(2026, 8, 31, 0, 5)),  # noqa: DTZ001
        ("31.02.2026", None),
        ("yesterday", None),
    ],
)
def test_the_day_of_a_forwarded_mail_is_never_guessed(text: str, day: datetime | None) -> None:
    assert sent_at(text) == day


@pytest.mark.parametrize("language", FORWARDED)
def test_text_that_was_pasted_with_a_mails_header_has_its_day_and_keeps_its_lines(language: str) -> None:
    pasted = f"{FORWARDED[language]}\n\nRoom for two\n"
    document = read(pasted.encode())
    assert (document.kind, document.subject) == (Kind.TEXT, "Your booking")
    assert document.sent_at == datetime(2026, 8, 31, 18, 2)  # noqa: DTZ001
    assert document.text.endswith("Room for two")
    # Of two mails, none is the document's.
    assert read((pasted * 2).encode()).sent_at is None


def test_lines_that_only_look_like_a_header_stay_text() -> None:
    text = "From: Oslo\nTo: Bergen\nDate: 4 May 2027\nFrom: 09:15\n\nTotal: 45 EUR\nOn 4 May 2027 we wrote: nothing"
    document = read(mail(text=text, html=None).as_bytes())
    assert (texts(document)[0], document.parts) == ("From: Oslo", [])


def nested(depth: int) -> EmailMessage:
    message = mail(text=f"level {depth}", html=None)
    if depth < 5:
        message.add_attachment(nested(depth + 1))
    return message


def test_mails_in_mails_are_parts_up_to_a_depth_and_what_is_deeper_is_said() -> None:
    document = read(nested(0).as_bytes())
    seen: list[str] = []
    while True:
        seen.append(document.text)
        if not document.parts:
            break
        (document,) = document.parts
    assert (seen, document.left_out) == (["level 0", "level 1", "level 2"], ["Mails inside mails deeper than 3."])
    (part,) = read(mail((nested(5).as_bytes(), "inner.eml", "application/octet-stream"), html=None).as_bytes()).parts
    assert (part.kind, part.filename, part.text) == (Kind.MAIL, "inner.eml", "level 5")


def test_a_mail_has_at_most_twenty_five_parts() -> None:
    attached = [(TEXT.encode(), f"{number}.txt", "text/plain") for number in range(30)]
    document = read(mail(*attached).as_bytes())
    assert (len(document.parts), document.left_out) == (25, ["Parts of the mail beyond 25."])


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=x\r\nMIME-Version: 1.0\r\n\r\n--x\r\n" * 400,
        b"MIME-Version: 1.0\nContent-Type: multipart/alternative\n\nhello",
        b"MIME-Version: 1.0\nContent-Type: text/plain; charset=\xff\xfe\n\nhello",
        b"MIME-Version: 1.0\nContent-Type: text/plain; charset=idna\n\nhello",
        b"MIME-Version: 1.0\nSubject: =?none-such?q?a=ff?= =?utf-8?b?!!?=\nDate: 99 Foo\n\nhello",
        b"MIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!",
        b"MIME-Version: 1.0\nContent-Type: message/rfc822\n\n",
        b"MIME-Version: 1.0\nContent-Type: text/html; charset*=utf-8''x%ff; name*0=a; name*2=b\n\nhello",
    ],
)
def test_a_mail_that_breaks_the_rules_is_read_as_far_as_it_goes(raw: bytes) -> None:
    assert read(raw).kind is Kind.MAIL


def test_odd_charsets_of_headers_and_bodies_are_decoded() -> None:
    raw = (
        b"MIME-Version: 1.0\nSubject: =?iso-2022-jp?B?GyRCTT1McxsoQg==?=\n =?cp1252?q?_=80_5?=\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=windows-1252\n\n"
        b'417 \x80 for Gr\xf6\xdfe\n--b\nContent-Type: text/plain; name="=?utf-8?q?pl=C3=A4n.txt?="\n'
        b"Content-Disposition: attachment\n\nx\n--b--\n"
    )
    document = read(raw)
    assert (document.subject, texts(document)) == ("予約 € 5", ["417 € for Größe"])
    assert document.parts[0].filename == "plän.txt"


# Calendars

AROUND = (date(2027, 5, 1), date(2027, 5, 14))


def events(*entries: str, around: tuple[date, date] | None = AROUND, head: str = "") -> Document:
    body = "".join(f"BEGIN:VEVENT\n{entry}\nEND:VEVENT\n" for entry in entries)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{body}END:VCALENDAR\n"
    return read(text.replace("\n", "\r\n").encode(), around=around)


def starts(document: Document) -> list[str]:
    return [event.start for event in document.events]


def test_a_calendar_has_its_entries_with_local_times_as_written() -> None:
    document = read(CALENDAR.encode())
    assert (document.title, document.left_out) == ("Lofoten in May", [])
    assert document.events == [
        Event("2@papers.example", "Stay at Harbour House", "2027-05-04", "2027-05-07", cancelled=True),
        *(
            Event(
                "1@papers.example",
                "Rowing, before breakfast",
                f"2027-05-{day}T09:15",
                f"2027-05-{day}T11:00",
                "Europe/Oslo",
                "Europe/Oslo",
                "Pier 3",
            )
            for day in ("04", "06")
        ),
    ]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("DTSTART:20270504T091500\nDTEND:20270504T101500", ("2027-05-04T09:15", "2027-05-04T10:15", None, None)),
        ("DTSTART:20270504T091500Z\nDURATION:PT45M", ("2027-05-04T09:15Z", "2027-05-04T10:00Z", None, None)),
        ("DTSTART;VALUE=DATE:20270504\nDURATION:P3D", ("2027-05-04", "2027-05-07", None, None)),
        ("DTSTART;VALUE=DATE:20270504", ("2027-05-04", None, None, None)),
        ("DTSTART:20270504", ("2027-05-04", None, None, None)),
        (
            "DTSTART;TZID=W. Europe Standard Time:20270504T091500",
            ("2027-05-04T09:15", None, "Europe/Berlin", None),
        ),
        (
            "DTSTART;TZID=/example.org/Tokyo:20270504T091500\nDTEND;TZID=Mine:20270504T101500",
            ("2027-05-04T09:15", "2027-05-04T10:15", None, "Asia/Tokyo"),
        ),
        (
            'DTSTART;TZID="/v.example/Europe/Paris":20270504T091500\nDTEND;TZID=Asia/Tokyo:20270504T1',
            ("2027-05-04T09:15", None, "Europe/Paris", None),
        ),
        ("DTSTART:20270504T091500\nDTEND:20270506", ("2027-05-04T09:15", None, None, None)),
        ("DTSTART:20270504T091500\nDURATION:-PT45M", ("2027-05-04T09:15", None, None, None)),
    ],
)
def test_moments_and_zones_are_read_in_all_their_forms(entry: str, expected: tuple[str | None, ...]) -> None:
    zone = "BEGIN:VTIMEZONE\nTZID:Mine\nX-LIC-LOCATION:Asia/Tokyo\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
    zone += "TZOFFSETFROM:+0900\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n"
    (event,) = events(f"UID:1\nSUMMARY:x\n{entry}", head=zone).events
    start, end, start_zone, end_zone = expected
    assert (event.start, event.end, event.start_zone) == (start, end, start_zone)
    assert end is None or event.end_zone == end_zone


def test_a_night_train_over_the_change_of_clocks_arrives_at_its_local_time() -> None:
    (event,) = events("UID:1\nDTSTART;TZID=Europe/Berlin:20270327T230000\nDURATION:PT8H", around=None).events
    assert event.end == "2027-03-28T08:00"


def test_a_moved_occurrence_replaces_its_own_and_the_newest_telling_counts() -> None:
    series = "UID:1\nDTSTART;TZID=Europe/Oslo:20270504T091500\nRRULE:FREQ=DAILY;COUNT=4\nSUMMARY:Rowing"
    moved = "UID:1\nRECURRENCE-ID:20270505T071500Z\nDTSTART;TZID=Europe/Oslo:20270505T180000\nSUMMARY:Evening"
    at = "TZID=Europe/Oslo:20270506T091500"
    gone = f"UID:1\nRECURRENCE-ID;{at}\nDTSTART;{at}\nSTATUS:CANCELLED"
    old = "UID:2\nDTSTART:20270504T200000\nSEQUENCE:1\nSUMMARY:Dinner"
    new = "UID:2\nDTSTART:20270504T210000\nSEQUENCE:2\nSUMMARY:Dinner later"
    document = events(moved, series, new, old, gone)
    assert [(event.start, event.summary, event.cancelled) for event in document.events] == [
        ("2027-05-04T09:15", "Rowing", False),
        ("2027-05-04T21:00", "Dinner later", False),
        ("2027-05-05T18:00", "Evening", False),
        ("2027-05-06T09:15", "", True),
        ("2027-05-07T09:15", "Rowing", False),
    ]
    assert events("UID:3\nDTSTART:20270504T200000", head="METHOD:CANCEL\n").events[0].cancelled


def test_extra_dates_count_and_excluded_ones_do_not() -> None:
    document = events(
        "UID:1\nDTSTART:20270504T091500\nRRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20270513T091500\n"
        "RDATE:20270508T091500,20270504T091500\nEXDATE:20270506T091500\nEXDATE;VALUE=DATE:20270511"
    )
    assert starts(document) == ["2027-05-04T09:15", "2027-05-08T09:15", "2027-05-13T09:15"]


def test_only_what_occurs_around_the_trip_counts_and_the_rest_is_said() -> None:
    document = events(
        "UID:1\nDTSTART:20200101T090000\nRRULE:FREQ=DAILY",
        "UID:2\nDTSTART:20260101T090000\nSUMMARY:long ago",
        "UID:3\nDTSTART;VALUE=DATE:20270210\nDTEND;VALUE=DATE:20270303\nSUMMARY:reaches in",
        "UID:4\nDTSTART:20270714T090000\nSUMMARY:beyond",
    )
    assert (len(document.events), document.left_out) == (
        135,
        ["Entries more than 60 days before or after the trip."],
    )
    assert (starts(document)[0], starts(document)[-1]) == ("2027-02-10", "2027-07-13T09:00")


def test_a_calendar_has_at_most_two_thousand_occurrences() -> None:
    document = events(*(f"UID:{number}\nDTSTART:20270504T091500\nRRULE:FREQ=DAILY" for number in range(60)))
    assert (len(document.events), document.left_out) == (2_000, ["Occurrences beyond 2,000."])


def test_very_many_single_dates_are_left_out_and_said() -> None:
    dates = ",".join(["20270504T091500"] * 6_000)
    document = events(f"UID:1\nDTSTART:20270504T091500\nRDATE:{dates}", "UID:2\nDTSTART:20270505T091500")
    assert (starts(document), document.left_out) == (
        ["2027-05-04T09:15", "2027-05-05T09:15"],
        ["Single dates of repeated entries beyond 5,000."],
    )


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=HOURLY;COUNT=5",
        "FREQ=DAILY;BYHOUR=9,15",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=SOMETIMES",
        "COUNT=3",
    ],
)
def test_of_a_rule_that_cannot_be_followed_the_first_occurrence_is_kept(rule: str) -> None:
    assert starts(events(f"UID:1\nDTSTART:20270504T091500\nRRULE:{rule}")) == ["2027-05-04T09:15"]


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=9MO", "FREQ=MONTHLY;BYSETPOS=99"]
)
def test_a_rule_that_never_matches_ends_at_once(rule: str) -> None:
    for around in (AROUND, None):
        document = events(*[f"UID:{n}\nDTSTART:20200101T090000\nRRULE:{rule};COUNT=9" for n in range(3)], around=around)
        assert len(document.events) <= 3


LAST = datetime(2030, 12, 31, 23)  # noqa: DTZ001
PARTS = {
    "BYMONTH": ["1", "3,5", "2", "12"],
    "BYMONTHDAY": ["1", "-1", "13,31", "29"],
    "BYDAY": ["MO", "TU,TH", "FR,SA,SU"],
    "BYSETPOS": ["1", "-1", "2"],
    "INTERVAL": ["1", "2", "3"],
    "WKST": ["SU", "MO"],
    "COUNT": ["1", "7", "30"],
    "UNTIL": ["20280229T000000", "20270601T235959"],
}


def test_rules_give_the_days_that_dateutil_gives() -> None:
    dice = random.Random(4)  # noqa: S311 - not for secrets
    found = 0
    for _ in range(300):
        frequency = dice.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
        chosen = {name: dice.choice(values) for name, values in PARTS.items() if dice.random() < 0.35}
        if "COUNT" in chosen:
            chosen.pop("UNTIL", None)
        if frequency in {"MONTHLY", "YEARLY"} and "BYDAY" in chosen and dice.random() < 0.5:
            chosen["BYDAY"] = dice.choice(["1MO", "-1FR", "2TU,-2WE"])
        if frequency == "WEEKLY":
            chosen.pop("BYMONTHDAY", None)
        # Of a week, dateutil counts positions from the first day on.
        if frequency in {"DAILY", "WEEKLY"} or not chosen.keys() & {"BYDAY", "BYMONTHDAY"}:
            chosen.pop("BYSETPOS", None)
        start = datetime(2027, dice.randrange(1, 13), dice.randrange(1, 29), 9, 15)  # noqa: DTZ001
        text = ";".join([f"FREQ={frequency}", *(f"{name}={value}" for name, value in chosen.items())])
        rule: Any = {name: value.split(",") for name, value in chosen.items()} | {"FREQ": [frequency]}
        if "UNTIL" in chosen:
            rule["UNTIL"] = [datetime.strptime(chosen["UNTIL"], "%Y%m%dT%H%M%S")]  # noqa: DTZ007
        ours = days_of(rule, start, (start.date(), LAST.date()), Effort())[0]
        if not ours:  # dateutil would look for one until the year 9999
            continue
        theirs: Any = rrulestr(text, dtstart=start)
        expected = [moment.date() for moment in takewhile(lambda moment: moment <= LAST, theirs)]
        assert ours == expected[:2_000], (text, start)
        found += 1
    assert found > 200


def test_a_broken_entry_is_left_out_and_the_others_are_kept() -> None:
    document = events("UID:1\nDTSTART:garbage", "no colon here", "UID:2\nDTSTART:20270504T091500\nDTEND:99")
    assert (starts(document), document.left_out) == (
        ["2027-05-04T09:15"],
        ["Entries of the calendar that can't be read."],
    )
    with pytest.raises(DocumentError, match="no calendar file"):
        read(b"nothing", filename="trip.ics")


# Wallet passes


def test_a_pass_has_its_fields_as_rows_and_its_tags_as_a_booking() -> None:
    document = read(wallet_pass())
    assert (document.kind, document.title) == (Kind.PASS, "Boarding pass")
    assert [line.cells for line in document.lines if line.cells] == [
        ("Gate", "B7"),
        ("Oslo", "OSL"),
        ("Bodø", "BOO"),
        ("Seat", "12A"),
        ("Price", "129.5 EUR"),
        ("relevantDate", "2027-05-04T07:10+02:00"),
    ]
    assert document.nodes == [
        {
            "@type": "FlightReservation",
            "reservationNumber": "PQ7XZ2",
            "reservationFor": {
                "@type": "Flight",
                "flightNumber": "NA 417",
                "departureTime": "2027-05-04T08:05+02:00",
                "departureAirport": {"@type": "Airport", "iataCode": "OSL"},
                "arrivalAirport": {"@type": "Airport", "iataCode": "BOO"},
            },
        }
    ]


def test_an_event_ticket_tells_its_event() -> None:
    ticket = {
        "passTypeIdentifier": "x",
        "eventTicket": {"primaryFields": [{"value": "<b>Nord</b> Jazz", "semantics": {"eventName": "Nord Jazz"}}]},
        "semantics": {
            "eventStartDate": "2027-05-04T20:00+02:00",
            "venueName": "Pier 3",
            "totalPrice": {"amount": "45"},
        },
    }
    document = read(wallet_pass(ticket))
    assert texts(document) == ["Nord Jazz"]
    assert document.nodes == [
        {
            "@type": "EventReservation",
            "totalPrice": "45",
            "reservationFor": {
                "@type": "Event",
                "name": "Nord Jazz",
                "startDate": "2027-05-04T20:00+02:00",
                "location": {"@type": "Place", "name": "Pier 3"},
            },
        }
    ]
    without = {key: value for key, value in WALLET_PASS.items() if key != "semantics"}
    assert read(wallet_pass(without)).nodes == []


def too_many_files() -> bytes:
    return wallet_pass(WALLET_PASS, *((f"{number}.png", b"x") for number in range(60)))


def bomb(size: int) -> bytes:
    return wallet_pass("{" + " " * size + "}")


def overlapping() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("other/pass.json", "{}")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        too_many_files(),
        bomb(30_000_000),
        bomb(5_000_000),
        overlapping(),
        wallet_pass("[1]"),
        wallet_pass("{"),
        wallet_pass("[" * 90_000),
        wallet_pass()[:200],
        wallet_pass().replace(b"pass.json", b"pass.jsoX", 1),
    ],
    ids=["too many files", "bomb", "smaller bomb", "no pass", "list", "cut json", "deep", "cut", "renamed"],
)
def test_a_pass_that_is_damaged_or_expands_too_far_is_refused(content: bytes) -> None:
    with pytest.raises(DocumentError) as raised:
        read(content, filename="x.pkpass")
    assert raised.value.code == "invalid_input"


def test_odd_values_in_a_pass_are_no_text() -> None:
    odd: list[Any] = [None, True, [], {}, {"label": 3, "value": None}, {"label": [], "value": "\ud800x"}, {"value": 7}]
    told: dict[str, Any] = {
        "passTypeIdentifier": "x",
        "generic": {"primaryFields": odd, "backFields": 3},
        "semantics": [],
        "boardingPass": 1,
    }
    assert texts(read(wallet_pass(told))) == ["x", "7"]


# PDFs


def test_a_pdf_has_lines_in_reading_order_with_its_columns_apart() -> None:
    document = read(pdf(PDF_PAGE), filename="v.pdf")
    assert (document.kind, document.language) == (Kind.PDF, "nb-NO")
    assert [(line.text, line.cells) for line in document.lines] == [
        ("VOUCHER No. 4411", ("VOUCHER", "No. 4411")),
        ("Hotel Harbour House, Svolvær", ("Hotel", "Harbour House, Svolvær")),
        ("Arrival 4 May 2027", ("Arrival", "4 May 2027")),
        ("Nights 2", ("Nights", "2")),
        ("Included", ()),
        ("5 May 10:30 Boat trip", ()),
        ("Paid: NOK 2 480,00", ()),
    ]


def test_a_table_that_is_told_by_columns_and_a_heading_that_comes_last_are_put_right() -> None:
    columns = [(60.0, 700.0 - 18 * row, text) for row, text in enumerate(("Hotel", "Arrival", "Nights"))]
    columns += [(160.0, 700.0 - 18 * row, text) for row, text in enumerate(("Nord", "4 May", "2"))]
    document = read(pdf([*columns, (60, 800, "Voucher")], [(300, 700, "EUR 45"), (60, 700, "Total")]))
    assert [line.cells or line.text for line in document.lines] == [
        "Voucher",
        ("Hotel", "Nord"),
        ("Arrival", "4 May"),
        ("Nights", "2"),
        ("Total", "EUR 45"),
    ]


def test_a_scanned_pdf_and_an_encrypted_and_a_damaged_one_say_what_they_are() -> None:
    encrypt = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<41> <41>]"
    cases = {
        "This PDF holds only pictures.": pdf([], images=True),
        "This PDF holds no text.": pdf([]),
        "This PDF is encrypted.": pdf(PDF_PAGE, trailer=encrypt),
        "This PDF is damaged.": b"%PDF-1.7\nnothing",
    }
    for message, content in cases.items():
        with pytest.raises(DocumentError) as raised:
            read(content)
        assert (raised.value.code, raised.value.message) == ("invalid_input", message)


def test_a_pdf_has_at_most_forty_pages_and_takes_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    document = read(pdf(*([(60, 700, f"page {number}")] for number in range(45))))
    assert (texts(document)[-1], document.left_out) == ("page 39", ["Pages beyond 40."])
    monkeypatch.setattr(pdf_module, "PDF_WALL_SECONDS", 0.01)
    with pytest.raises(DocumentError, match="takes too long"):
        read(pdf(PDF_PAGE))


def test_what_is_read_is_the_same_each_time() -> None:
    for name, content in SAMPLES.values():
        assert read(content, filename=name) == read(content, filename=name)
