"""The log: lines of text or of JSON on stderr, without personal data from the level info on.

E-mail addresses are masked, names are never logged, and of an exception whose words may quote what is stored only the
type and the place are told. The arguments of calls stand in the log at debug alone.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from database.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

Format = Literal["text", "json"]

_EMAIL = re.compile(r"([\w%+-])[\w.%+-]*@(\w)[\w.-]*")

# Exceptions whose words speak of the database and not of what is in it.
_PLAIN = (DatabaseError, sqlite3.Error, OSError)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(level: str, form: Format, stream: TextIO | None = None) -> None:
    """Log to stderr, or the stream. Other libraries are heard from warning on, or all of them at debug."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    number = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(number if number <= logging.DEBUG else max(number, logging.WARNING))
    logging.getLogger("voygen").setLevel(number)


def masked(text: str) -> str:
    """The text with its e-mail addresses as a***@e***."""
    return _EMAIL.sub(r"\1***@\2***", text)


class _Formatter(logging.Formatter):
    """What both forms share: the fields of a record, masked unless it is for debugging."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        said = {
            "time": _written(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
            **_trace(),
        }
        if record.exc_info and record.exc_info[1]:
            said["error"] = _told(record.exc_info[1], whole=_for_debugging())
        if record.levelno <= logging.DEBUG:
            return said
        return {name: masked(value) if isinstance(value, str) else value for name, value in said.items()}


class JsonFormatter(_Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.fields(record), ensure_ascii=False, default=str)


class TextFormatter(_Formatter):
    """A record as one line; a traceback on the lines below."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        time, level, name, message = (str(fields.pop(key)) for key in ("time", "level", "logger", "message"))
        error = fields.pop("error", None)
        more = "".join(f" {key}={value}" for key, value in fields.items())
        line = f"{time} {level} {name}: {message}{more}".replace("\r", "\\r").replace("\n", "\\n")
        return f"{line}\n{error}" if error else line


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _for_debugging() -> bool:
    return logging.getLogger("voygen").isEnabledFor(logging.DEBUG)


def _told(error: BaseException, *, whole: bool) -> str:
    """The traceback, and the exceptions behind it; their words only where they are plain, or all of it."""
    if whole:
        return "".join(traceback.format_exception(error)).rstrip()
    return "\nfollowed by\n".join(_without_words(one) for one in reversed(list(_chain(error))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _without_words(error: BaseException) -> str:
    words = f": {error}" if isinstance(error, _PLAIN) else " (its words are told at debug)"
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + words


def _trace() -> dict[str, str]:
    """The ids of the span that is under way, if traces are kept."""
    module = sys.modules.get("opentelemetry.trace")
    context = module.get_current_span().get_span_context() if module else None
    if context is None or not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
