"""Mask the numbers of payment cards, which must not be stored."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from documents.cards import masked

if TYPE_CHECKING:
    from documents.model import Document


def without_cards(document: Document) -> tuple[Document, bool]:
    """Return the document with masked card numbers, and True if it had any."""
    clean = _masked(document)
    return (clean, True) if clean != document else (document, False)


def _masked(value: Any) -> Any:  # noqa: ANN401 - a part of a document
    if isinstance(value, str):
        return masked(value) if type(value) is str else value
    if isinstance(value, list | tuple):
        items = [_masked(one) for one in cast("list[Any]", value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in cast("dict[str, Any]", value).items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _masked(getattr(value, field.name)) for field in fields(value)})
    return value
