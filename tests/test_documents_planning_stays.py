"""Stays of documents in many layouts: whose house, from which day to which, and what is no stay or stands no longer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from booking_scores import context_of

from documents.marking import read_marks
from documents.merge import standing
from documents.model import Context, Plan
from documents.planning import plan_of
from documents.reading import read
from documents.words import folded

STAYS = Path(__file__).parent / "stays"
Told = tuple[str, str | None, str | None]


def stays(plan: Plan) -> list[Told]:
    return [(one.name, one.check_in, one.check_out) for one in standing(plan).stays]


def stays_of(text: str) -> list[Told]:
    return stays(plan_of(read(text.encode(), filename="text.txt"), Context()))


def test_stays_are_read_in_many_layouts_and_languages() -> None:
    wrong: dict[str, list[Told]] = {}
    expected: dict[str, Any] = json.loads((STAYS / "expected.json").read_text(encoding="utf-8"))
    for name, told in expected.items():
        document = read((STAYS / name).read_bytes(), filename=name)
        found = stays(plan_of(document, context_of(told.get("context", {}))))
        wanted = sorted(told["stays"], key=lambda one: (one[1], one[2], one[0]))
        days = [(first, last) for _, first, last in found] == [(first, last) for _, first, last in wanted]
        if not days or any(
            folded(w[0]) not in folded(f[0]) and folded(f[0]) not in folded(w[0])
            for w, f in zip(wanted, found, strict=True)
        ):
            wrong[name] = found
    assert wrong == {}


BOOKED = "Hotel Roma, Bari\nArrival: 5 April 2027\nDeparture: 8 April 2027\n"


@pytest.mark.parametrize(
    "text",
    [
        f"We confirm that the following reservation is cancelled.\n{BOOKED}Total: EUR 300.00\n",
        f"{BOOKED}Total: EUR 300.00\nStatus: Cancelled\n",
        f"Cancellation number: 88123\n{BOOKED}Total: EUR 300.00\n",
        f"Hiermit bestätigen wir die Stornierung Ihres Aufenthalts.\n{BOOKED}Preis: 300,00 EUR\n",
        f"Nous avons bien enregistré l'annulation de votre séjour.\n{BOOKED}Montant : 300,00 €\n",
        f"Hemos cancelado su reserva.\n{BOOKED}Importe: 300,00 €\n",
        f"Abbiamo annullato la Sua prenotazione.\n{BOOKED}Importo: 300,00 €\n",
        f"ご予約のキャンセルを承りました。\n{BOOKED}料金：30,000円\n",  # noqa: RUF001 - a wide colon
    ],
)
def test_a_cancelled_stay_does_not_stand_and_its_price_is_no_cost(text: str) -> None:
    plan = plan_of(read(text.encode(), filename="text.txt"), Context())
    assert (standing(plan).stays, plan.costs) == ([], [])


def test_a_status_may_stand_above_or_below_what_it_is_about() -> None:
    houses = ["Hotel Roma", "Hotel Bari", "Hotel Lecce"]
    blocks = [f"{house}\n{day} May 2027 - {day + 2} May 2027" for house, day in zip(houses, (3, 5, 7), strict=True)]
    states = ["Status: Confirmed", "Status: Cancelled", "Status: Confirmed"]
    below = "\n".join(f"{block}\n{state}" for block, state in zip(blocks, states, strict=True))
    above = "\n".join(f"{state}\n{block}" for block, state in zip(blocks, states, strict=True))
    for text in (below, above):
        assert [name for name, _, _ in stays_of(text)] == ["Hotel Roma", "Hotel Lecce"]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Hotel Roma\nArrival: 6 May 2027 (was 5 May 2027)\nDeparture: 9 May 2027", ("2027-05-06", "2027-05-09")),
        (
            "Hotel Roma\nAnreise: 6. Mai 2027 statt bisher 5. Mai 2027\nAbreise: 9. Mai 2027",
            ("2027-05-06", "2027-05-09"),
        ),
        ("Hôtel Roma\nArrivée le 6 mai 2027 au lieu du 5 mai 2027\nDépart : 9 mai 2027", ("2027-05-06", "2027-05-09")),
        ("Your stay at Hotel Roma has been moved from 5-8 May 2027 to 6-9 May 2027.", ("2027-05-06", "2027-05-09")),
    ],
)
def test_a_day_that_another_replaces_is_none_of_the_stay(text: str, days: tuple[str, str]) -> None:
    assert [(first, last) for _, first, last in stays_of(text)] == [days]


@pytest.mark.parametrize(
    "same", ["same hotel", "ditto", "as above", "wie Vortag", "idem", "mismo hotel", "come sopra", "同上"]
)
def test_the_same_house_again_goes_on(same: str) -> None:
    rows = (
        "| Date | Programme | Overnight |\n|---|---|---|\n| 3 May 2027 | Walk | Hotel Roma |\n"
        f"| 4 May 2027 | Swim | {same} |\n| 5 May 2027 | Home | - |\n"
    )
    assert stays_of(rows) == [("Hotel Roma", "2027-05-03", "2027-05-05")]


def test_a_night_that_is_told_nowhere_leaves_the_stay_open() -> None:
    text = (
        "3 May 2027\nWalk\nOvernight: Hotel Roma\n4 May 2027\nSwim\n"
        "5 May 2027\nOvernight: Hotel Bari\n6 May 2027\nHome\n"
    )
    assert stays_of(text) == [("Hotel Bari", "2027-05-05", "2027-05-06")]
    assert stays_of(text.replace("Swim", "Overnight: Hotel Roma"))[0] == ("Hotel Roma", "2027-05-03", "2027-05-05")


def test_towns_and_nights_on_the_way_are_no_houses() -> None:
    nights = ["Kyoto", "night train", "Nara", "on board"]
    text = "\n".join(f"{day} May 2027\nWalk\nOvernight: {night}" for day, night in enumerate(nights, 3))
    assert stays_of(f"{text}\n7 May 2027\nHome") == []


@pytest.mark.parametrize(
    "line",
    [
        "This is not a booking: we have reserved nothing yet.",
        "Es wurde noch nichts gebucht.",
        "Ce document ne constitue pas une réservation.",
        "Esta propuesta no supone una reserva.",
        "Il presente documento non costituisce una prenotazione.",
    ],
)
def test_a_proposal_without_obligation_holds_no_stay(line: str) -> None:
    assert stays_of(f"{BOOKED}{line}\n") == []
    assert len(stays_of(BOOKED)) == 1


def test_old_columns_are_out_of_a_mark_and_its_text_stays() -> None:
    page = (
        "<table><tr><th></th><th>Was</th><th>Now</th></tr><tr><td>Total</td><td>£5.00</td><td>£6.00</td></tr></table>"
    )
    marks = read_marks(read(page.encode(), filename="a.html"), Context()).marks
    assert [str(amount.value) for amount in marks[-1].amounts] == ["6.00"]
    assert "£5.00" in marks[-1].text


def test_the_only_stay_of_the_text_from_one_day_to_another_is_that_of_the_structured_data() -> None:
    told = {
        "@context": "https://schema.org",
        "@type": "LodgingReservation",
        "reservationNumber": "NC-208841",
        "reservationFor": {"@type": "Hotel", "name": "Hôtel des Tanneurs"},
        "checkinTime": "2026-10-09T16:00",
        "checkoutTime": "2026-10-12T10:30",
    }
    rows = "".join(
        f"<tr><td>{label}</td><td>{value}</td></tr>"
        for label, value in [
            ("Arrivée", "vendredi 9 octobre 2026, à partir de 16h00"),
            ("Départ", "lundi 12 octobre 2026, avant 10h30"),
            ("Hébergement", "1 chambre double, 3 nuits, 2 adultes"),
        ]
    )
    page = (
        f"<html lang='fr'><script type='application/ld+json'>{json.dumps(told)}</script><body>"
        f"<h1>C'est réservé</h1><p>Numéro de réservation : NC-208841</p><table>{rows}</table></body></html>"
    )
    plan = plan_of(read(page.encode(), filename="page.html"), Context())
    assert stays(plan) == [("Hôtel des Tanneurs", "2026-10-09", "2026-10-12")]
