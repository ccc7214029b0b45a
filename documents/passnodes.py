"""Conversion of a wallet pass's fields of known meaning to an object in the shape of schema.org."""

from __future__ import annotations

import re
from typing import Any, cast

from documents.plaintext import tidy

Pass = dict[str, Any]

ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
BY_TRANSIT = {
    "PKTransitTypeAir": ("FlightReservation", "Flight", "flightNumber", "Airport"),
    "PKTransitTypeTrain": ("TrainReservation", "TrainTrip", "trainNumber", "Station"),
    "PKTransitTypeBus": ("BusReservation", "BusTrip", "busNumber", "Station"),
    "PKTransitTypeBoat": ("BoatReservation", "BoatTrip", "boatNumber", "Terminal"),
}


def node_of(wallet: Pass) -> Pass | None:
    """Return the booking that the pass's semantic tags tell, or None."""
    tags = _tags(wallet)
    if not tags:
        return None
    if isinstance(wallet.get("boardingPass"), dict):
        return _journey(wallet, tags)
    return _event(tags) if isinstance(wallet.get("eventTicket"), dict) else None


def _journey(wallet: Pass, tags: Pass) -> Pass | None:
    names = BY_TRANSIT.get(str(wallet["boardingPass"].get("transitType")))
    if not names:
        return None
    kind, trip_kind, number, place = names
    trip: Pass = {"@type": trip_kind}
    code = _text(tags, "airlineCode")
    flight = _text(tags, "flightCode") or f"{code} {_text(tags, 'flightNumber')}".strip()
    _put(trip, number, flight if kind == "FlightReservation" else _text(tags, "vehicleNumber"))
    _put(trip, "departureTime", _moment(tags, "currentDepartureDate", "originalDepartureDate"))
    _put(trip, "arrivalTime", _moment(tags, "currentArrivalDate", "originalArrivalDate"))
    for side, tag in (("departure", "departure"), ("arrival", "destination")):
        station: Pass = {"@type": place}
        _put(station, "iataCode", _text(tags, f"{tag}AirportCode"))
        names_of = (f"{tag}AirportName", f"{tag}StationName", f"{tag}LocationDescription")
        _put(station, "name", next((name for tag_name in names_of if (name := _text(tags, tag_name))), ""))
        if len(station) > 1:
            trip[f"{side}{place}"] = station
    return _reservation(kind, tags, trip)


def _event(tags: Pass) -> Pass | None:
    event: Pass = {"@type": "Event"}
    _put(event, "name", _text(tags, "eventName"))
    _put(event, "startDate", _moment(tags, "eventStartDate"))
    _put(event, "endDate", _moment(tags, "eventEndDate"))
    venue = _text(tags, "venueName")
    if venue:
        event["location"] = {"@type": "Place", "name": venue}
    return _reservation("EventReservation", tags, event)


def _reservation(kind: str, tags: Pass, what: Pass) -> Pass | None:
    if len(what) == 1:
        return None
    reservation: Pass = {"@type": kind}
    _put(reservation, "reservationNumber", _text(tags, "confirmationNumber"))
    price = tags.get("totalPrice")
    if isinstance(price, dict):
        _put(reservation, "totalPrice", _text(cast("Pass", price), "amount"))
        _put(reservation, "priceCurrency", _text(cast("Pass", price), "currencyCode"))
    reservation["reservationFor"] = what
    return reservation


def _tags(wallet: Pass) -> Pass:
    """Return the semantic tags of the pass and of its fields."""
    found: Pass = {}
    for style in ("boardingPass", "eventTicket"):
        groups = wallet.get(style)
        each_group: list[Any] = list(cast("Pass", groups).values()) if isinstance(groups, dict) else []
        for fields in each_group:
            for each in cast("list[Any]", fields) if isinstance(fields, list) else []:
                tags = cast("Pass", each).get("semantics") if isinstance(each, dict) else None
                found |= cast("Pass", tags) if isinstance(tags, dict) else {}
    tags = wallet.get("semantics")
    return found | (cast("Pass", tags) if isinstance(tags, dict) else {})


def _text(tags: Pass, name: str) -> str:
    value = tags.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return tidy(str(value))


def _moment(tags: Pass, *names: str) -> str:
    return next((text for name in names if ZONED.fullmatch(text := _text(tags, name))), "")


def _put(node: Pass, name: str, value: str) -> None:
    if value:
        node[name] = value
