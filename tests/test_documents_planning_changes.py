"""Journeys and stays that documents tell were changed or cancelled, and layouts of both in other languages."""

from __future__ import annotations

import pytest

from documents.merge import standing
from documents.model import Context, Plan
from documents.planning import plan_of
from documents.reading import read


def plan_text(text: str, filename: str = "text.txt") -> Plan:
    return plan_of(read(text.encode(), filename=filename), Context())


def journeys(text: str, filename: str = "text.txt") -> list[tuple[str | None, ...]]:
    plan = standing(plan_text(text, filename))
    return [(one.number, one.origin, one.destination, one.depart, one.arrive) for one in plan.transport]


def stays(text: str, filename: str = "text.txt") -> list[tuple[str | None, ...]]:
    plan = standing(plan_text(text, filename))
    return [(one.name, one.check_in, one.check_out) for one in plan.stays]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "DATOS ANTERIORES\nHotel Sol\nLlegada: 10 de agosto de 2027\nSalida: 12 de agosto de 2027\n"
                "DATOS ACTUALES\nHotel Sol\nLlegada: 12 de agosto de 2027\nSalida: 15 de agosto de 2027\n"
            ),
            [("Hotel Sol", "2027-08-12", "2027-08-15")],
        ),
        (
            (
                "L'ancienne réservation (du 10 au 14 août 2027) est annulée et remplacée par celle-ci :\n"
                "Hôtel Bleu, Cluny\nArrivée : mardi 3 août 2027\nDépart : samedi 7 août 2027\n"
            ),
            [("Hôtel Bleu", "2027-08-03", "2027-08-07")],
        ),
        (
            (
                "As requested we have cancelled the booking below.\nBooking number: 2291-771\nProperty: Anchor Inn\n"
                "Check-in: 24 September 2027\nCheck-out: 26 September 2027\nYour other booking is not affected:\n"
                "Booking number: 2291-772\nProperty: Priory Guest House\nCheck-in: 26 September 2027\n"
                "Check-out: 28 September 2027\n"
            ),
            [("Priory Guest House", "2027-09-26", "2027-09-28")],
        ),
        (
            "Statt vom 3. bis 10. Juli 2027 erwarten wir Sie nun vom 10. bis 17. Juli 2027 in der Ferienwohnung Möwe.",
            [("Ferienwohnung Möwe", "2027-07-10", "2027-07-17")],
        ),
        (
            "The Lighthouse Lodge is fully booked for 3 to 6 September 2027, sorry.\n",
            [],
        ),
        (
            (
                "Bright loft near the harbour\nEntire home hosted by Marija\nWed, 8 Sep 2027   Sun, 12 Sep 2027\n"
                "Check-in   Checkout\n2:00 PM   10:00 AM\n"
            ),
            [("Bright loft near the harbour", "2027-09-08", "2027-09-12")],
        ),
        (
            "Fri 10 - Mon 13 Sep 2027   Old Mill Inn, Hawes   3 nights\n",
            [("Old Mill Inn", "2027-09-10", "2027-09-13")],
        ),
        (
            "宿名: 山の湯旅館 ほたる\n宿泊日: 2027年10月15日-10月17日 2泊\n",
            [("山の湯旅館 ほたる", "2027-10-15", "2027-10-17")],
        ),
        (
            "Nel maggio 2027\ndormiamo al Podere Le Querce, 3 notti fino a martedì 18 maggio 2027\n",
            [("Podere Le Querce", "2027-05-15", "2027-05-18")],
        ),
    ],
)
def test_only_the_stays_that_hold_are_told(text: str, expected: list[tuple[str, ...]]) -> None:
    assert stays(text) == expected


