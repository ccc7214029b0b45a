"""Wallet passes (https://developer.apple.com/documentation/walletpasses): boarding passes, tickets and vouchers."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, cast

from documents.bounds import DOCUMENT_BYTES, ZIP_ENTRIES, ZIP_RATIO
from documents.errors import DocumentError
from documents.model import Document, Kind, Line
from documents.passnodes import node_of
from documents.plaintext import bounded, decode, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

Pass = dict[str, Any]

STYLES = ("boardingPass", "eventTicket", "coupon", "storeCard", "generic")
FIELDS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
TAG = re.compile(r"<[^<>]*>")
LONGEST_VALUE = 4_000
SMALL = 100_000
MOST_FIELDS = 500
HINT = "Send the pass as its issuer made it, or its text."


def read_pass(content: bytes) -> Document:
    """Read a wallet pass, or its pass.json. Raises DocumentError if it is damaged or expands too far."""
    raw = _from_zip(content) if content.startswith(b"PK") else content
    try:
        told: object = json.loads(decode(raw))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise _damaged()
    wallet = cast("Pass", told)
    document = Document(Kind.PASS, title=text_of(wallet.get("description")) or None)
    document.lines = bounded(_lines(wallet), document.left_out)
    node = node_of(wallet)
    document.nodes = [node] if node else []
    if wallet.get("voided") is True:
        document.left_out.append("The pass is marked as no longer valid.")
    return document


def text_of(value: object) -> str:
    """Return a field's value as text, without markup."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return tidy(TAG.sub("", str(value)[:LONGEST_VALUE]))


def fields_of(wallet: Pass) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the pass's fields, each with the group it stands in."""
    for style in STYLES:
        groups = wallet.get(style)
        if not isinstance(groups, dict):
            continue
        for group in FIELDS:
            fields = cast("Pass", groups).get(group)
            for each in cast("list[Any]", fields)[:MOST_FIELDS] if isinstance(fields, list) else []:
                if isinstance(each, dict):
                    yield group, cast("Pass", each)


def _from_zip(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > ZIP_ENTRIES:
                raise DocumentError("invalid_input", f"The pass holds more than {ZIP_ENTRIES} files.", HINT)
            entry = archive.getinfo("pass.json")
            if entry.flag_bits & 1:
                raise DocumentError("invalid_input", "The pass is encrypted.", HINT)
            limit = min(DOCUMENT_BYTES, max(entry.compress_size * ZIP_RATIO, SMALL))
            with archive.open(entry) as file:
                raw = file.read(limit + 1)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, NotImplementedError, zlib.error) as error:
        raise _damaged() from error
    if len(raw) > limit:
        raise DocumentError("invalid_input", "The pass expands to far more than its size.", HINT)
    return raw


def _damaged() -> DocumentError:
    return DocumentError("invalid_input", "This wallet pass is damaged.", HINT)


def _lines(wallet: Pass) -> Iterator[Line]:
    for name in ("organizationName", "logoText", "description"):
        text = text_of(wallet.get(name))
        if text:
            yield Line(text)
    for _, each in fields_of(wallet):
        label = text_of(each.get("label"))
        value = text_of(each.get("attributedValue")) or text_of(each.get("value"))
        currency = text_of(each.get("currencyCode"))
        value = f"{value} {currency}" if currency and value else value
        cells = tuple(cell for cell in (label, value) if cell)
        if value:
            yield Line(" ".join(cells), cells=cells if label else ())
    relevant = text_of(wallet.get("relevantDate"))
    if relevant:
        yield Line(f"relevantDate {relevant}", cells=("relevantDate", relevant))
