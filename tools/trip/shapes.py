"""Read JSON columns of trips and clients in any stored shape without loss, and write valid JSON."""

from __future__ import annotations

import json
import math
import re
import secrets
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

# Maximum nesting depth of JSON, far deeper than real data.
DEPTH = 100

# A lone surrogate. JSON may contain one in escaped form if a program cut a text in the middle of an emoji.
_SURROGATE = re.compile("[\ud800-\udfff]")

# Levels reserved for a column's own structure around the values that a call sends.
OUTER_DEPTH = 10


def load_for_answer(text: object) -> Any:  # noqa: ANN401 - JSON
    """Load a JSON column for an answer, with lone surrogates replaced."""
    return replace_surrogates(load_json(text))


def load_json(text: object) -> Any:  # noqa: ANN401 - JSON
    """Load a JSON column so that it can be written back. NULL and blank become None; invalid JSON stays text.

    JSON that could be read but not written back also stays text: infinite numbers, or nesting deeper than DEPTH.
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
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is too large")
    return value


def _require_depth(value: object, depth: int) -> None:
    """Raise ValueError if the value is nested more than `depth` levels deep."""
    if isinstance(value, list | dict):
        if not depth:
            raise ValueError("too deep")
        children = cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
        for child in children:
            _require_depth(child, depth - 1)


def storable(value: object) -> bool:
    """Return True if the value can be stored inside a JSON column and read back."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        _require_depth(value, DEPTH - OUTER_DEPTH)
    except (ValueError, RecursionError):
        return False
    return True


def dump_json(value: object) -> str:
    """Return the value as compact JSON, with lone surrogates escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def replace_surrogates(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Replace lone surrogates, which can't be encoded as UTF-8, with U+FFFD."""
    if isinstance(value, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [replace_surrogates(one) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {replace_surrogates(key): replace_surrogates(one) for key, one in cast("dict[Any, Any]", value).items()}
    return value


def as_list(value: object) -> list[Any]:
    """Return a list unchanged, None or {} as an empty list, and any other value in a list of one."""
    if value is None or value == {}:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def as_object(value: object, key: str) -> dict[str, Any]:
    """Return an object unchanged, None or [] as an empty object, and any other value under `key`."""
    if value is None or value == []:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {key: value}


def new_note(note: str, now: str, *, shared: bool = False) -> dict[str, Any]:
    """Return a note with an id. One that is not shared is for the team only."""
    return {"id": secrets.token_hex(4), "note": note, "timestamp": now} | ({"shared": True} if shared else {})


def shared_notes(notes: object) -> list[Any]:
    """Return the notes that may be shown to clients."""
    objects = [cast("dict[str, Any]", one) for one in _listed_notes(notes) if isinstance(one, dict)]
    return [one for one in objects if one.get("shared") is True and one.get("audience", "clients") == "clients"]


def with_note(notes: object, item: Mapping[str, Any]) -> object:
    """Add a note: to a list as an item, or to a non-empty object under its key `notes`."""
    if isinstance(notes, dict) and cast("dict[str, Any]", notes):
        own = cast("dict[str, Any]", notes)
        return own | {"notes": [*as_list(own.get("notes")), item]}
    return [*as_list(cast("object", notes)), item]


def note_at(notes: object, place: str | int) -> object:
    """Return the note at a place from `note_places`."""
    return cast("dict[str, object]", notes)[place] if isinstance(place, str) else _listed_notes(notes)[place]


def note_places(notes: object) -> list[tuple[str, str | int]]:
    """Return the note_id and the place of each note.

    The note_id is the note's own id, its number from 1 if it has none, or its key in an object of notes. "#" and the
    number always work.
    """
    places: list[tuple[str, str | int]] = []
    if isinstance(notes, dict):
        places += [(key, key) for key in cast("dict[str, Any]", notes) if key != "notes"]
    for number, item in enumerate(_listed_notes(cast("object", notes))):
        own = cast("dict[str, Any]", item).get("id") if isinstance(item, dict) else None
        known = str(own).strip() if isinstance(own, str | int) else ""
        places += [(known or str(number + 1), number), (f"#{number + 1}", number)]
    return places


def with_changed_note(
    notes: object, place: str | int, note: str | None, now: str, *, shared: bool | None = None
) -> object:
    """Replace the text of a note and keep its other keys, or remove the note if `note` is None."""
    if isinstance(place, str):
        own = cast("dict[str, Any]", notes)
        rest = {key: value for key, value in own.items() if key != place}
        return rest if note is None else own | {place: note}
    items = list(_listed_notes(notes))
    if note is None:
        del items[place]
    elif isinstance(items[place], dict):
        key = next((key for key in ("note", "text", "content") if key in items[place]), "note")
        items[place] = items[place] | {key: note, "edited_at": now} | ({} if shared is None else {"shared": shared})
    else:
        items[place] = note
    return cast("dict[str, Any]", notes) | {"notes": items} if isinstance(notes, dict) else items


def _listed_notes(notes: object) -> list[Any]:
    if isinstance(notes, dict):
        return as_list(cast("dict[str, object]", notes).get("notes"))
    return as_list(notes)


def with_cost(financials: object, cost: float, currency: str | None) -> dict[str, Any]:
    known = as_object(financials, "earlier")
    return known | {"total_cost": cost, "currency": currency or known.get("currency") or "USD"}


def with_document(documents: object, document: dict[str, Any]) -> list[Any]:
    return [*as_list(documents), document]


def workflow(state: object) -> dict[str, Any]:
    """Return the workflow state as an object whose `phase_history` is a list."""
    known = as_object(state, "earlier")
    history = as_list(known.get("phase_history"))
    return known | {"phase_history": history}


def with_phase(  # noqa: PLR0913 - the fields of a phase
    state: object, phase: str, step: int, completion: dict[str, Any] | None, notes: str | None, now: str
) -> dict[str, Any]:
    """Enter a phase; the history records the end time and completion data of the previous one."""
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
