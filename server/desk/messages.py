"""Parse incoming JSON-RPC messages, and answer invalid ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from mcp_types import JSONRPCNotification, jsonrpc_message_adapter
from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp_types import JSONRPCMessage


class InvalidMessage(Exception):
    """The input is not a valid message; `answer` is the JSON to send back."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


def parse_message(text: str | bytes) -> JSONRPCMessage:
    """Parse a message. Raises InvalidMessage, whose answer includes the request's id if it is readable."""
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValidationError as error:
        if any(fault["type"] == "json_invalid" for fault in error.errors()):
            problem = "Parse error: a message must be one JSON text, without lone surrogates, NaN or infinity."
            raise _refusal(-32700, problem, _leniently(text)) from error
        problem = "Invalid request: a message must be one JSON-RPC 2.0 object."
        raise _refusal(-32600, problem, _leniently(text)) from error
    # The SDK reads a request with an invalid id as a notification, which gets no answer.
    if isinstance(message, JSONRPCNotification) and "id" in (sent := _leniently(text)):
        raise _refusal(-32600, "Invalid request: an id must be a string or an integer.", sent)
    return message


def _refusal(code: int, message: str, sent: dict[str, Any]) -> InvalidMessage:
    sent_id = sent.get("id")
    if isinstance(sent_id, float) and sent_id.is_integer():
        sent_id = int(sent_id)
    request_id = sent_id if isinstance(sent_id, int | str) and not isinstance(sent_id, bool) else None
    return InvalidMessage(json.dumps({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}))


def _leniently(text: str | bytes) -> dict[str, Any]:
    """Parse a JSON object more leniently than the SDK does. Returns {} for anything else."""
    try:
        sent: object = json.loads(text, parse_int=float)  # int rejects very long numbers
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
