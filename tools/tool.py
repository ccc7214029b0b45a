"""A tool as a value, apart from the protocol that offers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from database.engine import Database
    from tools.answers.errors import Question


class Arguments(BaseModel):
    """A tool's input: unknown arguments are refused, not ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Answer(BaseModel):
    """A tool's output. Every fact stands in a field; the message says it once more for a person."""

    message: str = Field(description="The result in words.")


class WriteArguments(Arguments):
    """The input of a tool that writes."""

    idempotency_key: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="Same key again: done once."),
    ] = None


class WriteAnswer(Answer):
    """The output of a tool that writes."""

    replayed: bool = Field(default=False, description="True where the call was done before, and this is its receipt.")


A = TypeVar("A", bound=Arguments)
B = TypeVar("B", bound=Answer)


@dataclass(frozen=True)
class Hints:
    """Hints to the client about a tool's effects."""

    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False


READS = Hints(read_only=True, idempotent=True)


@dataclass(frozen=True)
class Tool(Generic[A, B]):
    """`run` gets the database and the validated input, and raises ToolFault for what an agent can mend.

    `confirm` says what to ask the person before `run`, where the client can ask: None where there is nothing to ask.
    """

    name: str
    title: str
    description: str
    group: str
    hints: Hints
    input: type[A]
    output: type[B]
    run: Callable[[Database, A], Awaitable[B]]
    confirm: Callable[[Database, A], Awaitable[Question | None]] | None = None


AnyTool = Tool[Any, Any]
