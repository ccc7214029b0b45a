"""Entries while a call edits them: each keeps its place as it was read, whatever moves around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from database.quoting import as_word, in_quotes
from tools.answers.errors import InvalidInput, NotFound
from tools.trip.itinerary.entries import own_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.trip.itinerary.entries import Kind

# Number of ids that an error lists.
IDS_SHOWN = 10


@dataclass(eq=False)
class Slot:
    """An entry. `places` are its places as it was read, the one by position first; a new entry has none."""

    value: Any
    places: tuple[str, ...] = ()
    read: Any = None
    ids_read: list[str] = field(default_factory=list[str])

    @classmethod
    def of(cls, value: Any, *places: str) -> Slot:  # noqa: ANN401 - JSON
        return cls(value, tuple(dict.fromkeys(places)), value, own_ids(value))

    def is_called(self, name: str) -> bool:
        """Return True for the entry's id, for # and its position, and for its place if it was read without an id."""
        by_place = bool(self.places) and (name == f"#{self.places[0]}" or (not self.ids_read and name in self.places))
        return by_place or name in own_ids(self.value)

    @property
    def name(self) -> str:
        """The name to call the entry by."""
        return next(iter(own_ids(self.value)), self.places[0] if self.places else "")


def found(slots: Sequence[Slot], name: str, kind: Kind) -> Slot:
    """Return the entry of this id or place. Raises NotFound, or InvalidInput if there are several."""
    matches = [slot for slot in slots if slot.is_called(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        places = ", ".join(f"#{slot.places[0]}" for slot in matches if slot.places)
        raise InvalidInput(
            f"Several entries, each a {kind.name}, have the id or place {in_quotes(name)}.",
            f"Send the place of the one you mean as item_id: {places}.",
        )
    if not slots:
        raise NotFound(f"The trip has no {kind.name}.", "Add one first.")
    raise NotFound(
        f"The trip has no {kind.name} {in_quotes(name)}.", f"Send the item_id of one it has: {_listed(slots)}."
    )


def values(slots: Iterable[Slot]) -> list[Any]:
    return [slot.value for slot in slots]


def _listed(slots: Sequence[Slot]) -> str:
    names = ", ".join(as_word(slot.name) for slot in slots[:IDS_SHOWN])
    return names + (f" and {len(slots) - IDS_SHOWN} more" if len(slots) > IDS_SHOWN else "")
