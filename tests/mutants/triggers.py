"""Mutants of the triggers and views in the migration files: each is one small edit that some test should notice."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*)|(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>->>|->|\|\||<>|<=|>=|\S)"
)

_DEFINITION = re.compile(r"^CREATE (TRIGGER|VIEW) (\w+).*?;\n", re.MULTILINE | re.DOTALL)
_TRIGGER_END = re.compile(r"^END;\n?", re.MULTILINE)

# Words that end a condition or one of its terms.
_ENDS = {
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "UNION",
    "BEGIN",
    "WHERE",
    "SELECT",
    "WHEN",
    "JOIN",
    "CROSS",
    "LEFT",
    "FROM",
}
_CONNECTIVES = {"AND", "OR"}

_SWAPS = {"=": "<>", "<>": "=", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}

# Strings in these calls are formats and letters to replace, and numbers are character codes.
_NO_LITERALS_IN = {"strftime", "date", "replace", "char"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Mutant:
    """An edit of a migration file: the text from `start` to `end`, counted in the file, becomes `new`."""

    path: Path
    name: str
    kind: str
    start: int
    end: int
    new: str
    line: int
    old: str
    identity: str

    def text(self, original: str) -> str:
        return original[: self.start] + self.new + original[self.end :]


@dataclass
class Definition:
    """A trigger or view in a file. Token positions are counted from its start."""

    path: Path
    kind: str
    name: str
    text: str
    start: int
    line: int
    tokens: list[Token] = field(init=False)
    closing: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        found = (Token(one.lastgroup or "", one[0], one.start(), one.end()) for one in _TOKEN.finditer(self.text))
        self.tokens = [token for token in found if token.kind != "comment"]
        self.closing = {}
        opened: list[int] = []
        for at, token in enumerate(self.tokens):
            if token.text == "(":
                opened.append(at)
            elif token.text == ")":
                self.closing[opened.pop()] = at

    @property
    def opening(self) -> dict[int, int]:
        return {end: start for start, end in self.closing.items()}

    def mutants(self) -> Iterator[Mutant]:
        for kind, start, end, new in sorted(set(self._edits())):
            old = self.text[start:end]
            line = self.line + self.text.count("\n", 0, start)
            identity = hashlib.sha256(f"{self.text}|{kind}|{start}|{end}|{new}".encode()).hexdigest()[:12]
            at = self.start
            yield Mutant(self.path, self.name, kind, at + start, at + end, new, line, old, identity)

    def _edits(self) -> Iterator[tuple[str, int, int, str]]:
        if self.kind == "TRIGGER":
            yield "trigger removed", 0, len(self.text), ""
            yield from self._statements()
            yield from self._columns()
        for at, token in enumerate(self.tokens):
            if token.kind == "word":
                yield from self._word(at)
            elif token.text in _SWAPS and not self._is_assignment(at):
                yield "comparison inverted", token.start, token.end, _SWAPS[token.text]
            elif token.kind in {"number", "string"}:
                yield from self._literal(at)

    def _statements(self) -> Iterator[tuple[str, int, int, str]]:
        begin = next(at for at, token in enumerate(self.tokens) if token.text == "BEGIN")
        first = begin + 1
        ends = [at for at, token in enumerate(self.tokens) if token.text == ";" and at > begin][:-1]
        for end in ends if len(ends) > 1 else []:  # a trigger needs one statement
            yield "statement removed", self.tokens[first].start, self.tokens[end].end, ""
            first = end + 1

    def _columns(self) -> Iterator[tuple[str, int, int, str]]:
        head = re.match(r"CREATE TRIGGER \w+ \w+ UPDATE OF ([\w, ]+) ON", self.text)
        if head and "," in head[1]:
            for column in re.finditer(r"\w+(, )?", head[1]):
                start, end = head.start(1) + column.start(), head.start(1) + column.end()
                yield ("column removed", start, end, "") if column[1] else ("column removed", start - 2, end, "")

    def _word(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        token, before, after = self.tokens[at], self._text(at - 1), self._text(at + 1)
        word = token.text
        if word in _CONNECTIVES and not self._is_between(at):
            yield from self._terms(at)
        elif word in {"WHERE", "WHEN", "HAVING"}:
            yield "condition removed", token.start, self._end(self._condition_end(at + 1)), ""
        elif word == "ORDER":
            yield "order removed", token.start, self._end(self._condition_end(at + 1)), ""
        elif word in {"BEFORE", "AFTER"} and at < 5:
            yield "timing changed", token.start, token.end, "AFTER" if word == "BEFORE" else "BEFORE"
        elif word in {"EXISTS", "IN"}:
            yield from self._negation(at, negated=before == "NOT")
        elif word == "IS":
            yield from (
                self._negation(at + 1, negated=after == "NOT")
                if after == "NOT"
                else [("comparison inverted", token.start, token.end, "IS NOT")]
            )
        elif word == "DISTINCT":
            yield "distinct removed", token.start, token.end, ""
        elif word == "ALL" and before == "UNION":
            yield "union", token.start, token.end, ""
        elif word in {"lower", "trim", "coalesce"} and after == "(":
            yield f"{word} removed", token.start, self._end(self.closing[at + 1]), self._first_argument(at + 1)

    def _negation(self, at: int, *, negated: bool) -> Iterator[tuple[str, int, int, str]]:
        token = self.tokens[at]
        if token.text == "NOT":
            yield "comparison inverted", token.start, token.end, ""
        elif negated:
            yield "comparison inverted", self.tokens[at - 1].start, token.end, token.text
        else:
            yield "comparison inverted", token.start, token.end, f"NOT {token.text}"

    def _terms(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        token = self.tokens[at]
        yield "term removed", token.start, self._end(self._condition_end(at + 1, within=_CONNECTIVES)), ""
        first = self._term_start(at - 1)
        if self._text(first - 1) not in _CONNECTIVES:
            yield "term removed", self.tokens[first].start, token.end, ""

    def _condition_end(self, at: int, within: set[str] | None = None) -> int:
        """The position of the last token of a condition, or with `within` of a term, that starts at `at`."""
        ends = _ENDS | (within or set())
        between = False
        while at < len(self.tokens):
            text = self.tokens[at].text
            if text == "(":
                at = self.closing[at]
            elif text in {")", ";"} or (text in ends and not (text == "AND" and between)) or (within and text == ","):
                break
            between = text == "BETWEEN" or (between and text != "AND")
            at += 1
        return at - 1

    def _term_start(self, at: int) -> int:
        opening = self.opening
        while at >= 0:
            text = self.tokens[at].text
            if text == ")":
                at = opening[at]
            elif text in {"(", ",", ";", "ON"} or text in _ENDS | _CONNECTIVES:
                break
            at -= 1
        return at + 1

    def _is_between(self, at: int) -> bool:
        """Return True if this AND belongs to BETWEEN."""
        return self._text(at) == "AND" and "BETWEEN" in (self._text(at - 2), self._text(at - 3))

    def _is_assignment(self, at: int) -> bool:
        """Return True if this sign follows SET and a column, or a comma and another column of the same SET."""
        if self.tokens[at].text != "=" or self._text(at - 2) not in {"SET", ","}:
            return False
        while (at := at - 1) >= 0:
            text = self.tokens[at].text
            if text == ")":
                at = self.opening[at]
            elif text in {"(", ";"} or text in _ENDS:
                return False
            elif text == "SET":
                return True
        return False

    def _literal(self, at: int) -> Iterator[tuple[str, int, int, str]]:
        token = self.tokens[at]
        if self._call_around(at) in _NO_LITERALS_IN or self._text(at - 1) in {"BY", "->", "->>"}:
            return
        if token.kind == "string":
            if not token.text.startswith("'$"):
                yield "literal changed", token.start, token.end, "'other'" if len(token.text) > 2 else "' '"
        elif not (self._text(at - 1) == "SELECT" and self._text(at + 1) == "FROM") and len(token.text) < 4:
            yield (
                "literal changed",
                token.start,
                token.end,
                "0" if token.text == "1" else str(int(float(token.text)) + 1),
            )

    def _call_around(self, at: int) -> str:
        inside = [start for start, end in self.closing.items() if start < at < end]
        return self._text(max(inside) - 1) if inside else ""

    def _first_argument(self, at: int) -> str:
        """The text of the first argument of the call whose parenthesis opens at `at`."""
        end = at + 1
        while end < self.closing[at] and self.tokens[end].text != ",":
            end = self.closing.get(end, end) + 1
        return self.text[self.tokens[at + 1].start : self._end(end - 1)]

    def _text(self, at: int) -> str:
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def _end(self, at: int) -> int:
        return self.tokens[at].end


def definitions(paths: list[Path]) -> list[Definition]:
    """The triggers and views of the files, without those that a later file drops before anything fires them."""
    found: dict[tuple[str, str], Definition] = {}
    for path in paths:
        phase = path.stem if path.parent.name == "phases" else ""
        text = path.read_text(encoding="utf-8")
        for match in _DEFINITION.finditer(text):
            end = match.end()
            if match[1] == "TRIGGER":
                ending = _TRIGGER_END.search(text, match.start())
                end = ending.end() if ending else end
            line = text.count("\n", 0, match.start()) + 1
            body = text[match.start() : end]
            found[phase, match[2]] = Definition(path, match[1], match[2], body, match.start(), line)
    return list(found.values())
