"""The columns of a table by what their headings say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from documents.dates import dates_in
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
    (Role.CHECK_IN, r"check[-\s]?in|チェックイン|arrival date|anreise(?:tag)?$|llegada$|entrada$"),
    (Role.CHECK_OUT, r"check[-\s]?out|チェックアウト|departure date|abreise(?:tag)?$|salida$"),
    (Role.PERIOD, r"dates$|zeitraum|période|periodo|período|von\s?[-–]\s?bis|termin|期間"),
    (Role.NIGHTS, r"nights?$|nächte|nuits?$|noches|notti|泊"),
    (Role.ROOM, r"room|zimmer|chambre|habitación|camera|部屋|cabin"),
    (Role.HOTEL, (
        r"hotel|hôtel|accommodation|lodging|overnight|stay\b|übernachtung|unterkunft|hébergement|nuitée"
        r"|alojamiento|pernottamento|alloggio|宿泊|宿$"
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
OF_JOURNEYS = {Role.ORIGIN, Role.DESTINATION, Role.NUMBER}
PATTERNS = [(role, re.compile(rf"(?:{pattern})", re.IGNORECASE)) for role, pattern in HEADINGS]


@dataclass(frozen=True, slots=True)
class Row:
    mark: Mark
    roles: tuple[Role, ...]

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
    for mark in reading.marks:
        cells = mark.line.cells
        if not cells:
            roles = ()
        elif heads := _headings(cells):
            roles = heads
        elif roles and len(cells) <= len(roles) + 1 and len(cells) > 2 - (len(roles) < 3):
            rows.append(Row(mark, roles))
    return rows


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


def _role(cell: str) -> Role:
    text = cell.strip()
    if len(text) > 30:
        return Role.OTHER
    return next((role for role, pattern in PATTERNS if pattern.match(text)), Role.OTHER)
