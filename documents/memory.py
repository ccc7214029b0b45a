"""Results that several rules ask for about the same text, kept while one document is looked at and no longer."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Given = ParamSpec("Given")
Result = TypeVar("Result")

_results: ContextVar[dict[tuple[Any, ...], Any] | None] = ContextVar("results", default=None)


@contextmanager
def remembering() -> Generator[None]:
    """Keep the results of remembered functions until the end of the outermost of these blocks."""
    if _results.get() is not None:
        yield
        return
    token = _results.set({})
    try:
        yield
    finally:
        _results.reset(token)


def remembered(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let a function of a text keep its results while a document is looked at."""

    @wraps(function)
    def answered(*given: Given.args, **named: Given.kwargs) -> Result:
        results = _results.get()
        if results is None:
            return function(*given, **named)
        key = (function, given, *named.values())
        if key not in results:
            results[key] = function(*given, **named)
        return results[key]

    return answered
