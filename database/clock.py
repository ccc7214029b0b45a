"""The current time in the database's format. Queries take the time as a parameter and never read the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now(*, days_on: int = 0) -> str:
    """Return the current UTC time plus `days_on` days, in ISO 8601 format with milliseconds and the suffix `Z`."""
    moment = datetime.now(UTC) + timedelta(days=days_on)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
