"""The files of a version: HTML, PDF and calendar, as resources and in the folder that the agency chose."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from tools.answers.errors import Unavailable
from tools.tool import Link

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Format = Literal["html", "pdf", "ics"]

MEDIA_TYPES: dict[str, str] = {"html": "text/html", "pdf": "application/pdf", "ics": "text/calendar"}


# The name of a file that waits for its version, and the seconds after which its process must have ended.
_WAITING, _LEFT = re.compile(r"\.[a-z0-9-]+-\d+-v\d+\.(?:html|pdf|ics)\.[0-9a-f]{8}"), 3600


class ProposalFile(BaseModel):
    """A file of a proposal. `path` is null unless the server writes proposals to a folder."""

    format: str = Field(description="Format.")
    uri: str = Field(description="Resource to read.")
    path: str | None = Field(description="File.")
    bytes: int = Field(description="Size.")
    sha256: str = Field(description="SHA-256.")

    def as_link(self, title: str) -> Link:
        return Link(self.uri, self.uri.rpartition("/")[2], title, MEDIA_TYPES[self.format], self.bytes)


def uri_of(trip_id: int, version: int, form: str) -> str:
    return f"proposal://{trip_id}/{version}.{form}"


@dataclass(frozen=True)
class Written:
    """Files that wait under other names until their version is stored."""

    waiting: Mapping[Path, Path]

    def keep(self) -> None:
        """Give the files their names. Raises Unavailable."""
        try:
            for temporary, path in self.waiting.items():
                temporary.replace(path)
        except OSError as error:
            raise _unwritable(error) from error

    def discard(self) -> None:
        for temporary in self.waiting:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def described(
    trip_id: int, slug: object, version: int, contents: Mapping[str, bytes], folder: Path | None
) -> list[ProposalFile]:
    """Describe the files of a version."""
    paths = {form: None if folder is None else str(folder / _name(trip_id, slug, version, form)) for form in contents}
    return [
        ProposalFile(
            format=form,
            uri=uri_of(trip_id, version, form),
            path=paths[form],
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        for form, content in contents.items()
    ]


def write(paths: Mapping[Path, bytes]) -> Written:
    """Write the files under other names, and remove those of calls that were killed. Raises Unavailable."""
    written = Written({path.with_name(f".{path.name}.{secrets.token_hex(4)}"): path for path in paths})
    for folder in {path.parent for path in paths}:
        _remove_left(folder)
    try:
        for temporary, path in written.waiting.items():
            with temporary.open("xb") as file:
                file.write(paths[path])
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        written.discard()
        raise _unwritable(error) from error
    return written


def _remove_left(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            if _WAITING.fullmatch(path.name) and time.time() - path.lstat().st_mtime > _LEFT:
                path.unlink(missing_ok=True)


def _unwritable(error: OSError) -> Unavailable:
    return Unavailable(
        f"The proposal can't be written to the folder of proposals: {error.strerror}.",
        "Tell the user; see --proposals-dir.",
    )


def _name(trip_id: int, slug: object, version: int, form: str) -> str:
    """Return the name of a file, which any system takes."""
    words = re.sub(r"[^a-z0-9]+", "-", str(slug or "").lower())[:60].strip("-") or "trip"
    return f"{words}-{trip_id}-v{version}.{form}"
