"""Errors that a tool raises for an agent to act on.

ToolFault
├── InvalidInput   invalid_input   an argument is wrong
├── NotFound       not_found       nothing matches
├── Ambiguous      ambiguous       several match, and a guess is not made
├── Conflict       conflict        somebody else was first, or it exists already
├── Busy           busy            another program holds the database
├── ReadOnly       read_only       the database does not take writes
└── Unavailable    unavailable     the database failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Question:
    """A choice that a person can make: each value with the words that stand for it.

    What is chosen becomes the call's argument of that name; without a name it is a consent and no more.
    """

    text: str
    argument: str | None
    choices: Mapping[str, str]


class ToolFault(Exception):
    """One line what is wrong, one line what to send instead, and the question that would settle it."""

    code: ClassVar[str]

    def __init__(self, problem: str, remedy: str, question: Question | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
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
