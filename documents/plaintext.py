"""Bytes become characters, and characters become lines as a person sees them."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

from documents.bounds import TEXT_CHARACTERS
from documents.columns import cells_of
from documents.model import Document, Kind, Line

if TYPE_CHECKING:
    from collections.abc import Iterable

# The escape of ISO-2022-JP, whose bytes would be valid UTF-8.
JAPANESE_MAIL = b"\x1b$"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Names that stand for a larger encoding in practice (https://encoding.spec.whatwg.org/#names-and-labels).
STANDS_FOR = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}

# Python's other codecs turn text into something else, or need minutes for hostile bytes.
CHARSETS = re.compile(r"(utf-(8|16|32)|iso8859|iso2022|cp\d|koi8|gb|hz|big5|euc|shift|mac|johab|tis|ptcp|kz|hp)")

CHARSET_PARAMETER = re.compile(r"charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)

# Letters that show nothing: controls, joiners, direction marks, tags, variation selectors, halves of characters.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
BULLET = re.compile(r"[-*+•‣◦▪●·\u2013]\s")
HEADING = re.compile(r"(#{1,6})\s+(?=\S)")
# A label and its value with dots between them.
LEADERS = re.compile(r"([^\W\d_][^.:]{1,30}?)\s?(?:(?<=\s)\.{2,}|\.{4,})\s?:?\s*(\S[^.]*(?:\.[^.]+)*)")
MARKDOWN_RULE = re.compile(r"\|?[\s:|-]*-{3}[\s:|-]*\|?")
TEXT_CUT = f"The text beyond {TEXT_CHARACTERS:,} characters."


def read_text(content: bytes | str, content_type: str | None = None) -> Document:
    """Read plain text. Tabs, Markdown's bars and columns below headings separate the cells of a row."""
    text = content if isinstance(content, str) else decode(content, declared_charset(content_type))
    document = Document(Kind.TEXT)
    raws = text.splitlines()
    columns = cells_of(raws)
    read = (_columned(raw, columns[at]) if at in columns else _line(raw) for at, raw in enumerate(raws))
    document.lines = bounded((line for line in read if line), document.left_out)
    return document


def tidy(text: str) -> str:
    """Return the text with what shows nothing removed and spaces collapsed."""
    plain = " ".join(INVISIBLE.sub("", text).split())
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)


def bounded(lines: Iterable[Line], left_out: list[str]) -> list[Line]:
    """Return the lines up to the limit of characters, and note what is beyond it."""
    kept: list[Line] = []
    room = TEXT_CHARACTERS
    for line in lines:
        room -= len(line.text) + 1
        if room < 0:
            left_out.append(TEXT_CUT)
            break
        kept.append(line)
    return kept


def decode(content: bytes, *declared: str | None) -> str:
    """Decode by the byte order mark, else by the first declared charset that fits, else by a guess."""
    for mark, charset in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(charset, "replace")
    charsets = [name for name in map(known_charset, declared) if name]
    if not charsets and JAPANESE_MAIL in content[:4096]:
        charsets.append("iso2022_jp")
    for charset in (*charsets, "utf-8"):
        try:
            return content.decode(charset)
        except UnicodeError:
            continue
    return content.decode(charsets[0] if charsets else _guess(content), "replace")


def declared_charset(content_type: str | None) -> str | None:
    """Return the charset that a Content-Type names."""
    match = CHARSET_PARAMETER.search(content_type or "")
    return match[1] if match else None


def known_charset(name: str | None) -> str | None:
    """Return Python's name of a charset that text may declare, or None."""
    try:
        known = codecs.lookup((name or "").strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    known = STANDS_FOR.get(known, known)
    return known if CHARSETS.match(known) else None


def _guess(content: bytes) -> str:
    """Return the likely charset of text that declares none and is not UTF-8."""
    sample = content[:4096]
    if sample.count(0) > len(sample) // 4:
        return "utf-16-be" if sample[:1] == b"\0" else "utf-16-le"
    for charset in ("euc_jp", "cp932"):
        text = sample.decode(charset, "replace")
        kana = sum("\u3041" <= letter <= "\u30fe" for letter in text)
        if "\ufffd" not in text[:-2] and kana * 5 > sum(not letter.isascii() for letter in text):
            return charset
    return "cp1252"


def _line(raw: str) -> Line | None:
    text = tidy(raw)
    if not text or MARKDOWN_RULE.fullmatch(text):
        return None
    heading = HEADING.match(text)
    if heading:
        return Line(text[heading.end() :], level=len(heading[1]))
    return Line(text, cells=_cells(raw), item=bool(BULLET.match(text)))


def _columned(raw: str, cells: tuple[str, ...]) -> Line:
    return Line(tidy(raw), cells=tuple(map(tidy, cells)))


def _cells(raw: str) -> tuple[str, ...]:
    stripped = raw.strip(" ")
    if stripped.startswith("|") and stripped.endswith("|") and stripped.count("|") > 2:  # noqa: PLR2004 - two cells
        return tuple(map(tidy, stripped[1:-1].split("|")))
    if led := LEADERS.fullmatch(stripped):
        return tidy(led[1]), tidy(led[2])
    cells = tuple(map(tidy, raw.split("\t")))
    return cells if sum(map(bool, cells)) > 1 else ()
