"""Bookings that a page tells in schema.org's words. Offers, ratings and search results are none."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

from documents.model import Activity, Cancellation, Cost, How, Plan, Stay, Transport
from documents.money import CODES, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Node = dict[str, Any]

# The kinds of journeys: mode, names of number, departure and arrival places in the trip.
JOURNEYS = {
    "FlightReservation": ("flight", "flightNumber", "departureAirport", "arrivalAirport"),
    "TrainReservation": ("train", "trainNumber", "departureStation", "arrivalStation"),
    "BusReservation": ("bus", "busNumber", "departureBusStop", "arrivalBusStop"),
    "BoatReservation": ("ferry", "boatNumber", "departureBoatTerminal", "arrivalBoatTerminal"),
}
MOMENT = re.compile(r"(?P<d>\d{4}-\d\d-\d\d)(?:[T ](?P<t>\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?P<z>Z|[+-]\d\d:?\d\d)?)?")


def items_of(nodes: Iterable[Node]) -> Plan:
    """The bookings among a page's objects, those that are cancelled marked so."""
    plan = Plan()
    for node in nodes:
        _take(node, plan, 0)
    return plan


def _take(node: Node, plan: Plan, depth: int) -> None:  # noqa: C901 - one kind of booking a branch
    kind = _text(node.get("@type"))
    if depth < 4:
        for inner in [
            *_objects(node.get("subReservation")),
            *_objects(node.get("reservation") if kind == "Order" else None),
        ]:
            _take(inner, plan, depth + 1)
    if not kind.endswith("Reservation") and kind != "Event" and not kind.endswith("Event"):
        return
    if kind.endswith("Event"):
        _event(node, node, plan)
        return
    count = len(plan.stays) + len(plan.transport) + len(plan.activities)
    booked = _object(node.get("reservationFor"))
    if kind == "LodgingReservation":
        _stay(node, booked, plan)
    elif kind in JOURNEYS:
        _journey(kind, node, booked, plan)
    elif kind in {"RentalCarReservation", "TaxiReservation"}:
        _ride(kind, node, booked, plan)
    elif kind == "FoodEstablishmentReservation":
        _table(node, booked, plan)
    elif booked:
        _event(node, booked, plan)
    made = len(plan.stays) + len(plan.transport) + len(plan.activities) > count
    if made and not is_cancelled(node):
        _cost(node, plan)
    elif not made and is_cancelled(node) and (code := _confirmation(node)):
        plan.cancellations.append(Cancellation("", How.STRUCTURED, confirmation=code, cancelled=True))


def is_cancelled(node: Node) -> bool:
    status = node.get("reservationStatus") or node.get("eventStatus")
    named = _object(status)
    return "cancel" in (_text(named.get("name") or named.get("@id")) or _text(status)).lower()


def _stay(node: Node, booked: Node, plan: Plan) -> None:
    name = _text(booked.get("name"))
    check_in = _moment(node.get("checkinTime") or node.get("checkinDate"))
    check_out = _moment(node.get("checkoutTime") or node.get("checkoutDate"))
    if not _is_name(name) or not check_in or (check_out and check_out[:10] < check_in[:10]):
        return
    nights = (date.fromisoformat(check_out[:10]) - date.fromisoformat(check_in[:10])).days if check_out else None
    address = _object(booked.get("address"))
    plan.stays.append(
        Stay(
            "",
            How.STRUCTURED,
            confirmation=_confirmation(node),
            cancelled=is_cancelled(node),
            name=name,
            check_in=check_in[:10],
            check_out=check_out[:10] if check_out else None,
            nights=nights or None,
            check_in_time=_clock(check_in),
            check_out_time=_clock(check_out),
            location=_text(address.get("addressLocality")) or None,
            room=_text(node.get("lodgingUnitDescription"))
            or _text(_object(node.get("lodgingUnitType")).get("name"))
            or _text(node.get("lodgingUnitType"))
            or None,
        )
    )


def _journey(kind: str, node: Node, booked: Node, plan: Plan) -> None:
    mode, number_name, origin_name, destination_name = JOURNEYS[kind]
    depart, arrive = _moment(booked.get("departureTime")), _moment(booked.get("arrivalTime"))
    if not depart or not _in_order(booked.get("departureTime"), booked.get("arrivalTime")):
        return
    airline = _object(booked.get("airline") or booked.get("provider") or node.get("provider"))
    number = _text(booked.get(number_name))
    code = _text(airline.get("iataCode"))
    if mode == "flight" and number.isdigit() and code:
        number = f"{code}{number}"
    if mode == "flight":
        number = re.sub(r"^([A-Z0-9]{2})\s+(?=\d)", r"\1", number)
    plan.transport.append(
        Transport(
            "",
            How.STRUCTURED,
            confirmation=_confirmation(node),
            cancelled=is_cancelled(node),
            mode=mode,
            number=number or _text(booked.get("trainName")) or _text(booked.get("busName")) or None,
            carrier=_text(airline.get("name")) or None,
            origin=_place(booked.get(origin_name) or booked.get("departureStation") or booked.get("departureTerminal")),
            destination=_place(
                booked.get(destination_name) or booked.get("arrivalStation") or booked.get("arrivalTerminal")
            ),
            depart=depart,
            arrive=arrive,
            duration=_duration(booked.get("departureTime"), booked.get("arrivalTime")),
        )
    )


