"""Appointments and costs of loose lines: which are told, what they are called, and what only looks like one."""

from __future__ import annotations

import pytest

from documents.model import Context, Plan
from documents.planning import plan_of
from documents.reading import read


def plan_text(text: str, filename: str = "text.txt") -> Plan:
    return plan_of(read(text.encode(), filename=filename), Context())


def told(plan: Plan) -> list[tuple[str, str | None, str]]:
    return [(one.date, one.time, one.title) for one in plan.activities]


def paid(plan: Plan) -> list[str]:
    return [f"{one.amount:f} {one.of}" for one in plan.costs]


@pytest.mark.parametrize(
    "line",
    [
        "We would also like a table on Saturday 19 June 2027 at 20:00.",
        "Könnten wir am 19. Juni 2027 um 20:00 Uhr einen Tisch haben?",
        "Offres valables jusqu\u2019au 19 juin 2027 à 23h59.",
        "Il cambio è consentito fino alle ore 23:59 del 19/06/2027.",
        "Hasta el 19 de junio de 2027 a las 23:59: gratis",
        "Wijzigen kan tot 19 juni 2027, 12.00 uur.",
        "Your order of 19 June 2027, 18:22 is confirmed.",
        "19 June 2027 11:02 - Payment received",
        "I have asked for a table on 19 June 2027 at 19:30, but they have not replied yet.",
        "予約受付日時：2027年6月19日 22:14",
        "Noche de flamenco - 19 de junio de 2027, 21:30 - desde 18 €",
    ],
)
def test_wishes_deadlines_orders_and_offers_are_no_activities(line: str) -> None:
    plan = plan_text(f"Booking TR-2207\n{line}\n")
    assert told(plan) == []
    assert plan.days == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("1) Galleria delle Arti\nIngresso: 12/05/2027 ore 09:45\n13/05/2027\n", "Galleria delle Arti"),
        ("Chez Odile, 9 rue des Tanneurs\n12 mai 2027 à 9h45 · 4 couverts · au nom de Renard\n", "Chez Odile"),
        ("Experience: Seal trip\nWhen: 12 May 2027, 09:45\n", "Seal trip"),
        ("Uhrzeit: 09:45 Uhr\nDatum: 12. Mai 2027\nRestaurant: Zum Schwan\n", "Zum Schwan"),
        ("店名：鮨 みなと\nご来店日時：2027年5月12日（水）9時45分\n", "鮨 みなと"),
        ("The Magic Flute, Ringtheater, 12 May 2027, 09:45\n", "Magic Flute, Ringtheater"),
    ],
)
def test_an_appointment_has_the_name_of_its_block(text: str, title: str) -> None:
    activities = told(plan_text(text))
    assert [one[:2] for one in activities] == [("2027-05-12", "09:45")]
    assert title in activities[0][2]


def test_a_form_in_a_table_and_one_below_labels_tell_one_appointment_each() -> None:
    table = (
        "<table><tr><td>Tour</td><td>Golden Circle</td></tr><tr><td>Date</td><td>Fri 5 Feb 2027</td></tr>"
        "<tr><td>Pick-up time</td><td>08:30</td></tr></table>"
    )
    below = (
        "<div>Experiencia</div><div>Cata entre barricas</div><div>Día</div><div>5 de febrero de 2027</div>"
        "<div>Hora</div><div>12:00</div>"
    )
    assert told(plan_text(f"<html><body>{table}</body></html>", "a.html")) == [("2027-02-05", "08:30", "Golden Circle")]
    assert told(plan_text(f"<html><body>{below}</body></html>", "b.html")) == [
        ("2027-02-05", "12:00", "Cata entre barricas")
    ]


def test_a_day_cell_of_two_lines_is_the_day_of_all_lines_of_its_row() -> None:
    plan = plan_text(
        "<html><body><p>11.-12. September 2027</p><table><tr><td>Tag</td><td>Programm</td></tr>"
        "<tr><td>1. Tag<br>Sa 11.09.2027</td><td><p>09:30 Altstadt</p><p>15:00 Garten</p></td></tr>"
        "<tr><td>2. Tag<br>So 12.09.2027</td><td><p>10:00 Hafen</p></td></tr></table></body></html>",
        "plan.html",
    )
    assert told(plan) == [
        ("2027-09-11", "09:30", "Altstadt"),
        ("2027-09-11", "15:00", "Garten"),
        ("2027-09-12", "10:00", "Hafen"),
    ]


