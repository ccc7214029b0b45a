"""Documents that sell rather than tell what is booked, and bookings that look a little like them."""

from __future__ import annotations

import pytest

from documents.model import Context, Plan
from documents.planning import plan_of
from documents.reading import read


def plan_text(text: str) -> Plan:
    name = "page.html" if text.startswith("<") else "text.txt"
    return plan_of(read(text.encode(), filename=name), Context())


SELLING = {
    "a basket": "<h1>Haben Sie etwas vergessen?</h1><p>Ihre Auswahl liegt noch im Warenkorb.</p>"
    "<h3>Strandhotel Düne, Norderney</h3><p>Anreise: 04.06.2027<br>Abreise: 08.06.2027<br>Gesamtpreis: 612,00 €</p>",
    "a journey left behind": "<p>Vous avez laissé un voyage dans votre panier :</p><table><tr><td>Vol Lyon (LYS) – "
    "Lisbonne (LIS)</td><td>12 mai 2027, 07:15 – 08:40</td></tr><tr><td>TP 473</td><td>214,60 €</td></tr></table>",
    "a selection that waits": "Votre sélection est toujours disponible :\nAtelier macarons - samedi 22 mai 2027 à 14h00"
    "\n2 places - 118,00 €\nSe désinscrire\n",
    "a booking not completed": "<p>ご予約はまだ完了していません</p><p>宿泊施設：湯の宿 もみじ</p>"
    "<p>チェックイン：2027年11月3日</p><p>チェックアウト：2027年11月5日</p><p>合計：48,000円</p>",
    "a newsletter": "<h1>Weekend escapes</h1><h2>Bath in bloom</h2><p>Two nights at The Royal Garden Hotel, Fri 7 May "
    "2027 to Sun 9 May 2027, from £189pp</p><a>Book now</a><h2>Wine tasting in Kent</h2>"
    "<p>Saturday 22 May 2027, 11:00, from £45pp</p><p>Unsubscribe</p>",
    "deals": "<h1>Aanbieding van de week</h1><p>Stedentrip Praag, 12 t/m 15 maart 2027, Hotel Zlata, v.a. € 199 p.p."
    "</p><p>Weekend Gent, 9 t/m 11 april 2027, v.a. € 149 p.p.</p><p>Boek snel! Uitschrijven kan hier.</p>",
    "a list of dates": "<h1>Toskana Wanderreise</h1><p>8 Tage ab 1.290 € p. P.</p><table><tr><th>Termin</th><th>Preis"
    "</th><th>Verfügbarkeit</th></tr><tr><td>08.05.2027 – 15.05.2027</td><td>ab 1.290 €</td><td>frei</td></tr><tr><td>"
    "25.09.2027 – 02.10.2027</td><td>ab 1.350 €</td><td>wenige Plätze</td></tr></table><a>Jetzt anfragen</a>",
    "an alert of prices": "<h1>Price alert: Manchester – Alicante</h1><p>Prices have dropped.</p><p>Sat 3 July 2027, "
    "LS 897, 06:55 – 10:40, £64</p><a>View deal</a>",
    "a quotation with a number": "Quotation\nBooking ref. Q-20771\nHotel Aurora, Tromsø\nArrival: 3 February 2027\n"
    "Departure: 7 February 2027\nTotal: EUR 940.00\nThis quote is valid until 20 December 2026.\n",
    "an offer": "Angebot Nr. 2027-118\nGerne bieten wir Ihnen an:\n14.05.2027 - 17.05.2027 Hotel Zur Linde 4.320,00 EUR"
    "\n15.05.2027, 10:00 Uhr: Stadtführung Erfurt 180,00 EUR\nDas Angebot ist gültig bis 15.02.2027.\n",
    "an estimate": "DEVIS N° D-4471\nDossier : 88213\nCroisière sur le lac, vendredi 4 juin 2027 à 15h00 : 48,00 €\n"
    "Total : 468,00 €\nDevis valable jusqu'au 30 avril 2027.\n",
    "nothing booked yet": "Buenos días:\nHotel Mirador, Toledo, del 15 al 17 de octubre de 2027, 118 € por persona\n"
    "No hemos bloqueado plazas ni hecho ninguna reserva.\n",
}
BOOKED = {
    "an advertisement at the end": "Hotel Anker, Bergen\nCheck-in: 4 June 2027\nCheck-out: 6 June 2027\n"
    "Total: EUR 240.00\nNeed a car? From EUR 29 a day. Book now and save.\nUnsubscribe\n",
    "offers after thanks": "Merci pour votre commande n° 55012\nVisite guidée du château\nsamedi 5 juin 2027 à 14h00\n"
    "2 billets : 30,00 €\nProfitez aussi de nos offres : boutique dès 5 €, restaurant dès 18 €.\nSe désabonner\n",
    "a confirmation with a code": "Tu reserva está confirmada\nLocalizador: ABX772\nHotel Sol, Nerja\n"
    "Entrada: 3 de julio de 2027\nSalida: 6 de julio de 2027\nOferta: traslado desde 25 €. Reserva ahora.\n",
    "a programme": "Sat 5 June 2027\n10:00 Walk on the cliffs\n13:00 Lunch at the inn (keine Reservierung nötig)\n",
    "checking out": "Villa Ruza till Monday\nMon 26 April 2027\n10:00 checkout\n15:25 Boat to the island\n",
}


