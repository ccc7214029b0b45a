"""Accept the forms in which clients and proxies send requests, and answer in a form that the client accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Form = Literal["json", "event"]

_JSON, _EVENTS = "application/json", "text/event-stream"
_OTHER_JSON = frozenset({_JSON, "text/json", "application/json-rpc", "application/jsonrequest"})


class PlainTargets:
    """Serves a path with or without slashes at its end, and takes the host of an absolute URL as the request's Host.

    Redirects are no use here: many clients don't repeat a POST, and behind a proxy that terminates TLS the server
    doesn't know its own URL. See https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2 for absolute URLs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(_plain(scope) if scope["type"] == "http" else scope, receive, send)


def _plain(scope: Scope) -> Scope:
    path: str = scope["path"]
    headers = scope["headers"]
    if path.lower().startswith(("http://", "https://")):
        authority, _, path = path.partition("://")[2].partition("/")
        headers = [*_without(headers, b"host"), (b"host", authority.encode("latin-1", "replace"))]
    path = "/" + "/".join(filter(None, path.split("/")))
    return {**scope, "path": path, "raw_path": path.encode("utf-8", "replace"), "headers": headers}


def form_accepted(accept: Sequence[str]) -> Form | None:
    """Return the form of answer for the values of the Accept header: JSON if possible, or else one event."""
    ranges = dict(_ranges(accept))
    if not ranges or _is_accepted(ranges, _JSON):
        return "json"
    return "event" if _is_accepted(ranges, _EVENTS) else None


def is_json(content_type: Sequence[str]) -> bool:
    """Return True if these values of the Content-Type header, or no values, allow for JSON."""
    kinds = [kind.strip().lower() for value in content_type for kind in value.partition(";")[0].split(",")]
    return all(
        not kind or kind in _OTHER_JSON or (kind.startswith("application/") and kind.endswith("+json"))
        for kind in kinds
    )


def with_usual_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers as the SDK wants them: its own content types, and no empty or repeated protocol version."""
    usual = [(b"accept", b"application/json, text/event-stream"), (b"content-type", _JSON.encode())]
    others = [*_without(headers, b"accept", b"content-type", b"mcp-protocol-version")]
    sent = (value.split(b",") for name, value in headers if name == b"mcp-protocol-version")
    versions = {one.strip(): None for values in sent for one in values if one.strip()}
    return [*others, *usual, *((b"mcp-protocol-version", version) for version in versions)]


def as_event(send: Send) -> Send:
    """Wrap `send` so that a successful JSON answer goes out as one server-sent event."""
    head: Message | None = None
    body = bytearray()

    async def convert(message: Message) -> None:
        nonlocal head
        if message["type"] == "http.response.start" and message["status"] == 200 and _has_json(message):  # noqa: PLR2004 - OK
            head = message
        elif head is None:
            await send(message)
        else:
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                event = b"event: message\r\ndata: " + bytes(body) + b"\r\n\r\n"
                kept = _without(head["headers"], b"content-type", b"content-length")
                length = (b"content-length", str(len(event)).encode())
                await send({**head, "headers": [*kept, (b"content-type", _EVENTS.encode()), length]})
                await send({"type": "http.response.body", "body": event})

    return convert


def _has_json(message: Message) -> bool:
    return any(name.lower() == b"content-type" and value == _JSON.encode() for name, value in message["headers"])


def _without(headers: Iterable[tuple[bytes, bytes]], *names: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in names]


def _ranges(accept: Iterable[str]) -> Iterable[tuple[str, float]]:
    """Yield each media range with its quality, which is 1 if it is missing or invalid."""
    for value in accept:
        for part in value.split(","):
            kind, *parameters = (one.strip().lower() for one in part.split(";"))
            if kind:
                yield kind, _quality(parameters)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0


def _is_accepted(ranges: dict[str, Any], kind: str) -> bool:
    """Return True if the most specific range that matches has a quality above 0."""
    matching = (kind, kind.partition("/")[0] + "/*", "*/*", "*")
    return next((ranges[one] for one in matching if one in ranges), 0) > 0
