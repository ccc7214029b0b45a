"""The numbers, days, times and places of a line that may be part of a journey, in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.marks import About
from documents.points import is_end_label, modes_of, number_in
from documents.routes import (
    CODE3,
    NOT_CARRIERS,
    NUMBERS_ELSE,
    RAIL,
    RIDES,
    codes_of,
    is_named,
    mode_of,
    place_of,
    route_of,
    without_moments,
)
from documents.statuses import STATUS_TAIL
from documents.terms import FORMER, GOAL, KIND, NO_OFFICE, NO_PLACE, OPEN, ORIGIN, OTHER_TIMES, ROUTE, SERVICES, STOP
from documents.times import times_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from documents.marks import Mark, Reading
    from documents.times import Time


class Sign(Enum):
    """Kind of a token."""

    NUMBER = auto()
    DAY = auto()
    TIME = auto()
    PLACE = auto()
    LABEL = auto()


@dataclass(slots=True, eq=False)
class Token:
    """A number, day, time, place or label with where it stands."""

    sign: Sign
    line: int
    start: int
    text: str = ""
    time: Time | None = None
    day: date | None = None
    mode: str | None = None
    # Whether a label says that it is of the departure or of the arrival.
    departs: bool | None = None
    # Whether a place stands beside another with a sign or word of direction between them.
    routed: bool = False

    @property
    def at(self) -> tuple[int, int]:
        return self.line, self.start

    @property
    def code(self) -> str | None:
        match = CODE3.search(self.text)
        return match[1] if match else None


PARTS = re.compile(r"\s{2,}|\t|[;|·•／|]|[→➔⇒►▶➜⟶✈]|->|=>|>|\s[-–—]\s|^\s*[-–—]\s|\s[-–—]\s*$")
STATION = re.compile(r"[A-ZÀ-Ý][^\d→➔>|;:()]{1,30}\s[-–—]\s[^\d→➔>|;:()]{2,30}\([A-Z]{3}\)")
# What stands in brackets beside a place's name, apart from its code.
ASIDE = re.compile(r"[（(](?![A-Z]{3}[)）])[^()（）]*[)）]")
STRAY = re.compile(r"[（(](?![A-Z]{3}[)）])|(?<![A-Z]{3})[)）]")
# A label before a colon, and those of a journey's ends.
LABELLED = re.compile(r"^\W{0,3}(?P<label>[^:：\d]{1,40}?)\s*[:：]\s*(?P<rest>.*)$")
WORDED = re.compile(
    r"(?P<a>[A-ZÀ-Ý][^\d:]{1,30}?)\s(?:to|nach|vers|naar|hasta|til|till|para|à|a)\s(?P<b>[A-ZÀ-Ý][^\d:]{1,30})"
)
# The number of a service after the name of its carrier, and behind both ends.
CARRIED = re.compile(
    r"\W{0,3}(?:[A-ZÀ-Ý][\w.&'-]*\s){1,4}(?P<n>(?:[A-Z]{2}|[A-Z]\d|\d[A-Z])\s?\d{2,4})(?=$|\s*[|·•,(]|\s[-–—]\s)"
)
BEHIND = re.compile(r"(?:[(,·|]|\s[-–—])\s?(?:[A-Z][a-z]+\s)?(?P<n>(?:[A-Z]{2,3}|[A-Z]\d|\d[A-Z])\s?\d{1,5})\s?\)?$")
BARE_NUMBER = re.compile(r"[A-Z]{0,3}\s?\d{2,6}")
PRODUCT = re.compile(rf"(?:{RAIL}|TGV INOUI|FR|ICE International)(?:\s(?:n[°º.]|nr\.?|no\.?))?", re.IGNORECASE)
AROUND = re.compile(r"^(?:[号便]?\s?(?:にて|で|に乗車|乗車)?)\s?|(?:へ|行き?|まで|より|から|を)$")
LETTERS = re.compile(r"[^\W\d_]{2}")
MOST_WORDS = 8
LONGEST_LABEL = 4


def signs_of(mark: Mark, line: int, reading: Reading) -> list[Token]:
    """The tokens of a line, in order."""
    spans = sorted(_spans(mark, line, reading), key=lambda span: (span[0], -span[1]))
    tokens: list[Token] = []
    place = 0
    numbered = any(token and token.sign is Sign.NUMBER for _, _, token in spans)
    for start, end, token in [*spans, (len(mark.text), len(mark.text), None)]:
        if start < place:
            continue
        tokens += _places(mark, line, place, start)
        if token:
            tokens.append(token)
        place = end
    _label(tokens, mark)
    if numbered:
        _drop_carriers(tokens)
    return [token for token in tokens if token.sign is not Sign.LABEL]


def values_of(label: str, cell: str, row: Mark, line: int, reading: Reading) -> list[Token]:
    """The tokens of a cell that a label says the meaning of."""
    if OTHER_TIMES.search(label):
        return []
    begin = max(row.text.rfind(cell) if row.line.cells[-1] == cell else row.text.find(cell), 0)
    inside = [i for i, told in enumerate(row.told) if begin <= told.start and told.end <= begin + len(cell)]
    told = dates_in(cell)
    if len(inside) != len(told):
        return []
    mark = replace(
        row,
        line=replace(row.line, cells=()),
        text=cell,
        label=label.strip(" :：*"),
        told=told,
        days=[row.days[i] for i in inside],
        about=[row.about[i] for i in inside],
        times=times_in(cell),
    )
    tokens = signs_of(mark, line, reading)
    departs = True if ORIGIN.fullmatch(label) else False if GOAL.fullmatch(label) else None
    kept = [t for t in tokens if t.sign is not Sign.PLACE or departs is not None or t.routed or ROUTE.fullmatch(label)]
    for token in kept:
        if token.sign in {Sign.PLACE, Sign.TIME} and token.departs is None and not token.routed:
            token.departs = departs
    if (mode := mode_of(label)) and BARE_NUMBER.fullmatch(cell) and not any(t.sign is Sign.NUMBER for t in kept):
        kept.append(Token(Sign.NUMBER, line, 0, cell, mode=mode))
    return kept


def _spans(mark: Mark, line: int, reading: Reading) -> Iterator[tuple[int, int, Token | None]]:
    text = mark.text
    for time in mark.times:
        yield time.start, time.end, None if _is_other(mark, time) else Token(Sign.TIME, line, time.start, time=time)
    for told, day, about in zip(mark.told, mark.days, mark.about, strict=True):
        of_trip = about is About.TRIP and not told.opens and not told.closes
        yield told.start, told.end, Token(Sign.DAY, line, told.start, day=day) if of_trip else None
    number, mode = number_in(mark, reading)
    if not number:
        number, mode = _alone(mark, reading)
    if number and (at := text.find(number)) >= 0:
        yield at, at + len(number), Token(Sign.NUMBER, line, at, number, mode=mode)
    for pattern, departs in ((labels.DEPART, True), (labels.ARRIVE, False)):
        for match in pattern.finditer(text):
            if is_end_label(text, (match.start(), match.end(), departs)):
                yield match.start(), match.end(), Token(Sign.LABEL, line, match.start(), match[0], departs=departs)


def _alone(mark: Mark, reading: Reading) -> tuple[str | None, str | None]:
    """A number that is the line, but for its carrier, or stands behind a route with both times."""
    text = mark.text
    match = CARRIED.match(text) or (len(mark.times) == 2 and BEHIND.search(text)) or None
    if match is None or match["n"][:2] in NOT_CARRIERS or NUMBERS_ELSE.search(text, 0, match.start("n")):
        return None, None
    if NO_PLACE.search(text[: match.start("n")]) and not BEHIND.search(text):
        return None, None
    modes = modes_of(reading) or (["train"] if reading.speaks_of(RIDES) else [])
    return (match["n"], modes[0]) if len(modes) == 1 else (None, None)


def _is_other(mark: Mark, time: Time) -> bool:
    """Return True if a time is that of boarding, of a desk or of an earlier schedule."""
    before = mark.text[: time.start]
    piece = PARTS.split(before)[-1] if len(mark.times) > 1 else before
    return bool(
        OPEN.search(mark.text)
        or OTHER_TIMES.search(piece)
        or FORMER.search(before)
        or (OTHER_TIMES.search(mark.label) and not LETTERS.search(before + mark.text[time.end :]))
        or (OTHER_TIMES.search(mark.text) and len(mark.times) == 1 and not labels.DEPART.search(mark.text))
    )


def _places(mark: Mark, line: int, begin: int, end: int) -> list[Token]:
    text = mark.text[begin:end]
    if not text.strip():
        return []
    found = _labelled(text)
    if found is None:
        return []
    departs, shift = found
    text = text[shift:]
    if len(mark.times) == 1 and (station := _station(text)) and _end_of(mark.text.split()[0]) is not None:
        return [Token(Sign.PLACE, line, begin + shift + text.find(station[:3]), station, departs=departs)]
    if departs is None and (ends := _both(text)):
        at = begin + shift
        return [Token(Sign.PLACE, line, at + i, name, routed=True) for i, name in enumerate(ends)]
    tokens: list[Token] = []
    at = 0
    for piece in _pieces(mark, text):
        where = max(text.find(piece, at), at)
        at = where + len(piece)
        if name := _named(piece):
            tokens.append(Token(Sign.PLACE, line, begin + shift + where, name, departs=departs))
    return tokens


def _labelled(text: str) -> tuple[bool | None, int] | None:
    """Return the end that a label names for the places after it, and where they begin, or None if it is about none."""
    labelled = LABELLED.match(text)
    if not labelled:
        return None, 0
    known = ((ORIGIN, True), (GOAL, False), (ROUTE, None), (labels.LEG, None))
    return next(
        ((departs, labelled.start("rest")) for label, departs in known if label.fullmatch(labelled["label"])), None
    )


def _both(text: str) -> tuple[str, str] | None:
    """From and to of a text that tells both."""
    if codes := codes_of(text):
        return codes
    text = STATUS_TAIL.sub("", text)
    route = route_of(text) or _worded_route(text)
    ends = [_named(name) for name in route or ()]
    return (ends[0], ends[1]) if len(ends) == 2 and ends[0] and ends[1] else None


def _station(text: str) -> str | None:
    """The city and its station that a text tells with one code, as in "Boston, MA - South Station (BOS)"."""
    text = text.strip(" ,.:·–-")
    if not STATION.fullmatch(text) or len(CODE3.findall(text)) != 1:
        return None
    return text if is_named(text) and not NO_PLACE.search(text) else None


def _worded_route(text: str) -> tuple[str, str] | None:
    """From and to of a whole line such as "Portsmouth to Caen" or "Kiel nach Oslo"."""
    match = WORDED.fullmatch(ASIDE.sub("", text).strip(" ,.:·–-"))
    return (match["a"], match["b"]) if match else None


def _pieces(mark: Mark, text: str) -> Iterator[str]:
    rest = [text]
    for cell in mark.line.cells:
        if cell and cell in rest[-1] and cell != rest[-1]:
            last = rest.pop()
            before, after = last.split(cell, 1)
            rest += [before, cell, after]
    for one in rest:
        yield from (piece for piece in PARTS.split(one) if piece and piece.strip())


def _named(piece: str) -> str | None:
    """The place that a piece of a line names, if it is nothing but that."""
    piece = STRAY.sub("", ASIDE.sub("", piece))
    piece = AROUND.sub("", AROUND.sub("", piece.strip(" ,.:、。，")))
    place = place_of(piece)
    if place is None or not is_named(place) or len(place.split()) > MOST_WORDS or ":" in place:
        return None
    place = KIND.sub("", place) or place
    plain = CODE3.sub("", place)
    if STOP.search(plain):
        plain = SERVICES.sub("", plain)
    if not plain.strip() or (NO_PLACE.search(plain) or PRODUCT.fullmatch(plain.strip())):
        return None
    if (
        labels.LEG.fullmatch(place)
        or ORIGIN.fullmatch(place)
        or GOAL.fullmatch(place)
        or place.endswith((".", "!", "?"))
    ):
        return None
    return place


def named_in(text: str) -> str | None:
    """The first place that a part of a text names."""
    return next((name for piece in PARTS.split(without_moments(text)) if piece and (name := _named(piece))), None)


def plain_place(text: str) -> str | None:
    """The first name in a part of a line that is no word of journeys, with what follows it up to a day or time."""
    plain = without_moments(text)
    for piece in PARTS.split(plain):
        if (place := place_of(STRAY.sub("", ASIDE.sub("", piece or "")))) and not NO_OFFICE.search(place):
            return place
    return None


def _label(tokens: list[Token], mark: Mark) -> None:
    """Note for times and places whether a label says which end they are of."""
    current: bool | None = None
    if mark.label and not any(token.sign is Sign.LABEL for token in tokens):
        end = _end_of(mark.label)
        if end is not None:
            current = end
        elif len(tokens) == 1 and tokens[0].departs is None and ORIGIN.fullmatch(mark.label):
            tokens[0].departs = True
        elif len(tokens) == 1 and tokens[0].departs is None and GOAL.fullmatch(mark.label):
            tokens[0].departs = False
    for i, token in enumerate(tokens):
        if token.sign is Sign.LABEL:
            # 発 and 着 stand after what they label.
            if token.text[-1:] in "発着" and i and tokens[i - 1].sign in {Sign.TIME, Sign.PLACE}:
                tokens[i - 1].departs = token.departs
            else:
                current = token.departs
        elif token.sign is Sign.TIME:
            token.departs = current if token.departs is None else token.departs


def _end_of(label: str) -> bool | None:
    """Return True for a label of the departure, such as "Departs" or "Hora de salida", False for one of the arrival."""
    short = len(label.split()) <= LONGEST_LABEL
    departs, arrives = (
        bool(pattern.search(label) if short else pattern.match(label)) for pattern in (labels.DEPART, labels.ARRIVE)
    )
    return departs if departs != arrives else None


def _drop_carriers(tokens: list[Token]) -> None:
    """Leave out names beside a service's number, which are those of its carrier, class or train."""
    at = next(i for i, token in enumerate(tokens) if token.sign is Sign.NUMBER)
    timed = any(token.sign is Sign.TIME for token in tokens)
    named = [token for token in tokens if token.sign is Sign.PLACE and not token.code and not token.routed]
    if not timed:
        dropped = named
    elif at and tokens[at - 1] in named and tokens[at - 1].departs is None:
        dropped = [tokens[at - 1]] if all(t.sign is not Sign.TIME for t in tokens[:at]) else []
    else:
        dropped = []
    for token in dropped:
        tokens.remove(token)
