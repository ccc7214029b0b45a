"""The header of a pasted mail is told apart from what the mail says, in many programs' and languages' forms."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from documents.model import Context, Plan
from documents.planning import plan_of
from documents.reading import read

TRIP = Context(date(2027, 4, 5), date(2027, 4, 8))
SENT = datetime(2027, 1, 4, 9, 12)  # noqa: DTZ001 - as written
STAY = "Hotel: Memmo\nCheck-in: 5 April 2027\nCheck-out: 8 April 2027\n"


def plan_text(text: str) -> Plan:
    return plan_of(read(text.encode()), TRIP)


@pytest.mark.parametrize(
    "header",
    [
        "Date: Mon, 4 Jan 2027 09:12:00 +0000\n\nDear Ms X,",
        "Hi Ana, please add\n\nDate: Mon, 4 Jan 2027 09:12:00 +0000\n\nDear Ms X,",
        "Date: 04.01.2027 09:12\n\nSehr geehrte Frau X,",
        "Sent: Monday, 4 January 2027 09:12\n\nHello Ana!",
        "Subject: Your stay\nDate: 2027-01-04 09:12\n",
        "From: Booking <b@x.example>\nDate: Mon, 4 Jan 2027 09:12\n",
        "On Mon, 4 Jan 2027 at 09:12, Booking <b@x.example> wrote:\n\nDear Ms X,",
        "------- Original Message -------\nOn Monday, January 4th, 2027 at 9:12 AM, Booking <b@x.example> wrote:\n",
        "-- Forwarded message --\nFrom: B\nDate: 4 Jan 2027 at 09:12\nSubject: A\nTo: <m@y.example>,\n <n@y.example>\n",
        "Begin forwarded message:\n\nFrom: <b@x.example>\nSubject: F\nDate: 4 January 2027 at 09:12:33 GMT\nTo: me\n",
        "> From: Booking <b@x.example>\n> Date: Mon, 4 Jan 2027 09:12\n> Subject: x\n",
        "From:\nBooking <b@x.example>\nSent:\nMonday, 4 January 2027 09:12\nTo:\nme\n",
        "Booking <b@x.example>\tMon, Jan 4, 2027 at 9:12 AM\nTo: me@y.example\n\nDear Ms X,",
        "Booking <b@x.example>\nMon 4 January 2027 9:12 AM\nTo: Me\n\nDear Ms X,",
        "Von: Booking\nGesendet: Montag, 4. Januar 2027 09:12\nAn: me\nBetreff: Ihr Aufenthalt\n\nSehr geehrte Frau X,",
        "De : B <b@x.example>\nEnvoyé : lundi 4 janvier 2027 09:12\nÀ : moi\nObjet : Votre séjour\n\nBonjour Madame X,",
        "Fecha: lun, 4 ene 2027 09:12\n\nHola Ana,",
        "Da: X <b@x.example>\nInviato: lunedì 4 gennaio 2027 09:12\nA: me\nOggetto: foo\n\nGentile Sig.ra X,",
        "差出人: X <b@x.example>\n送信日時: 2027年1月4日 9:12\n件名: foo\n",
    ],
)
def test_the_header_of_a_pasted_mail_tells_when_it_was_sent_and_no_day_of_the_trip(header: str) -> None:
    document = read(f"{header}\n\n{STAY}".encode())
    assert document.sent_at == SENT
    assert header.splitlines()[0][:16] in document.text
    plan = plan_of(document, TRIP)
    assert [(one.name, one.check_in, one.check_out) for one in plan.stays] == [("Memmo", "2027-04-05", "2027-04-08")]
    assert (plan.days, plan.activities, plan.unresolved, plan.unread) == ([], [], [], [])


@pytest.mark.parametrize(
    "letter", ["Lisboa, 4 January 2027\n\nDear Ms X,", "4. Januar 2027\n\nSehr geehrte Frau X,", "Dear Ms X,"]
)
def test_the_day_of_a_letter_and_its_greeting_are_no_entries(letter: str) -> None:
    plan = plan_text(f"{letter}\n\n{STAY}")
    assert (len(plan.stays), plan.days, plan.activities, plan.unread) == (1, [], [], [])


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("Fecha: 6 de abril de 2027\nHora: 19:30\nActividad: Fado\n", [("19:30", "Fado")]),
        ("Date: Tuesday 6 April 2027\n10:00 Walk in Alfama with Ana.\n", [("10:00", "Walk in Alfama with Ana")]),
        ("Tuesday 6 April 2027\n10:00 Hello Kitty café\nMadame Tussauds visit\n", [("10:00", "Hello Kitty café")]),
        ("When: 6 April 2027 20:00\nWhat: Dinner at Pé\n", [("20:00", "Dinner at Pé")]),
    ],
)
def test_the_date_of_an_appointment_is_not_taken_for_a_header(text: str, entries: list[tuple[str, str]]) -> None:
    document = read(text.encode())
    assert document.sent_at is None
    told = [(one.time, one.title) for one in plan_of(document, TRIP).activities if one.time]
    assert told == entries


def test_the_day_above_a_greeting_is_an_entrys_where_it_is_one_of_the_trip_or_the_only_one() -> None:
    text = "Wednesday 7 April 2027\n\nDear friends,\n\n10:30 Walk to Pico Castelo\n"
    for written, context in ((text, TRIP), (f"{text}Thursday 8 April 2027\n09:00 Boat\n", TRIP), (text, Context())):
        told = plan_of(read(written.encode()), context).activities
        assert (told[0].date, told[0].time) == ("2027-04-07", "10:30")


def test_the_line_before_an_attribution_is_the_mails_own() -> None:
    plan = plan_text(f"{STAY}\n> On 3 Jan 2027, at 08:00, Ana <ana@x.example> wrote:\n>\n> Dear hotel,\n> a room?\n")
    assert [one.check_out for one in plan.stays] == ["2027-04-08"]


def test_from_to_and_date_of_a_ticket_are_not_taken_for_a_header() -> None:
    document = read(b"From: Lisbon\nTo: Porto\nDate: 10 April 2027, 09:15\nTrain IC 523\n")
    assert (document.sent_at, [line.aside for line in document.lines]) == (None, [False] * 4)