def _ride(kind: str, node: Node, booked: Node, plan: Plan) -> None:
    begin, end = _moment(node.get("pickupTime")), _moment(node.get("dropoffTime"))
    if not begin or (end and end < begin):
        return
    provider = _object(booked.get("rentalCompany") or node.get("provider"))
    plan.transport.append(
        Transport(
            "",
            How.STRUCTURED,
            confirmation=_confirmation(node),
            cancelled=is_cancelled(node),
            mode="car" if kind == "RentalCarReservation" else "transfer",
            carrier=_text(provider.get("name")) or None,
            origin=_place(node.get("pickupLocation")),
            destination=_place(node.get("dropoffLocation")),
            depart=begin,
            arrive=end,
        )
    )


def _table(node: Node, booked: Node, plan: Plan) -> None:
    begin = _moment(node.get("startTime"))
    name = _text(booked.get("name"))
    if begin and _is_name(name):
        _activity(node, name, begin, _moment(node.get("endTime")), _place(booked.get("address")), plan)


def _event(node: Node, event: Node, plan: Plan) -> None:
    begin = _moment(event.get("startDate"))
    end = _moment(event.get("endDate"))
    name = _text(event.get("name"))
    if begin and _is_name(name) and not (end and end[:10] < begin[:10]):
        _activity(node, name, begin, end, _place(event.get("location")), plan)


def _activity(  # noqa: PLR0913 - what an activity has
    node: Node, title: str, begin: str, end: str | None, location: str | None, plan: Plan
) -> None:
    if begin.endswith("Z"):
        return
    same_day = end and end[:10] == begin[:10] and end > begin
    plan.activities.append(
        Activity(
            "",
            How.STRUCTURED,
            confirmation=_confirmation(node),
            cancelled=is_cancelled(node),
            date=begin[:10],
            time=_clock(begin),
            end_time=_clock(end) if same_day else None,
            title=title,
            location=location,
        )
    )


def _cost(node: Node, plan: Plan) -> None:
    price = node.get("totalPrice", node.get("price"))
    inner = _object(price)
    currency = _text(node.get("priceCurrency")) or _text(inner.get("priceCurrency") or inner.get("currency"))
    written = _text(inner.get("price") or inner.get("value")) if inner else _text(price)
    amount = _amount(written, currency)
    if amount is None or amount <= 0 or currency not in CODES:
        return
    plan.costs.append(
        Cost("", How.STRUCTURED, confirmation=_confirmation(node), amount=amount, currency=currency, of="total")
    )


def _amount(written: str, currency: str) -> Decimal | None:
    """A price; a point is the decimal separator (https://schema.org/price)."""
    plain = re.sub(r"[^\d.,]", "", written)
    try:
        return Decimal(plain)
    except InvalidOperation:
        return value_of(plain, currency) if re.search(r"\d", plain) else None


def _moment(value: object) -> str | None:
    """A local date or date and time, with Z if it was told in UTC."""
    text = _text(value)
    match = MOMENT.fullmatch(text)
    if not match:
        return None
    try:
        datetime.fromisoformat(f"{match['d']}T{match['t'] or '00:00'}")
    except ValueError:
        return None
    if not match["t"]:
        return match["d"]
    return f"{match['d']}T{match['t']}{'Z' if match['z'] == 'Z' else ''}"


def _clock(moment: str | None) -> str | None:
    """The local time of a moment. Midnight stands for a day without a time."""
    if not moment or len(moment) != 16 or moment.endswith("00:00"):
        return None
    return moment[11:]


def _zoned(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _in_order(begin: object, end: object) -> bool:
    """Return True if a journey doesn't end before it begins, where zones let that be seen."""
    first, last = _zoned(begin), _zoned(end)
    if first and last:
        return first <= last
    days = _moment(begin), _moment(end)
    return not (days[0] and days[1]) or (date.fromisoformat(days[1][:10]) - date.fromisoformat(days[0][:10])).days >= -1


def _duration(begin: object, end: object) -> int | None:
    first, last = _zoned(begin), _zoned(end)
    return int((last - first).total_seconds()) if first and last else None


def _confirmation(node: Node) -> str | None:
    return _text(node.get("reservationNumber") or node.get("reservationId")) or None


def _place(value: object) -> str | None:
    """A place as its name with its code, or its town."""
    if isinstance(value, str):
        return value or None
    node = _object(value)
    name = _text(node.get("name"))
    code = _text(node.get("iataCode"))
    if name and code and code not in name:
        return f"{name} ({code})"
    address = node.get("address")
    town = address if isinstance(address, str) else _text(_object(address).get("addressLocality"))
    return name or code or town or _text(node.get("addressLocality")) or None


def _is_name(text: str) -> bool:
    return bool(text) and "@" not in text


def _text(value: object) -> str:
    if isinstance(value, list) and value:
        value = cast("list[object]", value)[0]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()


def _objects(value: object) -> list[Node]:
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("Node", one) for one in values if isinstance(one, dict)]


def _object(value: object) -> Node:
    return (_objects(value) or [{}])[0]
