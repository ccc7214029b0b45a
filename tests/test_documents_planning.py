"""Documents become plans: the corpus of bookings, drawn bookings, and what is told twice, changed or cancelled."""

from __future__ import annotations

import base64
import gc
import itertools
import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import campaigns
import pytest
from booking_scores import CLASSES, Score, expected, inputs, planned, score, told_by
from booking_variants import Drawn, hotel, journey, programme

from documents.cards import has_card, holds_card, masked
from documents.dates import dates_in
from documents.grounding import why_not
from documents.merge import merge, standing
from documents.model import Context, Document, How, Plan, Stay, Transport
from documents.money import amounts_in
from documents.planning import plan_of
from documents.reading import read
from documents.times import times_in

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_RECALL = {"days": 0.95, "activities": 0.85, "stays": 0.90, "transport": 0.80, "money": 0.90}


def plan_text(text: str, context: Context | None = None) -> Plan:
    return plan_of(read(text.encode(), filename="text.txt"), context or Context())


def assert_good(total: Score) -> None:
    assert total.forbidden == []
    for kind in CLASSES:
        assert total.precision(kind) >= 0.98, (kind, total.notes)
        assert total.recall(kind) >= LEAST_RECALL[kind], (kind, total.notes)


def test_the_corpus_is_read_with_few_gaps_and_nothing_invented() -> None:
    total = Score()
    for path in inputs():
        total.add(score(expected(path), told_by(planned(path)), path.name))
    assert_good(total)


@pytest.mark.parametrize("draw", [programme, hotel, journey])
def test_other_layouts_names_dates_and_languages_score_alike(draw: Callable[[Random], Drawn]) -> None:
    total = Score()
    for seed in range(campaigns.rounds(100, 3_000)):
        drawn = draw(Random(seed))
        document = read(drawn.body.encode(), filename="page.html" if drawn.html else "text.txt")
        total.add(score(drawn.told, told_by(plan_of(document, Context())), f"{drawn.name}#{seed}"))
    assert_good(total)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("12-18 September 2026", [(12, 9, 2026), (18, 9, 2026)]),
        ("14.-16.10.", [(14, 10, None), (16, 10, None)]),
        ("vom 28. Dezember 2026 bis 2. Januar", [(28, 12, 2026), (2, 1, 2027)]),
        ("March 24 - April 2, 2026", [(24, 3, 2026), (2, 4, 2026)]),
        ("le samedi 1er août 2026", [(1, 8, 2026)]),
        ("del 4 al 7 de mayo de 2026", [(4, 5, 2026), (7, 5, 2026)]),
        ("dal 9 all'11, poi 12 giugno", [(12, 6, None)]),
        ("2026年10月17日～19日", [(17, 10, 2026), (19, 10, 2026)]),
        ("Day 2 - 14 May 2026", [(14, 5, 2026)]),
        ("2026-09-12T10:00", [(12, 9, 2026)]),
        ("Tel 01-23-45-67, section 4.5. and version 1.2", []),
        ("Your room 2 may be changed", []),
        ("AIR MON 03MAY27, HOTEL 7MAY2027 to 09MAY", [(3, 5, 2027), (7, 5, 2027), (9, 5, 2027)]),
        ("11/13/2026", [(13, 11, 2026)]),
        ("zaterdag 24 juli 2027 tot 1 augustus", [(24, 7, 2027), (1, 8, None)]),
        ("De 3 a 7 de março de 2027", [(3, 3, 2027), (7, 3, 2027)]),
        ("tisdag 5 maj, 5 maja 2027, 15. října", [(5, 5, None), (5, 5, 2027), (15, 10, None)]),
    ],
)
def test_dates_are_found_in_many_languages(text: str, days: list[tuple[int, int, int | None]]) -> None:
    assert [(one.day, one.month, one.year) for one in dates_in(text)] == days


