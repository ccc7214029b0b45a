"""Numbers of payment cards, in text and in the bytes of a document."""

from __future__ import annotations

import re
from email import message_from_bytes
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Groups of digits with at most a sign and a space around it between them.
BETWEEN = r"[^\S\n]?(?:[^\w\s]|_)?[^\S\n]?"
GROUPS = re.compile(rf"\d+(?:{BETWEEN}\d+)*")
GROUP = re.compile(r"\d+")
# What cards begin with, and how many digits those have.
CARDS = (
    (re.compile(r"4"), frozenset({13, 16, 18, 19})),
    (re.compile(r"3[47]"), frozenset({15})),
    (re.compile(r"3(?:0|[5-9])"), frozenset({14, 15, 16, 17, 18, 19})),
    (re.compile(r"5[1-5]|2(?:2[2-9]|[3-6]|7[01]|720|20[0-4])"), frozenset({16})),
    (re.compile(r"6|5[06-8]|8[12]"), frozenset({14, 15, 16, 17, 18, 19})),
)
FEWEST, MOST = 13, 19
LAST = 4
QUARTER = 4
HALF = 4
# Longer rows of groups alike are lists of numbers.
LONGEST_LIST = 7
MASK = "•"


def masked(text: str) -> str:
    """The text with the digits of payment cards masked, but for the last four."""
    for start, end in reversed(list(_cards_in(text))):
        hidden = sum(c.isdigit() for c in text[start:end]) - LAST
        letters: list[str] = []
        for c in text[start:end]:
            letters.append(MASK if c.isdigit() and hidden > 0 else c)
            hidden -= c.isdigit()
        text = text[:start] + "".join(letters) + text[end:]
    return text


def has_card(text: str) -> bool:
    """Return True if a text holds the number of a payment card."""
    return next(_cards_in(text), None) is not None


def holds_card(content: bytes) -> bool:
    """Return True if a document's bytes hold a payment card's number, in hidden text and encoded parts too."""
    return any(has_card(text) for text in _texts_of(content))


def _texts_of(content: bytes) -> Iterator[str]:
    """The text that bytes may stand for, and that of the encoded parts of a mail."""
    if content.count(0) > len(content) // 8:
        yield content.replace(b"\0", b"").decode("latin-1")
    yield unescape(content.decode("utf-8", "replace"))
    if b"ontent-" not in content and b"ONTENT-" not in content:
        return
    for part in message_from_bytes(content).walk():
        payload = None if part.is_multipart() else part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload:
            yield unescape(payload.replace(b"\0", b"").decode("utf-8", "replace"))


def _cards_in(text: str) -> Iterator[tuple[int, int]]:
    for found in GROUPS.finditer(text):
        if found.end() - found.start() >= FEWEST:
            yield from _cards_of(text, [(m.start(), m.end()) for m in GROUP.finditer(text, found.start(), found.end())])


def _cards_of(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first = 0
    while first < len(groups):
        last = _last_of(text, groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1]
            first = last + 1


def _last_of(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the card that begins with a group."""
    digits = ""
    for last in range(first, min(len(groups), first + MOST)):
        digits += text[groups[last][0] : groups[last][1]]
        if len(digits) > MOST:
            return None
        if len(digits) >= FEWEST and _is_card(digits) and _is_written(text, groups, first, last):
            return last
    return None


def _is_card(digits: str) -> bool:
    return any(len(digits) in lengths and start.match(digits) for start, lengths in CARDS) and _luhn(digits)


def _is_written(text: str, groups: list[tuple[int, int]], first: int, last: int) -> bool:
    """Return True if groups have the sizes of a card's, and are neither decimals nor part of a list of numbers."""
    sizes = [end - start for start, end in groups[first : last + 1]]
    if len(sizes) == 1:
        return not (first and text[groups[first - 1][1] : groups[first][0]] in {".", ","})
    if _goes_on(text, groups, first, last) > LONGEST_LIST and len(sizes) < LONGEST_LIST:
        return False
    regular = all(size % QUARTER == 0 for size in sizes[:-1]) or (
        len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0] and len(_signs(text, groups, first, last)) == 1
    )
    return regular or sizes in ([4, 6, 5], [4, 6, 4])


def _signs(text: str, groups: list[tuple[int, int]], first: int, last: int) -> set[str]:
    return {text[a[1] : b[0]].strip() for a, b in pairwise(groups[first : last + 1])}


def _goes_on(text: str, groups: list[tuple[int, int]], first: int, last: int) -> int:
    """Count the groups of the same size and signs that stand in a row."""
    size, sign = groups[first][1] - groups[first][0], text[groups[first][1] : groups[first + 1][0]]
    begin, end = first, last
    while begin and _alike(text, groups, begin - 1, size, sign):
        begin -= 1
    while end + 1 < len(groups) and _alike(text, groups, end, groups[end + 1][1] - groups[end + 1][0], sign):
        end += 1
    return end - begin + 1


def _alike(text: str, groups: list[tuple[int, int]], place: int, size: int, sign: str) -> bool:
    start, end = groups[place]
    return end - start == size and text[end : groups[place + 1][0]] == sign


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text]
    doubled = [2 * d - 9 * (d > HALF) for d in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
