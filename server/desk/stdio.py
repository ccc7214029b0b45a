"""MCP over stdin and stdout.

Replaces the SDK's transport: at the end of input and on SIGTERM or SIGINT, the server answers accepted calls before it
stops. It also answers invalid lines, reads no further while too many calls or answers wait, accepts the handshake of a
client that gave up on a newer protocol, and only protocol messages reach stdout, even if code calls print.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Self

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from database.platform import IS_WINDOWS
from server.desk.messages import INVALID_REQUEST, InvalidMessage, parse_message, refusal, without_mark
from server.desk.wires import MAX_MESSAGE, TooLong, open_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.server import MCPServer
    from mcp_types import JSONRPCMessage, RequestId

    from server.desk.wires import Wire

    Message: TypeAlias = SessionMessage | Exception

logger = logging.getLogger("voygen.stdio")

# Time limit for accepted calls after the end of input, in seconds. A call that takes longer is assumed to be waiting
# for an answer from a client that has disconnected.
GRACE = 30.0

# Limits at which no more input is read: the number of calls in progress, and the bytes of their messages and of answers
# that wait to be written.
MOST_CALLS = 256
MOST_BYTES = 16 * 1024 * 1024

# Pause until the SDK has taken some of the messages that wait for it, in seconds.
DRAINING = 0.01

# The notifications that mean something here, and the bytes of the longest one. Others are dropped.
NOTIFICATIONS = frozenset(f"notifications/{name}" for name in ("initialized", "cancelled", "progress"))
LONGEST_NOTIFICATION = 64 * 1024


async def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve until the end of input or a stop signal."""
    stop = asyncio.Event()
    with _stop_on_signals(stop):
        _print_hint()
        wire = await open_wire()
        try:
            await _Connection(wire, stop).serve(server)
        finally:
            wire.close()


def _print_hint() -> None:
    """Tell a user who runs `serve` in a terminal that it waits for a client."""
    if os.isatty(0):
        hint = "waiting for an MCP client on stdin; press Ctrl+C to stop (see `voygen install`)"
        sys.stderr.write(f"voygen: {hint}\n")
        sys.stderr.flush()


