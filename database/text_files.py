"""Text from files that anyone could have made: a dump or an export, read line by line in bounded memory."""

from __future__ import annotations

import codecs
import os
import stat
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from database.errors import DatabaseUnavailable
from database.platform import open_at_once

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from io import BufferedReader

# The path that stands for stdin.
STDIN = Path("-")

# Characters read at a time, and in the longest line.
READ_AT_ONCE, LONGEST_LINE = 1 << 20, 1 << 28

# First bytes of files that people confuse with a text, and what these files are.
OTHER_KINDS = {
    b"SQLite format 3\0": "a database, not a text: copy the file, and pass the copy's path with --db",
    b"\x1f\x8b": "compressed with gzip: unpack it first",
    b"BZh": "compressed with bzip2: unpack it first",
    b"\xfd7zXZ\0": "compressed with xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it first",
    b"PK\x03\x04": "a zip archive: unpack it first",
}

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class TextFile:
    """The lines of an open text file."""

    def __init__(self, name: str, file: BufferedReader) -> None:
        self.name = name
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        """Size in bytes; 0 for a pipe."""

    @property
    def position(self) -> int:
        """Number of bytes read so far."""
        return self._file.tell()

    def lines(self) -> Iterator[str]:
        """Yield the lines with their line ends. Raises DatabaseUnavailable if this isn't text in UTF-8 or UTF-16."""
        start = self._file.peek(16)[:16]
        for kind, words in OTHER_KINDS.items():
            if start.startswith(kind):
                raise DatabaseUnavailable(f"{self.name} is {words}.")
        encoding = _encoding(start)
        # Other line ends may be part of a string.
        text = TextIOWrapper(self._file, encoding=encoding, newline="\n")
        number = 1
        try:
            while line := self._line(text, number):
                yield line
                number += 1
        except UnicodeDecodeError as error:
            words = f"it contains the byte 0x{error.object[error.start]:02X}"
            raise DatabaseUnavailable(f"{self.name} is not in UTF-8, because {words}: save it in UTF-8.") from error
        finally:
            with suppress(ValueError):  # the file is closed already: the reader stopped early
                text.detach()

    def _line(self, text: TextIOWrapper, number: int) -> str:
        chunks: list[str] = []
        length = 0
        while chunk := text.readline(READ_AT_ONCE):
            if "\0" in chunk:
                raise DatabaseUnavailable(f"{self.name} is not text: line {number} contains a zero byte.")
            chunks.append(chunk)
            length += len(chunk)
            if length > LONGEST_LINE:
                raise DatabaseUnavailable(f"{self.name}: line {number} has more than {LONGEST_LINE >> 20} MiB.")
            if chunk.endswith("\n"):
                break
        return "".join(chunks)


def _encoding(start: bytes) -> str:
    """Tell the encoding from the byte order mark, or else from the zero bytes that ASCII text has in UTF-16."""
    for mark, name in MARKS.items():
        if start.startswith(mark):
            return name
    return {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(
        (start[:1] == b"\0", start[1:2] == b"\0"), "utf-8"
    )


@contextmanager
def open_text(path: Path) -> Generator[TextFile]:
    """Open a file, or stdin for `-`. Raises DatabaseUnavailable, without waiting, for anything but a regular file."""
    name = "stdin" if path == STDIN else str(path)
    try:
        with os.fdopen(0 if path == STDIN else open_at_once(path), "rb", closefd=path != STDIN) as file:
            mode = os.fstat(file.fileno()).st_mode
            if path != STDIN and not stat.S_ISREG(mode):
                kind = "a pipe" if stat.S_ISFIFO(mode) else "a device or a socket"
                raise DatabaseUnavailable(f"{name} is {kind}, not a file: save its content in a file first.")
            yield TextFile(name, file)
    except OSError as error:
        raise DatabaseUnavailable(f"{name} cannot be read: {error.strerror}.") from error
