"""Mails inside a mail's text: forwarded ones with a header in their own language, and those that a reply quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from documents.model import Document, Kind, Line
from documents.patterns import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def _labels(names: str) -> frozenset[str]:
    return frozenset(names.split("|"))


# The labels that mail programs put before a forwarded mail's header, in lower case.
SENDER = _labels("from|von|de|da|van|från|fra|lähettäjä|od|feladó|від|от|kimden|差出人|发件人|寄件者|보낸사람")
SENT = _labels(
    "date|sent|datum|gesendet|gesendet am|envoyé|envoyé le|fecha|enviado|enviado el|enviada em|data|inviato|inviata"
    "|verzonden|skickat|dato|sendt|lähetetty|päiväys|wysłano|odesláno|дата|отправлено|tarih|日付|日時|送信日時|发送时间"
    "|日期|보낸날짜|날짜"
)
SUBJECT = _labels(
    "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|тема|konu|件名|主题|主旨|제목"
)
RECIPIENT = _labels(
    "to|an|à|para|a|aan|till|til|vastaanottaja|do|komu|кому|kime|宛先|收件人|받는사람|cc|kopie|copie|cci|bcc|reply-to"
    "|antwort an|répondre à|responder a|rispondi a"
)
FIELD = re.compile(r"\s*\**\s*([^\W\d_][\w -]{0,20}?)\s*\**\s*[:：]\s*\**\s*(.*)")  # noqa: RUF001 - a wide colon
ATTRIBUTION = Words(
    r"\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał(?:\(a\))?|kirjoitti)\b"
    r".{0,80}?\s*:\s*$|(?:のメール|wrote|写道)\s*[:：]\s*$",  # noqa: RUF001
)
LABELLED = re.compile(r"\W{0,3}[^\W\d_][^:：\d]{0,28}[:：]")  # noqa: RUF001 - a wide colon
SEPARATOR = re.compile(r"[-_=–—\s]*\b[^\d:]{4,60}[-_=–—\s]*:?|[-_=–—]{5,}")  # noqa: RUF001
FORWARDS = Words(
    r"forwarded message|original message|forwarded by|weitergeleitete|ursprüngliche nachricht|message transféré"
    r"|message d'origine|mensaje reenviado|mensaje original|messaggio inoltrato|messaggio originale"
    r"|mensagem encaminhada|mensagem original|doorgestuurd bericht|oorspronkelijk bericht|vidarebefordrat"
    r"|videresendt|wiadomość przekazana|転送|元のメッセージ|转发",
)
QUOTE_MARKS = re.compile(r"(?:>\s?)+")

MONTHS = (
    "jan gen ene ener janv tammi sty leden",
    "feb fév fev févr febr helmi lut únor",
    "mar mär mars marz mrt maart maalis břez",
    "apr avr abr avril kwi huhti dub",
    "may mai mag mayo maj mei touko květ",
    "jun giu juin juni kesä cze červen",
    "jul lug juil juli heinä lip",
    "aug ago aoû août elo sie srp",
    "sep set sept syys wrz září",
    "oct okt ott out loka paź říj",
    "nov marras lis listopad",
    "dec dez dic déc joulu gru pros",
)
WORDY = re.compile(r"(\d{1,2})(?:\.|º|er|st|nd|rd|th)?\s+(?:de\s+)?([^\W\d]{3,})\.?,?\s+(?:de\s+)?(\d{4})")
WORDY_AMERICAN = re.compile(r"([^\W\d]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
YEAR = re.compile(r"\d{4}")
ISO = re.compile(r"(\d{4})[-年/.]\s?(\d{1,2})[-月/.]\s?(\d{1,2})")
NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})")
CLOCK = re.compile(r"(?<!\d)(\d{1,2})[:h](\d{2})(?!\d)(?::\d{2})?\s*([ap]\.?m)?", re.IGNORECASE)
FEWEST_HEADER_LINES = 3
MOST_HEADER_LINES = 12
NOON = 12


@dataclass(slots=True)
class _Found:
    """A mail inside the text: the lines of its header, and how deep its text is quoted."""

    sent_at: datetime | None
    subject: str | None
    depth: int
    lines: list[Line] = field(default_factory=list[Line])


def split_quoted(lines: Sequence[Line]) -> tuple[list[Line], list[Document]]:
    """Split a mail's lines into its own and the mails that they forward or quote, each with the day it was sent."""
    own: list[Line] = []
    found: list[_Found] = []
    place = 0
    while place < len(lines):
        depth, line = unquoted(lines[place])
        header = _header_at(lines, place) or _attribution_at(lines, place)
        if header:
            place, mail = header
            found.append(mail)
            continue
        while found and found[-1].depth > depth and line.text:
            own_again = _Found(None, None, 0)
            own_again.lines = own
            found.append(own_again)
        if line.text and not (SEPARATOR.fullmatch(line.text) and FORWARDS.search(line.text)):
            (found[-1].lines if found else own).append(line)
        place += 1
    return own, [_document(mail) for mail in found if mail.lines is not own and mail.lines]