class _Connection:
    """The connection to the client: reads its messages, and is the stream to which the SDK sends answers.

    `_open` has the size in bytes of each unanswered request by its id, `_asked` the ids of requests to the client.
    `_probed` is None before the first request, and True while all requests were `server/discover`.
    """

    def __init__(self, wire: Wire, stop: asyncio.Event) -> None:
        self._wire = wire
        self._stop = stop
        self._open: dict[RequestId, int] = {}
        self._asked: set[RequestId] = set()
        self._open_bytes = self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        self._gone = False
        self._probed: bool | None = None
        self._feed, self._messages = _new_feed()

    async def serve(self, server: MCPServer[Any]) -> None:
        running = asyncio.create_task(self._run(server))
        reading = asyncio.create_task(self._read())
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({running, reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await _cancel(reading, stopping)
            if not running.done():
                await self._finish()
        finally:
            self._feed.close()
            await running
        if not reading.cancelled():
            reading.result()

    async def _run(self, server: MCPServer[Any]) -> None:
        """Run the SDK's server on the feed, and again whenever `_start_over` has replaced the feed."""
        lowlevel = server._lowlevel_server  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        served = None
        while served is not self._messages:
            served = self._messages
            await lowlevel.run(served, self, lowlevel.create_initialization_options())

    # The methods of the SDK's write streams.

    async def send(self, item: SessionMessage, /) -> None:
        """Write a message. Answers wait here until the client has read enough of the earlier ones."""
        message = item.message
        await self._write(message.model_dump_json(by_alias=True, exclude_unset=True))
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._forget(message.id)
        elif isinstance(message, JSONRPCRequest):
            self._asked.add(message.id)
            self._changed.set()
        elif message.method == "notifications/cancelled":
            self._asked.discard((message.params or {}).get("requestId"))  # pyright: ignore[reportArgumentType] - any value

    async def aclose(self) -> None:
        """Do nothing: `serve_stdio` closes the wire."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        """Do nothing, as `aclose`."""

    async def _read(self) -> None:
        async for line in self._wire.lines():
            if isinstance(line, TooLong):
                problem = f"Invalid request: a message may have at most {MAX_MESSAGE} bytes."
                await self._write(refusal(INVALID_REQUEST, problem))
            elif (line := without_mark(line)).strip(b" \t\r\n\0") and (message := await self._accepted(line)):
                self._feed.send_nowait(SessionMessage(message))
            while self._feed.statistics().current_buffer_used > MOST_CALLS:  # noqa: ASYNC110 - nothing tells when it drains
                await asyncio.sleep(DRAINING)
            while not self._has_room():
                self._changed.clear()
                await self._changed.wait()

    async def _accepted(self, line: bytes) -> JSONRPCMessage | None:
        """Parse a message. Lines that the SDK would silently drop are answered here."""
        try:
            message = parse_message(line)
        except InvalidMessage as error:
            await self._write(error.answer)
            return None
        if isinstance(message, JSONRPCRequest):
            if message.method == "initialize" and self._probed:
                await self._start_over()
            self._probed = message.method == "server/discover" and self._probed is not False
            if problem := self._problem_with(message):
                await self._write(refusal(INVALID_REQUEST, problem, message.id))
                return None
            self._open[message.id] = len(line)
            self._open_bytes += len(line)
        elif isinstance(message, JSONRPCNotification):
            if message.method not in NOTIFICATIONS or len(line) > LONGEST_NOTIFICATION:
                return None
            if message.method == "notifications/cancelled":
                self._cancelled((message.params or {}).get("requestId"))
        else:
            self._asked.discard(message.id)  # pyright: ignore[reportArgumentType] - an error's id may be None
        return message

    async def _start_over(self) -> None:
        """Replace the feed, after the answers to the requests so far, so that the SDK accepts an `initialize`.

        A client that gets no answer to `server/discover` in time, such as from a server that starts slowly, goes on
        with `initialize` (https://github.com/modelcontextprotocol/modelcontextprotocol/pull/2844). The SDK would
        refuse it, because the first request decides the protocol of its connection.
        """
        await self._all_answered()
        self._feed.close()
        self._feed, self._messages = _new_feed()

    def _problem_with(self, request: JSONRPCRequest) -> str | None:
        if request.id in self._open:
            return "Invalid request: another request with this id is in progress. Give each request an id of its own."
        if len(self._open) >= 2 * MOST_CALLS:
            return "Invalid request: too many calls wait for the user. Answer some of their questions first."
        return None

    def _has_room(self) -> bool:
        """Return True if more input may be read. Calls that ask the client don't count, because its answer comes in."""
        few_bytes = self._waiting_bytes <= MOST_BYTES and self._open_bytes <= MOST_BYTES
        return few_bytes and len(self._open) - len(self._asked) < MOST_CALLS

    async def _write(self, text: str) -> None:
        data = text.encode() + b"\n"
        self._waiting_bytes += len(data)
        try:
            async with self._writing:
                if not self._gone:
                    await self._wire.write(data)
        except OSError as error:
            if not isinstance(error, ConnectionError):  # such as a full disk
                logger.error("stopping: can't write to stdout: %s", error.strerror)  # noqa: TRY400 - no traceback needed
            self._lose_client()
        finally:
            self._waiting_bytes -= len(data)
            self._changed.set()

    def _lose_client(self) -> None:
        self._gone = True
        self._open.clear()
        self._changed.set()
        self._stop.set()

    def _cancelled(self, request_id: object) -> None:
        """Forget a request that gets no answer. The SDK takes an id of digits for the number too."""
        if isinstance(request_id, str) and request_id.isdecimal() and request_id not in self._open:
            request_id = int(request_id[:20])
        self._forget(request_id)

    def _forget(self, request_id: object) -> None:
        if isinstance(request_id, int | str):
            self._open_bytes -= self._open.pop(request_id, 0)
        self._changed.set()

    async def _finish(self) -> None:
        """Wait for the answers to accepted calls."""
        self._wire.closing = True
        if self._open:
            logger.info("stopping: finishing %d calls", len(self._open))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._all_answered()

    async def _all_answered(self) -> None:
        while self._open:
            self._changed.clear()
            await self._changed.wait()


def _new_feed() -> tuple[MemoryObjectSendStream[Message], MemoryObjectReceiveStream[Message]]:
    return anyio.create_memory_object_stream[SessionMessage | Exception](math.inf)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _stop_on_signals(stop: asyncio.Event) -> Generator[None]:
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
