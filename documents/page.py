"""A web page, or a mail's HTML, becomes lines as a person sees them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.bounds import DOCUMENT_BYTES
from documents.errors import DocumentError
from documents.markup import within_depth
from documents.model import Document, Kind
from documents.nodes import nodes_of
from documents.plaintext import bounded, declared_charset, decode, tidy
from documents.visible import visible_lines

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
XML_CHARSET = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w:.-]{2,40})", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")

# The bytes at the start in which a page declares its charset (https://html.spec.whatwg.org/#charset).
CHARSET_WITHIN = 1024

# A page whose scripts build it shows no more letters than these without a browser.
SHELL_LETTERS = 80
WAITS = re.compile(r"loading|javascript|please wait|enable|browser", re.IGNORECASE)


def read_page(content: bytes | str, content_type: str | None = None) -> Document:
    """Read a page. Raises DocumentError if it shows nothing without a browser."""
    text = content if isinstance(content, str) else decode(content[:DOCUMENT_BYTES], *_charsets(content, content_type))
    left_out: list[str] = []
    tree = _parse(text, left_out)
    document = Document(Kind.PAGE, title=_title(tree), language=_language(tree), left_out=left_out)
    document.nodes = nodes_of(tree, document.left_out)
    document.lines = bounded(visible_lines(tree), document.left_out)
    if _is_shell(tree, document):
        raise DocumentError(
            "unavailable",
            "This page shows nothing without a browser.",
            "Open it in a browser, copy its text and send it as `text`.",
        )
    return document


def _parse(text: str, left_out: list[str]) -> LexborHTMLParser:
    from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser  # noqa: PLC0415 - slow to import

    return LexborHTMLParser(within_depth(text, left_out), options=LexborDocumentOptions.WO_EVENTS)


def _charsets(content: bytes, content_type: str | None) -> list[str]:
    """Return the declared charsets: the header's, then the page's own."""
    header = declared_charset(content_type)
    found = [header] if header else []
    for pattern, length in ((XML_CHARSET, 200), (META_CHARSET, CHARSET_WITHIN * 4)):
        match = pattern.search(content[:length])
        if match:
            found.append(match[1].decode("ascii", "replace"))
    return found


def _title(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("head > title") or tree.css_first("title")
    return (tidy(node.text()) or None) if node else None


def _language(tree: LexborHTMLParser) -> str | None:
    page = tree.css_first("html")
    declared = [page.attributes.get("lang"), page.attributes.get("xml:lang")] if page else []
    for query in ('meta[http-equiv="content-language" i]', 'meta[property="og:locale"]'):
        meta = tree.css_first(query)
        declared.append(meta.attributes.get("content") if meta else None)
    body = tree.css_first("body[lang]")
    declared.append(body.attributes.get("lang") if body else None)
    tags = ((tag or "").strip().replace("_", "-") for tag in declared)
    return next((tag for tag in tags if LANGUAGE.fullmatch(tag)), None)


def _is_shell(tree: LexborHTMLParser, document: Document) -> bool:
    """Return True for a page whose scripts would build what it shows."""
    if document.nodes or not tree.css_first("script"):
        return False
    shown = [line.text for line in document.lines if not line.aside]
    letters = sum(map(len, shown))
    if letters == 0:
        return True
    return letters <= SHELL_LETTERS and bool(WAITS.search(" ".join(shown)) or tree.css_first("noscript"))
