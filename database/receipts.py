"""Receipts, which ensure that a call with an idempotency key runs only once, even if it is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.clock import now
from database.engine import ForwardingDatabase, Statement
from database.errors import GuardFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Results, Row


class AlreadyDone(Exception):
    """Another call with the same key was stored first; this one stored nothing."""


class ReceiptingDatabase(ForwardingDatabase):
    """A database wrapper for one call. The first successful batch of the call also stores its receipt."""

    def __init__(self, db: Database, key: str, tool: str, arguments: str) -> None:
        super().__init__(db)
        self._receipt = (key, tool, arguments)
        self.stored = False

    async def batch(self, statements: Sequence[Statement]) -> Results:
        """Run the batch. Raises AlreadyDone if the key already has a receipt."""
        if self.stored:
            return await self._db.batch(statements)
        receipt = [Statement(GUARD_NEW, self._receipt[:1]), Statement(STORE, (*self._receipt, now()))]
        try:
            results = await self._db.batch([*receipt, *statements])
        except GuardFailed as failed:
            if failed.guard == "receipt_new":
                raise AlreadyDone from failed
            raise
        self.stored = True
        return results

    async def complete(self, result: str) -> None:
        """Store the result of the call in the receipt."""
        await self._db.batch([Statement(COMPLETE, (result, self._receipt[0]))])


async def receipt_for(db: Database, key: str) -> Row | None:
    """Return the key's receipt (tool, arguments, created_at, result) or None. `result` is None until it is stored."""
    rows = await db.read(FIND, (key,))
    return rows[0] if rows else None


FIND: LiteralString = "SELECT tool, arguments, result, created_at FROM receipts WHERE idempotency_key = ?"

GUARD_NEW: LiteralString = """
INSERT INTO write_guard (receipt_new) SELECT 0 WHERE EXISTS (SELECT 1 FROM receipts WHERE idempotency_key = ?)
"""

STORE: LiteralString = """
INSERT INTO receipts (idempotency_key, tool, arguments, created_at) VALUES (?, ?, ?, ?)
"""

COMPLETE: LiteralString = "UPDATE receipts SET result = ? WHERE idempotency_key = ?"
