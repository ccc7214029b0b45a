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
    is_removed: bool = False

    @classmethod
    def of(cls, value: Any, *places: str) -> Slot:  # noqa: ANN401 - JSON
        return cls(value, tuple(dict.fromkeys(places)), value, own_ids(value))

    @property
    def names(self) -> set[str]:
        """The entry's ids, # and its position, and its places if it was read without an id."""
        position = [f"#{place}" for place in self.places[:1]]
        return {*own_ids(self.value), *position, *(() if self.ids_read else self.places)}

    @property
    def name(self) -> str:
        """The name to call the entry by."""
        return next(iter(own_ids(self.value)), self.places[0] if self.places else "")


class Names:
    """The entries of a kind by the names that they can be called by."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        self._by_name: dict[str, list[Slot]] = {}
        for slot in slots:
            self.add(slot)

    def add(self, slot: Slot) -> None:
        """Add a new entry, or one that got an id."""
        for name in slot.names:
            known = self._by_name.setdefault(name, [])
            if slot not in known:
                known.append(slot)

    def called(self, name: str) -> list[Slot]:
        return [slot for slot in self._by_name.get(name, []) if not slot.is_removed]


def only(matches: Sequence[Slot], slots: Sequence[Slot], name: str, kind: Kind) -> Slot:
    """Return the only match of `slots`. Raises NotFound if there is none, or InvalidInput if there are several."""
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