@pytest.mark.parametrize(
    ("text", "clocks"),
    [
        ("9.30 am Tram", ["09:30"]),
        ("land at 1:40pm", ["13:40"]),
        ("um 9 Uhr", ["09:00"]),
        ("om 17.30 uur", ["17:30"]),
        ("à 14h30", ["14:30"]),
        ("10時 小岩井, 午後3時半", ["10:00", "15:30"]),
        ("17:00-19:00 Walk", ["17:00", "19:00"]),
        ("10-11:30 am", ["10:00", "11:30"]),
        ("12:25 PM +1", ["12:25"]),
        ("ore 9.15", ["09:15"]),
        ("EUR 4.50, rated 4.8/5, 12.30 m, 3時間, durée 3 h", []),
        ("dinner at 8 sharp", []),
        ("DEPART: OSLO GARDERMOEN 0925", ["09:25"]),
        ("2h 05m, non-stop, duration: 2:45, room 1010, DEPARTURES 2027", []),
    ],
)
def test_times_are_found_and_prices_and_ratings_are_none(text: str, clocks: list[str]) -> None:
    assert [one.clock for one in times_in(text)] == clocks


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("1.284,50 €", [("1284.50", "EUR")]),
        ("EUR 5,236.00", [("5236.00", "EUR")]),
        ("NOK 9 870,00", [("9870.00", "NOK")]),
        ("1'234.50 CHF", [("1234.50", "CHF")]),
        ("￥68,200", [("68200", None)]),
        ("154,000円", [("154000", "JPY")]),
        ("$12.00", [("12.00", None)]),
        ("US$1,612.48", [("1612.48", "USD")]),
        ("$1,612.48 USD", [("1612.48", "USD")]),
        ("796,- €", [("796", "EUR")]),
        ("Total dossier : 2 378 €, 1 346,50 €", [("2378", "EUR"), ("1346.50", "EUR")]),
        ("Chambre 2 150 €", []),
        ("room 12, 3 nights", []),
    ],
)
def test_amounts_are_found_with_the_separators_of_their_writers(
    text: str, amounts: list[tuple[str, str | None]]
) -> None:
    assert [(str(one.value), one.currency) for one in amounts_in(text)] == amounts


def test_a_dollar_sign_alone_is_settled_by_the_document_or_the_trip_only() -> None:
    text = "Booking 4411-X\nCheck-in 3 May 2027\nCheck-out 5 May 2027\nHotel Roma\nTotal: $120.00\n"
    assert plan_text(text).costs == []
    assert [one.why for one in plan_text(text).unresolved] == ["The currency of this amount is told nowhere."]
    assert [one.currency for one in plan_text(text + "All prices in AUD\n").costs] == ["AUD"]
    assert [one.currency for one in plan_text(text, Context(trip_currency="CAD")).costs] == ["CAD"]
    assert plan_text(text, Context(trip_currency="EUR")).costs == []


def test_the_order_of_day_and_month_is_settled_by_a_second_telling_or_stays_open() -> None:
    text = "Flight LX 340 on 06/11/2026\nDeparture: Zurich 08:30\nArrival: Porto 10:25\n"
    assert plan_text(text).transport == []
    assert plan_text(text).unresolved != []
    settled = plan_text(text + "We look forward to 6 November 2026!\n")
    assert [one.depart for one in settled.transport] == ["2026-11-06T08:30"]


def test_a_year_comes_from_the_mail_or_the_trip_and_the_weekday_must_agree() -> None:
    text = "Thu 7 Jan\n10:00 Walk in the old town\n"
    assert plan_text(text).activities == []
    assert plan_text(text).unread != []
    trip = Context(date(2027, 1, 5), date(2027, 1, 9))
    assert [one.date for one in plan_text(text, trip).activities] == ["2027-01-07"]
    assert plan_text(text.replace("Thu", "Fri"), trip).activities == []
    document = read(text.encode(), filename="a.txt")
    document.sent_at = datetime(2026, 12, 1, tzinfo=UTC)
    assert [one.date for one in plan_of(document, Context()).activities] == ["2027-01-07"]


def test_what_no_item_covers_is_unread() -> None:
    plan = plan_text("Hotel Roma\nCheck-in 3 May 2027\nCheck-out 5 May 2027\nAsk Ada about the boat at 9:30\n")
    assert plan.unread == ["Ask Ada about the boat at 9:30"]


