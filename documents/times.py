"""Times of day as a text tells them, never prices, ratings or durations."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from documents.memory import remembered
from documents.patterns import Words

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day. One that `ends` closes a range, or stands after words such as "until" or "back at"."""

    start: int
    end: int
    # HH:MM, local.
    clock: str
    ends: bool = False
    # Days after the day of the text around it, as in 07:55 +1.
    later: int = 0


HALF = r"(?:\s?(?P<half>[ap])\.?\s?m\b\.?)"
# A letter right behind the digits is enough there: 7:45p.
SHORT_HALF = r"(?:\s?(?P<half>[ap])(?:\.?\s?m\b\.?|(?<=\d[ap])\b))"
CLOCK = rf"(?<![\d.,:])(?P<h>[01]?\d|2[0-3])\s?:\s?(?P<m>[0-5]\d)(?::[0-5]\d)?(?!\d|:\d|[.,]\d){SHORT_HALF}?"
FRENCH = r"(?<![\d.,:])(?P<fh>[01]?\d|2[0-3])\s?h\s?(?P<fm>[0-5]\d)(?!\d|\s?m(?:in)?\b)"
DOTTED = (
    rf"(?<![\d.,:])(?P<dh>[01]?\d|2[0-3])\.(?P<dm>[0-5]\d)(?![\d.,]\d|\d)(?:{HALF.replace('half', 'dhalf')}"
    rf"|(?P<uhr>\s?(?:Uhr|uur)\b))?"
)
HOUR = (
    rf"(?<![\d.,:/])(?P<hh>[01]?\d|2[0-3])(?:{HALF.replace('half', 'hhalf')}|\s?(?P<unit>Uhr\b|uur\b|o'clock"
    rf"|h(?:eures)?\b(?!/|\.\w))|\s(?P<sharp>sharp))"
)
JAPANESE = r"(?P<noon>午前|午後)?\s?(?P<jh>[01]?\d|2[0-3])時(?!間)(?:(?P<jm>[0-5]?\d)分|(?P<jhalf>半))?"
SPOKEN = (
    r"(?:\b(?:ore|alle ore|alle|dalle|um|a las|las)\s)(?P<sh>[01]?\d|2[0-3])(?![\d:.,]\d|\d|\s?(?:€|EUR|%|\$|Uhr"
    r"|h\b|[ap]\.?m\b))"
)
# Four digits, as reservation systems print them.
PLAIN = r"(?<![\w.,:/+-])(?P<xh>[01]\d|2[0-3])(?P<xm>[0-5]\d)(?![\w.,:/-])(?P<hours>\s?(?:hrs?|hours|uhr|uur)\b)?"
NOON = r"\b(?P<midday>(?:12\s)?noon)\b"
TIME = re.compile(f"{CLOCK}|{FRENCH}|{DOTTED}|{HOUR}|{JAPANESE}|{SPOKEN}|{NOON}|{PLAIN}", re.IGNORECASE)
BEGINNING = re.compile(
    r"(?<![\d.,:])\d{1,4}(?!\d)|(?:ore|alle|dalle|um|a las|las)\s(?=\d|ore)|(?:12\s)?noon|午[前後]", re.IGNORECASE
)
MAYBE = Words(
    r"\d\s?[:h時.]|\d\s?(?:[ap]\.?\s?m\b|uhr|uur|o'clock|sharp)|\b(?:ore|alle|dalle|um|las)\s\d|noon"
    r"|(?<![\d.,])[0-2]\d[0-5]\d(?:\s?(?:hrs?|hours)\b|(?:\s?\+\d)?\s*$)",
)
PRINTED = re.compile(
    r"[^a-z]*(?<![A-Z])(?:DEP|DEPART|DEPARTS|DEPARTURE|ARR|ARRIVE|ARRIVES|ARRIVAL|ETD|ETA|LV|AR)(?![A-Z])[^a-z]*"
)
YEARLIKE = re.compile(r"20[2-4]\d")

