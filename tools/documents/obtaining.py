"""Get the bytes of a document: from the web, from a file, or from the call itself."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from database.clock import now
from database.quoting import HIDDEN, in_quotes
from tools.answers.errors import InvalidInput, Unavailable
from tools.documents.faults import in_thread, told_apart
from tools.documents.sources import sources
from tools.trip.shapes import replace_surrogates

if TYPE_CHECKING:
    from pathlib import Path

# The most bytes of a document.
MOST = 10_000_000

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.-]+)*;base64,", re.ASCII)


@dataclass(frozen=True)
class Obtained:
    """A document as it came."""

    content: bytes
    source: Literal["url", "file", "text"]
    url: str | None = None
    final_url: str | None = None
    filename: str | None = None
    content_type: str | None = None
    fetched_at: str | None = None

    @property
    def name(self) -> str | None:
        return clean_name(self.filename)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def clean_name(name: str | None) -> str | None:
    """Return the name of a file on one line, without characters that are invisible or change how it is shown."""
    return " ".join(HIDDEN.sub(" ", replace_surrogates(name)).split()) or None if name else None


async def from_web(url: str) -> Obtained:
    allowed = sources()
    if not allowed.may_fetch:
        raise Unavailable(
            "Web pages are not fetched here: the server runs with --no-fetch.",
            "Send the text of the page with import_trip_document.",
        )
    from documents.fetching import fetch  # noqa: PLC0415 - imports an HTTP client

    with told_apart():
        page = await fetch(url, allow_hosts=allowed.allow_hosts)
    return Obtained(
        page.content, "url", url=url, final_url=page.final_url, content_type=page.content_type, fetched_at=now()
    )


async def from_file(path: str) -> Obtained:
    folder = sources().import_dir
    if folder is None:
        raise InvalidInput(
            "path can't be read: the server has no folder to import files from.",
            "Send the file as text or content_base64, or start the server with --import-dir.",
        )
    return await in_thread(lambda: Obtained(_file(folder, path), "file", filename=re.split(r"[/\\]", path)[-1]))


def from_base64(encoded: str, filename: str | None) -> Obtained:
    known = _DATA_URL.match(encoded)
    plain = re.sub(r"\s+", "", encoded[known.end() if known else 0 :]).translate(str.maketrans("-_", "+/"))
    if len(plain) > MOST * 4 // 3 + 4:
        raise _too_large("content_base64")
    try:
        content = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:  # not base64, or not ASCII
        raise InvalidInput("content_base64 is not base64.", "Send the bytes of the file as base64, or text.") from None
    if not content:
        raise InvalidInput("content_base64 is empty.", "Send the bytes of the file as base64, or text.")
    return Obtained(content, "file", filename=filename, content_type=known[1] if known else None)


def from_text(text: str, filename: str | None) -> Obtained:
    return Obtained(text.encode("utf-8", "replace"), "text", filename=filename)


def _file(folder: Path, path: str) -> bytes:
    """Read a file of the folder. A link that leads out of it counts as missing, like what is not there."""
    missing = InvalidInput(
        f"path {in_quotes(path)} is no file in the folder that the server imports from.",
        "Send the path of a file in it, or the file as text or content_base64.",
    )
    try:
        root = folder.resolve(strict=True)
        found = (root / path).resolve(strict=True)
        if not found.is_relative_to(root) or not found.is_file():
            raise missing
        with found.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise missing
            content = file.read(MOST + 1)
    except (OSError, ValueError, RuntimeError):
        raise missing from None
    if len(content) > MOST:
        raise _too_large("The file")
    return content


def _too_large(what: str) -> InvalidInput:
    return InvalidInput(
        f"{what} holds more than {MOST // 1_000_000} MB.", "Send its text, or the part with the booking."
    )
