"""The rows of the table: the work, its floor and its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Measure: TypeAlias = Literal["times", "ms", "MB"]
"""The unit of the value that has a target. `times` is the ratio to the floor."""

THREE_DIGITS = 100

# The time of 500 raw rows on the machine for which the target of a whole call was set, in milliseconds.
RAW_ROWS_MS = 0.7


@dataclass(frozen=True)
class Row:
    """One row. `work` and `floor` may contain {trips}, {migrated}, {small} and {calls}, which are sizes of a run.

    unit    of voygen's and the floor's figures
    target  the most that the value may be; None for a row that only informs
    """

    key: str
    work: str
    floor: str
    target: float | None
    unit: Literal["ms", "MB"] = "ms"
    measure: Measure = "times"

    def met_by(self, value: float) -> bool:
        """Return True if the value, as rounded for the table, is within the target."""
        return self.target is None or float(number(value).replace(",", "")) <= self.target


def number(value: float) -> str:
    """Format a number with three digits, or all of its integer part."""
    return f"{value:,.0f}" if abs(value) >= THREE_DIGITS else f"{value:.3g}"


KINDS = ("exact name", "prefix", "two words", "e-mail", "no match")

ROWS = [
    Row("assign_500_database", "500 assignments in one call, database part", "as many raw rows", 8),
    Row(
        "assign_500_whole",
        f"500 assignments, whole call, scaled to raw rows of {RAW_ROWS_MS} ms",
        "as many raw rows",
        9,
        measure="ms",
    ),
    Row("assign_one", "one assignment in process, on one core", "one raw row", 1, measure="ms"),
    Row("assign_at_3000", "one more on a trip with 3,000 clients", "the same at 10 clients", 2),
    Row("assign_at_10000", "one more on a trip with 10,000 clients", "the same at 10 clients", 4),
    Row("unassign_2000", "2,000 unassignments in one call", "assigning them in one call", 2),
    Row("mixed_20", "20 mixed operations in one call, beyond one assignment", "one assignment", 1, measure="ms"),
    Row("stdio_assign", "one assignment over stdio", "a bare server that commits a row", 1.5),
    Row("stdio_read", "`get_anything` by id over stdio", "a bare server's no-op", 1.7),
    Row("http_assign", "one assignment over HTTP", "a bare server that commits a row", 1.5),
    Row("http_read", "`get_anything` by id over HTTP", "a bare server's no-op", 1.7),
    Row("start", "start to initialize", "a bare server", 1.1),
    Row("memory_idle", "idle memory", "a bare server", 1.1, unit="MB"),
    Row("memory_used", "memory after the first calls", "a bare server", None, unit="MB"),
    Row("memory_growth", "growth of memory in {calls} more calls", "a bare server", 3, unit="MB", measure="MB"),
    *(
        Row(f"search_{kind.replace(' ', '_')}", f"search p50 at {{trips}} trips: {kind}", "at {small} trips", 2)
        for kind in KINDS
    ),
    Row("facts", "facts of 1,000 trips", "one set-based statement", 1.5),
    Row("check", "check of {trips} trips", "a plain `SELECT` of the same rows", 2),
    Row("check_streamed", "check of {trips} trips", "the same rows read through voygen's engine", None),
    Row("migrate", "migrate {migrated} legacy trips from a dump", "loading the dump", 4),
    Row("migrate_memory", "peak memory of that", "with a tenth of the trips", None, unit="MB"),
]
