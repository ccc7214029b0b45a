"""Stays that a programme tells night by night: consecutive days in one house are one stay."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.houses import house_in
from documents.lodging import Name, name_in, name_of_line
from documents.merge import share_a_word
from documents.patterns import Words
from documents.words import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from documents.marks import Mark, Reading
    from documents.model import Stay

# A place where a night is spent, in a programme's text: what follows names it.
NIGHT_AT = Words(
    r"(?<![^\W_])(?:(?:overnight|night|nights|sleep|lodging|accommodation)(?: stay| accommodation)? (?:at|in)"
    r"|(?:übernachtung|übernachten|übernachtet|nacht|unterkunft|logis)(?: wir| sie"
    r"| ihr)?(?: heute)? (?:im|in|auf|bei|am|in der|in einem)"
    r"|(?:nuit(?:ée)?|hébergement|logement|coucher|installation)(?: et [^\W_]+)? (?:à|au|aux|dans|en|chez|sous)"
    r"|(?:noche|alojamiento|pernocta(?:ción|mos)?|hospedaje|dormimos) (?:en|al)"
    r"|(?:notte|pernottamento|pernotto|alloggio|sistemazione) (?:in|a|al|all|alla|nel|nell|presso|nella)"
    r"|(?:overnachting|overnachten|nacht) (?:in|bij|op)|(?:noite|pernoite|alojamento|hospedagem) (?:no"
    r"|na|em))(?![^\W_])",
)
# The same without a preposition, right before a name.
NIGHT_THERE = re.compile(
    r"(?<![^\W_])(?i:overnight|übernachtung|nuit|noche|notte|pernottamento|overnachting|pernoite)\s(?=[A-ZÀ-ÖØ-Þ])"
)
SHORT_LABEL = re.compile(
    r"^\W{0,3}(?:Ü|ÜN|O/N|Übern\.|Overn\.|Nuit|Nacht|Night|Noche|Notte|Noite|泊)\s*[:：]\s*"
    r"|^\W{0,2}[【［\[](?:宿泊?|泊|宿泊先|ホテル|hotel|overnight)[】］\]]\s*|^\s*[🏨🛏🛌⛺🏕]\ufe0f?\s*",
    re.IGNORECASE,
)
# Words of a label that says where a night is spent, rather than which hotel.
NIGHT = Words(
    r"^\W{0,3}(?:over)?(?:night|nacht|nuit|noche|notte|noite)|^\W{0,3}(?:über|over)n|^\W{0,3}(?:pern|ü"
    r"|ün|o/n|stay)(?![^\W_])",
)
SAME = (
    r"idem|ibid\w*|dito|ditto|do\.|s\.\s?o\.|(?:siehe|wie|s\.) (?:oben|vortag|gestern|tag zuvor"
    r"|zuvor|am vortag)"
    r"|(?:as|see) above|same(?: (?:hotel|place|house|lodge|accommodation))?(?: as (?:above|before|yesterday|day \d+"
    r"|(?:the )?(?:previous|last) (?:day|night)))?|(?:gleiches|selbes|dasselbe) hotel|même (?:hôtel"
    r"|hébergement|adresse)"
    r"(?: que la veille)?|(?:el )?mismo (?:hotel|alojamiento)|(?:lo )?stesso (?:hotel|albergo)"
    r"|come sopra|comme ci-dessus"
    r"|ver arriba|zelfde hotel|mesmo hotel|″|〃|”|同上|同ホテル|連泊"
)
SAME_HOUSE = re.compile(rf"\W*(?:{SAME})\W*", re.IGNORECASE)
SAME_NIGHT = re.compile(
    rf"(?<![^\W_])(?:overnight|night|übernachtung|nacht|nuit(?:ée)?|noche|alojamiento|notte|pernottamento|overnachting"
    rf"|noite|宿泊)\W{{0,3}}(?:im |at the |à l['’ ]|au |en el |nello |in het |no )?(?:{SAME})(?![^\W_])",
    re.IGNORECASE,
)
# Nights that are spent on the way or at home.
NO_HOUSE = Words(
    r"(?<![^\W_])(?:(?:night\s?|nacht|sleeper )?(?:train|zug|bus|ferry|fähre|flight|flug\w*)"
    r"|train(?: de nuit)?|tren|treno"
    r"|traghetto|ferry|vol(?: de nuit)?|vuelo|volo|avión|aereo|avion|plane|aircraft|on board|an bord"
    r"|à bord|a bordo|in flight"
    r"|home|zu ?hause|domicile|casa propia|tbc|tba|n/?a|own arrangements?|eigene\w*|libre|none"
    r"|keine?)(?![^\W_])|[機車船]中泊|機内|帰宅",
)
GAP = 1
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Night:
    """A day of a programme, the house of the night after it, and the nights that are told beside its name."""

    day: date
    name: Name
    mark: Mark
    nights: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A line's or cell's word about a night: the name of a house, or that it is the one of the night before."""

    name: Name | None = None
    same: bool = False


