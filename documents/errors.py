"""Errors about a document. Their texts never quote the document."""

from __future__ import annotations

from typing import Literal

Code = Literal["invalid_input", "unavailable", "busy"]


class DocumentError(Exception):
    """A document that can't be read or fetched: one line says what is wrong, the hint what to send or do instead."""

    def __init__(self, code: Code, message: str, hint: str) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.hint = hint
