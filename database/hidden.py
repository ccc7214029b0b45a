"""Mentions of a person in documents that a search of the text can't find: in bytes, and in encoded text."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import zlib
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Iterator

    from database.engine import Database, Row
    from database.redaction import Traces

# Documents that are read at once: each may have 2 MB.
PAGE = 4

# Lines of base64, the last of which may be short.
_LINE_END = r"[ \t\r]*\n[ \t>]*"
_ENCODED = re.compile(
    rf"[A-Za-z0-9+/_-]{{24,}}(?:{_LINE_END}[A-Za-z0-9+/_-]{{24,}})*(?:{_LINE_END}[A-Za-z0-9+/_-]+)?={{0,2}}"
)


@dataclass
class Hidden:
    """Encodings that hide the person.

    documents       doc_ids whose bytes name the person
    encoded         doc_id and a part of the text that names the person in base64
    unsearchable    trip_id and doc_id of bytes that are kept and can't be searched, such as pictures
    """

    documents: list[int] = field(default_factory=list[int])
    encoded: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    unsearchable: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])


def unpacked(raw: str) -> bytes:
    """Return the bytes of a stored document."""
    return zlib.decompress(base64.b64decode(raw))


async def hidden_in_documents(db: Database, traces: Traces) -> Hidden:
    """Look through the bytes and the encoded text of all documents."""
    found = Hidden()
    with_bytes: set[int] = set()
    last = 0
    while rows := await db.read(DOCUMENTS, (last, PAGE)):
        last = rows[-1]["doc_id"]
        for row in rows:
            await asyncio.to_thread(_look_through, row, traces, found)
            if row["raw"]:
                with_bytes.add(row["doc_id"])
            is_read = bool(row["text"])
            if not is_read and (
                row["parent_doc_id"] in with_bytes or (row["raw"] and _is_binary(unpacked(row["raw"])))
            ):
                found.unsearchable.append((row["trip_id"], row["doc_id"]))
    return found


def _look_through(row: Row, traces: Traces, found: Hidden) -> None:
    if row["raw"] and _named_in(unpacked(row["raw"]), traces):
        found.documents.append(row["doc_id"])
    for run in _ENCODED.finditer(row["text"] or ""):
        if _named_in(_decoded(run[0]), traces):
            found.encoded.append((row["doc_id"], run[0]))
            found.documents.append(row["doc_id"])


def _named_in(content: bytes, traces: Traces) -> bool:
    return any(traces.may_occur_in(text) and traces.occur_in(text) for text in _texts_of(content))


def _texts_of(content: bytes, depth: int = 0) -> Iterator[str]:
    """Yield the texts that bytes may stand for: as they are, quoted-printable, and what is in base64 in them."""
    plain = content.replace(b"\0", b"")
    text = plain.decode("utf-8", "replace")
    yield unescape(text)
    if "\ufffd" in text:
        yield unescape(plain.decode("latin-1"))
    if b"=" in plain:
        yield unescape(binascii.a2b_qp(plain).decode("utf-8", "replace"))
    if depth < 2:  # noqa: PLR2004 - a mail inside a mail
        for run in _ENCODED.finditer(text):
            yield from _texts_of(_decoded(run[0]), depth + 1)


def _decoded(encoded: str) -> bytes:
    plain = re.sub(r"[^A-Za-z0-9+/]", "", encoded.translate(str.maketrans("-_", "+/")))
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    return base64.b64decode(plain + "=" * (-len(plain) % 4))


def _is_binary(content: bytes) -> bool:
    return b"\0" in content or b"\xff" in content


DOCUMENTS: LiteralString = """
SELECT d.doc_id, d.trip_id, d.parent_doc_id, d.raw, d.text
FROM trip_external_docs d WHERE d.doc_id > CAST(?1 AS INTEGER) ORDER BY d.doc_id LIMIT CAST(?2 AS INTEGER)
"""