def night_of_line(text: str, *, bare: bool) -> Told | None:
    """Return what a programme's line says of the night, or None. `bare` is as for `told_by`, of labels of nights."""
    labelled = labels.LODGED.match(text) or SHORT_LABEL.match(text)
    if labelled:
        return told_by(text[labelled.end() :], bare=bare or not NIGHT.match(labelled[0]))
    if SAME_NIGHT.search(text):
        return Told(same=True)
    night = NIGHT_AT.search(text) or NIGHT_THERE.search(text)
    house = house_in(text[night.end() :]) if night and not labels.OPENING.search(text) else None
    name = name_in(house) if house else None
    if night and not house:
        return Told()
    return Told(name) if name else None


def told_by(text: str, *, bare: bool) -> Told | None:
    """Return what a cell, or the text after a label, says of the night.

    A word alone is a house's name only if `bare`, else it may be a town's.
    """
    if SAME_HOUSE.fullmatch(text):
        return Told(same=True)
    name = name_in(text) or name_of_line(text)
    if not labels.LODGING.search(text) and (NO_HOUSE.search(text) or not re.search(r"[^\W_]", text)):
        return Told()
    if not name:
        return None
    return Told(name) if bare or name[1] or labels.LODGING.search(name[0]) else None


def nights_of(entries: Iterable[tuple[Mark, Told]]) -> Iterator[Night]:
    """Yield the nights of lines or rows that belong to days, in their order."""
    before: Night | None = None
    for mark, told in entries:
        if not mark.day:
            continue
        name = before.name if told.same and before and (mark.day - before.day).days <= GAP else told.name
        if name:
            count = None if told.same else labels.NIGHTS.search(mark.text)
            before = Night(mark.day, name, mark, labels.nights_of(count) if count else None)
            yield before


def stays_of_nights(nights: Iterable[Night], told: set[date], reading: Reading) -> Iterator[tuple[list[Night], date]]:
    """Yield the nights of each stay and the day after the last.

    That day must tell of its own night, as `told` does, or be the last of the programme: else the stay may go on.
    """
    days = {mark.day for mark in reading.marks if mark.day and (mark.leads or mark.line.cells)}
    days |= {span[1] for mark in reading.marks if len(mark.told) > 1 and (span := mark.range())}
    last = max((mark.day for mark in reading.marks if mark.day and mark.leads and mark.programme), default=None)
    for group in _groups(nights):
        first, after = group[0], group[-1].day + timedelta(1)
        if first.nights:
            after = max(after, first.day + timedelta(first.nights)) if len(group) == 1 else after
            if (after - first.day).days == first.nights <= LONGEST:
                yield group, after
        elif after in days and (after in told or after == last):
            yield group, after


def _groups(nights: Iterable[Night]) -> list[list[Night]]:
    groups: list[list[Night]] = []
    for night in nights:
        last = groups[-1][-1] if groups else None
        if last and 0 <= (night.day - last.day).days <= GAP and _is_same(last.name[0], night.name[0]):
            groups[-1].append(night)
        else:
            groups.append([night])
    return groups


def _is_same(a: str, b: str) -> bool:
    names = folded(a), folded(b)
    return names[0].startswith(names[1]) or names[1].startswith(names[0])


def is_again(stay: Stay, known: Stay) -> bool:
    """Return True if a stay is told a second time. Other rooms and other confirmations are other stays."""
    same = (stay.check_in, stay.check_out) == (known.check_in, known.check_out) and share_a_word(stay.name, known.name)
    booked = not (stay.confirmation and known.confirmation and stay.confirmation != known.confirmation)
    return same and booked and not (stay.room and known.room and stay.room != known.room)


def overlaps(stay: Stay, known: Stay) -> bool:
    """Return True if a stay in the same house is known for some of its nights."""
    apart = (stay.check_in or "") >= (known.check_out or "") or (known.check_in or "") >= (stay.check_out or "")
    return not apart and share_a_word(stay.name, known.name)
