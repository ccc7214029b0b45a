"""Ask the user to choose between several matches or to confirm a deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tools.answers.errors import Conflict, ToolFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from database.engine import Database
    from tools.answers.errors import Question
    from tools.tool import Answer, AnyTool, Arguments

# Asks the user a question and returns their choice, or None if they declined.
Ask: TypeAlias = "Callable[[Question], Awaitable[str | None]]"

# Maximum questions per call, such as which trip to use and whether to proceed.
MAX_QUESTIONS = 3


async def run_asking(tool: AnyTool, db: Database, args: Arguments, ask: Ask | None) -> Answer:
    """Run the tool, asking the user when a choice is needed. If the client can't ask, raise the tool's error."""
    if ask is None:
        return await tool.run(db, args)
    for _ in range(MAX_QUESTIONS):
        try:
            return await tool.run(db, await _confirmed(tool, db, args, ask))
        except ToolFault as fault:
            if fault.question is None:
                raise
            args = await _with_choice(args, fault.question, ask)
    raise Conflict("The database changed while the user was being asked.", "Send the call again.")


async def _confirmed(tool: AnyTool, db: Database, args: Arguments, ask: Ask) -> Arguments:
    question = await tool.confirm(db, args) if tool.confirm else None
    return await _with_choice(args, question, ask) if question else args


async def _with_choice(args: Arguments, question: Question, ask: Ask) -> Arguments:
    """Return the arguments with the user's choice. Raises Conflict if the user made none."""
    chosen = await ask(question)
    if chosen is None:
        raise Conflict("The user did not agree; nothing was done.", "Ask the user what to do instead.")
    return args.model_copy(update={question.argument: chosen}) if question.argument else args
