"""A document's bytes become lines, events and structured data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.bounds import DOCUMENT_BYTES
from documents.errors import DocumentError
from documents.kinds import kind_of
from documents.model import Document, Kind

if TYPE_CHECKING:
    from datetime import date


def read(
    content: bytes,
    *,
    filename: str | None = None,
    content_type: str | None = None,
    around: tuple[date, date] | None = None,
) -> Document:
    """Read a document of any kind. Raises DocumentError if it can't be.

    A calendar's repeated entries count within `around`, a trip's dates, and some weeks before and after.
    A kind that voygen doesn't read, such as a picture, becomes a document without lines that says so.
    """
    if not content:
        raise DocumentError("invalid_input", "The document is empty.", "Send a document that is not empty.")
    if len(content) > DOCUMENT_BYTES:
        raise DocumentError(
            "invalid_input",
            f"The document is larger than {DOCUMENT_BYTES // 1024 // 1024} MB.",
            "Send the part that holds the booking, or its text.",
        )
    kind = kind_of(content, filename, content_type)
    document = _read(kind, content, content_type, around)
    document.filename = filename
    return document


def _read(kind: Kind, content: bytes, content_type: str | None, _around: tuple[date, date] | None) -> Document:
    # Each is imported on first use, because most programs read no document of that kind.
    match kind:
        case Kind.PAGE:
            from documents.page import read_page  # noqa: PLC0415

            return read_page(content, content_type)
        case Kind.TEXT:
            from documents.plaintext import read_text  # noqa: PLC0415

            return read_text(content, content_type)
        case _:
            return Document(kind, left_out=["The document is of a kind that can't be read."])
