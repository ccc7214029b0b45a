"""Receipts, which ensure that a call with an idempotency key runs only once, even if it is sent again.

A receipt holds the answer of its call and is stored in the batch of the call's change: there is no moment at which one
of them exists without the other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database.clock import now
from database.engine import ForwardingDatabase, Statement
from database.errors import GuardFailed
from database.later import VALUES, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Results, Row
    from database.later import Later


class AlreadyDone(Exception):
    """Another call with the same key was stored first; this one stored nothing."""


class ReceiptingDatabase(ForwardingDatabase):
    """A database wrapper for one call with a key, whose change must be a `batch_with_answer`."""

    def __init__(self, db: Database, key: str, tool: str, arguments: str) -> None:
        super().__init__(db)
        self._key = key
        self._call = (tool, arguments)

    async def store(self, statements: Sequence[Statement]) -> Results:
        """Run the batch, which has the receipt. Raises AlreadyDone if the key already has a receipt."""
        try:
            return await self._db.batch([Statement(GUARD_NEW, (self._key,)), *statements])
        except GuardFailed as failed:
            if failed.guard == "receipt_new":
                raise AlreadyDone from failed
            raise

    def receipt(self, answer: str, later: Later) -> tuple[Statement, Statement]:
        """Build the statement that stores the answer, and the query for the values of its placeholders."""
        return Statement(STORE, (later.wanted, self._key, *self._call, answer, now())), Statement(
            STORED, (self._key,), kept=True
        )


async def batch_with_answer(db: Database, statements: Sequence[Statement], answer: str, later: Later) -> str:
    """Run the batch, which stores the answer if the call has a key, and return the answer with its values filled in.

    The answer is JSON. Raises AlreadyDone if the key already has a receipt.
    """
    later.keep_those_in(answer)
    keyed = db if isinstance(db, ReceiptingDatabase) else None
    if keyed:
        receipt, asking = keyed.receipt(answer, later)
        results = await keyed.store([*statements, receipt, asking])
    elif asking := later.query:
        results = await db.batch([*statements, asking])
    else:
        if statements:
            await db.batch(statements)
        return answer
    return later.fill(answer, results.of(asking)[0]["value"], results)


async def receipt_for(db: Database, key: str) -> Row | None:
    """Return the key's receipt (tool, arguments, result) or None. `result` is None if the answer was erased."""
    rows = await db.read(FIND, (key,))
    if not rows:
        return None
    (receipt,) = rows
    if receipt["result"] is None:
        return receipt
    stored = json.loads(receipt["result"])
    return {**receipt, "result": filled(json.dumps(stored["answer"], ensure_ascii=False), stored["ids"])}


FIND: LiteralString = "SELECT tool, arguments, result FROM receipts WHERE idempotency_key = ?"

GUARD_NEW: LiteralString = """
INSERT INTO write_guard (receipt_new) SELECT 0 WHERE EXISTS (SELECT 1 FROM receipts WHERE idempotency_key = ?)
"""

STORE: LiteralString = (
    """
INSERT INTO receipts (idempotency_key, tool, arguments, result, created_at)
SELECT ?2, ?3, ?4, json_object('answer', json(?5), 'ids', json("""
    + VALUES
    + """)), ?6
"""
)

STORED: LiteralString = "SELECT result -> '$.ids' AS value FROM receipts WHERE idempotency_key = ?"
