"""Removal of a person from a page of ours, whose text is encoded as HTML."""

from __future__ import annotations

import json
import re
from html import escape, unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from database.redaction import Traces

# A tag, a style sheet, or text. What is never closed ends with the page, as in browsers, and so is searched once.
_PIECES = re.compile(r"<style\b.*?(?:</style\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>?|[^<]+", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>?")
_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'")
_CSS_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{1,5})\s?")

ERASED_PAGE = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Erased</title></head>'
    "<body><p>This page was erased with a client.</p></body></html>\n"
)


def without_person(html: str, traces: Traces) -> str:
    """Return the page without the person. If they can't be removed, as from a style sheet, all of it is erased."""
    if not _names(html, traces):
        return html
    cleaned = _PIECES.sub(lambda piece: _cleaned(piece[0], traces), html)
    return ERASED_PAGE if _names(cleaned, traces) else cleaned


def _names(html: str, traces: Traces) -> bool:
    """Return True if a piece of the page names the person, or several pieces together."""
    styles = _CSS_ESCAPE.sub(lambda code: chr(int(code[1], 16)), html)
    texts = [unescape(one) for one in (html, styles, _TAG.sub("", html), _TAG.sub(" ", html))]
    if not any(map(traces.may_occur_in, texts)):
        return False
    pieces = [unescape(piece).strip("\"' \n") for tag in _PIECES.findall(html) for piece in (tag, *_VALUE.findall(tag))]
    return any(map(traces.occur_in, texts)) or traces.occur_in(json.dumps(pieces, ensure_ascii=False))


def _cleaned(piece: str, traces: Traces) -> str:
    if piece.startswith("<"):
        return _VALUE.sub(lambda value: f"{value[0][0]}{_without(value[0][1:-1], traces)}{value[0][0]}", piece)
    return _without(piece, traces)


def _without(encoded: str, traces: Traces) -> str:
    """Return encoded text without the person, who may be all of it."""
    text = unescape(encoded)
    inner = text.strip()
    cleaned: str = json.loads(traces.removed_from(json.dumps([inner], ensure_ascii=False)))[0]
    return encoded if cleaned == inner else escape(text.replace(inner, cleaned))