def test_card_numbers_are_masked_in_quotes() -> None:
    assert masked("Visa 4111 1111 1111 1111, order 1234 5678") == "Visa •••• •••• •••• 1111, order 1234 5678"
    plan = plan_text("Booking 4411-X\nTotal EUR 40.00 paid with 5500 0000 0000 0004\nHotel Roma 3-5 May 2027\n")
    assert [one.quote for one in plan.costs] == ["Total EUR 40.00 paid with •••• •••• •••• 0004"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4111.1111.1111.1111", "••••.••••.••••.1111"),
        ("4111/1111/1111/1111", "••••/••••/••••/1111"),
        ("4111–1111–1111–1111", "••••–••••–••••–1111"),
        ("4111_1111_1111_1111", "••••_••••_••••_1111"),
        ("4111, 1111, 1111, 1111", "••••, ••••, ••••, 1111"),
        ("4111 - 1111 - 1111 - 1111", "•••• - •••• - •••• - 1111"),
        ("4111 1111 1111 1111", "•••• •••• •••• 1111"),
        ("3782 822463 10005", "•••• •••••• •0005"),
        ("16:00 4111 1111 1111 1111 17:30", "16:00 •••• •••• •••• 1111 17:30"),
        ("12/2027 5500000000000004 2027 123", "12/2027 ••••••••••••0004 2027 123"),
        ("2027-04-05 4111-1111-1111-1111 EUR 40.00", "2027-04-05 ••••-••••-••••-1111 EUR 40.00"),
        ("e-ticket 2201234567895, EUR 4.111.111.111,00", None),
        ("0.4111111111111111 and +49 170 5550199 4", None),
        (", ".join(str(number) for number in range(4000, 4300)), None),
    ],
)
def test_a_card_number_is_masked_with_any_signs_between_its_groups_and_nothing_beside_it(
    text: str, shown: str | None
) -> None:
    assert masked(text) == (shown or text)
    assert has_card(text) == (shown is not None)


def test_bytes_hold_a_card_number_in_hidden_text_and_in_encoded_parts() -> None:
    mail = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/octet-stream\n"
    part = base64.b64encode(b"\0\1bin 4111111111111111 x")
    for content in (
        b"<p>hi</p><!-- 4111111111111111 -->",
        b"<input type=hidden value=4111&nbsp;1111&nbsp;1111&nbsp;1111>",
        "4111 1111 1111 1111".encode("utf-16"),
        mail + b"Content-Transfer-Encoding: base64\n\n" + part + b"\n--b--\n",
        b"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n4111=201111=201111=\n=201111\n",
    ):
        assert holds_card(content), content
    assert not holds_card(b"%PDF-1.4\n0000000015 00000 n\n20270410091500 4111111111111112")


def test_offers_ranges_and_optional_prices_are_no_costs() -> None:
    plan = plan_text(
        "Booking 4411-X\nHotel Roma 3-5 May 2027\nTotal EUR 300.00\nSpa from EUR 35\nDrinks EUR 20-30 a day\n"
        "Optional: late check-out EUR 25\nShare capital EUR 50,000\n"
    )
    assert [(str(one.amount), one.of) for one in plan.costs] == [("300.00", "total"), ("25", "optional")]


def test_visible_text_that_contradicts_structured_data_is_left_open() -> None:
    page = (
        '<html lang="en"><script type="application/ld+json">{"@type":"LodgingReservation","reservationNumber":"K-4411",'
        '"reservationFor":{"@type":"Hotel","name":"Hotel Roma"},'
        '"checkinTime":"2027-05-03","checkoutTime":"2027-05-05"}</script>'
        "<h2>Hotel Roma</h2><p>Check-in: 3 May 2027</p><p>Check-out: 6 May 2027</p></html>"
    )
    plan = plan_of(read(page.encode(), filename="a.html"), Context())
    assert [(one.check_in, one.check_out, one.nights) for one in plan.stays] == [("2027-05-03", None, None)]
    assert [one.kind for one in plan.unresolved] == ["stay"]


