"""A trip as it is after a write, so that an agent need not read it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BaseModel, Field, WrapSerializer, WrapValidator, model_validator

from tools.answers.bounds import shortened
from tools.answers.guests import link
from tools.answers.models import Contact, Plain, TripMoney, Written
from tools.trip.amounts import number, thousandths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from database.engine import Row

# Maximum length of a name in the list of people.
NAME_LENGTH = 100


class TripState(TripMoney):
    destinations: Written = Field(description="Destinations.")
    primary_client_email: Contact = Field(description="Primary client.")
    people: list[str] = Field(description="Everybody on the trip, with roles; not listed beyond 40.")
    assignments: int = Field(description="Number of clients' roles on the trip.")

    @model_validator(mode="before")
    @classmethod
    def _with_people(cls, state: Any) -> Any:  # noqa: ANN401 - the JSON of database.state.STATE, or such an answer
        if not isinstance(state, dict) or "clients" not in state:
            return cast("Any", state)
        read = cast("dict[str, Any]", state)
        clients = cast("list[tuple[str | None, str]]", read["clients"])
        people = [f"{shortened(name or '?', NAME_LENGTH)} ({shortened(roles, NAME_LENGTH)})" for name, roles in clients]
        total, paid = thousandths(read["total_cost"]), thousandths(read["paid"])
        money = {"paid": number(paid), "balance": number(total - paid), "currency": read["currency"] or "USD"}
        return {**read, **money, "people": [*people, *read["guests"]]}


# A value, or the placeholder that stands for it until the batch has run.
_LATER = (
    WrapValidator(lambda value, validate: value if isinstance(value, int) else validate(value)),
    WrapSerializer(lambda value, serialize: value if isinstance(value, int) else serialize(value)),
)
LaterState = Annotated[TripState, *_LATER]


class ClientOnTrip(BaseModel):
    """A trip of a client after a write."""

    trip_id: int = Field(description="Trip id.")
    trip_name: Plain = Field(description="Trip name.")
    roles: Written = Field(description="The client's roles; null if none.")
    primary_client: bool = Field(description="True if they are its primary client.")


LaterTrips = Annotated[list[ClientOnTrip], *_LATER]


def guest_names(guests: Iterable[Row]) -> list[str]:
    """Name guests with their roles."""
    return [
        f"{shortened(str(one['name']), NAME_LENGTH)} ({shortened(str(one['role']), NAME_LENGTH)}, "
        f"{link(one['shares_with'])})"
        for one in guests
    ]
