"""The microdata of a page as objects in the shape of JSON-LD (https://html.spec.whatwg.org/#microdata)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from documents.bounds import NODES
from documents.plaintext import tidy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborHTMLParser, LexborNode

Node = dict[str, Any]

# The attribute that holds a property's value, by tag; elsewhere it is the text.
VALUE_IN = {
    "meta": "content",
    "a": "href",
    "area": "href",
    "link": "href",
    "img": "src",
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "source": "src",
    "track": "src",
    "video": "src",
    "object": "data",
    "data": "value",
    "meter": "value",
    "time": "datetime",
}
NO_TEXT = frozenset({"script", "style", "template"})
LONGEST_TEXT = 2_000
MOST_STEPS = 200_000
NESTED = 10


def microdata_of(tree: LexborHTMLParser) -> list[Node]:
    """Return the objects that are no property of another."""
    reader = _Reader(tree)
    return [reader.item(node, 0) for node in tree.css("[itemscope]:not([itemprop])")[:NODES]]


class _Reader:
    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        # All steps together, because text inside text is read several times.
        self._left = MOST_STEPS

    def item(self, scope: LexborNode, depth: int) -> Node:
        attributes = scope.attributes
        types = (attributes.get("itemtype") or "").split()
        item: Node = {"@type": types} if types else {}
        if attributes.get("itemid"):
            item["@id"] = attributes["itemid"]
        if depth > NESTED:
            return item
        for node in self._properties(scope, attributes):
            value = self._value(node, depth)
            for name in (node.attributes.get("itemprop") or "").split():
                _add(item, name, value)
        return item

    def _properties(self, scope: LexborNode, attributes: Mapping[str, str | None]) -> list[LexborNode]:
        """Return the elements that are properties of this object, also those it refers to by id."""
        found: list[LexborNode] = []
        self._collect(scope, found)
        for name in (attributes.get("itemref") or "").split()[:20]:
            if not name.replace("-", "").replace("_", "").isalnum():
                continue
            other = self._tree.css_first(f'[id="{name}"]')
            if other is None:
                continue
            if "itemprop" in other.attributes:
                found.append(other)
            if "itemscope" not in other.attributes:
                self._collect(other, found)
        return found

    def _collect(self, top: LexborNode, found: list[LexborNode]) -> None:
        node = top.first_child
        depth = 1
        while node and self._left > 0:
            self._left -= 1
            inner = False
            if node.is_element_node:
                attributes = node.attributes
                if "itemprop" in attributes:
                    found.append(node)
                inner = "itemscope" not in attributes
            child = node.first_child if inner else None
            if child:
                node, depth = child, depth + 1
                continue
            while node and not node.next and depth > 1:
                node, depth = node.parent, depth - 1
            node = node.next if node else None

    def _value(self, node: LexborNode, depth: int) -> object:
        attributes = node.attributes
        if "itemscope" in attributes:
            return self.item(node, depth + 1)
        content = attributes.get("content")
        named = attributes.get(VALUE_IN.get(node.tag or "", ""))
        return content if content is not None else named if named is not None else self._text(node)

    def _text(self, top: LexborNode) -> str:
        pieces: list[str] = []
        room = LONGEST_TEXT
        node, depth = top.first_child, 1
        while node and room > 0 and self._left > 0:
            self._left -= 1
            if node.is_text_node:
                text = node.text_content or ""
                pieces.append(text)
                room -= len(text)
            child = node.first_child if node.tag not in NO_TEXT else None
            if child:
                node, depth = child, depth + 1
                continue
            while node and not node.next and depth > 1:
                node, depth = node.parent, depth - 1
            node = node.next if node else None
        return tidy("".join(pieces))[:LONGEST_TEXT]


def _add(item: Node, name: str, value: object) -> None:
    """Add a value; of several, a list."""
    known = item.get(name)
    if name not in item:
        item[name] = value
    elif isinstance(known, list):
        cast("list[object]", known).append(value)
    else:
        item[name] = [known, value]
