"""Reads a PDF from stdin in a process of its own, under limits, and writes its lines to stdout as JSON."""

from __future__ import annotations

import ctypes
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from documents.children import limit

HYPHENS = {0x02, 0xFFFE}
MOST_CODE = 0x110000
SPACES = {0, 0x09, 0x0A, 0x0D, 0x20, 0xA0}
IMAGE = 3
# Of a line's height: the gap that sets cells apart, the overlap of letters in one line, and how far a value may be
# from its label.
CELL_GAP = 1.2
SAME_LINE = 0.5
NEAR = 3
PASSWORD_NEEDED = 4


@dataclass(slots=True)
class Piece:
    """Letters in a row, with their box in points. The vertical axis points up."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 0.1)

    def is_beside(self, other: Piece) -> bool:
        overlap = min(self.top, other.top) - max(self.bottom, other.bottom)
        return overlap > SAME_LINE * min(self.height, other.height)

    def covers(self, other: Piece) -> bool:
        return self.left < other.right - 1 and other.left < self.right - 1

    def continues_with(self, letter: Piece) -> bool:
        gap = letter.left - self.right
        return self.is_beside(letter) and -self.height < gap < CELL_GAP * max(self.height, letter.height)

    def add(self, letter: Piece, *, space: bool) -> None:
        self.text += f" {letter.text}" if space else letter.text
        self.right = max(self.right, letter.right)
        self.top, self.bottom = max(self.top, letter.top), min(self.bottom, letter.bottom)


def main() -> None:
    pages, characters, cpu_seconds, memory = map(int, sys.argv[1:])
    limit(cpu_seconds, memory)
    json.dump(read(sys.stdin.buffer.read(), pages, characters), sys.stdout)


def read(content: bytes, most_pages: int, most_characters: int) -> dict[str, Any]:
    """Return the rows of cells of each page, or the reason why there are none."""
    pdfium: Any = import_module("pypdfium2")
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        return {"error": "encrypted" if getattr(error, "err_code", None) == PASSWORD_NEEDED else "damaged"}
    rows: list[list[str]] = []
    pictures = False
    room = most_characters
    for number in range(min(len(document), most_pages)):
        with suppress(pdfium.PdfiumError):
            page = document[number]
            found = [[piece.text for piece in row] for row in rows_of(pieces_of(page))]
            pictures = pictures or bool(list(page.get_objects(filter=[IMAGE], max_depth=3)))
            page.close()
            rows += found
            room -= sum(len(cell) + 1 for row in found for cell in row)
        if room < 0:
            break
    return {
        "rows": rows,
        "pages": len(document),
        "pictures": pictures,
        "title": document.get_metadata_value("Title"),
        "language": language_of(document),
    }


def language_of(document: Any) -> str:  # noqa: ANN401 - pypdfium2 has no types
    raw: Any = import_module("pypdfium2.raw")
    buffer = (ctypes.c_ushort * 64)()
    size = raw.FPDFCatalog_GetLanguage(document, buffer, ctypes.sizeof(buffer))
    return bytes(buffer)[:size].decode("utf-16-le", "ignore").rstrip("\0") if size <= ctypes.sizeof(buffer) else ""


def pieces_of(page: Any) -> list[Piece]:  # noqa: ANN401 - pypdfium2 has no types
    """Return the page's text in the order of the file, cut where a line or a cell ends."""
    raw: Any = import_module("pypdfium2.raw")
    text = page.get_textpage()
    box = raw.FS_RECTF()
    pieces: list[Piece] = []
    space = False
    for index in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(text, index)
        if code in SPACES or not raw.FPDFText_GetLooseCharBox(text, index, box):
            space = True
            continue
        letter = Piece("-" if code in HYPHENS else chr(code % MOST_CODE), box.left, box.bottom, box.right, box.top)
        if pieces and pieces[-1].continues_with(letter):
            pieces[-1].add(letter, space=space)
        else:
            pieces.append(letter)
        space = False
    text.close()
    return pieces


def rows_of(pieces: list[Piece]) -> list[list[Piece]]:
    """Return the rows in reading order.

    Files tell a column after the other, so text that goes on further up begins a block of its own. A table that is
    told by columns has blocks with the same lines, which are put together again.
    """
    blocks: list[list[list[Piece]]] = []
    for piece in pieces:
        row = blocks[-1][-1] if blocks else None
        if row and piece.is_beside(row[0]) and not any(piece.covers(other) for other in row):
            row.append(piece)
            row.sort(key=lambda each: each.left)
        elif row and piece.top <= row[0].top and not piece.is_beside(row[0]):
            blocks[-1].append([piece])
        else:
            blocks.append([[piece]])
    return [row for block in in_reading_order(joined(blocks)) for row in block]


def joined(blocks: list[list[list[Piece]]]) -> list[list[list[Piece]]]:
    """Put blocks with the same lines side by side, as the columns of a table."""
    done: list[list[list[Piece]]] = []
    for block in blocks:
        left = done[-1] if done else []
        same = len(left) == len(block) and all(
            one[0].is_beside(other[0]) and other[0].left >= one[-1].right - 1
            for one, other in zip(left, block, strict=False)
        )
        if same and (len(block) > 1 or is_near(left[0], block[0])):
            done[-1] = [one + other for one, other in zip(left, block, strict=True)]
        else:
            done.append(block)
    return done


def is_near(row: list[Piece], other: list[Piece]) -> bool:
    """Return True for a label and the value after it."""
    return other[0].left - row[-1].right < NEAR * row[-1].height


def in_reading_order(blocks: list[list[list[Piece]]]) -> list[list[list[Piece]]]:
    """Move blocks that are wholly above others before them; the file's order decides for the rest."""
    ordered: list[list[list[Piece]]] = []
    for block in blocks:
        top = max(piece.top for row in block for piece in row)
        bottom = min(piece.bottom for row in block for piece in row)
        place = len(ordered)
        while place and max(piece.top for row in ordered[place - 1] for piece in row) <= bottom and top > bottom:
            place -= 1
        ordered.insert(place, block)
    return ordered


if __name__ == "__main__":
    main()
