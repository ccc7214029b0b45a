"""Values that only the batch itself can read, stored with the batch's id in case its answer is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence


def keeping(statements: Sequence[Statement], identifier: str | None) -> list[Statement]:
    """Return the statements to send: those marked as kept also store their value, if the batch has an identifier."""
    return [_keep(one, identifier) if identifier and one.kept else one for one in statements]


def kept_by(identifier: str) -> Statement:
    """Return the query for the values that a stored batch kept, in the order of their statements."""
    return Statement(KEPT, (identifier,))


def _keep(statement: Statement, identifier: str) -> Statement:
    return Statement(KEEP + statement.sql + KEEP_UNDER, (*statement.params, identifier))


KEEP: LiteralString = "UPDATE batch_ids SET answers = json_insert(answers, '$[#]', ("

KEEP_UNDER: LiteralString = ")) WHERE id = ? RETURNING answers ->> '$[#-1]' AS value"

KEPT: LiteralString = """
SELECT e.value FROM batch_ids b CROSS JOIN json_each(b.answers) e WHERE b.id = ? ORDER BY e.key
"""
