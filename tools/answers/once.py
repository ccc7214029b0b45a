"""Run a tool once per idempotency key, and replay its stored answer afterwards."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from database.quoting import in_quotes
from database.receipts import AlreadyDone, ReceiptingDatabase, receipt_for
from tools.answers.asking import run_asking
from tools.answers.errors import Conflict
from tools.tool import Answer, WriteArguments

if TYPE_CHECKING:
    from pydantic import BaseModel

    from database.engine import Database
    from tools.answers.asking import Ask
    from tools.tool import AnyTool, Arguments


async def run_tool(tool: AnyTool, db: Database, args: Arguments, ask: Ask | None = None) -> Answer:
    """Run the tool, or return the stored answer if its idempotency key has a receipt.

    `ask` asks the user; it is None if the client can't ask. Raises ToolFault, such as Conflict if the key was used for
    a different call.
    """
    key = args.idempotency_key if isinstance(args, WriteArguments) else None
    if key is None:
        return await run_asking(tool, db, args, ask)
    # Avoids model_dump, which fails on operations of unknown types.
    text = json.dumps(
        {name: value for name, value in args if name != "idempotency_key"}, sort_keys=True, default=_plain
    )
    sent = hashlib.sha256(text.encode()).hexdigest()
    done = await _replayed(tool, db, key, sent)
    if done is not None:
        return done
    try:
        return await run_asking(tool, ReceiptingDatabase(db, key, tool.name, sent), args, ask)
    except AlreadyDone:
        done = await _replayed(tool, db, key, sent)
        if done is None:
            raise
        return done


async def _replayed(tool: AnyTool, db: Database, key: str, sent: str) -> Answer | None:
    receipt = await receipt_for(db, key)
    if receipt is None:
        return None
    if receipt["result"] is None:
        raise Conflict(
            f"The call with the idempotency_key {in_quotes(key)} was made, but its answer was erased with a client.",
            "Check the result with get_anything before you send the call with a new key.",
        )
    if (receipt["tool"], receipt["arguments"]) != (tool.name, sent):
        raise Conflict(
            f"The idempotency_key {in_quotes(key)} was used for a different call.",
            "Send this call with a new key, or without one.",
        )
    stored: dict[str, Any] = json.loads(receipt["result"])
    return tool.output.model_validate(stored | {"replayed": True})


def _plain(argument: BaseModel) -> dict[str, Any]:
    return argument.model_dump(exclude_unset=True)
