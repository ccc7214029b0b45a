"""The base of the operations of bulk_trip_operations: each has a type, and data that it is applied with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from tools.answers.sent import Sent
from tools.trip.draft import OperationResult, TripDraft


class Data(Sent):
    """The data of an operation."""


class TripOperation(BaseModel):
    """One operation: a type and the data for it."""

    model_config = ConfigDict(extra="forbid")
    apply: ClassVar[Callable[[TripDraft, Any], OperationResult]]
    # True if `apply` uses the draft's ledger.
    with_money: ClassVar[bool] = False
    # True if `apply` uses the draft's papers.
    with_documents: ClassVar[bool] = False
    # Whether it needs the schedule, stays and transport, which may be large.
    reads_itinerary: ClassVar[bool] = False


class ItineraryOperation(TripOperation):
    """An operation on the schedule, stays or transport."""

    reads_itinerary = True
