"""The columns of a table by what their headings say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.lodging import ROOMS
from documents.times import times_in

if TYPE_CHECKING:
    from documents.marks import Mark, Reading


class Role(StrEnum):
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    DATE = "date"
    TIME = "time"
    HOTEL = "hotel"
    NUMBER = "number"
    ORIGIN = "origin"
    DESTINATION = "destination"
    DEPART = "depart"
    ARRIVE = "arrive"
    PORT = "port"
    PROGRAMME = "programme"
    ROOM = "room"
    NIGHTS = "nights"
    PERIOD = "period"
    CONFIRMATION = "confirmation"
    PRICE = "price"
    OTHER = "other"


HEADINGS = [
    (Role.CONFIRMATION, (
        r"confirmation|booking (?:no|ref|code)|reference|réservation|référence|n°|nº|buchungs|bestätigung"
        r"|localizador|reserva\b|prenotazione|codice|予約番号|pnr"
    )),
    (Role.CHECK_IN, r"check[-\s]?in|in$|チェックイン|arrival date|anreise(?:tag)?$|llegada$|entrada$"),
    (Role.CHECK_OUT, r"check[-\s]?out|out$|チェックアウト|departure date|abreise(?:tag)?$|salida$"),
    (Role.PERIOD, r"dates$|zeitraum|période|periodo|período|von\s?[-–]\s?bis|termin|期間"),
    (Role.NIGHTS, r"nights$|nächte|nuits$|noches|notti|nachten|noites|泊数"),
    (Role.ROOM, r"room|zimmer|chambre|habitación|camera|部屋|cabin"),
    (Role.HOTEL, (
        r"hotel|hôtel|property|struttura|sistemazione|établissement|logement|prestataire"
        r"|establecimiento|hospedaje|施設|accommodation|lodging|overnight|night|stay\b|übernachtung"
        r"|unterkunft|nacht\b"
        r"|hébergement|nuit(?:ée)?\b"
        r"|alojamiento|noche\b|pernocta|pernottamento|alloggio|notte\b|overnachting|verblijf|alojamento"
        r"|noite\b|pernoite"
        r"|宿泊|ご?宿泊[先地]|宿$|泊$"
    )),
    (Role.NUMBER, (
        r"flight|train|flug|zug|vol\b|vuelo|volo|treno|tren\b|trein|vlucht|voo\b|comboio|service|bus\b|ferry"
        r"|verbindung|便名?|列車|flt\b|numéro de vol"
    )),
    (Role.ORIGIN, (
        r"from\b|von\b|origin|origen|de$|da$|departure (?:airport|station|city)|出発(?:地|駅|空港)|abfahrtsort|van\b"
        r"|herkomst|origem|départ de|provenance"
    )),
    (Role.DESTINATION, (
        r"to\b|nach\b|destination|destino|destinazione|à$|a$|arrival (?:airport|station)|到着(?:地|駅|空港)|目的地"
        r"|ziel|naar\b|bestemming|arrivée à"
    )),
    (Role.DEPART, r"dep(?:art\w*)?\b|abfahrt|abflug|ab$|départ|salida|partenza|出発|sails|vertrek|partida|saída"),
    (Role.ARRIVE, r"arr(?:iv\w*)?\b|ankunft|an$|arrivée|llegada|arrivo|到着|aankomst|chegada"),
    (Role.PORT, r"port\b|hafen|escale|puerto|porto|寄港"),
    (Role.DATE, r"date|datum|data|fecha|日付|月日|日程|day|tag|jour|día|giorno|日$"),
    (Role.TIME, r"time|zeit|uhrzeit|heure|horaire|hora|ora\b|orario|時間|時刻"),
    (Role.PROGRAMME, (
        r"program\w*|activit\w*|plan|itinerary|description|details|event|what|ausflug|aktivität|beschreibung"
        r"|leistung|activité|excursion|actividad|attività|attivita|内容|行程|予定"
    )),
    (Role.PRICE, r"price|amount|cost|total|preis|betrag|prix|montant|precio|importe|prezzo|importo|料金|金額|fare"),
]  # fmt: skip
LONGEST_NAME = 8
OF_JOURNEYS = {Role.ORIGIN, Role.DESTINATION, Role.NUMBER}
PATTERNS = [(role, re.compile(rf"(?:{pattern})", re.IGNORECASE)) for role, pattern in HEADINGS]


@dataclass(frozen=True, slots=True)
class Row:
    mark: Mark
    roles: tuple[Role, ...]
    heads: tuple[str, ...] = ()

    def head(self, role: Role) -> str:
        """The heading of the first column with a role."""
        return next((head for head, one in zip(self.heads, self.roles, strict=False) if one is role), "")

    def cell(self, *roles: Role) -> str:
        """The text of the first column with one of the roles."""
        for role, cell in zip(self.roles, self.mark.line.cells, strict=False):
            if role in roles and cell.strip(" -–—"):
                return cell
        return ""

    def has(self, *roles: Role) -> bool:
        return all(role in self.roles for role in roles)


def rows_of(reading: Reading) -> list[Row]:
    """The rows of the tables that have headings."""
    rows: list[Row] = []
    roles: tuple[Role, ...] = ()
    heads: tuple[str, ...] = ()
    for place, mark in enumerate(reading.marks):
        cells = mark.line.cells
        if not cells:
            roles = ()
        elif found := _headings(cells) or _headings_of_days(reading.marks[place : place + 2]):
            roles, heads = found, cells
        elif roles and len(cells) <= len(roles) + 1 and len(cells) > 2 - (len(roles) < 3):
            rows.append(Row(mark, roles, heads))
    return _with_houses(rows)


def _with_houses(rows: list[Row]) -> list[Row]:
    """Return the rows with a column of hotels, where most cells of one without a known heading name houses."""
    tables: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if Role.OTHER in row.roles and not row.has(Role.HOTEL):
            tables.setdefault(row.heads, []).append(row)
    roles: dict[tuple[str, ...], tuple[Role, ...]] = {}
    for heads, alike in tables.items():
        for column, role in enumerate(alike[0].roles):
            cells = [row.mark.line.cells[column] for row in alike if len(row.mark.line.cells) > column]
            told = [cell for cell in cells if len(cell.strip(" -–—")) > 1]
            houses = sum(len(cell.split()) <= LONGEST_NAME and bool(labels.LODGING.search(cell)) for cell in told)
            if role is Role.OTHER and houses > 1 and houses * 2 >= len(told):
                roles[heads] = (*alike[0].roles[:column], Role.HOTEL, *alike[0].roles[column + 1 :])
                break
    return [replace(row, roles=roles.get(row.heads, row.roles)) for row in rows] if roles else rows


def _headings(cells: tuple[str, ...]) -> tuple[Role, ...]:
    """The roles of the cells of a heading row, or () for a row of data."""
    if any(dates_in(cell) or times_in(cell) or re.search(r"\d{2}", cell) for cell in cells) or len(cells) < 2:
        return ()
    roles = tuple(_role(cell) for cell in cells)
    if OF_JOURNEYS & set(roles):
        turned = {Role.CHECK_IN: Role.ARRIVE, Role.CHECK_OUT: Role.DEPART}
        roles = tuple(turned.get(role, role) for role in roles)
    known = sum(role is not Role.OTHER for role in roles)
    return roles if known >= max(2, len(cells) // 2) else ()


def _headings_of_days(marks: list[Mark]) -> tuple[Role, ...]:
    """The roles of a row of words, the first of which is "Day" or so, above a row that begins with a day."""
    cells = marks[0].line.cells
    if len(marks) == 1 or len(marks[1].line.cells) != len(cells) or not marks[1].leads or marks[0].told:
        return ()
    short = all(0 < len(cell) <= 30 and not re.search(r"\d", cell) for cell in cells)
    roles = tuple(_role(cell) for cell in cells)
    return roles if short and roles[0] is Role.DATE else ()


def _role(cell: str) -> Role:
    text = cell.strip()
    if len(text) > 30:
        return Role.OTHER
    return next((role for role, pattern in PATTERNS if pattern.match(text)), Role.OTHER)


def span_of(row: Row) -> tuple[date, date] | None:
    """Return the first and the last day of a stay that a row tells."""
    span = row.mark.range()
    if span:
        return span
    days = row.mark.trip_days
    if row.has(Role.CHECK_IN, Role.CHECK_OUT) or row.has(Role.HOTEL, Role.ARRIVE, Role.DEPART) or _is_of_stay(row):
        return (days[0], days[1]) if len(days) == 2 and days[0] < days[1] else None
    if len(days) == 2 and days[0] < days[1] and any(ROOMS.match(cell) for cell in row.mark.line.cells):
        return days[0], days[1]
    nights = labels.NIGHTS.search(row.mark.text) or re.fullmatch(r"(?P<n>\d{1,2})", row.cell(Role.NIGHTS))
    if row.has(Role.CHECK_IN) and len(days) == 1 and nights:
        return days[0], days[0] + timedelta(labels.nights_of(nights))
    return None


def _is_of_stay(row: Row) -> bool:
    """Return True if a table tells arrivals before departures, and neither times nor places of a journey."""
    if not row.has(Role.ARRIVE, Role.DEPART) or OF_JOURNEYS & set(row.roles) or row.mark.times:
        return False
    return row.roles.index(Role.ARRIVE) < row.roles.index(Role.DEPART)
