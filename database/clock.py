"""The current time as the database stores it. Queries take it as a parameter and never read the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now(*, days_on: int = 0) -> str:
    """Return the current UTC time plus `days_on` days, in ISO 8601 with milliseconds and a Z."""
    moment = datetime.now(UTC) + timedelta(days=days_on)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
