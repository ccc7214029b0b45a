"""MCP over stdin and stdout.

Extends the SDK's transport: at the end of input and on SIGTERM or SIGINT, the server answers accepted calls before it
stops. It also answers invalid lines, and only protocol messages reach stdout, even if code calls print.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any, cast

from mcp.server.stdio import stdio_server
from mcp_types import JSONRPCNotification, JSONRPCRequest

from database.platform import IS_WINDOWS, can_use_event_loop_pipes
from server.desk.messages import InvalidMessage, parse_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mcp.server import MCPServer

logger = logging.getLogger("voygen.stdio")

# Longest accepted message, in bytes.
MAX_MESSAGE = 32 * 1024 * 1024

# Time limit for accepted calls after the end of input, in seconds. A call that takes longer is assumed to be waiting
# for an answer from a client that has disconnected.
GRACE = 30.0

_CHUNK = 64 * 1024
_ANSWER = re.compile(r'\{"jsonrpc":"2\.0","id":("(?:[^"\\]|\\.)*"|-?\d+),"(?:result|error)"')


async def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve until the end of input or a stop signal."""
    stop = asyncio.Event()
    with _stop_on_signals(stop):
        _print_hint()
        wire = await _open_wire()
        session = _Session(wire, stop)
        try:
            # The SDK declares its own file wrapper type, but uses only methods that _Session has.
            async with stdio_server(cast("Any", session), cast("Any", session)) as (incoming, outgoing):
                lowlevel = server._lowlevel_server  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
                await lowlevel.run(incoming, outgoing, lowlevel.create_initialization_options())
        finally:
            wire.close()


def _print_hint() -> None:
    """Tell a user who runs `serve` in a terminal that it waits for a client."""
    if os.isatty(0):
        hint = "waiting for an MCP client on stdin; press Ctrl+C to stop (see `voygen install`)"
        sys.stderr.write(f"voygen: {hint}\n")
        sys.stderr.flush()


class _Session:
    """The file object that stdio_server reads and writes. Tracks the ids of unanswered calls."""

    def __init__(self, wire: _Wire, stop: asyncio.Event) -> None:
        self._wire = wire
        self._stop = stop
        self._open: set[int | str] = set()
        self._all_answered = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self._next_line()) is not None:
            if not line.strip():
                continue
            if await self._note_message(line):
                yield line
        await self._finish()

    async def write(self, text: str) -> None:
        try:
            await self._wire.write(text.encode())
        except OSError as error:
            if not isinstance(error, ConnectionError):  # such as a full disk
                logger.error("stopping: can't write to stdout: %s", error.strerror)  # noqa: TRY400 - no traceback needed
            self._open.clear()
            self._all_answered.set()
            self._stop.set()
        answered = _ANSWER.match(text)
        if answered:
            self._forget(json.loads(answered[1]))

    async def flush(self) -> None:
        """Do nothing: `write` already flushes."""

    async def _next_line(self) -> str | None:
        reading = asyncio.ensure_future(self._wire.read_line())
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not reading.done():
            reading.cancel()
            return None
        line = reading.result()
        return None if line is None else line.decode("utf-8", errors="replace")

    async def _note_message(self, line: str) -> bool:
        """Return True if the line should go to the SDK. Lines that the SDK would silently drop are answered here."""
        try:
            message = parse_message(line)
        except InvalidMessage as error:
            await self.write(error.answer + "\n")
            return False
        if isinstance(message, JSONRPCRequest):
            self._open.add(message.id)
            self._all_answered.clear()
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            cancelled = (message.params or {}).get("requestId")
            if isinstance(cancelled, int | str):
                self._forget(cancelled)
        return True

    def _forget(self, request_id: int | str) -> None:
        self._open.discard(request_id)
        if not self._open:
            self._all_answered.set()

    async def _finish(self) -> None:
        if self._open:
            logger.info("stopping: finishing %d calls", len(self._open))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_answered.wait(), GRACE)


class _Wire:
    """A connection that reads and writes lines of bytes."""

    async def read_line(self) -> bytes | None:
        """Return the next line, or None at the end of input."""
        raise NotImplementedError

    async def write(self, data: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _PipeWire(_Wire):
    """Pipes on the event loop: twice as fast as threads, and no blocked thread delays a signal."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()

    @classmethod
    async def open(cls, descriptor_in: int, descriptor_out: int) -> _PipeWire:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor_in, "rb", 0))
        transport, protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(descriptor_out, "wb", 0)
        )
        return cls(reader, asyncio.StreamWriter(transport, protocol, None, loop))

    async def read_line(self) -> bytes | None:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > MAX_MESSAGE:
                logger.error("stopping: a message is longer than %d bytes", MAX_MESSAGE)
                return None
            chunk = await self._reader.read(_CHUNK)
            if not chunk:
                rest, self._buffer = bytes(self._buffer), bytearray()
                return rest or None
            self._buffer += chunk
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()


class _ThreadWire(_Wire):
    """Reads and writes in worker threads where the event loop cannot: on Windows, or with terminals and files."""

    def __init__(self, descriptor_in: int, descriptor_out: int) -> None:
        self._in = os.fdopen(descriptor_in, "rb")
        self._out = os.fdopen(descriptor_out, "wb")
        self._blocked = False

    async def read_line(self) -> bytes | None:
        self._blocked = True
        line = await asyncio.to_thread(self._in.readline, MAX_MESSAGE)
        self._blocked = False
        return line or None

    async def write(self, data: bytes) -> None:
        await asyncio.to_thread(self._write, data)

    def close(self) -> None:
        if self._blocked:
            # A thread blocked on input would keep the process alive. Everything else is closed by now.
            _exit_after_cleanup()

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()


def _exit_after_cleanup() -> None:
    asyncio.get_running_loop().call_later(1.0, os._exit, 0)


async def _open_wire() -> _Wire:
    """Reserve stdin and stdout for the protocol: afterwards stdin is empty, and print goes to stderr."""
    on_event_loop = can_use_event_loop_pipes()
    descriptor_in, descriptor_out = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if on_event_loop:
        return await _PipeWire.open(descriptor_in, descriptor_out)
    return _ThreadWire(descriptor_in, descriptor_out)


@contextlib.contextmanager
def _stop_on_signals(stop: asyncio.Event) -> Any:  # noqa: ANN401 - a context manager's generator
    loop = asyncio.get_running_loop()

    def handle(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    kinds = (signal.SIGTERM, signal.SIGINT)
    if IS_WINDOWS:
        before: dict[int, Callable[..., Any] | int | None] = {}
        for kind in kinds:
            before[kind] = signal.signal(kind, handle)
        yield
        for kind, handler in before.items():
            signal.signal(kind, handler)
        return
    for kind in kinds:
        loop.add_signal_handler(kind, stop.set)
    try:
        yield
    finally:
        for kind in kinds:
            loop.remove_signal_handler(kind)
