"""Reads the JSON columns of a trip in any shape without loss, and writes valid JSON."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

# Deepest nesting of JSON: an answer can carry it, and people enter far less.
DEPTH = 100

# A lone surrogate: a program that cuts text inside an emoji leaves one in JSON.
_HALF = re.compile("[\ud800-\udfff]")

# Nesting of an argument inside its column.
WITHIN = 10


def load_for_answer(text: object) -> Any:  # noqa: ANN401 - JSON
    """Load a JSON column for an answer, with lone surrogates replaced."""
    return replace_surrogates(load_json(text))


def load_json(text: object) -> Any:  # noqa: ANN401 - JSON
    """Load a JSON column to edit it. NULL and blank are None; text that is not JSON stays text.

    So does JSON that could not be written again: infinite numbers, nesting deeper than DEPTH.
    """
    if text is None or (isinstance(text, str) and not text.strip()):
        return None
    if not isinstance(text, str | bytes):
        return text
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        _require_depth(value, DEPTH)
    except (ValueError, RecursionError):
        return text if isinstance(text, str) else text.decode(errors="replace")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is beyond all bounds")
    return value


def _require_depth(value: object, depth: int) -> None:
    """Raises ValueError if lists and objects are nested more than `depth` deep."""
    if isinstance(value, list | dict):
        if not depth:
            raise ValueError("too deep")
        held = cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
        for part in held:
            _require_depth(part, depth - 1)


def storable(value: object) -> bool:
    """True if the value can be written as JSON inside a column and read back."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        _require_depth(value, DEPTH - WITHIN)
    except (ValueError, RecursionError):
        return False
    return True


def dumped(value: object) -> str:
    """The value as compact JSON; lone surrogates stay escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def replace_surrogates(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The value with each lone surrogate replaced, because no message can carry one."""
    if isinstance(value, str):
        return _HALF.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [replace_surrogates(one) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {replace_surrogates(key): replace_surrogates(one) for key, one in cast("dict[Any, Any]", value).items()}
    return value


def as_list(value: object) -> list[Any]:
    """A list as it is, None as an empty list, anything else as a list of one."""
    if value is None or value == {}:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def as_object(value: object, key: str) -> dict[str, Any]:
    """An object as it is, nothing as an empty one, and anything else kept under `key`."""
    if value is None or value == []:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {key: value}


def with_note(notes: object, note: str, now: str) -> object:
    """The notes and one more. A list gains an item; an object with keys of its own gains it under `notes`."""
    item = {"note": note, "timestamp": now}
    if isinstance(notes, dict) and cast("dict[str, Any]", notes):
        own = cast("dict[str, Any]", notes)
        return own | {"notes": [*as_list(own.get("notes")), item]}
    return [*as_list(cast("object", notes)), item]


def with_cost(financials: object, cost: float, currency: str | None) -> dict[str, Any]:
    known = as_object(financials, "earlier")
    return known | {"total_cost": cost, "currency": currency or known.get("currency") or "USD"}


def with_document(documents: object, document: dict[str, Any]) -> list[Any]:
    return [*as_list(documents), document]


def workflow(state: object) -> dict[str, Any]:
    """The state with `current_phase`, `current_step` and `phase_history` where they can be told."""
    known = as_object(state, "earlier")
    history = as_list(known.get("phase_history"))
    return known | {"phase_history": history}


def with_phase(  # noqa: PLR0913 - what is said of a phase
    state: object, phase: str, step: int, completion: dict[str, Any] | None, notes: str | None, now: str
) -> dict[str, Any]:
    """Enter a phase; the one left keeps its place in the history, with when it ended and what it came to."""
    known = workflow(state)
    history = list(cast("list[Any]", known["phase_history"]))
    left = known.get("current_phase")
    if left:
        last = as_object(history[-1], "earlier") if history else {}
        if last.get("phase") != left:
            history.append({"phase": left})
        ended = {"completed_at": now} | ({"completion_data": completion} if completion else {})
        history[-1] = cast("dict[str, Any]", history[-1]) | ended
    history.append({"phase": phase, "entered_at": now} | ({"notes": notes} if notes else {}))
    return known | {"current_phase": phase, "current_step": step, "phase_history": history}


def with_step(state: object, step: int, data: dict[str, Any] | None) -> dict[str, Any]:
    known = workflow(state)
    steps = as_object(known.get("step_data"), "earlier")
    return known | {"current_step": step} | ({"step_data": steps | {str(step): data}} if data else {})
