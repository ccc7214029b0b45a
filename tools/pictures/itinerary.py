"""The days and stays of a trip as its picture shows them, from any stored shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from tools.answers.bounds import fitting, weight
from tools.pictures.words import Span, text
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import DAY, ITEM, STAY, TRANSPORT, clock_of, is_off, moment_of, text_of
from tools.trip.itinerary.warnings import Period, nights_without_stay
from tools.trip.itinerary.whole import Itinerary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from database.engine import Row
    from tools.trip.itinerary.days import Day

# The longest trip of which each day is shown; of a longer one, only the planned days are.
LONGEST_TRIP = 200

# The longest text shown instead of a time of day, such as "morning".
LONGEST_TIME = 20

# Numbers of items shown of a day: the first that lets all days fit.
ITEMS_SHOWN = (40, 20, 12, 8, 6, 4, 3, 2, 1, 0)

_WEEKDAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}


class Item(BaseModel):
    time: str | None = Field(description="Local time.")
    title: str = Field(description="Title.")
    place: str | None = Field(description="Place.")


class PictureDay(BaseModel):
    date: str = Field(description="Date; blank if unknown.")
    title: str | None = Field(description="Title.")
    items: list[Item] = Field(description="Items, transport among them.")
    items_more: int = Field(description="Items left out.")


class Stay(Span):
    name: str = Field(description="Name.")
    nights: int | None = Field(description="Nights.")
    confirmation: str | None = Field(description="Confirmation.")


@dataclass
class Planned:
    """A day of the trip, with its items and the minutes that they start at."""

    title: str = ""
    items: list[tuple[int | None, Item]] = field(default_factory=list[tuple[int | None, Item]])

    def add(self, day: Day) -> None:
        """Add a day of the schedule; a day without items but with a description has that as its item."""
        title, description = (text_of(DAY, day.value, name) for name in ("title", "description"))
        self.title = self.title or ("" if title.lower() in _WEEKDAYS else title)
        standing = [slot.value for slot in day.items if not is_off(slot.value)]
        self.items += [(clock_of(value, "start_time").minute, _item(value)) for value in standing]
        if description and not day.items:
            self.items.append((None, Item(time=None, title=text(description), place=None)))

    def insert(self, minute: int | None, item: Item) -> None:
        """Place an item before the first that starts later, else last."""
        later = [at for at, (start, _) in enumerate(self.items) if _is_later(start, minute)]
        self.items.insert(later[0] if later else len(self.items), (minute, item))


class Plan:
    """The planned days of a trip by date, None for items without a date, its stays, and what is cancelled, by name."""

    def __init__(self, trip: Row) -> None:
        self._itinerary = Itinerary.of(trip, trip["start_date"])
        self.period = Period.of(trip["start_date"], trip["end_date"])
        self._days: dict[date | None, Planned] = {}
        for day in self._itinerary.schedule.days:
            self._on(self._itinerary.schedule.date_of(day)).add(day)
        for slot in self._itinerary.transport.slots:
            at = moment_of(TRANSPORT, slot.value, "depart")
            if (item := _ride(slot.value, at.minute)) and not is_off(slot.value):
                self._on(at.day).insert(at.minute, item)
        recorded = list(self._stays())
        stays = [*recorded, *self._hotels_of_days(recorded)]
        self.stays = sorted(stays, key=lambda stay: (not stay.first, stay.first))
        self.cancelled = list(self._cancelled())
        self.bare_nights = next(nights_without_stay(self._itinerary, self.period), None)

    @property
    def nights(self) -> int | None:
        return (self.period.last - self.period.first).days if self.period else None

    @property
    def unplanned(self) -> list[date]:
        """The days of the trip without a plan; none if nothing at all is planned."""
        if not any(one.items for one in self._days.values()):
            return []
        return [day for day in self._period_days() if day not in self._days or not self._days[day].items]

    def days(self, room: int) -> tuple[list[PictureDay], int]:
        """Return the days and items of each that fit into `room` bytes, and the number of days left out."""
        dated = sorted({*self._period_days(), *(day for day in self._days if day)})
        every: list[date | None] = [*dated, *([None] if None in self._days else [])]
        shown = [(day, self._days.get(day, Planned())) for day in every[:LONGEST_TRIP]]
        days: list[PictureDay] = []
        for most in ITEMS_SHOWN:
            days = [_shown(*one, most) for one in shown]
            if weight([one.model_dump() for one in days]) <= room:
                break
        days = days[: fitting(days, room)]
        return days, len(every) - len(days)

    def _on(self, day: date | None) -> Planned:
        return self._days.setdefault(day, Planned())

    def _period_days(self) -> list[date]:
        """Return each day of the trip, or none if there are too many for a picture."""
        nights = self.nights
        if self.period is None or nights is None or nights >= LONGEST_TRIP:
            return []
        return [self.period.first + timedelta(number) for number in range(nights + 1)]

    def _stays(self) -> Iterator[Stay]:
        for slot in self._itinerary.stays.slots:
            name, city = text_of(STAY, slot.value, "name"), text_of(STAY, slot.value, "city")
            start, end = (moment_of(STAY, slot.value, field).day for field in ("check_in", "check_out"))
            if (name or city) and not is_off(slot.value):
                yield Stay(
                    first=start.isoformat() if start else "",
                    last=end.isoformat() if end else "",
                    name=text(", ".join(filter(None, (name, "" if city in name else city)))),
                    nights=max((end - start).days, 0) if start and end else None,
                    confirmation=text(text_of(STAY, slot.value, "confirmation")) or None,
                )

    def _cancelled(self) -> Iterator[str]:
        """Yield the names of the entries that don't take place."""
        stays, transport = self._itinerary.stays.slots, self._itinerary.transport.slots
        for slot in (*self._itinerary.schedule.items, *stays, *transport):
            if is_off(slot.value):
                names = [text_of(STAY, slot.value, "name"), text_of(ITEM, slot.value, "title")]
                ride = _ride(slot.value, None)
                yield text(next(filter(None, [*names, ride.title if ride else ""]), "Untitled"))

    def _hotels_of_days(self, recorded: list[Stay]) -> Iterator[Stay]:
        """Yield a stay for consecutive nights in a hotel that only the days name."""
        schedule = self._itinerary.schedule
        named = {day: one.hotels[0] for one in schedule.days if (day := schedule.date_of(one)) and one.hotels}
        free = [day for day in sorted(named) if not any(stay.first <= day.isoformat() < stay.last for stay in recorded)]
        # Consecutive days differ from their place in the list by the same number of days.
        for (name, _), run in groupby(
            enumerate(free), lambda pair: (text_of(STAY, named[pair[1]], "name"), pair[1].toordinal() - pair[0])
        ):
            nights = [day for _, day in run]
            yield Stay(
                first=nights[0].isoformat(),
                last=(times.added(nights[-1], 1) or nights[-1]).isoformat(),
                name=text(name),
                nights=len(nights),
                confirmation=text(text_of(STAY, named[nights[0]], "confirmation")) or None,
            )


