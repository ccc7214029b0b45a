"""Cursors: where a list goes on, as a text that a client hands back unread."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from tools.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping


def cursor_after(last: int, asked: Mapping[str, Any]) -> str:
    """The cursor of the page that begins after id `last`, of the list that was `asked` for."""
    return base64.urlsafe_b64encode(json.dumps([last, _mark(asked)]).encode()).decode()


def last_of(cursor: str, asked: Mapping[str, Any]) -> int:
    """The id after which to go on. Raises InvalidInput for a cursor that is none, or of another list."""
    try:
        read = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        read = None
    if isinstance(read, list) and len(parts := cast("list[object]", read)) == 2:  # noqa: PLR2004 - id and mark
        last, mark = parts
        if mark == _mark(asked) and isinstance(last, int):
            return last
    raise InvalidInput(
        "cursor is not one that this list gave.",
        "Send next_cursor as it came with the same arguments, or leave cursor out to begin again.",
    )


def _mark(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(asked), sort_keys=True).encode()).hexdigest()[:16]
