"""Parse incoming JSON-RPC messages, and answer invalid ones."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any, cast

from mcp_types import JSONRPCNotification, JSONRPCRequest, jsonrpc_message_adapter
from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp_types import JSONRPCMessage

PARSE_ERROR, INVALID_REQUEST = -32700, -32600

# Largest float that is exactly one integer.
_LARGEST_EXACT = 2**53

_NO_JSON = "a message must be one JSON text, without lone surrogates, NaN or infinity."
_NUL = "the message contains zero bytes, as UTF-16 text does. Send UTF-8."
_NOT_UTF8 = "the message is not UTF-8. Send UTF-8."
_TOO_DEEP = "the message is nested too deeply. Send fewer lists and objects inside each other."


class MendedRequest(JSONRPCRequest):
    """A request that had to be mended, so that its original text must not be parsed again."""


class InvalidMessage(Exception):
    """The input is not a valid message; `answer` is the JSON to send back."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


def without_mark(data: bytes) -> bytes:
    """Remove a byte order mark, which some clients send before their first message."""
    return data.removeprefix(codecs.BOM_UTF8)


def parse_message(data: bytes) -> JSONRPCMessage:
    """Parse a message. Raises InvalidMessage, whose answer includes the request's id if it is readable."""
    try:
        message = jsonrpc_message_adapter.validate_json(data, by_name=False)
    except ValidationError as error:
        raise _invalid(data, error) from error
    # The SDK reads a request with an invalid id as a notification, which gets no answer.
    if isinstance(message, JSONRPCNotification) and "id" in (sent := _leniently(data)):
        return _with_integer_id(message, sent)
    return message


def refusal(code: int, message: str, request_id: object = None) -> str:
    """Build the JSON of an error response."""
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}})


def _with_integer_id(message: JSONRPCNotification, sent: dict[str, Any]) -> MendedRequest:
    """Accept an integer that was written as a float, such as 1.0. Raises InvalidMessage for any other id."""
    request_id = sent["id"]
    if isinstance(request_id, float) and request_id.is_integer() and abs(request_id) <= _LARGEST_EXACT:
        return MendedRequest(jsonrpc="2.0", id=int(request_id), method=message.method, params=message.params)
    raise _refused(INVALID_REQUEST, "Invalid request: an id must be a string or an integer.", sent)


def _invalid(data: bytes, error: ValidationError) -> InvalidMessage:
    found = next(
        (fault for fault in error.errors(include_url=False, include_input=False) if fault["type"] == "json_invalid"),
        None,
    )
    if found:
        reason = str(found.get("ctx", {}).get("error"))
        return _refused(PARSE_ERROR, f"Parse error: {_problem_with(data, reason)}", _leniently(data))
    if data.lstrip().startswith(b"["):
        problem = "Invalid request: batches are not supported. Send each message of the list by itself."
    else:
        problem = "Invalid request: a message must be one JSON-RPC 2.0 object."
    return _refused(INVALID_REQUEST, problem, _leniently(data))


def _problem_with(data: bytes, reason: str) -> str:
    """Say why the data is no JSON. `reason` is the parser's."""
    if b"\0" in data:
        return _NUL
    if "recursion limit" in reason:
        return _TOO_DEEP
    try:
        data.decode()
    except UnicodeDecodeError:
        return _NOT_UTF8
    return _NO_JSON


def _refused(code: int, message: str, sent: dict[str, Any]) -> InvalidMessage:
    sent_id = sent.get("id")
    if isinstance(sent_id, float) and sent_id.is_integer():
        sent_id = int(sent_id)
    request_id = sent_id if isinstance(sent_id, int | str) and not isinstance(sent_id, bool) else None
    return InvalidMessage(refusal(code, message, request_id))


def _leniently(data: bytes) -> dict[str, Any]:
    """Parse a JSON object more leniently than the SDK does. Returns {} for anything else."""
    try:
        sent: object = json.loads(data, parse_int=float)  # int rejects very long numbers
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