def _is_later(start: int | None, minute: int | None) -> bool:
    return start is not None and minute is not None and start > minute


def _shown(day: date | None, planned: Planned, most: int) -> PictureDay:
    items = [item for _, item in planned.items]
    return PictureDay(
        date=day.isoformat() if day else "",
        title=text(planned.title) or None,
        items=items[:most],
        items_more=max(len(items) - most, 0),
    )


def _item(value: object) -> Item:
    title = text_of(ITEM, value, "title") or text_of(ITEM, value, "type") or text_of(ITEM, value, "notes")
    place = text_of(ITEM, value, "location")
    minute = clock_of(value, "start_time").minute
    return Item(
        time=text(text_of(ITEM, value, "start_time"))[:LONGEST_TIME] or None if minute is None else times.shown(minute),
        title=text(title or "Untitled"),
        place=text(place) or None,
    )


def _ride(value: object, minute: int | None) -> Item | None:
    """Return the departure of a transport, or None if nothing tells what it is."""
    kind, number, start, end = (text_of(TRANSPORT, value, name) for name in ("type", "number", "from", "to"))
    vehicle = " ".join(filter(None, (kind[:1].upper() + kind[1:], number)))
    title = ", ".join(filter(None, (vehicle, " to ".join(filter(None, (start, end))))))
    if not title:
        return None
    return Item(time=None if minute is None else times.shown(minute), title=text(title), place=None)
