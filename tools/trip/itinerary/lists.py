"""Stays and transport, in any stored shape."""

from __future__ import annotations

from typing import Any, cast

from tools.trip import shapes
from tools.trip.itinerary.entries import fields_of
from tools.trip.itinerary.slots import Slot, values


class Entries:
    """A list of entries as a call edits it."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - JSON
        self.read = value
        self._holder = _holder(value)
        self._inner = cast("object", fields_of(value)[self._holder] if self._holder else value)
        self.slots = [Slot.of(one, str(at)) for at, one in enumerate(shapes.as_list(self._inner), 1)]
        self._slots_read = list(self.slots)

    def written(self) -> tuple[Any, list[tuple[object, object]]]:
        """Return the list as JSON, and pairs of changed values and those they were made from."""
        if [(id(one), id(one.value)) for one in self.slots] == [(id(one), id(one.read)) for one in self._slots_read]:
            return self.read, []
        single = bool(fields_of(self._inner)) and self.slots == self._slots_read
        value = self.slots[0].value if single else values(self.slots)
        origins: list[tuple[object, object]] = [(value, self._inner)]
        origins += [(slot.value, slot.read) for slot in self.slots]
        if not self._holder:
            return value, origins
        whole = cast("dict[str, Any]", self.read) | {self._holder: value}
        return whole, [*origins, (whole, self.read)]


def _holder(value: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return the only key of an object that only holds the list."""
    keys = list(fields_of(value).items())
    return keys[0][0] if len(keys) == 1 and isinstance(keys[0][1], list) else None
