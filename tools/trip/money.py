"""The operations on the money of a trip."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from database.quoting import as_word
from tools.answers.fields import Currency, Money
from tools.trip import shapes
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.operation import Data, TripOperation


class UpdateCost(Data):
    cost: Annotated[Money, Field(description="Total cost.")]
    currency: Annotated[Currency | None, Field(description="Such as EUR; else unchanged.")] = None


def update_cost(draft: TripDraft, data: UpdateCost) -> OperationResult:
    before, draft.total_cost = draft.total_cost, data.cost
    draft.financials = shapes.with_cost(draft.financials, data.cost, data.currency)
    draft.log("CostChanged", f"Total cost: {before} became {data.cost} {draft.financials['currency']}")
    return OperationResult(message=f"Total cost is now {data.cost:.2f} {as_word(draft.financials['currency'])}.")


class UpdateCostOperation(TripOperation):
    apply = update_cost
    type: Literal["update_cost"]
    data: UpdateCost
