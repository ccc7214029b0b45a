"""Additions to uvicorn: limits on request heads and on slow clients, and exit status 0 after a signal."""

from __future__ import annotations

import json
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import HANDLED_SIGNALS

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Generator, Iterable

# Largest request head, largest request line in it, and largest trailers, in bytes.
MAX_HEAD, MAX_LINE, MAX_TRAILERS = 32 * 1024, 8 * 1024, 8 * 1024

MOST_HEADERS = 100

# Bytes that a client must read within the time limit, while answers wait for it.
LEAST_READ = 64 * 1024

# Most connections from one address.
MOST_FROM_ONE_ADDRESS = 384

# Time limit for a refused client to stop sending, so that it gets to read the refusal, in seconds.
LINGER = 2.0

_END_OF_HEAD = re.compile(rb"\n\r?\n")

_REFUSALS = {
    400: ("bad_request", "This is not a valid HTTP/1.1 request."),
    414: ("uri_too_long", f"Send a request line of at most {MAX_LINE} bytes."),
    431: ("headers_too_large", f"Send at most {MOST_HEADERS} headers and {MAX_HEAD} bytes before the body."),
}


class _BoundedConnection(h11.Connection):
    """Holds the limits on heads and trailers. h11's own limit is only checked while a head is incomplete."""

    # The status of the refusal once the request is found to be invalid.
    refusal = 400

    def next_event(self) -> Any:  # noqa: ANN401 - as in h11
        if self.their_state is h11.IDLE:
            self._check_head(self.trailing_data[0])
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.refusal = error.error_status_hint if error.error_status_hint in _REFUSALS else 400
            raise
        if isinstance(event, h11.Request):
            if len(event.headers) > MOST_HEADERS:
                self._refuse(431)
            if {b"content-length", b"transfer-encoding"} <= {name for name, _ in event.headers}:
                self._refuse(
                    400
                )  # a proxy may see another end of the body (https://www.rfc-editor.org/rfc/rfc9112#section-6.1)
        if isinstance(event, h11.EndOfMessage) and _size(event.headers) > MAX_TRAILERS:
            self._refuse(431)
        return event

    def _check_head(self, received: bytes) -> None:
        if len(received) > MAX_LINE and received.find(b"\n", 0, MAX_LINE) < 0:
            self._refuse(414)
        if len(received) > MAX_HEAD and not _END_OF_HEAD.search(received, 0, MAX_HEAD):
            self._refuse(431)

    def _refuse(self, status: int) -> None:
        self.refusal = status
        raise h11.RemoteProtocolError(_REFUSALS[status][1], error_status_hint=status)


class BoundedProtocol(H11Protocol):
    """Closes a connection whose client sends or reads too slowly, or sends too large a head.

    The head of the next request must arrive within `time_limit` seconds, and a client must keep reading its answers.
    """

    time_limit: ClassVar[float]

    _timer: asyncio.TimerHandle | None = None
    _output_timer: asyncio.TimerHandle | None = None
    _refused = False

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as in uvicorn
        super().__init__(*given, **named)
        self.conn = _BoundedConnection(h11.SERVER, MAX_HEAD)

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as in uvicorn
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # call pause_writing whenever the client has not read everything
        if sum(_address(one) == _address(self) for one in self.connections) > MOST_FROM_ONE_ADDRESS:
            self.limit_concurrency = 0  # every request gets uvicorn's 503
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self._refused:
            return
        if self.cycle is None or self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison] - None at first
            self._wait_for_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        self._stop_watching()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's message
        """Refuse an invalid request, then drop what else arrives, so that the client is not reset before it reads."""
        self._refused = True
        self._stop_waiting()
        if self.cycle is not None and not self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison] - None at first
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        status = self.conn.refusal  # pyright: ignore[reportAttributeAccessIssue] - set in __init__
        self._respond(status, dict(zip(("error", "error_description"), _REFUSALS[status], strict=True)))
        self.flow.resume_reading()
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER, self.transport.abort)

    def _wait_for_head(self) -> None:
        """Start the timer unless it is already running, so that slow partial data does not extend the timeout."""
        if self._timer is None:
            self._timer = self.loop.call_later(self.time_limit, self._time_out)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        if self.transport.is_closing():
            return
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._respond(
                408, {"error": "request_timeout", "error_description": "The request took too long to arrive."}
            )
        self.transport.close()

    def _respond(self, status: int, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def _watch_reading(self) -> None:
        waiting = self.transport.get_write_buffer_size()

        def check() -> None:
            if self.transport.get_write_buffer_size() > waiting - LEAST_READ:
                self.transport.abort()
            else:
                self._watch_reading()

        self._output_timer = self.loop.call_later(self.time_limit, check)

    def _stop_watching(self) -> None:
        if self._output_timer is not None:
            self._output_timer.cancel()
            self._output_timer = None


def _address(connection: Any) -> str | None:  # noqa: ANN401 - any of uvicorn's protocols
    return connection.client[0] if connection.client else None


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)


class Listener(uvicorn.Server):
    """A uvicorn server with callbacks after start and before stop, which does not re-raise signals."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = started
        self._on_stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Handle signals without re-raising them at the end, because a requested stop is a success."""
        before = {kind: signal.signal(kind, self.handle_exit) for kind in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)
