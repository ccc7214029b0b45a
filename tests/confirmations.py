"""Invented bookings for the trip "Lima in Kyoto", and how a call sends them."""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

MAIL = """\
From: Ryokan Aoi <stay@aoi.example>
To: Ana Lima <ana@example.net>
Date: Tue, 01 Sep 2026 10:12:44 +0200
Subject: Your reservation at Ryokan Aoi
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Dear Ana Lima,

thank you for booking with us.

Confirmation number: AOI4711
Hotel: Ryokan Aoi
Check-in: 3 October 2026, 15:00
Check-out: 12 October 2026, 11:00
Total: EUR 1,530.00
"""

CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//desk//EN
BEGIN:VEVENT
UID:tea@desk
DTSTART;TZID=Asia/Tokyo:20261004T100000
DTEND;TZID=Asia/Tokyo:20261004T113000
SUMMARY:Tea ceremony at Camellia House
LOCATION:Camellia House
END:VEVENT
BEGIN:VEVENT
UID:bike@desk
DTSTART;TZID=Asia/Tokyo:20261005T090000
SUMMARY:Bicycle tour of Arashiyama
END:VEVENT
END:VCALENDAR
"""

DAYS = """\
Itinerary

Sunday 4 October 2026
10:00 Tea ceremony at Camellia House
18:30 Dinner at Giro Giro

Monday 5 October 2026
09:00 Bicycle tour of Arashiyama

Tuesday 6 October 2026
14:00 Fushimi Inari with a guide
"""

TICKET = (
    "E-ticket",
    "Booking reference: QX7T2M",
    "Flight LH716 Frankfurt (FRA) to Tokyo Haneda (HND)",
    "Departure: 2 October 2026 13:10",
    "Arrival: 3 October 2026 08:50",
    "Total: EUR 980.00",
)


def pdf(lines: tuple[str, ...]) -> bytes:
    """A PDF of one page with these lines."""
    shown = " T* ".join(f"({_escaped(line)}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources 6 0 R >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Font << /F1 4 0 R >> >>",
    ]
    out, places = b"%PDF-1.4\n", list[int]()
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 7\n0000000000 65535 f \n%strailer << /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        table,
        start,
    )
    return out


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def sent(content: bytes | str, filename: str | None = None) -> dict[str, Any]:
    """The arguments that send the content as a file."""
    raw = content.encode() if isinstance(content, str) else content
    return {"content_base64": base64.b64encode(raw).decode()} | ({"filename": filename} if filename else {})


@contextmanager
def web(pages: Mapping[str, tuple[str, str]]) -> Generator[str]:
    """Serve pages, each a media type and a text by its path, on loopback; the value is the host with its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text = pages.get(self.path, ("text/plain", ""))
            content = text.encode()
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
