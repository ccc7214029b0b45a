"""Questions to the person: which of several matches is meant, and whether to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tools.answers.errors import Conflict, ToolFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from database.engine import Database
    from tools.answers.errors import Question
    from tools.tool import Answer, AnyTool, Arguments

# Puts a question to the person and gives the choice that they made, or None where they made none.
Ask: TypeAlias = "Callable[[Question], Awaitable[str | None]]"

# Questions that one call may come to: which trip, and whether it shall be done.
MOST = 3


async def run_asking(tool: AnyTool, db: Database, args: Arguments, ask: Ask | None) -> Answer:
    """Run the tool; what is open is put to the person where the client can ask, and told as an error where not."""
    if ask is None:
        return await tool.run(db, args)
    for _ in range(MOST):
        try:
            return await tool.run(db, await _confirmed(tool, db, args, ask))
        except ToolFault as fault:
            if fault.question is None:
                raise
            args = await _with_choice(args, fault.question, ask)
    raise Conflict("What this call means became another thing while it was asked for.", "Send it again.")


async def _confirmed(tool: AnyTool, db: Database, args: Arguments, ask: Ask) -> Arguments:
    question = await tool.confirm(db, args) if tool.confirm else None
    return await _with_choice(args, question, ask) if question else args


async def _with_choice(args: Arguments, question: Question, ask: Ask) -> Arguments:
    """The arguments with what the person chose. Raises Conflict where they chose nothing."""
    chosen = await ask(question)
    if chosen is None:
        raise Conflict("The person did not agree; nothing was done.", "Ask them what they want instead.")
    return args.model_copy(update={question.argument: chosen}) if question.argument else args
