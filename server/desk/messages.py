"""JSON-RPC messages as they come in, and the answer to what is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from mcp_types import JSONRPCNotification, jsonrpc_message_adapter
from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp_types import JSONRPCMessage


class NoMessage(Exception):
    """What came is no message; `answer` is what to send back, as JSON."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


def message_of(text: str | bytes) -> JSONRPCMessage:
    """The message. Raises NoMessage, its answer under the request's own id where that can be read."""
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValidationError as error:
        if any(fault["type"] == "json_invalid" for fault in error.errors()):
            words = "Parse error: a message is one JSON text, without halves of characters or numbers without end."
            raise _refusal(-32700, words, _leniently(text)) from error
        words = "Invalid request: a message is one JSON-RPC 2.0 object."
        raise _refusal(-32600, words, _leniently(text)) from error
    # The SDK takes a request whose id is none for a notification, which nobody answers.
    if isinstance(message, JSONRPCNotification) and "id" in (sent := _leniently(text)):
        raise _refusal(-32600, "Invalid request: an id is a text or a whole number.", sent)
    return message


def _refusal(code: int, words: str, sent: dict[str, Any]) -> NoMessage:
    given = sent.get("id")
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    request_id = given if isinstance(given, int | str) and not isinstance(given, bool) else None
    return NoMessage(json.dumps({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": words}}))


def _leniently(text: str | bytes) -> dict[str, Any]:
    """The object that was sent, also where it holds what the SDK does not take; empty where it is none."""
    try:
        sent: object = json.loads(text, parse_int=float)  # a whole number may have more digits than Python counts
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
