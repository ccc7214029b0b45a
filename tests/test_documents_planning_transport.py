"""Journeys in the layouts that carriers and agencies use: cards, columns, timelines, labels, tables of both kinds."""

from __future__ import annotations

import pytest

from documents.merge import standing
from documents.model import Context
from documents.planning import plan_of
from documents.reading import read

Journey = tuple[str, str | None, str | None, str | None, str | None, str | None]


def journeys(text: str, filename: str = "a.txt") -> list[Journey]:
    plan = standing(plan_of(read(text.encode(), filename=filename), Context()))
    return [(one.mode, one.number, one.origin, one.destination, one.depart, one.arrive) for one in plan.transport]


COLUMNS = """Passenger  OKA/DAN MR
FLIGHT    DATE          FROM                  DEP     TO                    ARR      BAG
SQ 317    THU 14JAN27   LONDON (LHR) T2       11:25   SINGAPORE (SIN) T3    08:20+1  25KG
SQ 938*   FRI 15JAN27   SINGAPORE (SIN) T3    10:05   DENPASAR (DPS)        12:45    25KG
* operated by Scoot
"""
CARDS = """<h2>Hinflug</h2><div>Samstag, 12. Juni 2027</div><div>14:10</div><div>Frankfurt (FRA), Terminal 1</div>
<div>9 Std. 45 Min.</div><div>14:55</div><div>Vancouver (YVR)</div><div>DE 2062 &middot; Premium</div>
<h2>Rückflug</h2><div>Sonntag, 27. Juni 2027</div><div>16:45</div><div>Vancouver (YVR)</div><div>11:35 +1 Tag</div>
<div>Frankfurt (FRA)</div><div>DE 2063</div><div>Umsteigezeit 1 Std. 55 Min.</div><div>Montag, 28. Juni 2027</div>
<div>13:30</div><div>Frankfurt (FRA)</div><div>14:35</div><div>Hamburg (HAM)</div><div>DE 7404</div>"""
TIMELINE = """Aller
vendredi 14 mai 2027
08h14 Paris Gare de Lyon
TGV INOUI n° 6607 · Voiture 14, place 61
10h10 Lyon Part-Dieu
Correspondance de 24 min
10h34 Lyon Part-Dieu
TER n° 884709 · Placement libre
12h29 Annecy
"""
LINES_OF_LABELS = """【往路】
乗車日：2027年3月26日（金）
列車名：のぞみ229号
区　間：東京（12:21発）→ 新大阪（14:51着）
"""
ROWS_OF_LINES = """<p>ANDATA - 17/04/2027</p><table>
<tr><td>Partenza</td><td>Arrivo</td><td>Treno</td><td>Posto</td></tr>
<tr><td>Milano Centrale<br>ore 08:45</td><td>Venezia Santa Lucia<br>ore 11:10</td><td>Frecciarossa 9713</td>
<td>Carrozza 5</td></tr></table>"""
BEFORE_AND_AFTER = """<p>Hemos cambiado tu vuelo.</p><table>
<tr><th></th><th>Vuelo anterior</th><th>Vuelo nuevo</th></tr>
<tr><td>Vuelo</td><td>BZ 1432</td><td>BZ 1438</td></tr>
<tr><td>Fecha</td><td>viernes, 21 de mayo de 2027</td><td>sábado, 22 de mayo de 2027</td></tr>
<tr><td>Origen</td><td>Bilbao (BIO)</td><td>Bilbao (BIO)</td></tr>
<tr><td>Destino</td><td>Tenerife Norte (TFN)</td><td>Tenerife Norte (TFN)</td></tr>
<tr><td>Salida</td><td>18:55</td><td>10:20</td></tr><tr><td>Llegada</td><td>21:05</td><td>12:30</td></tr></table>"""
ONE_CELL_PER_END = """<table><tr><th>Flight</th><th></th><th>Date</th><th>Time</th><th>Airport</th></tr>
<tr><td rowspan="2">AC 875</td><td>Departs</td><td>Wed 02 Jun 2027</td><td>18:20</td><td>Montreal (YUL)</td></tr>
<tr><td>Arrives</td><td>Thu 03 Jun 2027</td><td>07:25</td><td>Munich (MUC)</td></tr></table>"""
CODES = """<h2>Flights</h2><h3>London to Santiago</h3><p>Tue 2 Nov 2027 &middot; 1 stop</p>
<p>LHR 21:35 – MAD 01:05 +1</p>
<p>Iberia IB 3177</p><p>Layover in Madrid: 55 min</p><p>MAD 02:00 – SCL 09:40</p><p>Iberia IB 6833</p>"""
BOARDING = """BOARDING PASS
FLIGHT OZ 542   DATE 07MAR27
FROM FRANKFURT (FRA)
TO SEOUL INCHEON (ICN)
GATE B46   BOARDING 17:40   SEAT 31A
DEPARTURE 18:25   ARRIVAL 13:55 +1
"""
CHANGED = """Wir ändern die Zeiten Ihres Fluges XQ 541 von Hamburg (HAM) nach Antalya (AYT) am 21. August 2027.
Bisherige Zeiten: Abflug 06:10, Ankunft 11:05
Neue Zeiten: Abflug 09:35, Ankunft 14:30
"""
SECTIONS = """VOLO
AZ 1195 22/06/2027 Milano Linate (LIN) - Olbia (OLB) partenza 07:10 arrivo 08:20
TRAGHETTO
Porto Torres - Genova, partenza 29/06/2027 ore 20:30, arrivo 30/06/2027 ore 07:30
"""
MARKDOWN = """## Montag, 7. Juni 2027
- 09:25 Hamburg Hbf → 14:10 København H (EC 391)
- 15:27 København H → 20:36 Stockholm C (SJ 540)
"""
REBOOKED = """Votre traversée du 18 avril 2027, Roscoff - Plymouth, départ 15h30, arrivée 20h30, a été annulée.
Nous vous avons replacé sur la traversée suivante :
Lundi 19 avril 2027
Roscoff 09h00
Plymouth 14h00
"""
TWO_CELLS_A_LINE = """<p>Reservation E8XK3Q</p><table><tr><td colspan="2">FR1234 - Going out</td></tr>
<tr><td>STN</td><td>TSF</td></tr><tr><td>(London Stansted)</td><td>(Venice Treviso)</td></tr>
<tr><td>Thu, 15 Apr 27</td><td>Thu, 15 Apr 27</td></tr><tr><td>Depart 06:35</td><td>Arrive 09:40</td></tr></table>"""
LABELS_ABOVE = """<h2>Tu billete de autobús</h2><div>Origen</div><div>Madrid (Est. Sur)</div><div>Destino</div>
<div>Granada</div><div>Fecha de viaje</div><div>21/10/2027</div><div>Salida</div><div>08:30</div><div>Llegada</div>
<div>13:00</div><div>Asiento</div><div>23</div>"""
ONE_VALUE_A_LINE = """<h3>Manchester to Dubai</h3><p>Sunday, 10 October 2027</p><p>EK 018</p><p>13:40</p><p>MAN</p>
<p>Manchester, Terminal 1</p><p>7 hrs 10 mins</p><p>00:50</p><p>+1</p><p>DXB</p><p>Dubai, Terminal 3</p>"""
ENDS_BELOW_EACH_OTHER = """<table><tr><th>Flight</th><th>From / To</th><th>Departure / Arrival</th></tr>
<tr><td>FI 543</td><td>Paris (CDG)<br>Reykjavik (KEF)</td><td>Fri 13 Aug 2027 14:10<br>Fri 13 Aug 2027 15:40</td></tr>
</table>"""
ROWS_OF_TWO_LINES = """Flight No.   Departure                       Arrival
VJ 198       Hanoi (HAN)                     Ho Chi Minh City (SGN)
             10 Mar 2027 09:20               10 Mar 2027 11:30

VJ 199       Ho Chi Minh City (SGN)          Hanoi (HAN)
             17 Mar 2027 18:45               17 Mar 2027 20:55
"""
ROUTES_OF_CODES = """Date         Flight    Route      Dep     Arr
07.09.2027   OS 202    FRA-VIE    12:05   13:25
07.09.2027   OS 645    VIE-KIV    14:40   17:10
"""
LAYOUTS: list[tuple[str, str, list[Journey]]] = [
    ("a.txt", COLUMNS, [
        ("flight", "SQ 317", "LONDON (LHR)", "SINGAPORE (SIN)", "2027-01-14T11:25", "2027-01-15T08:20"),
        ("flight", "SQ 938", "SINGAPORE (SIN)", "DENPASAR (DPS)", "2027-01-15T10:05", "2027-01-15T12:45"),
    ]),
    ("a.html", CARDS, [
        ("flight", "DE 2062", "Frankfurt (FRA)", "Vancouver (YVR)", "2027-06-12T14:10", "2027-06-12T14:55"),
        ("flight", "DE 2063", "Vancouver (YVR)", "Frankfurt (FRA)", "2027-06-27T16:45", "2027-06-28T11:35"),
        ("flight", "DE 7404", "Frankfurt (FRA)", "Hamburg (HAM)", "2027-06-28T13:30", "2027-06-28T14:35"),
    ]),
    ("a.txt", TIMELINE, [
        ("train", "TGV INOUI n° 6607", "Paris Gare de Lyon", "Lyon Part-Dieu", "2027-05-14T08:14", "2027-05-14T10:10"),
        ("train", "TER n° 884709", "Lyon Part-Dieu", "Annecy", "2027-05-14T10:34", "2027-05-14T12:29"),
    ]),
    ("a.txt", LINES_OF_LABELS, [("train", "のぞみ229", "東京", "新大阪", "2027-03-26T12:21", "2027-03-26T14:51")]),
    ("a.html", ROWS_OF_LINES, [
        ("train", "9713", "Milano Centrale", "Venezia Santa Lucia", "2027-04-17T08:45", "2027-04-17T11:10"),
    ]),
    ("a.html", BEFORE_AND_AFTER, [
        ("flight", "BZ 1438", "Bilbao (BIO)", "Tenerife Norte (TFN)", "2027-05-22T10:20", "2027-05-22T12:30"),
    ]),
    ("a.html", ONE_CELL_PER_END, [
        ("flight", "AC 875", "Montreal (YUL)", "Munich (MUC)", "2027-06-02T18:20", "2027-06-03T07:25"),
    ]),
    ("a.html", CODES, [
        ("flight", "IB 3177", "LHR", "MAD", "2027-11-02T21:35", "2027-11-03T01:05"),
        ("flight", "IB 6833", "MAD", "SCL", "2027-11-03T02:00", "2027-11-03T09:40"),
    ]),
    ("a.txt", BOARDING, [
        ("flight", "OZ 542", "FRANKFURT (FRA)", "SEOUL INCHEON (ICN)", "2027-03-07T18:25", "2027-03-08T13:55"),
    ]),
    ("a.txt", CHANGED, [
        ("flight", "XQ 541", "Hamburg (HAM)", "Antalya (AYT)", "2027-08-21T09:35", "2027-08-21T14:30"),
    ]),
    ("a.txt", SECTIONS, [
        ("flight", "AZ 1195", "Milano Linate (LIN)", "Olbia (OLB)", "2027-06-22T07:10", "2027-06-22T08:20"),
        ("ferry", None, "Porto Torres", "Genova", "2027-06-29T20:30", "2027-06-30T07:30"),
    ]),
    ("a.md", MARKDOWN, [
        ("train", "EC 391", "Hamburg Hbf", "København", "2027-06-07T09:25", "2027-06-07T14:10"),
        ("train", "SJ 540", "København", "Stockholm C", "2027-06-07T15:27", "2027-06-07T20:36"),
    ]),
    ("a.html", TWO_CELLS_A_LINE, [("flight", "FR1234", "STN", "TSF", "2027-04-15T06:35", "2027-04-15T09:40")]),
    ("a.html", LABELS_ABOVE, [("bus", None, "Madrid", "Granada", "2027-10-21T08:30", "2027-10-21T13:00")]),
    ("a.html", ONE_VALUE_A_LINE, [
        ("flight", "EK 018", "Manchester", "Dubai", "2027-10-10T13:40", "2027-10-11T00:50"),
    ]),
    ("a.html", ENDS_BELOW_EACH_OTHER, [
        ("flight", "FI 543", "Paris (CDG)", "Reykjavik (KEF)", "2027-08-13T14:10", "2027-08-13T15:40"),
    ]),
    ("a.txt", ROWS_OF_TWO_LINES, [
        ("flight", "VJ 198", "Hanoi (HAN)", "Ho Chi Minh City (SGN)", "2027-03-10T09:20", "2027-03-10T11:30"),
        ("flight", "VJ 199", "Ho Chi Minh City (SGN)", "Hanoi (HAN)", "2027-03-17T18:45", "2027-03-17T20:55"),
    ]),
    ("a.txt", ROUTES_OF_CODES, [
        ("flight", "OS 202", "FRA", "VIE", "2027-09-07T12:05", "2027-09-07T13:25"),
        ("flight", "OS 645", "VIE", "KIV", "2027-09-07T14:40", "2027-09-07T17:10"),
    ]),
    ("a.txt", REBOOKED, [("ferry", None, "Roscoff", "Plymouth", "2027-04-19T09:00", "2027-04-19T14:00")]),
]  # fmt: skip


