"""Write stored values as Markdown: on one line, with what would be markup escaped."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from database.quoting import as_word, in_quotes

if TYPE_CHECKING:
    from collections.abc import Iterator

# Inline markup, entities, and what some renderers turn into links. An underscore within a word is just that.
_MARKUP = re.compile(r"[`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|:(?=//)|(?<=www)\.", re.IGNORECASE)


def items(value: object) -> Iterator[str]:
    """Yield a line for each member of a list or object, or one line for any other value."""
    if isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            yield f"- {text(key)}: {words(one)}"
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield f"- {words(one)}"
    else:
        yield f"- {words(value)}"


def words(value: object) -> str:
    """Return any JSON value in words."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return ", ".join(f"{text(key)}: {words(one)}" for key, one in pairs)
    if isinstance(value, list):
        return "; ".join(words(one) for one in cast("list[Any]", value))
    return text(value) if isinstance(value, str) else json.dumps(value)


def text(value: object) -> str:
    """Return a plain word as it is, and any other text in quotes."""
    return _escaped(as_word(value, None))


def quoted(value: object) -> str:
    return _escaped(in_quotes(value, None))


def _escaped(shown: str) -> str:
    """Escape what Markdown would show as markup or a link. A quotation mark or a letter starts no block."""
    return _MARKUP.sub(r"\\\g<0>", shown)