# A dotted time without a unit is one only at the start of a line or cell, or after such a word.
TIMELY = Words(
    r"(?:^\W{0,3}|\b(?:ore|alle|dalle|um|ab|an|von|bis|at|from|until|till|by|kl\.?|partenza|arrivo|abfahrt"
    r"|ankunft|à|las)\s|[-–]\s?|[:|]\s)$",
)
AFTER_PRICE = re.compile(
    r"\s?(?:€|\$|£|¥|%|EUR|USD|GBP|CHF|kr\b|km\b|kg\b|m\b|mi\b|t\b|l\b|Euro|stars?\b|/)", re.IGNORECASE
)
BEFORE_PRICE = re.compile(r"(?:€|\$|£|¥|EUR|USD|GBP|CHF|[A-Z]{3})\s?$")
SPAN = Words(
    r"\b(?:for|within|in|during|durée|dauer|duration|durata|duración|environ|ca\.|about|24|für|binnen|les|par"
    r"|per)\s*:?\s?$",
)
MINUTES = re.compile(r"\s?[0-5]?\d\s?m(?:in)?\b", re.IGNORECASE)
LASTING = Words(
    r"(?:duration|travel time|flight time|journey time|fahrzeit|flugzeit|reisezeit|fahrtdauer|flugdauer|dauer|durée"
    r"|duración|durata"
    r"|tempo di viaggio|所要時間|飛行時間)\s?[:：]?\s?$",
)
HOURLY = Words(
    r"(?:^\W{0,3}|\b(?:à|a|de|dès|vers|jusqu'à|entre|et|las|desde|hasta|après|avant|h)\s|[-–:|]\s?)$",
)
JOINT = re.compile(
    r"\s?(?:-|–|—|to|bis|until|till|à|a|al|alle|y|e|et|and|～|~|〜|から)\s?(?:las\s|ore\s|alle\s)?(?:ca\.\s|about\s)?",
    re.IGNORECASE,
)
BETWEEN = Words(r"\b(?:between|entre|tra|zwischen|de|dalle|from|von)\s(?:las\s|le\s)?$")
ENDING = Words(
    r"\b(?:until|till|no later than|bis(?:\s(?:ca\.|um|spätestens))*|jusqu'à|au plus tard à|hasta(?:\sa?\s?las)?"
    r"|fino\salle(?:\sore)?|entro\sle(?:\sore)?|tot(?:\sen\smet)?|uiterlijk|até\s(?:às|as)|back\sby|ends?(?:\sat|\sby)*|finishes(?:\sat)?|ending(?:\sat)?|endet(?:\sum)?)\s?$",
)
# The same, but only of what the text tells the beginning of before.
BACK = Words(
    r"\b(?:back(?:\s(?:at|about|around))*|returns?(?:\sat|\sby|\sabout)*|zurück(?:\sgegen|\sum)*"
    r"|retour\s(?:à|vers)|regreso\sa\slas|rientro\salle)\s?$",
)
LEFT = Words(
    r"(?<![\d.,:€$£/])\b(?P<h>[01]?\d|2[0-3])(?:[:.](?P<m>[0-5]\d))?\s?(?:-|–|to|bis|à|a)\s?$",
)
LATER = re.compile(
    r"\s?\(?\s?(?:[JDTG]\s?)?\+\s?([12])\b(?:\s?(?:days?|Tage?|jours?|d[ií]as?|giorn[oi]|dag(?:en)?|日))?\)?"
    r"|,?\s?\(?(?:(?:on |the )*(?:next|following) (?:day|morning)|am (?:nächsten|folgenden) (?:tag|morgen)"
    r"|(?:am )?folgetag"
    r"|(?:le )?lendemain(?: matin)?|(?:a|d)el día siguiente|al día siguiente|día siguiente|(?:il |del )?giorno (?:dopo"
    r"|successivo|seguente)|(?:de )?volgende dag|(?:n?o )?dia seguinte|翌日|翌朝)\)?",
    re.IGNORECASE,
)
NEXT_DAY = Words(
    r"(?:翌[日朝]?|next day|following day|am (?:nächsten|folgenden) tag|am folgetag|lendemain|día siguiente"
    r"|giorno (?:dopo|successivo|seguente)|volgende dag|dia seguinte)"
    r"\W{0,3}(?:(?:at|um|à|a las|las|alle|alle ore|ore|om|às)\s)?$"
)
EVENING = re.compile(r"\s?(?:di sera|de la (?:tarde|noche)|du soir|abends)\b", re.IGNORECASE)
DINING = Words(r"dinner|supper|evening|tonight|drinks|concert|show|party")


def times_in(text: str) -> list[Time]:
    """The times of a line, in their order."""
    return list(_times_in(text))


@remembered
def _times_in(text: str) -> tuple[Time, ...]:
    found: list[Time] = []
    if not MAYBE.search(text):
        return ()
    for match in _matches(text):
        clock = _clock(match, text)
        if clock is None:
            continue
        start, end = match.span()
        left = _left(text, start, clock, found)
        if left:
            found.append(left)
        found.append(_placed(Time(start, end, clock), text, found))
    return tuple(found)


