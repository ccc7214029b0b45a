"""The picture in docs/proposals.md: both shipped designs, of a trip that is planned through the server.

    python packaging/proposals.py

needs the extra voygen[pdf], and writes docs/proposals.png.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from server.launch import own_command

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "proposals.png"

DESIGNS = ("standard", "journal")

# Pages of each design that are shown, their scale, the gap between them in pixels, and the number of colors.
PAGES, SCALE, GAP, COLORS = 3, 0.62, 14, 48

AGENCY = """
name = "Fernweh & Daughters"
advisor = "Ada Brandt"
email = "ada@fernweh.example"
phone = "+44 20 7946 0958"
color = "#23465c"
"""

START = date(2027, 1, 8)

# The days: a title and entries, each with its time and place.
DAYS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Arrival in Edinburgh",
        (("15:00", "Royal Mile walk with a guide", "Castlehill"), ("19:30", "Dinner", "Old Town")),
    ),
    ("Castle and Old Town", (("09:30", "Edinburgh Castle, tickets held", ""), ("14:00", "Free afternoon", ""))),
    ("Highlands by rail", (("08:15", "Train to Pitlochry", ""), ("18:40", "Train back", ""))),
    ("To Skye", (("09:00", "Hire car, 5 h drive", "via Glencoe"),)),
    ("Skye", (("10:00", "Old Man of Storr, half-day walk", ""), ("16:00", "Distillery by the loch", ""))),
    ("To Dublin", (("12:40", "Flight from Inverness", ""),)),
    ("Dublin", (("10:00", "Trinity College and the Book of Kells", ""), ("20:00", "Abbey Theatre", ""))),
    ("Home", (("13:05", "Flight to London", ""),)),
)

STAYS = (("The Scotsman", "Edinburgh", 0, 3), ("Sligachan Hotel", "Skye", 3, 5), ("The Merrion", "Dublin", 5, 7))

PROPOSAL: dict[str, Any] = {
    "prices": [
        {"label": "Hotels, 7 nights, 2 double rooms", "unit": "2 rooms", "amount": 4620},
        {"label": "Flights", "unit": "4 travelers", "amount": 1480},
        {"label": "Hire car, 3 days, fully insured", "unit": "1 car", "amount": 390},
        {"label": "Guides, tickets and day tours", "unit": "4 travelers", "amount": 2450},
        {"label": "Planning fee", "unit": "once", "amount": 900},
    ],
    "included": ["Hotels with breakfast", "Flights with one checked bag each", "All entries and guides named above"],
    "excluded": ["Travel insurance", "Meals not named", "Tips"],
    "terms": ["Nothing is booked until the deposit has arrived."],
    "formats": ["pdf"],
}


async def proposals(folder: Path) -> list[Path]:
    """Plan the trip and make a proposal in each design. Returns the PDFs."""
    (folder / "agency.toml").write_text(AGENCY, encoding="utf-8")
    command, *args = own_command()
    options = ["--agency-file", str(folder / "agency.toml"), "--proposals-dir", str(folder)]
    server = StdioServerParameters(command=command, args=[*args, "serve", "--db", str(folder / "demo.db"), *options])
    async with Client(server) as client:
        await _called(client, "create_trip_with_client", **_trip())
        await _called(client, "bulk_trip_operations", trip_identifier="1", atomic=True, operations=_plan())
        made = [
            await _called(client, "generate_proposal", trip_identifier="1", template=design, **PROPOSAL)
            for design in DESIGNS
        ]
    return [Path(file["path"]) for one in made for file in one["files"] if file["format"] == "pdf"]


async def _called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    result = await client.call_tool(tool, arguments)
    if result.structured_content is None:
        raise SystemExit(f"{tool}: {result.content}")
    return result.structured_content


def _trip() -> dict[str, Any]:
    family = [
        ("May Hollister", "may@example.net"),
        ("Jo Hollister", "jo@example.net"),
        ("Tom Hollister", "tom@example.net"),
    ]
    return {
        "trip_name": "Hollister family in Scotland & Ireland",
        "start_date": START.isoformat(),
        "end_date": _day(len(DAYS) - 1),
        "destinations": "Edinburgh, Isle of Skye, Dublin",
        "client_full_name": "Eleanor Hollister",
        "client_email": "eleanor@example.net",
        "travelers": [{"full_name": name, "email": email} for name, email in family],
    }


def _plan() -> list[dict[str, Any]]:
    operations: list[dict[str, Any]] = [{"type": "update_cost", "data": {"cost": 9840, "currency": "EUR"}}]
    for at, (title, entries) in enumerate(DAYS):
        operations.append({"type": "set_day", "data": {"date": _day(at), "title": title}})
        for time, what, where in entries:
            item = {"date": _day(at), "title": what, "start_time": time, "location": where}
            operations.append({"type": "add_schedule_item", "data": item})
    for name, city, first, last in STAYS:
        stay = {"name": name, "city": city, "check_in": _day(first), "check_out": _day(last)}
        operations.append({"type": "add_stay", "data": stay})
    due = [(2000, "Deposit, on agreement", "2026-12-12"), (7840, "Balance", "2026-12-28")]
    plan = [{"date": day, "amount": amount, "label": label} for amount, label, day in due]
    return [*operations, {"type": "set_payment_plan", "data": {"due": plan}}]


def _day(number: int) -> str:
    return (START + timedelta(number)).isoformat()


def draw(pdfs: list[Path], picture: Path) -> None:
    """Draw the first pages of each PDF side by side, a row for each."""
    pdfium: Any = import_module("pypdfium2")
    image: Any = import_module("PIL.Image")
    rows = [[page.render(scale=SCALE).to_pil() for page in list(pdfium.PdfDocument(str(pdf)))[:PAGES]] for pdf in pdfs]
    width, height = rows[0][0].size
    sheet = image.new("RGB", (PAGES * (width + GAP) + GAP, len(rows) * (height + GAP) + GAP), "#b9c0c7")
    for down, row in enumerate(rows):
        for across, page in enumerate(row):
            sheet.paste(page, (GAP + across * (width + GAP), GAP + down * (height + GAP)))
    sheet.quantize(COLORS).save(picture, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        draw(asyncio.run(proposals(Path(scratch))), PICTURE)
