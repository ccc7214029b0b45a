"""Write a change together with its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from database.later import Later
from database.receipts import batch_with_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Statement
    from tools.tool import WriteAnswer

A = TypeVar("A", bound="WriteAnswer")


async def commit(db: Database, statements: Sequence[Statement], answer: A, later: Later | None = None) -> A:
    """Run the statements as one batch, which also stores the answer if the call has a key, and return the answer.

    `later` has the values that the answer needs from the batch. Raises GuardFailed or ConstraintViolated, like a batch.
    """
    text = answer.model_dump_json()
    filled = await batch_with_answer(db, statements, text, later or Later())
    return answer if filled is text else type(answer).model_validate_json(filled)