def test_numbered_days_count_from_the_day_a_tour_starts() -> None:
    plan = plan_text("Salida: 3 de mayo de 2027\nDía 1 - Lima\n15:00 Encuentro\nDía 3 - Cusco\n08:15 Excursión\n")
    assert told(plan) == [("2027-05-03", "15:00", "Encuentro"), ("2027-05-05", "08:15", "Excursión")]


def test_the_senders_of_copied_messages_are_no_activities() -> None:
    plan = plan_text("ana 9:12 AM\nThe plan:\nThu 11 Mar 2027 - 10am workshop\nomar 9:20 AM\nok\nana 9:21 AM\nfine\n")
    assert [one[:2] for one in told(plan)] == [("2027-03-11", "10:00")]


@pytest.mark.parametrize(
    "line",
    [
        "ENDORSEMENTS NON REF / CHANGE FEE EUR 120",
        "Se bloqueará un depósito de 1.100 € en la tarjeta.",
        "En cas d\u2019absence, 35 € par personne seront prélevés.",
        "Menu dégustation à 89 €, accord mets et vins 48 €.",
        "Last time we paid EUR 230 a room, is that still right?",
        "※変更・払戻は可能です（払戻手数料 320円）。",
        "Annuleringskosten € 10,00.",
        "Late return is charged at €30 per half hour.",
        "You earned 4,350 points worth €15.",
        "Kundengeldabsicherung 2.500.000 €.",
        "Budget per head 180 EUR.",
        "Range balls €4 a basket.",
        "Need an extra guest? Add one for €11.",
    ],
)
def test_conditions_rewards_and_other_prices_are_no_costs(line: str) -> None:
    plan = plan_text(f"Booking TR-2207\nGolden Circle tour, 12 May 2027, 09:45\nTotal: EUR 300.00\n{line}\n")
    assert paid(plan) == ["300.00 total"]


def test_a_section_of_conditions_has_no_items() -> None:
    plan = plan_text(
        "<html><body><p>Guided tour on 12 May 2027 at 09:45</p><p>Total: EUR 300.00</p><h3>Cancellation policy</h3>"
        "<ul><li>From 6 May 2027: EUR 199.50</li></ul><h3>Payment</h3><p>Paid: EUR 50.00</p></body></html>",
        "tour.html",
    )
    assert paid(plan) == ["300.00 total", "50.00 paid"]


def test_a_year_before_a_currency_is_no_amount() -> None:
    plan = plan_text("Booking TR-2207\nSALDO ENTRO IL 22/05/2027    € 2.214,00\nAcconto 5 maggio 2027 € 950,00\n")
    assert sorted(paid(plan)) == ["2214.00 balance", "950.00 deposit"]


def test_items_that_add_up_to_the_total_are_costs_without_a_day() -> None:
    text = "Rechnung 2027-4471\nFlug, 2 x 62,00 € 124,00 €\nMietwagen 76,00 €\nGesamtbetrag 200,00 €\n"
    assert sorted(paid(plan_text(text))) == ["124.00 item", "200.00 total", "76.00 item"]
    assert paid(plan_text(text.replace("76,00", "75,00"))) == ["200.00 total"]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Lunch: 19 December 2026, 13:00, Cafe Central", "Lunch: Cafe Central"),
        ("Opera, Sunday 20 December 2026, 19:00, Staatsoper", "Opera, Staatsoper"),
        ("Museum tour - 21 December 2026 - 10:00 - Kunsthistorisches", "Museum tour – Kunsthistorisches"),
    ],
)
def test_a_title_has_no_signs_left_of_the_day_and_time_inside_it(line: str, title: str) -> None:
    assert [one.title for one in plan_text(f"Programme\n{line}\n").activities] == [title]


def test_the_number_of_a_booking_that_no_item_has_is_left_to_be_read() -> None:
    plan = plan_text("Vienna\nOpera, Sunday 20 December 2026, 19:00, Staatsoper\nVoucher no. V-88214\n")
    assert [one.title for one in plan.activities] == ["Opera, Staatsoper"]
    assert plan.unread == ["Voucher no. V-88214"]
