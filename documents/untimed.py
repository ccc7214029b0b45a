"""Entries of a programme that have no time, and what only stands below a day: notes, names, headings, counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents import labels
from documents.marking import SHARE
from documents.model import Kind
from documents.patterns import Words

if TYPE_CHECKING:
    from documents.marks import Mark, Reading

LABELLED = re.compile(r"^[^:：]{2,28}(?::\s|：)")
SHORT = 9
RUNNING = Words(
    r"\b(?:is|are|was|were|you|please|ist|sind|bitte|est|sont|vous|es|son|por favor|è|sono|si prega)\b",
)
WORDED = re.compile(r"[^\W\d_]{3}|[\u3040-\u9fff]{2}")
BULLET = re.compile(r"[*+•‣◦▪●·–-]\s")
# How long a change of trains takes; the number of a ticket.
DURATION = Words(
    r"\W*(?:ca\.?\s|about\s)?\d+\s?(?:h|min\w*|stunden?|std|hours?|hrs?|heures?|horas?|ore|uur|uren|分|時間)(?![^\W_])"
)
LONG_NUMBER = re.compile(r"\d(?:[\s-]?\d){6}")
LEG = Words(
    r"^\W{0,3}(?:outbound|inbound|return|departing|returning|hinfahrt|rückfahrt|hinflug|rückflug|hinreise|rückreise"
    r"|aller|retour"
    r"|andata|ritorno|ida|vuelta|regreso|往路|復路)\W*$"
    r"|(?<![^\W_])(?:seats?|sitzplatz|sitzplätze|places?|asientos?|posto|posti|class|klasse|operated|platform|gleis"
    r"|coach"
    r"|wagen|voiture|carrozza|coche|baggage|luggage|gepäck|座席)(?![^\W_])",
)

# Lines that stand at the end of a document and belong to no day.
SMALL_PRINT = Words(
    r"©|\(c\) ?\d{4}|copyright|https?://|www\.|@\w|(?<![^\W_])(?:tel|tél|fax|phone|telefon|teléfono|telefono"
    r"|hotline|ltd|limited|gmbh|s\.?a\.?r\.?l|s\.l\.|s\.r\.l|inc|vat|ust|siret|founded|established|est\."
    r"|since|regards|sincerely|yours|cheers|cordialmente|distinti|a presto|liebe grüße|herzliche|bien à vous"
    r"|salutations|atentamente|gegründet|seit|"
    r"fondée?|depuis|fundad[oa]|desde (?=1[89])|fondat[oa]|rated|kind regards|best wishes|mit freundlichen"
    r"|viele grüße|cordialement|un saludo|saludos|cordiali|handelsregister|registered)(?![^\W_])|電話|創業|創立"
    r"|株式会社|旅行社$",
)
# A part of a day in which nothing is planned.
FREE_PART = Words(
    r"(?<![^\W_])(?:(?:evening|afternoon|morning|abend|nachmittag|vormittag|soirée|après-midi|matinée|journée"
    r"|tarde|noche"
    r"|mañana|pomeriggio|serata|mattinata|mattina|avond|middag|ochtend|noite|manhã)\s(?:is |ist |est )?(?:free"
    r"|frei|libre"
    r"|liber[oa]|vrij|livre|at leisure|zur freien)|(?:free|freier?|freie) (?:evening|afternoon|morning|abend"
    r"|nachmittag"
    r"|vormittag))(?![^\W_])"
)


def notes_of(marks: list[Mark]) -> set[int]:
    """The places of lines that follow the name of an entry in days whose times stand in lines of their own."""
    notes: set[int] = set()
    stacked = False
    since = 0
    for place, mark in enumerate(marks):
        if mark.leads or not mark.day or not mark.programme or mark.line.cells:
            stacked, since = False, 0
            continue
        alone = bool(mark.times) and not WORDED.search(mark.text[mark.times[-1].end :])
        if alone:
            stacked, since = True, 0
        elif stacked:
            since += 1
            daypart = labels.DAYPART.match(mark.label or mark.text)
            if since > 1 and not (mark.times or mark.told or mark.line.item or mark.line.level or daypart):
                notes.add(place)
    return notes


def is_untimed_entry(mark: Mark, reading: Reading) -> bool:
    """Return True if a line without a time, below a programme's day, tells something to do."""
    text = mark.text
    if mark.leads or not mark.programme or mark.told or mark.times or mark.amounts or labels.FREE.match(text):
        return False
    return _has_shape(mark, reading) and not _tells_something_else(text)


def _has_shape(mark: Mark, reading: Reading) -> bool:
    """Return True if a line looks like an entry: an item of a list, or a few words that are no sentence."""
    text = mark.text
    if (text.isupper() and len(text.split()) <= 3) or (LABELLED.match(text) and not labels.DAYPART.match(text)):
        return False
    if mark.label and labels.DAYPART.fullmatch(mark.label):
        return len(text.split()) <= SHORT
    if mark.line.item or BULLET.match(text):
        return len(text.split()) <= 25
    if reading.document.kind is Kind.PAGE and not labels.DAYPART.match(text):
        return False
    plain = (
        len(text.split()) <= SHORT
        and (" " in text or not text.isascii())
        and not text.endswith((".", "!", "?", "。"))
        and not RUNNING.search(text)
    )
    return plain and len(text) >= 4 and not mark.line.level


def _tells_something_else(text: str) -> bool:
    return bool(
        labels.LODGED.match(text)
        or labels.NIGHTS.search(text)
        or labels.OPENING.search(text)
        or labels.code_in(text)
        or SMALL_PRINT.search(text)
        or LEG.search(text)
        or DURATION.match(text)
        or LONG_NUMBER.search(text)
        or SHARE.search(text)
        or FREE_PART.search(text)
    )
