"""Write a changed JSON value into the text that it was read from, and leave the rest of the text as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from json import JSONDecoder
from typing import TYPE_CHECKING, Any, cast

from tools.trip import shapes
from tools.trip.itinerary.times import is_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = JSONDecoder()


@dataclass(eq=False)
class _Node:
    """A value and its place in the text. An object also has `keys`, with duplicates."""

    start: int
    end: int = 0
    value: Any = None
    members: list[_Node] = field(default_factory=list["_Node"])
    # Where each member starts, with its key in an object.
    starts: list[int] = field(default_factory=list[int])
    keys: list[str] = field(default_factory=list[str])
    key_ends: list[int] = field(default_factory=list[int])


def rewritten(text: object, before: object, after: object, origins: Iterable[tuple[object, object]]) -> str:
    """Return `after` as JSON. `before` is what `shapes.load_json` read from `text`.

    Values that are unchanged keep their exact text. `origins` pairs changed values with those they were made from.
    """
    plain = shapes.dump_json(after)
    if not isinstance(text, str) or not isinstance(before, list | dict):
        return plain
    result = _Rewriting(text, cast("object", before), list(origins)).text_of(after)
    return result if shapes.dump_json(shapes.load_json(result)) == plain else plain


class _Rewriting:
    def __init__(self, text: str, before: object, origins: Sequence[tuple[object, object]]) -> None:
        self._text = text
        self._nodes: dict[int, _Node] = {}
        self._root = self._scanned(_space(text, 0))
        self._attach(self._root, before)
        self._origins = {id(new): self._nodes[id(old)] for new, old in origins if id(old) in self._nodes}
        self._colon, self._comma = self._separators()

    def text_of(self, after: object) -> str:
        return self._text[: self._root.start] + self._value(after, self._root) + self._text[self._root.end :]

    def _scanned(self, start: int) -> _Node:
        """Find the places of the value at `start` and of all values in it."""
        text, node = self._text, _Node(start)
        if text[start] not in "[{":
            node.value, node.end = _SCALAR.raw_decode(text, start)
            return node
        at = _space(text, start + 1)
        while text[at] not in "]}":
            node.starts.append(at)
            if text[start] == "{":
                key, key_end = _SCALAR.raw_decode(text, at)
                node.keys.append(key)
                node.key_ends.append(key_end)
                at = _space(text, _space(text, key_end) + 1)
            node.members.append(self._scanned(at))
            at = _space(text, node.members[-1].end)
            at = _space(text, at + 1) if text[at] == "," else at
        node.end = at + 1
        return node

    def _attach(self, node: _Node, value: Any) -> None:  # noqa: ANN401 - JSON
        """Assign the values as they were read. Of duplicate keys, only the last has one."""
        node.value = value
        if isinstance(value, list | dict):
            self._nodes[id(cast("object", value))] = node
        if isinstance(value, dict):
            last = dict(zip(node.keys, node.members, strict=True))
            for key, member in last.items():
                self._attach(member, cast("dict[str, Any]", value)[key])
        elif isinstance(value, list):
            for member, one in zip(node.members, cast("list[Any]", value), strict=True):
                self._attach(member, one)

    def _separators(self) -> tuple[str, str]:
        keyed = next((node for node in self._nodes.values() if node.keys), None)
        spaced = keyed is not None and self._text[keyed.key_ends[0] : keyed.members[0].start].endswith(" ")
        return (": ", ", ") if spaced else (":", ",")

    def _value(self, value: Any, origin: _Node | None) -> str:  # noqa: ANN401 - JSON
        if isinstance(value, dict | list):
            known = self._nodes.get(id(cast("object", value)))
            if known is not None:
                return self._text[known.start : known.end]
            origin = self._origins.get(id(cast("object", value)), origin)
            if isinstance(value, dict):
                return self._object(cast("dict[str, Any]", value), origin)
            return self._list(cast("list[Any]", value), origin)
        if origin is not None and type(origin.value) is type(value) and origin.value == value:
            return self._text[origin.start : origin.end]
        return shapes.dump_json(value)

    def _object(self, value: dict[str, Any], origin: _Node | None) -> str:
        if origin is None or not isinstance(origin.value, dict):
            return "{" + self._comma.join(self._member(key, one) for key, one in value.items()) + "}"
        pieces: list[tuple[int | None, str]]
        if _is_renamed(origin.keys, value):
            pieces = [(at, self._replaced(origin, at, key, one)) for at, (key, one) in enumerate(value.items())]
            return self._joined(pieces, origin)
        last = {key: at for at, key in enumerate(origin.keys)}
        pieces = [
            (at, self._replaced(origin, at, key, value[key]) if last[key] == at else self._source(origin, at))
            for at, key in enumerate(origin.keys)
            if key in value
        ]
        pieces += [(None, self._member(key, one)) for key, one in value.items() if key not in last]
        return self._joined(pieces, origin)

    def _member(self, key: str, value: object) -> str:
        return shapes.dump_json(key) + self._colon + self._value(value, None)

    def _replaced(self, origin: _Node, at: int, key: str, value: object) -> str:
        """Return the text of an object's member with this key and value."""
        start, end = origin.starts[at], origin.key_ends[at]
        written = self._text[start:end] if origin.keys[at] == key else shapes.dump_json(key)
        return written + self._text[end : origin.members[at].start] + self._value(value, origin.members[at])

    def _source(self, origin: _Node, at: int) -> str:
        return self._text[origin.starts[at] : origin.members[at].end]

    def _list(self, value: list[Any], origin: _Node | None) -> str:
        if origin is None or not isinstance(origin.value, list):
            return "[" + self._comma.join(self._value(one, None) for one in value) + "]"
        places = list(self._places(value, origin))
        pieces = [
            (at, self._value(one, None if at is None else origin.members[at]))
            for at, one in zip(places, value, strict=True)
        ]
        return self._joined(pieces, origin)

    def _places(self, value: list[Any], origin: _Node) -> Iterator[int | None]:
        """Yield the place that each item had in the list as it was read, or None."""
        containers = {id(member): at for at, member in enumerate(origin.members)}
        scalars = [at for at, member in enumerate(origin.members) if not isinstance(member.value, list | dict)]
        for one in value:
            node = self._nodes.get(id(one)) or self._origins.get(id(one))
            at = None if node is None else containers.get(id(node))
            if node is None:
                at = next((at for at in scalars if origin.members[at].value is one), None)
                if at is not None:
                    scalars.remove(at)
            yield at

    def _joined(self, pieces: Sequence[tuple[int | None, str]], origin: _Node) -> str:
        """Put the pieces between the brackets, with the gaps that the text has."""
        text, members, starts = self._text, origin.members, origin.starts
        if not members or not pieces:
            empty = self._comma.join(piece for _, piece in pieces)
            return text[origin.start] + empty + text[origin.end - 1]
        usual = text[members[0].end : starts[1]] if len(members) > 1 else self._comma
        result = [text[origin.start : starts[0]]]
        before: int | None = None
        for number, (at, piece) in enumerate(pieces):
            if number:
                adjacent = at is not None and before is not None and at == before + 1
                result.append(text[members[at - 1].end : starts[at]] if at and adjacent else usual)
            result.append(piece)
            before = at
        return "".join([*result, text[members[-1].end : origin.end]])


def _is_renamed(keys: Sequence[str], value: dict[str, Any]) -> bool:
    """Return True if at most dates among the keys changed, as in a schedule by date that is moved."""
    pairs = zip(keys, value, strict=False)
    return len(keys) == len(value) and all(old == new or (is_date(old) and is_date(new)) for old, new in pairs)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