@pytest.mark.parametrize("text", SELLING.values(), ids=SELLING)
def test_what_is_for_sale_is_no_plan(text: str) -> None:
    plan = plan_text(text)
    assert [plan.days, plan.activities, plan.stays, plan.transport, plan.costs] == [[], [], [], [], []]


@pytest.mark.parametrize("text", BOOKED.values(), ids=BOOKED)
def test_a_booking_with_offers_in_it_is_a_plan(text: str) -> None:
    plan = plan_text(text)
    assert plan.activities or plan.stays


def told(plan: Plan) -> list[tuple[str, str | None, str]]:
    return [(one.date, one.time, one.title) for one in plan.activities if not one.cancelled]


def test_weekdays_are_days_of_the_tour_or_of_none() -> None:
    programme = "SUNDAY\n18:30 Welcome briefing\n\nMONDAY\n09:00 Guided walk\n\nCOST\nTotal GBP 2,290.00\n"
    plan = plan_text(f"Starts: Sunday 6 June 2027\nEnds: Friday 11 June 2027\nDeposit paid 2 May 2027\n\n{programme}")
    assert told(plan) == [("2027-06-06", "18:30", "Welcome briefing"), ("2027-06-07", "09:00", "Guided walk")]
    assert [day.date for day in plan.days] == ["2027-06-06", "2027-06-07"]
    plan = plan_text(f"Prepared 4 March 2027\n\n{programme}")
    assert (told(plan), plan.days) == ([], [])


def test_a_card_begins_with_its_day_and_goes_on_below_its_title() -> None:
    cards = "".join(
        f"<div><p><b>Day {number}</b> <span>{day} September 2027</span></p><h3>{title}</h3><ul><li>{what}</li></ul>"
        "</div>"
        for number, day, title, what in (
            (1, 14, "Arrival", "Welcome drink at 18:00"),
            (2, 15, "The lake", "Afternoon boat ride"),
        )
    )
    plan = plan_text(f"<h1>Your journey</h1>{cards}<h2>Prices</h2><p>Total: USD 900.00</p>")
    assert told(plan) == [("2027-09-14", "18:00", "Welcome drink"), ("2027-09-15", None, "Afternoon boat ride")]


def test_headings_in_capitals_end_a_day_and_lines_below_a_name_are_notes() -> None:
    plan = plan_text(
        "Thursday, July 8, 2027\n\n9:00 AM\nHarbor boat tour\nPier 4, ask for Dana\n\n1:15 PM\nLunch at The Shack\n\n"
        "GUESTS\nMrs Jane Poole\nMiss Ella Poole\n"
    )
    assert told(plan) == [("2027-07-08", "09:00", "Harbor boat tour"), ("2027-07-08", "13:15", "Lunch at The Shack")]


def test_headings_tell_what_is_cancelled_and_what_stands() -> None:
    plan = plan_text(
        "Une des visites n'aura pas lieu.\n\nVISITE ANNULÉE\nAteliers de la verrerie\nSamedi 22 mai 2027 à 10h30\n\n"
        "VISITE MAINTENUE\nAbbaye Saint-Aubert, visite\nDimanche 23 mai 2027 à 21h15\nNouveau total : 54,00 €\n"
    )
    assert [one[:2] for one in told(plan)] == [("2027-05-23", "21:15")]
    assert [day.date for day in plan.days if day.date != "2027-05-23"] == []
    assert [f"{one.amount:f}" for one in plan.costs] == ["54.00"]


@pytest.mark.parametrize(
    "line",
    [
        "Excursion to Ronda from 59 €, daily at 08:00.",
        "The walk on 5 June 2027 has been changed from 10:00 to 11:30.",
        "The tour on 5 June 2027 at 10:00 is sold out.",
        "2027年6月5日以降：料金の50%",
        "Karl Brandt, 02.11.1963",
    ],
)
def test_what_recurs_was_moved_or_is_long_past_is_no_activity(line: str) -> None:
    plan = plan_text(f"Programme\n4 June 2027, 20:00: Concert in the hall\n{line}\n")
    assert [one[:2] for one in told(plan)] == [("2027-06-04", "20:00")]
    assert {day.date for day in plan.days} <= {"2027-06-04"}


def test_doors_open_before_what_is_booked() -> None:
    plan = plan_text(
        'Theatre: "The Winter Orchard"\nSaturday 6 March 2027, 7:30pm (doors 6:45pm), Stalls F11 and F12\n'
    )
    assert [one[:2] for one in told(plan)] == [("2027-03-06", "19:30")]
    assert "Winter Orchard" in told(plan)[0][2]
