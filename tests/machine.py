"""A base for state machines: a database, the tools' view of it, and the connection of another program."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import raw
from engines import open_database
from hypothesis.stateful import RuleBasedStateMachine

from server.opening import phased
from tools.bulk import BulkAnswer, BulkArguments, bulk_trip_operations

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class DatabaseMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = raw.new_file(Path(self.folder.name) / "voygen.db")
        self.loop = asyncio.new_event_loop()
        self.db = self.wait(open_database(path))
        self.desk = phased(self.db)
        self.connection = raw.connect(path)

    def teardown(self) -> None:
        self.connection.close()
        self.wait(self.db.close())
        self.loop.close()
        self.folder.cleanup()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def call_bulk(self, trip: int, operations: list[dict[str, Any]]) -> BulkAnswer:
        """Call bulk_trip_operations for the trip."""
        arguments = BulkArguments.model_validate({"trip_identifier": str(trip), "operations": operations})
        return self.wait(bulk_trip_operations(self.desk, arguments))
