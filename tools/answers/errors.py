"""Errors that a tool reports to an agent.

ToolFault
├── InvalidInput   invalid_input   an argument is wrong
├── NotFound       not_found       nothing matches
├── Ambiguous      ambiguous       several match; tools never guess
├── Conflict       conflict        a concurrent change, or an item that already exists
├── Busy           busy            another program is using the database
├── ReadOnly       read_only       the database accepts no writes
└── Unavailable    unavailable     the database failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from database.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Question:
    """A question for the user. `choices` maps each possible answer to its label.

    The answer is passed to the tool as `argument`. If `argument` is None, the question only asks for consent.
    """

    text: str
    argument: str | None
    choices: Mapping[str, str]


class ToolFault(Exception):
    """A two-line error: what is wrong and what to send instead. An answer to `question` could resolve it."""

    code: ClassVar[str]

    def __init__(self, problem: str, remedy: str, question: Question | None = None) -> None:
        super().__init__(problem)
        self.problem = visible(problem)
        self.remedy = visible(remedy)
        self.question = question

    def __str__(self) -> str:
        return f"{self.code}: {self.problem}\n{self.remedy}"


class InvalidInput(ToolFault):
    code = "invalid_input"


class NotFound(ToolFault):
    code = "not_found"


class Ambiguous(ToolFault):
    code = "ambiguous"


class Conflict(ToolFault):
    code = "conflict"


class Busy(ToolFault):
    code = "busy"


class ReadOnly(ToolFault):
    code = "read_only"


class Unavailable(ToolFault):
    code = "unavailable"
