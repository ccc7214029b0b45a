"""The time, as the database stores it: no clock is read inside SQL that is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now(*, days_on: int = 0) -> str:
    """This moment, or one some days later, in UTC: ISO 8601 with milliseconds and a Z."""
    moment = datetime.now(UTC) + timedelta(days=days_on)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
