"""Invented documents of each kind, small enough to read here."""

from __future__ import annotations

import io
import json
import zipfile
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = """<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Your  stay &amp; more</title>
<style>.off{display:none} .tab{display:none} .tab.on{display:block} @media print{.noprint{display:none}}</style>
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"LodgingReservation",
"reservationNumber":"QX-81","reservationFor":{"@id":"#house"}},{"@type":"LodgingBusiness","@id":"#house",
"name":"Harbour House &amp; Annex"}]}</script></head><body>
<nav><a href="/">Home</a> <a href="/trips">Trips</a></nav>
<h1>Harbour House</h1><p>Check-in: <b>Tue</b> 4&nbsp;May 2027<br>from 15:00</p>
<p>Hidden: <span style="display: none">no</span><span hidden>no</span><i aria-hidden="true">no</i><del>no</del>yes</p>
<ul><li>Two nights<li>Breakfast <!-- not --> included</ul>
<table><tr><th>Day<th>Plan<tr><td>4 May<td>Arrival<tr><td>5 May<td>Boat trip 10:30</table>
<footer>Call us 9:00-17:00</footer></body></html>"""

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Papers//EN
X-WR-CALNAME:Lofoten in May
BEGIN:VEVENT
UID:1@papers.example
DTSTART;TZID=Europe/Oslo:20270504T091500
DURATION:PT1H45M
RRULE:FREQ=DAILY;COUNT=3
EXDATE;TZID=Europe/Oslo:20270505T091500
SUMMARY:Rowing\\, before breakfast
LOCATION:Pier 3
END:VEVENT
BEGIN:VEVENT
UID:2@papers.example
DTSTART;VALUE=DATE:20270504
DTEND;VALUE=DATE:20270507
SUMMARY:Stay at Harbour House
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
"""

TEXT = """Tuesday 4 May 2027
- 09:15 Rowing
- 14:00 Lunch at the pier, 45 EUR
Hotel\tHarbour House\t2 nights
"""

WALLET_PASS: dict[str, Any] = {
    "formatVersion": 1,
    "passTypeIdentifier": "pass.example.papers",
    "organizationName": "North Air",
    "description": "Boarding pass",
    "relevantDate": "2027-05-04T07:10+02:00",
    "boardingPass": {
        "transitType": "PKTransitTypeAir",
        "headerFields": [{"key": "gate", "label": "Gate", "value": "B7"}],
        "primaryFields": [
            {"key": "from", "label": "Oslo", "value": "OSL"},
            {"key": "to", "label": "Bodø", "value": "BOO"},
        ],
        "secondaryFields": [{"key": "seat", "label": "Seat", "value": "12A"}],
        "backFields": [{"key": "price", "label": "Price", "value": 129.5, "currencyCode": "EUR"}],
    },
    "semantics": {
        "airlineCode": "NA",
        "flightNumber": 417,
        "departureAirportCode": "OSL",
        "destinationAirportCode": "BOO",
        "currentDepartureDate": "2027-05-04T08:05+02:00",
        "confirmationNumber": "PQ7XZ2",
    },
}


def mail(
    *attachments: tuple[bytes, str, str], text: str = TEXT, html: str | None = PAGE, **headers: str
) -> EmailMessage:
    """A mail with both tellings of its text. An attachment has bytes, a name and a type."""
    message = EmailMessage()
    message["From"] = "Stay Desk <desk@stay.example>"
    message["To"] = "ana@agency.example"
    message["Subject"] = "Bekreftelse, Bodø"
    message["Date"] = "Mon, 01 Mar 2027 10:00:00 +0100"
    message["Message-ID"] = "<1@stay.example>"
    for name, value in headers.items():
        del message[name]
        message[name] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for content, name, kind in attachments:
        maintype, subtype = kind.split("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return message


def wallet_pass(told: Any = WALLET_PASS, *more: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pass.json", told if isinstance(told, (str, bytes)) else json.dumps(told))
        for name, content in more or [("icon.png", b"\x89PNG")]:
            archive.writestr(name, content)
    return file.getvalue()


def pdf(*pages: Sequence[tuple[float, float, str]], trailer: str = "", images: bool = False) -> bytes:
    """A PDF with texts at places in points from the lower left corner, in the order that they are given."""
    bodies = ["<< /Type /Catalog /Pages 2 0 R /Lang (nb-NO) >>", ""]
    kids: list[str] = []
    for page in pages:
        drawn = "".join(f"BT /F1 10 Tf {x} {y} Td ({text}) Tj ET\n" for x, y, text in page)
        drawn += "q 100 0 0 100 50 600 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI Q\n" if images else ""
        number = len(bodies) + 1
        kids.append(f"{number} 0 R")
        font = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >>"
        box = "/MediaBox [0 0 595 842]"
        bodies += [
            f"<< /Type /Page /Parent 2 0 R {box} /Contents {number + 1} 0 R /Resources << {font} >> >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    bodies[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    file = "%PDF-1.4\n"
    places: list[int] = []
    for number, body in enumerate(bodies, 1):
        places.append(len(file))
        file += f"{number} 0 obj\n{body}\nendobj\n"
    start = len(file)
    file += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    file += f"trailer\n<< /Size {len(places) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n"
    return file.encode("cp1252")


PDF_PAGE: list[tuple[float, float, str]] = [
    (60, 800, "VOUCHER"),
    (400, 800, "No. 4411"),
    (60, 700, "Hotel"),
    (160, 700, "Harbour House, Svolv\u00e6r"),
    (60, 682, "Arrival"),
    (160, 682, "4 May 2027"),
    (60, 664, "Nights"),
    (160, 664, "2"),
    (330, 700, "Included"),
    (330, 682, "5 May 10:30 Boat trip"),
    (60, 600, "Paid: NOK 2 480,00"),
]

SAMPLES: dict[str, tuple[str, bytes]] = {
    "page": ("stay.html", PAGE.encode()),
    "text": ("plan.txt", TEXT.encode()),
    "calendar": ("trip.ics", CALENDAR.replace("\n", "\r\n").encode()),
    "mail": ("booking.eml", mail((CALENDAR.encode(), "trip.ics", "text/calendar")).as_bytes()),
    "pass": ("boarding.pkpass", wallet_pass()),
    "pass json": ("pass.json", json.dumps(WALLET_PASS, indent=1).encode()),
    "pdf": ("voucher.pdf", pdf(PDF_PAGE)),
}
