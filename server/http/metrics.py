"""Metrics in the Prometheus text format."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from database.clock import now
from database.errors import ConstraintViolated, DatabaseError, GuardFailed
from database.gauges import gauges
from database.phase import PHASES
from server.desk.steward import MigrationSteward

if TYPE_CHECKING:
    from database.engine import Database, Row
    from migrations.check import CheckReport

CONTENT_TYPE = CONTENT_TYPE_LATEST

# Upper bounds of the histogram's buckets, in seconds. They range from reading one row to checking a large database.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one server process, and gauges read from the database.

    The gate maintains `in_flight`, the number of calls in progress.
    """

    def __init__(self) -> None:
        disable_created_metrics()
        self.in_flight = 0
        self._registry = CollectorRegistry()
        self._calls = self._counter(
            "tool_calls", "Tool calls, by outcome: ok or the code of the error.", "tool", "outcome"
        )
        self._seconds = Histogram(
            "voygen_tool_call_seconds", "Duration of tool calls.", ["tool"], buckets=BOUNDS, registry=self._registry
        )
        self._retries = self._counter("batch_retries", "Batches refused by a guard, then retried.", "guard")
        self._violations = self._counter("constraint_violations", "Batches refused by any other constraint.")
        self._refused = self._counter("http_refused", "Requests refused before they reached a tool.", "status")
        self._gauge("http_calls_in_flight", "Calls in progress.").set_function(lambda: self.in_flight)
        self._up = self._gauge("database_up", "1 if the database answered this scrape.")
        self._phase = self._gauge("migration_phase", "1 for the current phase of the database.", "phase")
        self._epoch = self._gauge("migration_epoch", "Increases with every change of phase or schema.")
        self._dirty = self._gauge("facts_dirty", "Trips whose facts are out of date.")
        self._drift = self._gauge("drift", "Drift findings of the last check; NaN before the first.")
        self._checked = self._gauge("last_check_timestamp_seconds", "Time of the last check; NaN before the first.")
        self._last_check: tuple[str, int] | None = None

    def call(self, tool: str, outcome: str, seconds: float) -> None:
        """Count a tool call."""
        self._calls.labels(tool, outcome).inc()
        self._seconds.labels(tool).observe(seconds)

    def refused_batch(self, error: ConstraintViolated) -> None:
        if isinstance(error, GuardFailed):
            self._retries.labels(error.guard).inc()
        else:
            self._violations.inc()

    def refused_request(self, status: int) -> None:
        self._refused.labels(str(status)).inc()

    def check(self, report: CheckReport) -> None:
        """Record the result of a check."""
        self._last_check = (now(), len(report.drift) + len(report.live_orphans))

    async def text(self, db: Database) -> bytes:
        """Return all metrics. If the database does not answer, voygen_database_up is 0."""
        try:
            self._update(await gauges(db))
        except DatabaseError:
            self._up.set(0)
        return generate_latest(self._registry)

    def _update(self, row: Row) -> None:
        self._up.set(1)
        for phase in PHASES:
            self._phase.labels(phase).set(phase == row["phase"])
        self._epoch.set(row["epoch"])
        self._dirty.set(row["dirty_facts"])
        recorded = (row["recorded_at"], row["drift"]) if row["recorded_at"] else None
        last = max((one for one in (recorded, self._last_check) if one), default=None)
        self._drift.set(last[1] if last else float("nan"))
        self._checked.set(datetime.fromisoformat(last[0]).timestamp() if last else float("nan"))

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(f"voygen_{name}", description, labels, registry=self._registry)

    def _gauge(self, name: str, description: str, *labels: str) -> Gauge:
        return Gauge(f"voygen_{name}", description, labels, registry=self._registry)


class CountingSteward(MigrationSteward):
    """A steward that records its checks in the metrics."""

    def __init__(self, db: Database, metrics: Metrics) -> None:
        super().__init__(db)
        self._metrics = metrics

    async def report(self) -> CheckReport:
        report = await super().report()
        self._metrics.check(report)
        return report
