"""The bytes of stdin and stdout: lines in, with a limit on their length, and answers out."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from database.platform import can_use_event_loop_pipes, has_no_writer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

# Longest accepted message, in bytes.
MAX_MESSAGE = 32 * 1024 * 1024

# A client that takes no output for this long is not reading, in seconds.
STALLED = 3.0

_CHUNK = 64 * 1024


class TooLong:
    """Stands for a line that is longer than MAX_MESSAGE."""


class NotReading(ConnectionError):
    """The client does not read its answers, and will send nothing more."""


class Wire:
    """A connection that reads and writes bytes. `closing` is set once no more input is read."""

    def __init__(self, descriptor_in: int) -> None:
        self._descriptor_in = descriptor_in
        self.closing = False

    async def read(self) -> bytes:
        """Return the next bytes of input, or b"" at its end. Raises OSError."""
        raise NotImplementedError

    async def write(self, data: bytes) -> None:
        """Write the data and wait while too much output is waiting. Raises OSError.

        Raises NotReading if the client takes nothing although the input has ended.
        """
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    async def lines(self) -> AsyncGenerator[bytes | TooLong]:
        """Yield the lines of the input. The rest of a line that is too long is read and dropped."""
        buffer, searched, dropping = bytearray(), 0, False
        while chunk := await self._read_or_end():
            buffer += chunk
            while (end := buffer.find(b"\n", searched)) >= 0:
                line = bytes(buffer[: end + 1])
                del buffer[: end + 1]
                searched = 0
                if not dropping:
                    yield line if len(line) <= MAX_MESSAGE else TooLong()
                dropping = False
            searched = len(buffer)
            if searched > MAX_MESSAGE or dropping:
                if not dropping:
                    yield TooLong()
                dropping, searched = True, 0
                buffer.clear()
        if buffer and not dropping:
            yield bytes(buffer)

    async def _read_or_end(self) -> bytes:
        try:
            return await self.read()
        except OSError:  # a closed terminal or socket
            return b""

    def _client_is_gone(self) -> bool:
        return self.closing or self._input_ended()

    def _input_ended(self) -> bool:
        return has_no_writer(self._descriptor_in)


class PipeWire(Wire):
    """Pipes on the event loop: twice as fast as threads, and no blocked thread delays a signal."""

    def __init__(
        self,
        descriptor_in: int,
        incoming: asyncio.ReadTransport,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(descriptor_in)
        self._incoming = incoming
        self._reader = reader
        self._writer = writer
        self._high = self._writer.transport.get_write_buffer_limits()[1]

    @classmethod
    async def open(cls, descriptor_in: int, descriptor_out: int) -> PipeWire:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        incoming, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor_in, "rb", 0)
        )
        transport, protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(descriptor_out, "wb", 0)
        )
        return cls(descriptor_in, incoming, reader, asyncio.StreamWriter(transport, protocol, None, loop))

    async def read(self) -> bytes:
        return await self._reader.read(_CHUNK)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        if self._unread() <= self._high:
            await self._writer.drain()
            return
        drained = asyncio.ensure_future(self._writer.drain())
        try:
            unread = self._unread()
            while not (await asyncio.wait({drained}, timeout=STALLED))[0]:
                if self._unread() == unread and self._client_is_gone():
                    raise NotReading
                unread = self._unread()
        finally:
            drained.cancel()
        drained.result()

    def _input_ended(self) -> bool:
        # The transport closes the descriptor once it has read to the end.
        return self._incoming.is_closing() or super()._input_ended()

    def _unread(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    def close(self) -> None:
        self._writer.close()


class ThreadWire(Wire):
    """Reads and writes in worker threads where the event loop cannot: on Windows, or with terminals and files."""

    def __init__(self, descriptor_in: int, descriptor_out: int) -> None:
        super().__init__(descriptor_in)
        self._in = os.fdopen(descriptor_in, "rb", 0)
        self._out = os.fdopen(descriptor_out, "wb")
        self._blocked = 0

    async def read(self) -> bytes:
        self._blocked += 1
        chunk = await asyncio.to_thread(self._in.read, _CHUNK)
        self._blocked -= 1
        return chunk or b""

    async def write(self, data: bytes) -> None:
        self._blocked += 1
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, data))
        while not (await asyncio.wait({writing}, timeout=STALLED))[0]:
            if self._client_is_gone():
                raise NotReading
        self._blocked -= 1
        writing.result()

    def close(self) -> None:
        if self._blocked:
            # A blocked thread would keep the process alive. Everything else is closed by now.
            asyncio.get_running_loop().call_later(1.0, os._exit, 0)

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()


async def open_wire() -> Wire:
    """Reserve stdin and stdout for the protocol: afterwards stdin is empty, and print goes to stderr."""
    on_event_loop = can_use_event_loop_pipes()
    descriptor_in, descriptor_out = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if on_event_loop:
        return await PipeWire.open(descriptor_in, descriptor_out)
    return ThreadWire(descriptor_in, descriptor_out)
