"""A PDF becomes lines. A child process reads it, so that no file takes this one's time or memory, or ends it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, cast

from documents import children
from documents.bounds import PDF_CPU_SECONDS, PDF_MEMORY_BYTES, PDF_PAGES, PDF_WALL_SECONDS, TEXT_CHARACTERS
from documents.errors import DocumentError
from documents.model import Document, Kind, Line
from documents.page import LANGUAGE
from documents.plaintext import bounded, tidy

CHILD = Path(__file__).with_name("pdf_child.py")
MORE_PAGES = f"Pages beyond {PDF_PAGES}."
HINT = "Copy the text of the PDF and send it as `text`."


def read_pdf(content: bytes) -> Document:
    """Read a PDF. Raises DocumentError if it is damaged, encrypted, only pictures, or takes too long."""
    told = _told(content)
    error = told.get("error")
    if error == "encrypted":
        raise DocumentError("invalid_input", "This PDF is encrypted.", "Send it without a password, or its text.")
    if error:
        raise DocumentError("invalid_input", "This PDF is damaged.", HINT)
    document = Document(Kind.PDF, title=tidy(str(told.get("title") or "")) or None)
    language = str(told.get("language") or "")
    document.language = language if LANGUAGE.fullmatch(language) else None
    document.lines = bounded(map(_line, cast("list[list[str]]", told["rows"])), document.left_out)
    document.lines = [line for line in document.lines if line.text]
    if not document.lines:
        holds = "only pictures" if told["pictures"] else "no text"
        raise DocumentError("invalid_input", f"This PDF holds {holds}.", "Send the booking's text instead.")
    if told["pages"] > PDF_PAGES:
        document.left_out.append(MORE_PAGES)
    return document


def _told(content: bytes) -> dict[str, Any]:
    limits = (PDF_PAGES, TEXT_CHARACTERS, PDF_CPU_SECONDS, PDF_MEMORY_BYTES)
    try:
        told = children.run(CHILD, content, *limits, wall_seconds=PDF_WALL_SECONDS)
    except OSError as error:
        raise DocumentError("unavailable", "No process could be started to read the PDF.", HINT) from error
    except subprocess.TimeoutExpired as error:
        raise DocumentError("invalid_input", "This PDF takes too long to read.", HINT) from error
    try:
        return json.loads(told)
    except ValueError as error:
        raise DocumentError("invalid_input", "This PDF is damaged or takes too much to read.", HINT) from error


def _line(row: list[str]) -> Line:
    cells = tuple(tidy(cell) for cell in row)
    text = " ".join(filter(None, cells))
    return Line(text, cells=cells if sum(map(bool, cells)) > 1 else ())