def test_the_same_document_twice_is_once() -> None:
    for path in inputs()[:: campaigns.rounds(4, 1)]:
        plan = planned(path)
        assert told_by(merge(planned(path), planned(path))) == told_by(merge(plan)), path.name


def test_parts_of_a_mail_in_any_order_give_the_same_plan() -> None:
    parts = [
        read(b"Flight LX 340 on 06/11/2026\nDeparture: Zurich 08:30\nArrival: Porto 10:25\n", filename="a.txt"),
        read("Hotel Miramar, Porto: 6.-9. November 2026 (3 Nächte)\n".encode(), filename="b.txt"),
        read(b"6 November 2026 20:00 Dinner at Casa Roxa\n", filename="c.txt"),
    ]
    plans = [
        plan_of(replace(Document(parts[0].kind), parts=list(order)), Context())
        for order in itertools.permutations(parts)
    ]
    assert all(plan == plans[0] for plan in plans)
    assert (len(plans[0].transport), len(plans[0].stays), len(plans[0].activities)) == (1, 1, 1)


def test_a_stay_and_a_flight_that_one_text_tells_twice_are_once() -> None:
    plan = plan_text(
        "Hotels\nHotel Miramar, Porto: 3 May 2027 - 5 May 2027 (2 nights)\n"
        "Day 1 - Monday 3 May 2027\nFlight LX 340 Zurich - Porto, departs 08:30, arrives 10:25\n"
        "Overnight: Hotel Miramar (2 nights)\n"
        "Tickets\nFlight LX 340 Zurich - Porto 3 May 2027, departs 08:30, arrives 10:25, Ada Brekke\n"
    )
    assert [(one.name, one.nights) for one in plan.stays] == [("Hotel Miramar", 2)]
    assert [one.depart for one in plan.transport] == ["2027-05-03T08:30"]


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("Address: Travessa das Merceeiras 27, 1100-348 Lisbon", "Travessa das Merceeiras 27, 1100-348 Lisbon"),
        ("Adresse : 12 rue X, Paris", "12 rue X, Paris"),
        ("Anschrift\nHauptstr. 5, 10115 Berlin", "Hauptstr. 5, 10115 Berlin"),
        ("Dirección: Calle Mayor 3, Madrid", "Calle Mayor 3, Madrid"),
        ("Indirizzo: Via Roma 1, 00100 Roma", "Via Roma 1, 00100 Roma"),
        ("住所：東京都港区1-2-3", "東京都港区1-2-3"),
        ("Address\tRua A 5, Lisboa", "Rua A 5, Lisboa"),
        ("Address: stay@memmo.example", None),
    ],
)
def test_the_address_of_a_stay_is_its_location_wherever_it_is_told(line: str, address: str | None) -> None:
    days = "Check-in: 5 April 2027\nCheck-out: 8 April 2027\n"
    for text in (
        f"Hotel: Memmo\n{line}\nReservation number: MA-4471902\n{days}",
        f"Hotel: Memmo\n{days}{line}\nHotel: Iris\nCheck-in: 8 April 2027\nCheck-out: 9 April 2027\n",
        f"Hotel Memmo: 5 April 2027 - 8 April 2027 (3 nights)\n{line}\n",
    ):
        document = read(text.encode())
        stays = plan_of(document, Context()).stays
        assert [one.location for one in stays] == [address, None][: len(stays)]
        assert why_not(stays[0], document) is None


OUT_AND_BACK = (
    "Outbound\nLH1784  Munich (MUC) to Porto (OPO)\nSat 10 Apr 2027\nDeparture 09:15  Arrival 11:20\n"
    "Return\nLH1785 Porto (OPO) to Munich (MUC)\nSat 17 Apr 2027\nDeparture 12:10 Arrival 16:05\n"
)