def test_a_status_in_a_table_is_that_of_its_booking_alone() -> None:
    rows = "<tr><td>Hotel</td><td>{}</td></tr><tr><td>Anreise</td><td>{}</td></tr><tr><td>Abreise</td><td>{}</td></tr>"
    text = "<p>Wir haben die folgende Übernachtung storniert:</p>"
    text += f"<table>{rows.format('Hotel Post', '02.09.2027', '04.09.2027')}"
    text += "<tr><td>Status</td><td>Storniert</td></tr></table><p>Weiterhin gebucht ist:</p>"
    text += f"<table>{rows.format('Gasthof Krone', '04.09.2027', '08.09.2027')}"
    text += "<tr><td>Status</td><td>Bestätigt</td></tr></table>"
    assert stays(f"<html><body>{text}</body></html>", "a.html") == [("Gasthof Krone", "2027-09-04", "2027-09-08")]


def test_a_train_that_does_not_run_is_cancelled_and_the_next_one_is_not() -> None:
    text = (
        "Votre train TGV INOUI 6607 du vendredi 12 mars 2027 ne circulera pas.\nVotre nouveau trajet\n"
        "Vendredi 12 mars 2027\n08h58 Paris Gare de Lyon\n10h56 Lyon Part-Dieu\nTGV INOUI 6609\n"
    )
    leg = ("TGV INOUI 6609", "Paris Gare de Lyon", "Lyon Part-Dieu", "2027-03-12T08:58", "2027-03-12T10:56")
    assert journeys(text) == [leg]


def test_headings_with_a_route_and_a_status_tell_which_crossing_holds() -> None:
    text = (
        "Nous avons annulé votre traversée retour.\nALLER : TOULON → BASTIA CONFIRMÉ\n"
        "Départ : vendredi 9 juillet 2027 à 21h00\nArrivée : samedi 10 juillet 2027 à 07h00\nNavire : Mega Aurora\n"
        "RETOUR : AJACCIO → TOULON ANNULÉ\n"
        "Départ : samedi 24 juillet 2027 à 09h30\nArrivée : samedi 24 juillet 2027 à 16h15\n"
    )
    assert journeys(text) == [(None, "TOULON", "BASTIA", "2027-07-09T21:00", "2027-07-10T07:00")]


def test_several_journeys_below_labelled_origins_need_no_numbers() -> None:
    one = "<dt>Origen</dt><dd>{}</dd><dt>Hora de salida</dt><dd>{}</dd><dt>Destino</dt><dd>{}</dd>"
    one += "<dt>Hora de llegada</dt><dd>{}</dd>"
    legs = one.format("Madrid", "08:00", "Granada", "12:30") + one.format("Granada", "13:15", "Almería", "15:25")
    text = (
        f"<html><body><h1>Tus billetes de autobús</h1><h2>Sábado 17 de abril de 2027</h2><dl>{legs}</dl></body></html>"
    )
    assert journeys(text, "a.html") == [
        (None, "Madrid", "Granada", "2027-04-17T08:00", "2027-04-17T12:30"),
        (None, "Granada", "Almería", "2027-04-17T13:15", "2027-04-17T15:25"),
    ]


def test_a_number_above_a_table_and_days_below_its_times_are_those_of_its_journey() -> None:
    table = "<table><tr><td>Departs<br>13:00<br>London (LHR)<br>Sat 8 May 2027</td><td>Arrives<br>15:10<br>"
    table += "Keflavik (KEF)<br>Sat 8 May 2027</td></tr></table>"
    text = f"<html><body><p>Your flights</p><p>FI 451</p>{table}</body></html>"
    assert journeys(text, "a.html") == [
        ("FI 451", "London (LHR)", "Keflavik (KEF)", "2027-05-08T13:00", "2027-05-08T15:10")
    ]


def test_a_journey_without_times_needs_a_day_of_its_own() -> None:
    flight = "Flight AB 1209 Marseille (MRS) - Brest (BES)\nMonday 19 July 2027\n"
    text = f"Monday 12 July 2027\nTickets for the museum\n{flight}"
    assert "2027-07-12" not in {one[3] for one in journeys(text)}
