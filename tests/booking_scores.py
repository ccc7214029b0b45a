"""Scores of plans against the expected values of the corpus in tests/bookings."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

from documents.merge import standing
from documents.model import Context, Plan
from documents.planning import plan_of
from documents.reading import read

BOOKINGS = Path(__file__).parent / "bookings"
CLASSES = ("days", "activities", "stays", "transport", "money")
Told = dict[str, Any]


@dataclass
class Score:
    """Counts of right, superfluous and missing values by class, and values that must never appear."""

    right: Counter[str] = field(default_factory=Counter[str])
    extra: Counter[str] = field(default_factory=Counter[str])
    missing: Counter[str] = field(default_factory=Counter[str])
    forbidden: list[str] = field(default_factory=list[str])
    # What is superfluous and missing, to read when a test fails.
    notes: list[str] = field(default_factory=list[str])

    def add(self, other: Score) -> None:
        self.right += other.right
        self.extra += other.extra
        self.missing += other.missing
        self.forbidden += other.forbidden
        self.notes += other.notes

    def precision(self, kind: str) -> float:
        found = self.right[kind] + self.extra[kind]
        return self.right[kind] / found if found else 1.0

    def recall(self, kind: str) -> float:
        there = self.right[kind] + self.missing[kind]
        return self.right[kind] / there if there else 1.0


def expected(path: Path) -> Told:
    return json.loads(path.with_name(path.name + ".expected.json").read_text(encoding="utf-8"))


def inputs(folder: Path = BOOKINGS) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.with_name(path.name + ".expected.json").exists())


def context_of(told: Told) -> Context:
    start, end = (date.fromisoformat(told[name]) if name in told else None for name in ("trip_start", "trip_end"))
    return Context(start, end, trip_currency=told.get("trip_currency"))


def planned(path: Path) -> Plan:
    """The plan of a file, with what was cancelled left out."""
    document = read(path.read_bytes(), filename=path.name)
    return standing(plan_of(document, context_of(expected(path)["context"])))


def told_by(plan: Plan) -> Told:
    """A plan in the form of the expected values."""
    return {
        "days": [day.date for day in plan.days],
        "activities": [
            {"date": one.date, "time": one.time, "title": one.title, "end": one.end_time} for one in plan.activities
        ],
        "stays": [
            {
                "name": one.name,
                "check_in": one.check_in,
                "check_out": one.check_out,
                "nights": one.nights,
                "check_in_time": one.check_in_time,
                "check_out_time": one.check_out_time,
            }
            for one in plan.stays
        ],
        "transport": [
            {
                "kind": one.mode,
                "number": one.number,
                "from": one.origin,
                "to": one.destination,
                "depart": one.depart,
                "arrive": one.arrive,
            }
            for one in plan.transport
        ],
        "money": [
            {"amount": float(one.amount or 0), "currency": one.currency, "of": one.of}
            for one in plan.costs
            if one.of not in {"optional", "range"}
        ],
    }


def score(wanted: Told, got: Told, name: str = "") -> Score:
    """Compare what a document tells with what was found."""
    result = Score()
    left: dict[str, list[Any]] = {kind: list(got[kind]) for kind in CLASSES}
    missing: dict[str, list[Any]] = {}
    for kind in CLASSES:
        missing[kind] = _taken(kind, wanted["expect"][kind], left[kind], result)
        allowed = wanted["optional"].get(kind, [])
        if "any untimed" in allowed:
            left[kind] = [one for one in left[kind] if one.get("time")]
        left[kind] = [one for one in left[kind] if not any(_same(kind, e, one) for e in allowed if e != "any untimed")]
    _settle_moments(wanted["expect"], left, missing, result)
    if not wanted["expect"]["days"]:
        left["days"] = [day for day in left["days"] if day not in _item_days(wanted)]
    for kind in CLASSES:
        result.extra[kind], result.missing[kind] = len(left[kind]), len(missing[kind])
        result.notes += [f"{name}: superfluous {kind} {one}" for one in left[kind]]
        result.notes += [f"{name}: missing {kind} {one}" for one in missing[kind]]
    flat = json.dumps(got, ensure_ascii=False)
    result.forbidden = [f"{name}: {value}" for value in wanted["never"] if value in flat]
    return result


def _taken(kind: str, wanted: list[Any], left: list[Any], result: Score) -> list[Any]:
    missing: list[Any] = []
    for one in wanted:
        place = next((i for i, other in enumerate(left) if _same(kind, one, other)), None)
        if place is None:
            missing.append(one)
        else:
            left.pop(place)
            result.right[kind] += 1
    return missing


def _settle_moments(wanted: Told, left: dict[str, list[Any]], missing: dict[str, list[Any]], result: Score) -> None:
    """A departure found as an activity is no error, nor an activity found as a journey."""
    stated = {moment for one in wanted["transport"] for moment in _moments(one)}
    left["activities"] = [one for one in left["activities"] if f"{one['date']}T{one['time']}" not in stated]
    for one in list(missing["activities"]):
        times = {f"{one['date']}T{time}" for time in _several(one["time"]) if time}
        found = next((i for i, other in enumerate(left["transport"]) if times & _moments(other)), None)
        if found is not None:
            missing["activities"].remove(one)
            result.right["activities"] += 1
    active = {f"{one['date']}T{time}" for one in wanted["activities"] for time in _several(one["time"]) if time}
    left["transport"] = [one for one in left["transport"] if not (_moments(one) and _moments(one) <= active)]


def _item_days(wanted: Told) -> set[str]:
    expect = wanted["expect"]
    moments = {moment for one in expect["transport"] for moment in _moments(one)} | {
        one["date"] for one in expect["activities"]
    }
    stays = {one[name] for one in expect["stays"] for name in ("check_in", "check_out")}
    return {moment[:10] for moment in moments} | stays | set(wanted["optional"].get("days", []))


def _same(kind: str, wanted: Any, got: Any) -> bool:
    if kind == "days":
        return wanted == got
    if kind == "activities":
        timed = got["date"] == wanted["date"] and got["time"] in _several(wanted["time"])
        return timed and all(_plain(word) in _plain(got["title"]) for word in wanted["words"])
    if kind == "stays":
        return _same_stay(wanted, got)
    if kind == "transport":
        return _same_journey(wanted, got)
    return got["currency"] == wanted["currency"] and abs(got["amount"] - wanted["amount"]) < 0.005


def _same_stay(wanted: Told, got: Told) -> bool:
    names = _plain(wanted["name"]), _plain(got["name"])
    named = names[0] in names[1] or (len(names[1]) > 5 and names[1] in names[0])
    dated = all(wanted[name] == got[name] for name in ("check_in", "check_out", "nights"))
    timed = all(wanted[n] == got[n] for n in ("check_in_time", "check_out_time") if wanted.get(n) and got[n])
    return named and dated and timed


def _same_journey(wanted: Told, got: Told) -> bool:
    numbers = _several(wanted["number"])
    numbered = None in numbers or any(_code(number) in _code(got["number"]) for number in numbers)
    departs = _minute(got["depart"]) in _several(wanted["depart"])
    arrives = not wanted["arrive"] or _minute(got["arrive"]) in _several(wanted["arrive"])
    return (
        numbered
        and departs
        and arrives
        and _same_place(wanted["from"], got["from"])
        and _same_place(wanted["to"], got["to"])
    )


def _same_place(wanted: Any, got: str | None) -> bool:
    if not wanted:
        return True
    found = _plain(got)
    return any(_plain(name) in found or (bool(found) and found in _plain(name)) for name in _several(wanted))


def _several(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _moments(journey: Told) -> set[str]:
    return {
        moment for name in ("depart", "arrive") for value in _several(journey.get(name)) if (moment := _minute(value))
    }


def _minute(moment: str | None) -> str | None:
    return None if moment is None else moment[:16] + ("Z" if moment.endswith("Z") else "")


def _plain(text: Any) -> str:
    """Text in lower case without accents and signs. Letters of other scripts stay."""
    folded = "".join(
        c for c in unicodedata.normalize("NFKD", str(text or "")).casefold() if not unicodedata.combining(c)
    )
    return " ".join(re.findall(r"[^\W_]+", folded))


def _code(text: Any) -> str:
    return re.sub(r"[^A-Z0-9]", "", str(text or "").upper())
