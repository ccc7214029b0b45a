"""The cells of tables that plain text draws with spaces, below a line of headings."""

from __future__ import annotations

import re
from typing import NamedTuple
from unicodedata import east_asian_width

LEAST_COLUMNS = 3
LONGEST_HEADING = 24
MOST_ROWS = 200
PART = re.compile(r"\S+(?: \S+)*")
LETTERS = re.compile(r"[^\W\d_]")
RULE = re.compile(r"[\s=_+|–—-]*")


class Part(NamedTuple):
    """Words with single spaces between them, and the columns of characters where they begin and end."""

    start: int
    end: int
    text: str


def cells_of(lines: list[str]) -> dict[int, tuple[str, ...]]:
    """The cells of the lines that belong to such a table, by the number of the line."""
    found: dict[int, tuple[str, ...]] = {}
    at = 0
    while at < len(lines):
        heads = _heads(lines[at])
        rows = _rows(lines, at, heads) if heads else {}
        if rows:
            found[at] = tuple(head.text for head in heads)
            found |= rows
            at = max(rows)
        at += 1
    return found


def _heads(line: str) -> list[Part]:
    """The headings of a line that may head a table."""
    if "   " not in line.strip() or any(letter.isdigit() for letter in line) or "\t" in line:
        return []
    parts = _parts(line)
    fits = all(len(part.text) <= LONGEST_HEADING and LETTERS.search(part.text) for part in parts)
    return parts if len(parts) >= LEAST_COLUMNS and fits else []


def _rows(lines: list[str], at: int, heads: list[Part]) -> dict[int, tuple[str, ...]]:
    rows: dict[int, tuple[str, ...]] = {}
    for place in range(at + 1, min(at + 1 + MOST_ROWS, len(lines))):
        line = lines[place]
        if RULE.fullmatch(line):
            if rows and not line.strip() and not _goes_on(lines, place, heads):
                break
            continue
        cells = _cells(_parts(line), heads) or (_below(_parts(line), heads) if place - 1 in rows else None)
        if cells is None:
            break
        rows[place] = cells
    return rows


def _goes_on(lines: list[str], place: int, heads: list[Part]) -> bool:
    """Return True if a whole row follows an empty line."""
    return place + 1 < len(lines) and bool(_cells(_parts(lines[place + 1]), heads))


def _below(parts: list[Part], heads: list[Part]) -> tuple[str, ...] | None:
    """The cells of a line that goes on with the row above: each begins where a heading does, none below the first."""
    starts = {part.start: part.text for part in parts}
    if len(parts) < 2 or not set(starts) <= {head.start for head in heads[1:]}:
        return None
    return tuple(starts.get(head.start, "") for head in heads)


def _cells(parts: list[Part], heads: list[Part]) -> tuple[str, ...] | None:
    """The cells of a row, or None if its parts don't stand below the headings."""
    placed: dict[int, list[str]] = {}
    for part in parts:
        below = [i for i, head in enumerate(heads) if part.start < head.end and head.start < part.end]
        if len(below) > 1:
            below = [i for i in below if heads[i].start == part.start]
        if not below:
            before = [i for i, head in enumerate(heads) if head.start <= part.start]
            nexts = [head.start for head in heads if head.start > part.start]
            below = before[-1:] if before and (not nexts or part.end < nexts[0]) else []
        if len(below) != 1:
            return None
        placed.setdefault(below[0], []).append(part.text)
    if len(placed) < LEAST_COLUMNS:
        return None
    return tuple(" ".join(placed.get(i, [])) for i in range(len(heads)))


def _parts(line: str) -> list[Part]:
    if line.isascii():
        return [Part(match.start(), match.end(), match[0]) for match in PART.finditer(line)]
    widths = [0]
    for letter in line:
        widths.append(widths[-1] + (2 if east_asian_width(letter) in "WF" else 1))
    return [Part(widths[match.start()], widths[match.end()], match[0]) for match in PART.finditer(line)]
