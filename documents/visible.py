"""The visible text of a page as lines: blocks and <br> break them, and a table's row is one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from documents.bounds import TEXT_CHARACTERS
from documents.hiding import BREAKS, PREFORMATTED, UNSEEN_TAGS, Hiding
from documents.model import Line
from documents.plaintext import tidy
from documents.table import Cell, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborHTMLParser, LexborNode

BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption"
        " figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol p pre search"
        " section summary table tbody tfoot thead tr td th ul xmp",
    )
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = frozenset({"ul", "ol", "menu", "dir"})
PRE = frozenset({"pre", "listing", "xmp"})
MENU_ROLES = frozenset({"navigation", "menu", "menubar", "contentinfo"})
# A footer inside these ends a part of the content, not the page.
CONTENT = frozenset({"article", "main", "section", "table", "li", "blockquote"})


def visible_lines(tree: LexborHTMLParser) -> list[Line]:
    """Return the lines that a person sees in a browser without scripts."""
    body = tree.body
    walk = _Walk(Hiding(tree))
    if body:
        walk.through(body)
    return walk.sink


@dataclass(slots=True)
class _Before:
    """The state before an element, which holds again after it."""

    tag: str
    block: bool
    level: int
    aside: bool
    content: bool
    preformatted: bool
    sink: list[Line]


@dataclass(slots=True)
class _Walk:
    hiding: Hiding
    sink: list[Line] = field(default_factory=list[Line])
    tables: list[Table] = field(default_factory=list[Table])
    run: list[str] = field(default_factory=list[str])
    room: int = TEXT_CHARACTERS
    level: int = 0
    aside: bool = False
    content: bool = False
    preformatted: bool = False
    item: bool = False
    # Whether an inline element has just ended, and whether another has begun right there.
    ended: bool = False
    apart: bool = False

    def through(self, body: LexborNode) -> None:
        """Walk without recursion, because trees may be deep."""
        opened: list[_Before] = []
        node: LexborNode | None = body
        while node and self.room >= 0:
            before = self._enter(node)
            child = node.first_child if before else None
            if before and child:
                opened.append(before)
                node = child
                continue
            if before:
                self._leave(before)
            while opened and not node.next:
                self._leave(opened.pop())
                node = node.parent
                if not node:
                    break
            node = node.next if node and opened else None
        while opened:
            self._leave(opened.pop())
        self._flush()

    def _enter(self, node: LexborNode) -> _Before | None:
        """Take a node. Returns None if nothing inside it is seen."""
        tag = node.tag or "-"
        if tag == "-text":
            self._text(node.text_content or "")
            return None
        if tag == "br":
            self._flush()
            return None
        if tag[0] == "-" or (tag in UNSEEN_TAGS and not (tag == "dialog" and "open" in node.attributes)):
            return None
        attributes: Mapping[str, str | None] = node.attributes
        if self.hiding.hides(tag, attributes):
            return None
        return self._open(tag, attributes)

    def _open(self, tag: str, attributes: Mapping[str, str | None]) -> _Before:
        style = attributes.get("style")
        block = tag in BLOCKS or bool(style and BREAKS.search(style))
        before = _Before(tag, block, self.level, self.aside, self.content, self.preformatted, self.sink)
        if not block:
            self.apart = self.ended or tag == "sup"
            return before
        self._flush()
        self.level = HEADINGS.get(tag, self.level)
        self.content = self.content or tag in CONTENT
        self.preformatted = self.preformatted or tag in PRE or bool(style and PREFORMATTED.search(style))
        self.aside = self.aside or self._is_menu(tag, attributes)
        self._open_in_table(tag, attributes)
        if tag == "li":
            self.item = True
        return before

    def _open_in_table(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        if tag == "table":
            self._mark_rich()
            self.tables.append(Table())
        elif tag in {"td", "th"} and self.tables:
            cell = Cell.of(attributes)
            self.tables[-1].row.append(cell)
            self.sink = cell.lines
        elif tag in LISTS or tag in HEADINGS:
            self._mark_rich()

    def _mark_rich(self) -> None:
        """Note that the cell around this holds more than lines of text."""
        if self.tables and self.tables[-1].row:
            self.tables[-1].row[-1].rich = True

    def _is_menu(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        if tag == "nav" or (attributes.get("role") or "").lower() in MENU_ROLES:
            return True
        return tag == "footer" and not self.content

    def _leave(self, before: _Before) -> None:
        if not before.block:
            self.ended = True
            return
        self._flush()
        tag = before.tag
        self.sink = before.sink
        if tag == "tr" and self.tables:
            self.sink.extend(self.tables[-1].end_row(aside=self.aside))
        elif tag == "table" and self.tables:
            self.tables.pop()
        elif tag == "li":
            self.item = False
        self.level, self.aside = before.level, before.aside
        self.content, self.preformatted = before.content, before.preformatted

    def _text(self, text: str) -> None:
        if self.preformatted and "\n" in text:
            *whole, text = text.split("\n")
            for line in whole:
                self.run.append(line)
                self._flush()
        if self.apart and self.run and self.run[-1][-1:].isalnum() and text[:1].isalnum():
            self.run.append(" ")
        if text:
            self.run.append(text)
            self.ended = self.apart = False

    def _flush(self) -> None:
        """End the line."""
        self.ended = self.apart = False
        if not self.run:
            return
        text = tidy("".join(self.run))
        self.run.clear()
        if text:
            self.room -= len(text) + 1
            self.sink.append(Line(text, level=self.level, item=self.item, aside=self.aside))
            self.item = False