def _matches(text: str) -> Iterator[re.Match[str]]:
    """Yield matches that look like a time, tried only where one can begin."""
    end = 0
    for beginning in BEGINNING.finditer(text):
        if beginning.start() >= end and (match := TIME.match(text, beginning.start())):
            yield match
            end = match.end()


def _placed(time: Time, text: str, before: list[Time]) -> Time:
    previous = before[-1] if before else None
    joint = previous and not previous.ends and JOINT.fullmatch(text, previous.end, time.start)
    if joint and previous and text[previous.end : time.start].strip().lower() in {"and", "y", "e", "et"}:
        joint = BETWEEN.search(text[max(0, previous.start - 14) : previous.start])
    words = text[max(0, time.start - 24) : time.start]
    ends = bool(joint or ENDING.search(words) or (before and BACK.search(words)))
    later = 0
    if match := LATER.match(text, time.end):
        later = int(match[1] or 1)
        time = replace(time, end=match.end())
    elif NEXT_DAY.search(text[max(0, time.start - 32) : time.start]):
        later = 1
    return replace(time, ends=ends, later=later) if ends or later else time


def _clock(match: re.Match[str], text: str) -> str | None:
    if LASTING.search(text[max(0, match.start() - 24) : match.start()]):
        return None
    group = match.groupdict()
    before, after = text[max(0, match.start() - 16) : match.start()], text[match.end() : match.end() + 8]
    if group["xh"]:
        printed = PRINTED.fullmatch(text[: match.start()]) and not YEARLIKE.fullmatch(match[0])
        return _of(group["xh"], group["xm"], None) if group["hours"] or printed else None
    if group["midday"]:
        return "12:00"
    if group["h"]:
        return _of(group["h"], group["m"], group["half"] or _late(text, match.end()))
    if group["fh"]:
        return _of(group["fh"], group["fm"], _late(text, match.end()))
    if group["dh"]:
        marked = group["dhalf"] or group["uhr"]
        if not marked and (not TIMELY.search(before) or AFTER_PRICE.match(after) or BEFORE_PRICE.search(before)):
            return None
        return _of(group["dh"], group["dm"], group["dhalf"])
    if group["hh"]:
        return _hour(group, before, text, match.end())
    if group["jh"]:
        minutes = "30" if group["jhalf"] else group["jm"]
        return _of(group["jh"], minutes, {"午前": "a", "午後": "p"}.get(group["noon"] or ""))
    return _of(group["sh"] or "", None, _late(text, match.end()))


def _hour(group: dict[str, str | None], before: str, text: str, end: int) -> str | None:
    hour, unit = group["hh"] or "", (group["unit"] or "").lower()
    if MINUTES.match(text, end):
        return None
    if group["sharp"]:
        return _of(hour, None, None) if 7 <= int(hour) <= 11 and not DINING.search(text) else None
    if unit == "o'clock":
        return None
    if unit.startswith("h") and (not HOURLY.search(before) or SPAN.search(before)):
        return None
    return _of(hour, None, group["hhalf"] or _late(text, end))


def _late(text: str, end: int) -> str | None:
    return "p" if EVENING.match(text, end) else None


def _of(hour: str, minute: str | None, half: str | None) -> str | None:
    """The time as HH:MM, or None for hours that no clock with that half of the day has."""
    number = int(hour)
    half = half.lower() if half else None
    if half and not 1 <= number <= 12:
        return f"{number:02}:{int(minute or 0):02}" if half == "p" and number > 12 else None
    if half:
        number = number % 12 + (12 if half == "p" else 0)
    return f"{number:02}:{int(minute or 0):02}"


def _left(text: str, start: int, clock: str, found: list[Time]) -> Time | None:
    """The first time of a range whose unit stands after the second, as in 9-11 Uhr or 10-11:30 am."""
    begin = found[-1].end if found else max(0, start - 14)
    match = LEFT.search(text, begin, start)
    if not match or (match["m"] is None and text[match.start() - 1 : match.start()] == "-"):
        return None
    hour, minute = int(match["h"]), match["m"] or "00"
    end_hour = int(clock[:2])
    if (
        end_hour >= 12
        and hour < 12
        and hour + 12 <= end_hour
        and re.match(r"\d[\d:.]*\s?p\.?\s?m", text[start:], re.IGNORECASE)
    ):
        hour += 12
    return Time(match.start(), match.end("m") if match["m"] else match.end("h"), f"{hour:02}:{minute}")
