"""A body that arrives in chunks is decoded within a limit, so that a small one can't become a large one."""

from __future__ import annotations

import zlib
from typing import Any

GZIP = 16 + zlib.MAX_WBITS
ANY_OF_BOTH = {"gzip", "x-gzip"}


class TooLarge(Exception):
    """The decoded body is larger than the limit."""


class Undecodable(Exception):
    """The body is in another encoding than gzip and deflate, damaged, or cut short."""


class Inflating:
    """Decodes gzip and deflate (https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1)."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding.strip().lower()
        self._room = limit
        self._done: list[bytes] = []
        self._inflate: Any = None
        if self._encoding not in {"", "identity", "deflate", *ANY_OF_BOTH}:
            raise Undecodable

    def add(self, chunk: bytes) -> None:
        """Decode a chunk. Raises TooLarge and Undecodable."""
        if self._encoding in {"", "identity"}:
            self._keep(chunk)
            return
        try:
            while chunk:
                self._inflate = self._inflate or self._start(chunk)
                self._keep(self._inflate.decompress(chunk, self._room + 1))
                chunk = self._inflate.unconsumed_tail or self._inflate.unused_data
                if self._inflate.eof:
                    self._inflate = None
                    # Zeros may follow the last of several gzip members.
                    chunk = chunk.lstrip(b"\0") if self._encoding in ANY_OF_BOTH else b""
        except zlib.error as error:
            raise Undecodable from error

    def content(self) -> bytes:
        """Return the whole body. Raises Undecodable if its end is missing."""
        if self._inflate is not None:
            raise Undecodable
        return b"".join(self._done)

    def _start(self, chunk: bytes) -> Any:  # noqa: ANN401 - zlib doesn't name the type
        if self._encoding in ANY_OF_BOTH:
            return zlib.decompressobj(GZIP)
        # Some servers send deflate without zlib's two first bytes.
        wrapped = chunk[0] & 0x0F == zlib.DEFLATED and (len(chunk) < 2 or int.from_bytes(chunk[:2], "big") % 31 == 0)  # noqa: PLR2004
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def _keep(self, piece: bytes) -> None:
        self._room -= len(piece)
        if self._room < 0:
            raise TooLarge
        self._done.append(piece)
