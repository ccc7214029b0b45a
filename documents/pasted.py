"""Mails that were pasted as text: the lines of their headers are told apart from what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.quoted import (
    ATTRIBUTION,
    FORWARDS,
    MOST_HEADER_LINES,
    SEPARATOR,
    day_of,
    field_of,
    goes_on_from,
    label_of,
    sent_at,
    unquoted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from documents.model import Line

# Labels that say nothing but when a mail was sent. Others, such as "Date", may be an appointment's.
ONLY_SENT = re.compile(
    r"sent|gesendet(?: am)?|envoyé(?: le)?|enviado(?: el)?|enviada em|inviat[oa]|verzonden|skickat|sendt"
    r"|lähetetty|wysłano"
    r"|odesláno|отправлено|送信日時|发送时间|보낸날짜"
)
# A moment as the headers of mails have it, with its zone.
WITH_ZONE = re.compile(r"\d{1,2}:\d\d(?::\d\d)?\s*(?:[+-]\d{4}|GMT|UTC)\b")
CLOCK = re.compile(r"\d{1,2}[:.h]\d\d")
ADDRESS = re.compile(r"[<(\[]\s*(?:mailto:)?[^\s<>()@]+@[^\s<>()@]+\.[^\s<>()@]+\s*[>)\]]")
ONLY_ADDRESSES = re.compile(r"(?:[^@]{0,60}<?[^\s@<>]+@[^\s@<>]+>?\s*[;,]?\s*)+")
LETTERS = re.compile(r"[^\W\d_]{2,}")
# Some words and the sign that ends a sentence.
SENTENCE = re.compile(r"[^\W\d_]\S*(?:\s\S+){3,}[.!?]|[^\W\d_].{6,}。")
LABEL = re.compile(r"\W{0,3}[^\W\d_][^:：]{0,28}[:：]")  # noqa: RUF001 - a wide colon
HEAD = 3
MOMENT_WORDS = 4
ATTRIBUTED_WORDS = 16


@dataclass(slots=True)
class Pasted:
    """The header of a pasted mail: its lines' places, when it was sent, and its subject."""

    places: list[int] = field(default_factory=list[int])
    fields: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def sent(self) -> datetime | None:
        return sent_at(self.fields.get("sent", ""))


def without_headers(lines: Sequence[Line]) -> tuple[list[Line], datetime | None, str | None]:
    """Mark the lines of headers as aside, and return the day and the subject if the text is one mail's."""
    kept = list(lines)
    found: list[Pasted] = []
    place = 0
    while place < len(lines):
        header = _header_at(lines, place, alone=not found) or _attribution_at(lines, place) or _stamp_at(lines, place)
        if header is None:
            if SEPARATOR.fullmatch(lines[place].text) and FORWARDS.search(lines[place].text):
                kept[place] = replace(lines[place], aside=True)
            place += 1
            continue
        found.append(header)
        for one in header.places:
            if one != header.places[0] or "subject" not in header.fields or len(header.fields) > 1:
                kept[one] = replace(lines[one], aside=True)
        place = header.places[-1] + 1
    days = {header.sent for header in found if header.fields.get("sent")}
    subjects = [subject for header in found if (subject := header.fields.get("subject"))]
    moment = days.pop() if len(days) == 1 and len(found) <= len(subjects) + 1 else None
    return kept, (moment if len(subjects) <= 1 else None), (subjects[0] if subjects else None)


def _header_at(lines: Sequence[Line], start: int, *, alone: bool) -> Pasted | None:
    """The header of which the first field is here."""
    if _labelled(lines, start) is None:
        return None
    header = Pasted()
    place = start
    while place < min(len(lines), start + MOST_HEADER_LINES):
        told = _labelled(lines, place)
        if told is None and header.places and ONLY_ADDRESSES.fullmatch(unquoted(lines[place])[1].text):
            header.places.append(place)
            place += 1
            continue
        if told is None or told[0] in header.fields:
            break
        name, value, size = told
        header.fields[name] = value
        header.places += range(place, place + size)
        place += size
    after = lines[place].text if place < len(lines) else ""
    label = label_of(unquoted(lines[start])[1].text)
    return header if _is_header(header, label, start, after, alone=alone) else None


def _labelled(lines: Sequence[Line], place: int) -> tuple[str, str, int] | None:
    """The field that a line tells, its value, and how many lines it takes: the value may stand in the next."""
    name, value = field_of(unquoted(lines[place])[1].text)
    if name is None:
        return None
    if value or place + 1 >= len(lines):
        return name, value, 1
    following = unquoted(lines[place + 1])[1].text
    return (name, "", 1) if field_of(following)[0] else (name, following, 2)


def _is_header(header: Pasted, label: str, start: int, after: str, *, alone: bool) -> bool:
    """Return True if fields are those of a mail, and not those of a ticket or an appointment."""
    sender, sent, subject = (header.fields.get(name) for name in ("sender", "sent", "subject"))
    if "recipient" in " ".join(header.fields) and len(header.fields) == 1:
        return False
    dated = bool(sent and day_of(sent))
    certain = bool(sent and WITH_ZONE.search(sent) and dated)
    if len(header.fields) > 1:
        addressed = any("@" in value for name, value in header.fields.items() if name not in {"sent", "subject"})
        return certain or addressed or bool(subject and (sender or dated))
    if subject:
        return alone and start <= HEAD
    if sent:
        early = alone and start <= HEAD
        opens = bool(labels.GREETING.match(after)) or _is_sentence(after)
        return certain or (dated and bool(ONLY_SENT.fullmatch(label))) or (dated and early and opens)
    return bool(sender and ADDRESS.search(sender) and start <= HEAD)


def _is_sentence(text: str) -> bool:
    return not LABEL.match(text) and not CLOCK.search(text) and bool(SENTENCE.fullmatch(text))


def _attribution_at(lines: Sequence[Line], start: int) -> Pasted | None:
    """The line, or two, that says when somebody wrote what follows."""
    text = ""
    for place in range(start, min(start + 2, len(lines))):
        if place > start and not goes_on_from(lines[start], lines[place]):
            return None
        text = f"{text} {unquoted(lines[place])[1].text}".strip()
        if place == start and day_of(text) is None and not ADDRESS.search(text):
            return None
        if ATTRIBUTION.search(text) and len(text.split()) <= ATTRIBUTED_WORDS and day_of(text):
            return Pasted(list(range(start, place + 1)), {"sent": text})
    return None


def _stamp_at(lines: Sequence[Line], start: int) -> Pasted | None:
    """The sender's name and address with the moment, as mail programs show and print them above a message."""
    text = lines[start].text
    if (
        not ADDRESS.search(text)
        or len(text.split()) > ATTRIBUTED_WORDS
        or LABEL.match(ADDRESS.sub("", text)[:30] + " ")
    ):
        return None
    if _is_moment(ADDRESS.sub(" ", text)):
        return Pasted([start], {"sent": text})
    beside = [place for place in (start + 1, start - 1) if 0 <= place < len(lines)]
    bare = [
        place
        for place in beside
        if _is_moment(lines[place].text) and len(LETTERS.findall(lines[place].text)) <= MOMENT_WORDS
    ]
    return Pasted(sorted({start, bare[0]}), {"sent": lines[bare[0]].text}) if bare else None


def _is_moment(text: str) -> bool:
    return bool(CLOCK.search(text)) and (day_of(text) is not None or bool(dates_in(text)))
