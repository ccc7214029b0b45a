"""Limit the size of answers, because an agent pays for every token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import PydanticSerializationError

from tools.trip.shapes import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel

# Maximum bytes of JSON in an answer, about 8,000 tokens.
LIMIT = 32_000

# Bytes of the limit that list items may use; the rest is for the other fields.
ROOM = 24_000

# Number of names listed in a sentence; the rest are counted.
NAMES_SHOWN = 10

# Maximum length of a name in a sentence with its quotes and what belongs to it, such as an id and roles.
NAME_LENGTH = 400

# Limits to try, in order, on an answer that is too long: characters per text, items per list.
_CUTS = ((4000, 100), (1000, 50), (300, 20), (100, 10), (50, 5), (20, 1))

# Maximum keys kept per object; no answer model has that many fields.
_KEYS = 40


def weight(value: object) -> int:
    """Return the size of the value as JSON, in bytes."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def fitting(items: Sequence[BaseModel], room: int) -> int:
    """Return the number of leading items that fit into `room` bytes, at least one."""
    used = 0
    for number, item in enumerate(items):
        used += _size(item) + 1
        if used > room and number:
            return number
    return len(items)


def _size(item: BaseModel) -> int:
    try:
        return len(item.model_dump_json().encode())
    except PydanticSerializationError:  # lone surrogates, which are replaced later
        return weight(replace_surrogates(item.model_dump(mode="json")))


def named(names: Sequence[str], total: int | None = None) -> str:
    """Join the first names with commas and count the rest, out of `total` if the list is incomplete."""
    left = (len(names) if total is None else total) - len(names[:NAMES_SHOWN])
    return ", ".join(shortened(name, NAME_LENGTH) for name in names[:NAMES_SHOWN]) + (
        f" and {left} more" if left else ""
    )


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def bounded(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer. If it exceeds LIMIT, long texts and lists are cut, and the message lists the cut fields.

    This is the last resort for data that a tool can't page, such as a one-megabyte name. It also replaces lone
    surrogates, which can't be sent.
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
    """Return the number of bytes sent. The message counts twice, because it is also sent as text."""
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
