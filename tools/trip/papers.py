"""The imported documents of a trip, as a call reads and stores them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from database import documents
from database.engine import Row, Statement
from tools.trip.itinerary.times import instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Papers:
    """The documents of a trip, and when the latest was received that each item came from, by item_id.

    `received` is when the document was stored if nothing tells its date; `dated` has only what is told. `read` is None
    if the call needs no documents. `writes` store what the call changes.
    """

    read: list[Row] | None = None
    received: dict[str, str] = field(default_factory=dict[str, str])
    dated: dict[str, str] = field(default_factory=dict[str, str])
    added: list[Mapping[str, Any]] = field(default_factory=list["Mapping[str, Any]"])
    writes: list[Statement] = field(default_factory=list[Statement])

    @classmethod
    def of(cls, read: list[Row], sources: Sequence[Row]) -> Papers:
        latest = sorted(sources, key=lambda row: (instant(row["at"]), row["source_id"]))
        received = {row["item_id"]: row["at"] or "" for row in latest}
        return cls(read, received, {row["item_id"]: row["dated"] for row in latest if row["dated"]})

    @property
    def known(self) -> list[Mapping[str, Any]]:
        """The documents, with those that this call adds."""
        return [*(self.read or []), *self.added]

    def with_hash(self, sha256: str) -> Mapping[str, Any] | None:
        return next((row for row in self.known if row["sha256"] == sha256), None)

    def guards(self, trip_id: int) -> list[Statement]:
        """Return the statement that fails the batch if the documents changed since they were read."""
        return [documents.guard_unchanged(trip_id, self.read)] if self.writes and self.read is not None else []
