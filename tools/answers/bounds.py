"""Limits on the size of an answer: an agent pays for every word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from tools.trip.shapes import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel

# Bytes of JSON that an answer comes to at the most, about 8,000 tokens.
LIMIT = 32_000

# What of it the items of a list may take: the rest is for the words and the numbers around them.
ROOM = 24_000

# Names that a sentence gives; the rest are counted.
NAMED = 10

# How an answer that is still too long is cut: to this many characters a text, and to this many items a list.
_CUTS = ((4000, 100), (1000, 50), (300, 20), (100, 10), (50, 5), (20, 1))

# Keys that are left of an object with more: no answer of ours has as many fields of its own.
_KEYS = 40


def weight(value: object) -> int:
    """Bytes of the value as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def fitting(items: Sequence[BaseModel], room: int) -> int:
    """The number of leading items that fit into `room` bytes, at least one."""
    used = 0
    for number, item in enumerate(items):
        used += weight(item.model_dump(mode="json")) + 1
        if used > room and number:
            return number
    return len(items)


def named(names: Sequence[str], total: int | None = None) -> str:
    """The first names of a list, by commas, and how many more there are; of `total` where the list is not all."""
    left = (len(names) if total is None else total) - len(names[:NAMED])
    return ", ".join(shortened(name, 100) for name in names[:NAMED]) + (f" and {left} more" if left else "")


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def bounded(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as it is where it fits, else with its longest texts and lists cut, which its message says.

    The last resort, for what a tool could not divide into pages: a name of a megabyte in a database brought along. And
    for half a character, which no message can carry.
    """
    try:
        size = _sent(answer)
    except UnicodeEncodeError:
        answer = replace_surrogates(answer)
        size = _sent(answer)
    if size <= LIMIT:
        return answer
    shorter = answer
    for characters, items in _CUTS:
        cut: list[str] = []
        shorter = cast("dict[str, Any]", _cut(answer, "", characters, items, cut))
        places = named(list(dict.fromkeys(cut)))
        shorter["message"] = f"{shortened(answer['message'], characters)} Cut to fit into an answer: {places}."
        if _sent(shorter) <= LIMIT:
            return shorter
    return shorter


def _sent(answer: dict[str, Any]) -> int:
    """The size of an answer, whose message is also sent as text."""
    return weight(answer) + weight(answer["message"])


def _cut(value: object, place: str, characters: int, items: int, cut: list[str]) -> object:
    if isinstance(value, str) and len(value) > characters:
        cut.append(place)
        return shortened(value, characters)
    if isinstance(value, list):
        whole = cast("list[object]", value)
        if len(whole) > items:
            cut.append(place)
        return [_cut(one, place, characters, items, cut) for one in whole[:items]]
    if isinstance(value, dict):
        return dict(_cut_fields(cast("dict[str, object]", value), place, characters, items, cut))
    return value


def _cut_fields(
    fields: dict[str, object], place: str, characters: int, items: int, cut: list[str]
) -> Iterator[tuple[str, object]]:
    if len(fields) > _KEYS:
        cut.append(place)
    for name, value in list(fields.items())[:_KEYS]:
        if len(name) > characters:
            cut.append(f"{place}.{name}")
        yield shortened(name, characters), _cut(value, f"{place}.{name}" if place else name, characters, items, cut)