def sent_at(text: str) -> datetime | None:
    """Return the day and time that a forwarded header tells, in one of many languages; None if it is ambiguous."""
    day = day_of(text)
    if day is None:
        return None
    rest = CLOCK.search(text)
    hour, minute = (int(rest[1]), int(rest[2])) if rest else (0, 0)
    if rest and rest[3] and hour <= NOON:
        hour = hour % NOON + (NOON if rest[3].lower().startswith("p") else 0)
    try:
        return datetime(*day, hour, minute)  # noqa: DTZ001 - as written
    except ValueError:
        return None


def _document(mail: _Found) -> Document:
    return Document(Kind.MAIL, mail.lines, title=mail.subject, subject=mail.subject, sent_at=mail.sent_at)


def unquoted(line: Line) -> tuple[int, Line]:
    """Return how deep a line is quoted, and the line without the marks of it."""
    marks = QUOTE_MARKS.match(line.text)
    if not marks:
        return 0, line
    return marks[0].count(">"), replace(line, text=line.text[marks.end() :].strip(), item=False)


def _header_at(lines: Sequence[Line], start: int) -> tuple[int, _Found] | None:
    """Return a forwarded mail whose header is here, and the place after the header."""
    fields: dict[str, str] = {}
    place = start
    depth = 0
    while place < min(len(lines), start + MOST_HEADER_LINES):
        depth, line = unquoted(lines[place])
        name, value = field_of(line.text)
        if name is None or name in fields:
            break
        fields[name] = value
        place += 1
    if not {"sender", "subject"} <= fields.keys() or place - start < FEWEST_HEADER_LINES:
        return None
    return place, _Found(sent_at(fields.get("sent", "")), fields.get("subject") or None, depth)


def label_of(text: str) -> str:
    """Return the label that a line begins with, in lower case."""
    match = FIELD.fullmatch(text)
    return match[1].lower() if match else ""


def field_of(text: str) -> tuple[str | None, str]:
    """Return the name of the field of a header that a line tells, or None, and its value."""
    match = FIELD.fullmatch(text)
    label = label_of(text)
    for name, labels in (("sent", SENT), ("subject", SUBJECT), ("sender", SENDER), ("recipient", RECIPIENT)):
        if match and label in labels:
            return name if name != "recipient" else f"recipient {label}", match[2].strip()
    return None, ""


def _attribution_at(lines: Sequence[Line], start: int) -> tuple[int, _Found] | None:
    """Return a mail that a reply quotes, if the line says when somebody wrote it. Long ones go on in a second line."""
    text = ""
    if day_of(lines[start].text) is None:
        return None
    for place in range(start, min(start + 2, len(lines))):
        if place > start and not goes_on_from(lines[start], lines[place]):
            return None
        text = f"{text} {unquoted(lines[place])[1].text}".strip()
        moment = sent_at(text) if ATTRIBUTION.search(text) else None
        if moment:
            below = unquoted(lines[place + 1])[0] if place + 1 < len(lines) else 0
            return place + 1, _Found(moment, None, below)
    return None


def goes_on_from(first: Line, second: Line) -> bool:
    """Return whether the first of two lines may begin an attribution that the second ends."""
    alone = unquoted(second)[1].text
    return not LABELLED.match(first.text) and not (ATTRIBUTION.search(alone) and day_of(alone))


def day_of(text: str) -> tuple[int, int, int] | None:
    """Return the year, month and day that a header tells, or None if that is not clear."""
    if not YEAR.search(text):
        return None
    if match := ISO.search(text):
        return int(match[1]), int(match[2]), int(match[3])
    for pattern, day, month in ((WORDY, 1, 2), (WORDY_AMERICAN, 2, 1)):
        for match in pattern.finditer(text):
            number = _month(match[month])
            if number:
                return int(match[3]), number, int(match[day])
    if match := NUMERIC.search(text):
        first, second = int(match[1]), int(match[3])
        if match[2] == "." or first > NOON or first == second:
            return int(match[4]), second, first
        if second > NOON:
            return int(match[4]), first, second
    return None


def _month(word: str) -> int | None:
    """Return the number of a month by the longest known beginning of its name."""
    low = word.lower()
    best = max(_beginnings(low), default=(0, 0))
    return best[1] or None


def _beginnings(word: str) -> Iterable[tuple[int, int]]:
    for number, names in enumerate(MONTHS, 1):
        for name in names.split():
            if word.startswith(name):
                yield len(name), number
