"""Logging to stderr as lines of text or JSON, without personal data at level info and above.

E-mail addresses are masked and names are never logged. An exception whose message may quote stored data is logged with
its type and traceback only. Call arguments are logged at debug only.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from database.errors import DatabaseError
from database.quoting import as_word, one_line_json, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

Format = Literal["text", "json"]

_EMAIL = re.compile(r"([\w%+-])[\w.%+-]*@(\w)[\w.-]*")

# Exceptions whose messages quote no stored data.
_SAFE = (DatabaseError, sqlite3.Error, OSError)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(level: str, form: Format, stream: TextIO | None = None) -> None:
    """Log to stderr or the given stream. Libraries log only warnings and above, unless the level is debug.

    HTTP clients log no more at debug either: it would be what other servers send.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    number = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(number if number <= logging.DEBUG else max(number, logging.WARNING))
    logging.getLogger("voygen").setLevel(number)
    for name in ("httpcore2", "httpx2", "hpack"):
        logging.getLogger(name).setLevel(logging.WARNING)


def masked(text: str) -> str:
    """Mask e-mail addresses as a***@e***."""
    return _EMAIL.sub(r"\1***@\2***", text)


class _Formatter(logging.Formatter):
    """Collects the fields of a record for both formats. E-mail addresses are masked except at debug."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        found = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
            **_trace(),
        }
        if record.exc_info and record.exc_info[1]:
            found["error"] = _traceback(record.exc_info[1], with_messages=_for_debugging())
        if record.levelno <= logging.DEBUG:
            return found
        return {name: masked(value) if isinstance(value, str) else value for name, value in found.items()}


class JsonFormatter(_Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line_json(self.fields(record), default=str)


class TextFormatter(_Formatter):
    """Formats a record as one line, followed by any traceback, indented so that no text can imitate a record."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        time, level, name, message = (str(fields.pop(key)) for key in ("time", "level", "logger", "message"))
        error = fields.pop("error", None)
        more = "".join(f" {as_word(key)}={as_word(value, None)}" for key, value in fields.items())
        line = f"{time} {level} {name}: {visible(message)}{more}"
        return "\n".join([line, *(f"  {visible(one)}" for one in (error.splitlines() if error else ()))])


def _timestamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _for_debugging() -> bool:
    return logging.getLogger("voygen").isEnabledFor(logging.DEBUG)


def _traceback(error: BaseException, *, with_messages: bool) -> str:
    """Format the traceback of an error and its causes. Without `with_messages`, include only safe messages."""
    if with_messages:
        return "".join(traceback.format_exception(error)).rstrip()
    return "\nfollowed by\n".join(_without_message(one) for one in reversed(list(_chain(error))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _without_message(error: BaseException) -> str:
    message = f": {error}" if isinstance(error, _SAFE) else " (message logged at debug only)"
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + message


def _trace() -> dict[str, str]:
    """Return the ids of the current trace and span, if tracing is on."""
    module = sys.modules.get("opentelemetry.trace")
    context = module.get_current_span().get_span_context() if module else None
    if context is None or not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