@pytest.mark.parametrize(("filename", "text", "expected"), LAYOUTS)
def test_each_leg_is_read_with_both_places_and_times_in_any_layout(
    filename: str, text: str, expected: list[Journey]
) -> None:
    assert journeys(text, filename) == expected


HIRES = [
    (
        (
            "Recogida\nmar 20 abr 2027 · 10:30 h\nMálaga Aeropuerto (AGP), Terminal 3\nDevolución\n"
            "mié 28 abr 2027 · 9:00 h\nSevilla Santa Justa\nSeat Ibiza o similar · Grupo C\n"
        ),
        ("car", None, "Málaga Aeropuerto (AGP)", "Sevilla Santa Justa", "2027-04-20T10:30", "2027-04-28T09:00"),
    ),
    (
        (
            "Car\tFord Focus or similar\nPick-up location\tDublin Airport\nPick-up date and time\t5 Apr 2027, 11:00\n"
            "Return location\tCork Airport\nReturn date and time\tMon, 12 Apr 2027, 15:30\n"
        ),
        ("car", None, "Dublin Airport", "Cork Airport", "2027-04-05T11:00", "2027-04-12T15:30"),
    ),
    (
        (
            "Véhicule : Renault Clio ou similaire\nDépart : Nice Aéroport, le jeudi 10 juin 2027 à 14h00\n"
            "Retour : Marseille Gare, le jeudi 17 juin 2027 à 12h00\nHoraires de l'agence : 7h00 - 23h30\n"
        ),
        ("car", None, "Nice Aéroport", "Marseille Gare", "2027-06-10T14:00", "2027-06-17T12:00"),
    ),
    (
        (
            "Transfer voucher\nPick-up: Naples Airport (NAP)\nDate: Sunday 12 September 2027\nTime: 14:20\n"
            "Drop-off: Hotel Mediterraneo, Sorrento\n"
        ),
        ("transfer", None, "Naples Airport (NAP)", "Hotel Mediterraneo, Sorrento", "2027-09-12T14:20", None),
    ),
]