@pytest.mark.parametrize(
    "text",
    [
        OUT_AND_BACK,
        OUT_AND_BACK.replace(" to ", " - ").replace("Departure ", "").replace("Arrival", "-"),
        OUT_AND_BACK.replace(" to ", " nach ").replace("Departure", "Abflug").replace("Arrival", "Ankunft"),
        OUT_AND_BACK.replace(" to ", " a ").replace("Departure", "Salida").replace("Arrival", "Llegada"),
        OUT_AND_BACK.replace(" to ", " → ").replace("Departure", "Départ").replace("Arrival", "Arrivée"),
        (
            "Sat 10 Apr 2027\nLH1784 Munich (MUC) to Porto (OPO)\nDeparture 09:15 Arrival 11:20\n"
            "Sat 17 Apr 2027\nLH1785 Porto (OPO) to Munich (MUC)\nDeparture 12:10 Arrival 16:05\n"
        ),
        (
            "Munich (MUC) → Porto (OPO)\nLH1784\nSat 10 Apr 2027\n09:15 – 11:20\n"
            "Porto (OPO) → Munich (MUC)\nLH1785\nSat 17 Apr 2027\n12:10 – 16:05\n"
        ),
        (
            "LH1784\nMunich (MUC) 10 Apr 2027 09:15\nPorto (OPO) 10 Apr 2027 11:20\n"
            "LH1785\nPorto (OPO) 17 Apr 2027 12:10\nMunich (MUC) 17 Apr 2027 16:05\n"
        ),
    ],
)
def test_a_number_with_airports_is_a_flight_although_no_word_says_so_and_the_day_below_is_its_own(text: str) -> None:
    plan = plan_text(text)
    assert [(one.mode, one.number, one.origin, one.destination, one.depart, one.arrive) for one in plan.transport] == [
        ("flight", "LH1784", "Munich (MUC)", "Porto (OPO)", "2027-04-10T09:15", "2027-04-10T11:20"),
        ("flight", "LH1785", "Porto (OPO)", "Munich (MUC)", "2027-04-17T12:10", "2027-04-17T16:05"),
    ]
    assert (plan.activities, plan.unread) == ([], [])


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("LH1784 MUC-OPO Sat 10 Apr 2027 09:15 11:20\n", "MUC"),
        ("LH1784 Munich (MUC) – Porto (OPO)\nSat 10 Apr 2027, 09:15 – 11:20\n", "Munich (MUC)"),
        ("LH1784 MUC to OPO, 10 Apr 2027, dep 09:15 arr 11:20\n", "MUC"),
        ("LH1784 Munich to Porto\n10 April 2027\nDepart: 09:15\nArrive: 11:20\n", "Munich"),
    ],
)
def test_codes_of_airports_and_times_of_both_ends_show_a_flight(text: str, origin: str) -> None:
    assert [(one.number, one.origin, one.depart, one.arrive) for one in plan_text(text).transport] == [
        ("LH1784", origin, "2027-04-10T09:15", "2027-04-10T11:20")
    ]


def test_the_code_of_a_house_with_arrival_and_departure_is_no_flight() -> None:
    text = "Hotel Roma\nBR2034 Booking\nArrival: 10 April 2027 15:00\nDeparture: 17 April 2027 11:00\n"
    assert [one.name for one in plan_text(text).stays] == ["Hotel Roma"]
    assert plan_text(text).transport == []
    assert plan_text("10 April 2027\n09:15 Walk past Gate A4 to B7\n11:20 Museum MA1784 tour\n").transport == []


def stay(**values: object) -> Stay:
    return replace(
        Stay("", How.RULE, name="Hotel Roma", check_in="2027-05-03", check_out="2027-05-05", nights=2), **values
    )  # pyright: ignore[reportArgumentType]


def flight(**values: object) -> Transport:
    return replace(
        Transport("", How.RULE, confirmation="PX77QA", mode="flight", number="LX 340", depart="2027-05-03T08:30"),
        **values,
    )  # pyright: ignore[reportArgumentType]


