"""Define a tool as a value, independent of the protocol that serves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, Field

from tools.answers.models import Sentence
from tools.answers.sent import Sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from database.engine import Database
    from tools.answers.errors import Question


class Arguments(Sent):
    """A tool's input."""


class Link(NamedTuple):
    """A link to a resource that goes with an answer."""

    uri: str
    name: str
    title: str
    media_type: str
    size: int


class Answer(BaseModel):
    """A tool's output: every fact is a field, and the message repeats the facts in words."""

    message: Sentence = Field(description="The result in words.")

    def links(self) -> list[Link]:
        """Return the resources that hold more of the result; the fields name them too."""
        return []


class WriteArguments(Arguments):
    """The input of a tool that writes."""

    idempotency_key: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="Same key: runs once."),
    ] = None


class WriteAnswer(Answer):
    """The output of a tool that writes."""

    replayed: bool = Field(default=False, description="True if this is the stored answer of an earlier call.")


A = TypeVar("A", bound=Arguments)
B = TypeVar("B", bound=Answer)


@dataclass(frozen=True)
class Hints:
    """Behavior hints that help a client decide whether to ask the user first."""

    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False


READS = Hints(read_only=True, idempotent=True)


@dataclass(frozen=True)
class Tool(Generic[A, B]):
    """A tool. `run` takes validated input and raises ToolFault for errors that an agent can fix.

    `confirm` returns a question to ask the user before `run`, or None. It is used only if the client can ask. The
    arguments of a tool that is `private` may hold the text of a document, which must not get into the log.
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
    private: bool = False


AnyTool = Tool[Any, Any]
