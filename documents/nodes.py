"""schema.org objects of a page, from JSON-LD and microdata, in one shape."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any, cast

from documents.bounds import NODES
from documents.microdata import microdata_of
from documents.plaintext import tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser

Node = dict[str, Any]

VOCABULARY = re.compile(r"^(?:https?://(?:www\.)?schema\.org/#?|schema:)", re.IGNORECASE)
WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$"
)
TRAILING_COMMA = re.compile(r",(\s*[}\]])")
MORE_SCRIPT = 500_000
# Objects that a reference by @id is replaced with, and objects inside objects.
REFERENCES = 200
NESTED = 12
BROKEN = "Structured data that is not valid JSON."
TOO_MANY = f"Structured data beyond {NODES:,} objects."


def nodes_of(tree: LexborHTMLParser, left_out: list[str]) -> list[Node]:
    """Return the page's objects: those of graphs and lists each by itself, nested ones where they stand."""
    found: list[Node] = []
    for script in tree.css('script[type*="ld+json" i]'):
        values, broken = parse_json(script.text())
        if broken and BROKEN not in left_out:
            left_out.append(BROKEN)
        found += flattened(values)
    found += flattened(microdata_of(tree))
    if len(found) > NODES:
        left_out.append(TOO_MANY)
    return found[:NODES]


def parse_json(text: str) -> tuple[list[Any], bool]:
    """Return the JSON values in a text, also several in a row, and whether a part of it is broken."""
    text = WRAPPING.sub("", text[:MORE_SCRIPT]).strip().rstrip(";")
    values, broken = _values(text)
    if not broken:
        return values, False
    for repaired in (TRAILING_COMMA.sub(r"\1", text), html.unescape(text)):
        again, still = _values(repaired)
        if not still:
            return again, False
    return values, True


def _values(text: str) -> tuple[list[Any], bool]:
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    place = 0
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return values, True
        values.append(value)
        while place < len(text) and text[place] in " \t\r\n,;":
            place += 1
    return values, False


def flattened(values: Iterable[Any]) -> list[Node]:
    """Return the typed objects of lists and graphs, with plain type names and tidy texts."""
    raw = list(_objects(values, 0))
    known = {node["@id"]: node for node in raw if isinstance(node.get("@id"), str) and len(node) > 1}
    plain = _Plain(known)
    return [node for value in raw if "@type" in (node := cast("Node", plain.of(value, 0)))]


def _objects(values: object, depth: int) -> Iterator[Node]:
    if depth > NESTED:
        return
    if isinstance(values, list):
        for value in cast("list[Any]", values):
            yield from _objects(value, depth + 1)
    elif isinstance(values, dict):
        node = cast("Node", values)
        graph = node.get("@graph")
        if any(key in node for key in ("@type", "type")):
            yield node
        yield from _objects(graph, depth + 1)


class _Plain:
    """Values without the vocabulary's address, with references replaced by what they name."""

    def __init__(self, known: dict[str, Node]) -> None:
        self._known = known
        self._left = REFERENCES

    def of(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            return tidy(html.unescape(value) if "&" in value else value)
        if depth > NESTED:
            return None
        if isinstance(value, list):
            return [self.of(each, depth + 1) for each in cast("list[Any]", value)]
        if isinstance(value, dict):
            return self._object(cast("Node", value), depth)
        return value

    def _object(self, node: Node, depth: int) -> object:
        if "@value" in node:
            return self.of(node["@value"], depth + 1)
        named = self._known.get(node["@id"]) if node.keys() == {"@id"} and isinstance(node["@id"], str) else None
        if named is not None and self._left > 0:
            self._left -= 1
            node = named
        plain: Node = {}
        for key, value in node.items():
            if key in {"@context", "@graph"}:
                continue
            if key == "@type" or (key == "type" and "@type" not in node):
                kind = plain_type(value)
                if kind:
                    plain["@type"] = kind
            else:
                plain[VOCABULARY.sub("", key)] = self.of(value, depth + 1)
        return plain


def plain_type(value: object) -> str | None:
    """Return a type's name without the vocabulary's address; of several, the one that may be a booking."""
    types = cast("list[Any]", value) if isinstance(value, list) else [value]
    names = [VOCABULARY.sub("", tidy(name)) for name in types if isinstance(name, str) and name]
    bookings = [name for name in names if name.endswith(("Reservation", "Event"))]
    return next(iter(bookings + names), None)