def test_two_rooms_in_one_hotel_stay_two() -> None:
    rooms = Plan(stays=[stay(confirmation="A-1"), stay(confirmation="A-2")])
    assert len(merge(rooms, Plan(stays=[stay(confirmation="A-2")])).stays) == 2
    assert len(merge(Plan(stays=[stay(room="Double")]), Plan(stays=[stay(room="Single")])).stays) == 2
    assert len(merge(Plan(stays=[stay()]), Plan(stays=[stay(name="Roma Hotel", confirmation="A-1")])).stays) == 1
    assert len(merge(Plan(stays=[stay()]), Plan(stays=[stay(name="Pension Iris")])).stays) == 2


def test_a_later_schedule_replaces_and_a_cancellation_marks() -> None:
    earlier, later = Plan(transport=[flight()]), Plan(transport=[flight(number="LX340", depart="2027-05-04T09:00")])
    assert [one.depart for one in merge(earlier, later).transport] == ["2027-05-04T09:00"]
    other = Plan(transport=[flight(confirmation="OTHER1", depart="2027-05-04T09:00")])
    assert len(merge(earlier, other).transport) == 2
    cancelled = merge(earlier, Plan(transport=[flight(cancelled=True)]))
    assert [one.cancelled for one in cancelled.transport] == [True]
    assert standing(cancelled).transport == []


@pytest.mark.parametrize(
    "text",
    [
        "Date: Tue, 2 Mar 2027 08:00:00 +0000\n\nYour booking CV-777 has been cancelled.",
        "Ihre Buchung CV-777 wurde storniert.",
        "Votre réservation CV-777 a été annulée.",
        "Su reserva CV-777 ha sido cancelada.",
        "La prenotazione CV-777 è stata annullata.",
        "ご予約（予約番号: CV-777）はキャンセルされました。",
        "Cancelled: CV-777",
        "Status: storniert\nBuchungsnummer: CV-777\n",
        "Subject: Stornierung Ihrer Buchung CV-777\n\nGuten Tag,\n\nschade, dass Sie nicht kommen.",
        "Dear Ms X,\n\nwe confirm the cancellation of your reservation.\nConfirmation number: CV-777\n",
        "Cancellation confirmation\nHotel name: not clear\nConfirmation number: CV-777\nCheck-in: 10 April 2027\n",
    ],
)
def test_a_cancellation_by_a_number_alone_is_an_item(text: str) -> None:
    plan = plan_text(text)
    assert [(one.confirmation, one.cancelled) for one in plan.cancellations] == [("CV-777", True)]
    assert plan.cancellations[0].quote in text
    assert (plan.stays, plan.unresolved) == ([], [])
    booked = Plan(stays=[stay(confirmation="CV777"), stay(name="Pension Iris", confirmation="CV-778")])
    merged = merge(booked, plan)
    assert ([one.cancelled for one in merged.stays], merged.cancellations) == ([True, False], [])


def test_only_the_flight_and_the_booking_that_are_named_are_cancelled() -> None:
    flights = (
        "LH 1784 Munich - Porto, 10 April 2027, departs 09:15\nLH 1785 Porto - Munich, 17 April 2027, departs 12:10\n"
    )
    plan = plan_text("Your flight LH1785 on 17 April 2027 has been cancelled.\n")
    assert [(one.number, one.depart, one.cancelled) for one in plan.transport] == [("LH1785", "2027-04-17", True)]
    plan = plan_text(f"Your flight LH 1785 has been cancelled.\nYour flights\n{flights}")
    assert [(one.number, one.cancelled) for one in plan.transport] == [("LH 1784", False), ("LH 1785", True)]
    plan = plan_text(
        "Your booking CV-777 has been cancelled and replaced by booking CV-778.\nHotel Roma\n"
        "Check-in: 5 April 2027\nCheck-out: 8 April 2027\nConfirmation number: CV-778\n"
    )
    assert [(one.confirmation, one.cancelled) for one in plan.stays] == [("CV-778", False)]
    assert [one.confirmation for one in plan.cancellations] == ["CV-777"]


def test_a_cancellation_that_names_nothing_is_unresolved() -> None:
    plan = plan_text("Your booking has been cancelled.")
    assert [(one.kind, one.quotes) for one in plan.unresolved] == [
        ("cancellation", ("Your booking has been cancelled.",))
    ]


