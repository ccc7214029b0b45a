"""Running a tool once for a key, and answering from its receipt afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from database.receipts import AlreadyDone, ReceiptingDatabase, receipt_for
from tools.answers.asking import run_asking
from tools.answers.errors import Busy, Conflict
from tools.tool import Answer, WriteArguments

if TYPE_CHECKING:
    from database.engine import Database
    from tools.answers.asking import Ask
    from tools.tool import AnyTool, Arguments


# For how long a receipt without an answer is taken for a call that is still under way.
UNDER_WAY = timedelta(seconds=60)


async def run_tool(tool: AnyTool, db: Database, args: Arguments, ask: Ask | None = None) -> Answer:
    """Run the tool; where the call names a key that has a receipt, give that instead.

    `ask` puts questions to the person, where the client can. Raises ToolFault, a Conflict where the key was used for
    another call.
    """
    key = args.idempotency_key if isinstance(args, WriteArguments) else None
    if key is None:
        return await run_asking(tool, db, args, ask)
    # Not model_dump: of operations that were sent, some may be of no type that it knows.
    sent = json.dumps({name: value for name, value in args if name != "idempotency_key"}, sort_keys=True)
    done = await _replayed(tool, db, key, sent)
    if done is not None:
        return done
    receipting = ReceiptingDatabase(db, key, tool.name, sent)
    try:
        answer = await run_asking(tool, receipting, args, ask)
    except AlreadyDone:
        done = await _replayed(tool, db, key, sent)
        if done is None:
            raise
        return done
    if receipting.stored:
        await receipting.complete(answer.model_dump_json())
    return answer


async def _replayed(tool: AnyTool, db: Database, key: str, sent: str) -> Answer | None:
    receipt = await receipt_for(db, key)
    if receipt is None:
        return None
    if (receipt["tool"], receipt["arguments"]) != (tool.name, sent):
        raise Conflict(
            f"The idempotency_key {key!r} was used for another call.",
            "Send this call with a key of its own, or with none.",
        )
    if receipt["result"] is None:
        if datetime.fromisoformat(receipt["created_at"]) > datetime.now(UTC) - UNDER_WAY:
            raise Busy("The same call is under way.", "Send it again in a moment, with the same key.")
        raise Conflict(
            "This call was done, but its answer was lost.",
            "Look with get_anything at what it did; don't send it again.",
        )
    stored: dict[str, Any] = json.loads(receipt["result"])
    return tool.output.model_validate(stored | {"replayed": True})
