"""Messages copied from a chat: when each was sent and by whom, which is no part of what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.dates import dates_in
from documents.occasions import OCCASION

if TYPE_CHECKING:
    from documents.model import Line

CLOCK = r"\d{1,2}[:.h]\d\d(?:[:.]\d\d)?(?:\s?[ap]\.?\s?m\.?)?"
DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
# The day, time and sender before a message, as chats are exported or copied. In brackets, the time may stand alone.
STAMP = re.compile(
    rf"(?:\[?{DATE},?\s{CLOCK}(?:\]\s?|\s?[-–]\s)"
    rf"|\[(?:\d{{1,2}}[./-]\d{{1,2}}\.?,?\s)?{CLOCK}(?:,\s{DATE})?\]\s?)[^:\[\]]{{1,40}}:\s",
    re.IGNORECASE,
)
# The sender and time on a line of their own above a message.
SENDER = re.compile(
    rf"(?P<name>[^\W\d_][^\d:：;!?|@#•*]{{0,36}}?)(?:\s*[,—–-])?\s+(?:(?:today|yesterday|heute|gestern|hier"
    rf"|aujourd'hui|ayer"
    rf"|hoy|oggi|ieri|今日|昨日)\s(?:(?:at|um|à|a las|alle)\s)?|{DATE},?\s)?[\[(]?{CLOCK}(?:\s?uhr)?[\])]?",
    re.IGNORECASE,
)
MOST_NAMES = 3
FEWEST = 2


def is_chat(lines: list[Line]) -> bool:
    """Return True if lines begin with the day and time they were sent, as messages pasted from a chat do."""
    return sum(1 for line in lines if line.text[:1] in "[0123456789" and STAMP.match(line.text)) >= FEWEST


def senders(lines: list[Line]) -> set[int]:
    """The places of the lines that hold nothing but who sent the message below and when.

    A programme's lines can look the same, but they follow a day, and each other.
    """
    found = {place: name for place, line in enumerate(lines) if (name := _sender(line))}
    if len(found) < FEWEST or any(place + 1 in found or place + 1 >= len(lines) for place in found):
        return set()
    names = list(found.values())
    first = min(found)
    early = not any(dates_in(line.text) for line in lines[:first])
    return set(found) if early or len(set(names)) < len(names) else set()


def _sender(line: Line) -> str | None:
    if line.item or line.level or line.cells or len(line.text) > 64 or not line.text[-1:].strip():
        return None
    match = SENDER.fullmatch(line.text)
    if not match or len(match["name"].split()) > MOST_NAMES or OCCASION.search(match["name"]):
        return None
    return match["name"].lower()