@pytest.mark.parametrize(("text", "expected"), HIRES)
def test_a_hired_car_and_a_transfer_are_read_from_labelled_lines(text: str, expected: Journey) -> None:
    assert journeys(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        # One time too many, so that no pair is certain.
        "Flight LH 12\n12 June 2027\n10:00 Bremen\n11:00 Ulm\n12:00 Porto\n",
        # A programme's route is no train's.
        "Jour 4 - mardi 15 juin 2027 : Corte > Bastia\n- 10h15 : petit train touristique, arrivée à 12h05\n",
        # A session, although the document speaks of trains.
        "Conference on trains\nTuesday 8 June 2027\n11:00 - 12:30 Session A: Vienna - Bratislava line\n",
        # A tour's stops.
        "**4 April 2027**\n- 09:00 Asakusa-Tempel\n- 13:30 Teezeremonie\n- Zug nach Nikko am Nachmittag\n",
        # Calls of a ship.
        "Cruise by ferry\nMonday 11 October 2027\nLisbon arrive 08:00 depart 18:00\n",
        "Hotel Roma\nArrival 3 May 2027 15:00\nDeparture 5 May 2027 11:00\nTrains run every hour.\n",
    ],
)
def test_times_that_are_not_certainly_those_of_a_journey_are_left(text: str) -> None:
    assert journeys(text) == []