def test_structured_data_may_tell_a_cancellation_by_its_number() -> None:
    page = (
        '<script type="application/ld+json">{"@type":"LodgingReservation","reservationNumber":"CV-777",'
        '"reservationStatus":"https://schema.org/ReservationCancelled"}</script><p>Booking CV-777: see below.</p>'
    )
    plan = plan_of(read(page.encode(), filename="a.html"), Context())
    assert [(one.confirmation, one.quote) for one in plan.cancellations] == [("CV-777", "Booking CV-777: see below.")]


@pytest.mark.parametrize(
    "sentence",
    [
        "Cancellation policy: free until 2 April 2027.",
        "If your booking has been cancelled, you get a refund.",
        "Your booking can be cancelled until 2 April 2027.",
        "Your booking has not been cancelled.",
        "Kostenlose Stornierung bis 2. April 2027.",
        "Ihre Buchung kann bis 2. April 2027 storniert werden.",
        "Annulation gratuite jusqu'au 2 avril 2027",
        "Cancelación gratuita hasta el 2 de abril de 2027",
        "キャンセル料は無料",
    ],
)
def test_what_may_be_cancelled_is_not(sentence: str) -> None:
    text = f"{sentence}\nHotel Roma\nBooking CV-777\nCheck-in: 5 April 2027\nCheck-out: 8 April 2027\n"
    plan = plan_text(text)
    assert [one.cancelled for one in plan.stays] == [False]
    assert (plan.cancellations, plan.unresolved) == ([], [])


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "line",
    [
        "Your booking X-77 has been cancelled. ",
        "storniert ",
        "4111 1111 ",
        "On 4 May 2027 A <a@b.example> wrote: ",
        "Date: 4 May 2027 ",
        "Mon 12 May 2027 12:00 x EUR 3.00 ",
        "12.12.",
        "may 12 - ",
        "from A ",
        "check-in 12 May ",
        "EUR 1 - ",
        "(",
    ],
)
def test_hostile_text_is_planned_without_backtracking(line: str) -> None:
    for text in (line * (20_000 // len(line)), (line + "\n") * (20_000 // len(line))):
        begin = perf_counter()
        plan_text(text)
        assert perf_counter() - begin < 10


def test_a_long_line_of_digits_and_thousands_of_stays_are_planned_in_linear_time() -> None:
    stays = "".join(
        f"Check-in: {1 + i % 28} May 2027\nCheck-out: 2 June 2027\nHotel Number {i}\n" for i in range(2_000)
    )
    cell = f"<table><tr><td>3 May 2027</td><td>{'12.12.' * 33_000}</td></tr></table>"
    for text, name in (("12.12." * 33_000, "a.txt"), (cell, "a.html"), (stays, "a.txt")):
        begin = process_time()
        plan_of(read(text.encode(), filename=name), Context())
        assert process_time() - begin < 5


def test_nothing_of_a_document_stays_in_memory() -> None:
    plan_text(
        "Hotel Roma, 3-5 May 2027 (2 nights)\nFlight LX 340 Zurich - Porto 3 May 2027 10:00 - 12:30\nTotal EUR 3.00\n"
    )
    lines = [
        f"{1 + i % 28} May 2027 {i % 24:02}:15 Flight LX {i} from Zurich to Porto number {i}\n" for i in range(1_000)
    ]
    text = "".join(lines)
    tracemalloc.start()
    plan_text("".join(lines[:10]))
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    plan_text(text)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert kept < len(text)


def test_a_page_of_200_kb_is_planned_while_a_person_waits() -> None:
    day = "<h3>Saturday 12 September 2026: Lisbon</h3><ul><li>14:30 Walk through Alfama</li><li>Dinner</li></ul>"
    words = "<p>The quick brown fox walks along the shore and pays nothing at the old pier before it rests again.</p>"
    page = ("<html lang='en'><body>" + (day + words * 20) * 85 + "</body></html>").encode()
    begin = perf_counter()
    plan = plan_of(read(page, filename="page.html"), Context())
    assert perf_counter() - begin < 5
    assert [one.title for one in plan.activities if one.time] == ["Walk through Alfama"] * 85
