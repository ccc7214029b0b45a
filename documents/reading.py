"""A document's bytes become lines, events and structured data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.bounds import DOCUMENT_BYTES
from documents.errors import DocumentError
from documents.kinds import kind_of
from documents.model import Document, Kind

if TYPE_CHECKING:
    from datetime import date

NOT_READ = "This kind of file is not read."


def read(
    content: bytes,
    *,
    filename: str | None = None,
    content_type: str | None = None,
    around: tuple[date, date] | None = None,
) -> Document:
    """Read a document of any kind. Raises DocumentError if it can't be.

    A calendar counts within `around`, a trip's dates, and some weeks before and after. A kind that is not read,
    such as a picture, becomes a document without lines that says so. May take seconds for a PDF: call it in a thread.
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
    document = _Reading(around).read(kind, content, content_type)
    document.filename = filename
    return document


class _Reading:
    """The readers of each kind, imported on first use, because they and their libraries take time to import."""

    def __init__(self, around: tuple[date, date] | None) -> None:
        self._around = around

    def read(self, kind: Kind, content: bytes, content_type: str | None) -> Document:
        match kind:
            case Kind.PAGE | Kind.TEXT:
                return _read_text(kind, content, content_type)
            case Kind.MAIL:
                from documents.mail import read_mail  # noqa: PLC0415 - see the class

                return read_mail(content, self._read_part)
            case Kind.CALENDAR:
                from documents.calendars import read_calendar  # noqa: PLC0415 - see the class

                return read_calendar(content, content_type, self._around)
            case Kind.PDF | Kind.PASS:
                return _read_file(kind, content)
            case Kind.OTHER:
                return Document(kind, left_out=[NOT_READ])

    def _read_part(self, content: bytes, filename: str | None, content_type: str | None) -> Document:
        """Read an attachment. Mails inside mails are the mail reader's, which counts how deep they are."""
        kind = kind_of(content, filename, content_type)
        document = self.read(Kind.TEXT if kind is Kind.MAIL else kind, content, content_type)
        document.filename = filename
        return document


def _read_text(kind: Kind, content: bytes, content_type: str | None) -> Document:
    if kind is Kind.TEXT:
        from documents.plaintext import read_text  # noqa: PLC0415 - see _Reading

        return _told_apart(read_text(content, content_type))
    from documents.page import read_page  # noqa: PLC0415 - see _Reading

    return _told_apart(read_page(content, content_type))


def _told_apart(document: Document) -> Document:
    """Tell the header of a pasted, saved or printed mail apart from what the mail says."""
    from documents.pasted import without_headers  # noqa: PLC0415 - see _Reading

    document.lines, document.sent_at, document.subject = without_headers(document.lines)
    return document


def _read_file(kind: Kind, content: bytes) -> Document:
    if kind is Kind.PASS:
        from documents.passes import read_pass  # noqa: PLC0415 - see _Reading

        return read_pass(content)
    from documents.pdf import read_pdf  # noqa: PLC0415 - see _Reading

    return _told_apart(read_pdf(content))
