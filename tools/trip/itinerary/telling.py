"""Results of the operations on an itinerary: what was done, and the entry as it is now stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.answers.errors import InvalidInput
from tools.trip import shapes
from tools.trip.draft import OperationResult
from tools.trip.itinerary.entries import title_of

if TYPE_CHECKING:
    from tools.trip.draft import TripDraft
    from tools.trip.itinerary.entries import Kind
    from tools.trip.itinerary.inputs import RemoveEntry
    from tools.trip.itinerary.shifting import Moved
    from tools.trip.itinerary.slots import Slot
    from tools.trip.operation import Data

# Characters of a title that the activity log repeats.
TITLE_LOGGED = 300


def sent_fields(data: Data, *others: str) -> dict[str, Any]:
    """Return the fields that were sent, except `others`; None for those that null removes."""
    fields = {name: getattr(data, name) for name in type(data).model_fields if name in data.model_fields_set}
    # A null that removes a field is "" in the model; any other null was not meant.
    return {
        name: None if value == "" else _plain(value)
        for name, value in fields.items()
        if value is not None and name not in others
    }


def require_change(change: object, data: Data) -> None:
    """Raise InvalidInput if an update changes nothing."""
    if not change:
        names = ", ".join(name for name in type(data).model_fields if name != "item_id")
        raise InvalidInput("data contains no change.", f"Send at least one of {names}.")


def result(slot: Slot, message: str) -> OperationResult:
    return OperationResult(message=message, item_id=slot.name or None, entry=shapes.replace_surrogates(slot.value))


def changed(kind: Kind, slot: Slot, where: str = "", note: str = "", *, got_id: bool) -> OperationResult:
    new = f" It had no id; its item_id is now {as_word(slot.name)}." if got_id else ""
    return result(slot, f"{called(kind, slot)} is changed{where}.{note}{new}")


def removed(kind: Kind, slot: Slot, where: str = "") -> OperationResult:
    return result(slot, f"{called(kind, slot)} is removed{where}; a copy is kept in orphaned_rows.")


def called(kind: Kind, slot: Slot) -> str:
    title = title_of(kind, slot.value)
    return f"{kind.name.capitalize()} {in_quotes(title) if title else as_word(slot.name)}"


def logged(kind: Kind, slot: Slot) -> str:
    return title_of(kind, slot.value)[:TITLE_LOGGED] or slot.name


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field's value
    """Return a whole amount as an integer, as people write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def update_entry(draft: TripDraft, kind: Kind, data: RemoveEntry, activity: str) -> OperationResult:
    """Change the fields that were sent of a stay or transport."""
    slot = draft.itinerary.find(kind, data.item_id)
    fields = sent_fields(data, "item_id")
    require_change(fields, data)
    got_id = draft.itinerary.edit(kind, slot, fields)
    draft.log(activity, logged(kind, slot))
    return changed(kind, slot, got_id=got_id)


def remove_entry(draft: TripDraft, kind: Kind, data: RemoveEntry, activity: str) -> OperationResult:
    """Remove a stay or transport."""
    slot = draft.itinerary.find(kind, data.item_id)
    draft.itinerary.remove(kind, slot)
    draft.log(activity, logged(kind, slot))
    return removed(kind, slot)


def moved_words(moved: Moved, days: int) -> str:
    """Describe what moved along and what did not, with a leading space."""
    counts = [
        f"{count} {one if count == 1 else many}"
        for count, one, many in (
            (moved.days, "day", "days"), (moved.stays, "stay", "stays"), (moved.transport, "transport", "transports")
        )
        if count
    ]  # fmt: skip
    by = f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'later' if days > 0 else 'earlier'}"
    told = f" Moved {by}: {', '.join(counts)}." if counts else ""
    if moved.unreadable:
        told += f" Not moved, because not a date: {named([f'{at} {as_word(one)}' for at, one in moved.unreadable])}."
    return told
