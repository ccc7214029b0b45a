"""Check that a page holds everything that it shows: it runs nothing, loads nothing, and sends nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from database.quoting import in_quotes

if TYPE_CHECKING:
    from collections.abc import Iterator

# Browsers that show the page load nothing either.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; "
    "base-uri 'none'\">"
)

# Browsers that guess the encoding of a page can read other tags in it than are checked here.
CHARSET = '<meta charset="utf-8">'

# Elements that load, run or send something, whatever their attributes say.
_ACTIVE = frozenset(
    {
        *("animate", "animatemotion", "animatetransform", "applet", "audio", "base", "button", "embed", "fencedframe"),
        *("foreignobject", "form", "frame", "frameset", "iframe", "input", "link", "noscript", "object", "portal"),
        *("script", "select", "set", "source", "template", "textarea", "track", "video"),
    }
)

# Attributes that name what to load or where to go.
_ADDRESSES = frozenset(
    {
        "action",
        "attributionsrc",
        "background",
        "cite",
        "data",
        "formaction",
        "href",
        "longdesc",
        "manifest",
        "ping",
        "poster",
        "src",
    }
    | {"srcdoc", "srcset", "xlink:href"}
)

# Attributes of SVG whose values are styles.
_STYLES = frozenset(
    {"clip-path", "cursor", "fill", "filter", "marker", "marker-end", "marker-mid", "marker-start", "mask", "stroke"}
    | {"style"}
)

_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_LINK = re.compile(r"(?:https?://|mailto:|tel:|#)[^\x00-\x1f]*", re.IGNORECASE)

_CSS_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{1,6})(?:\r\n|\s)?|\\(.)", re.DOTALL)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_LOADS = re.compile(
    r"""@import|image-set\(|\bsrc\(|"""
    r"""url\((?!\s*["']?(?:data:(?:image/(?:png|jpeg|gif|webp)|font/(?:woff2?|ttf|otf));base64,|\#))""",
    re.IGNORECASE,
)

_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)


class UnsafePage(Exception):
    """A page loads, runs or sends something, or has no head; the message says what the page does."""


def sealed(html: str) -> str:
    """Return the page with a policy for browsers, as UTF-8. Raises UnsafePage."""
    if problem := next(_problems(html), None):
        raise UnsafePage(problem)
    has_charset = LexborHTMLParser(html).css_first("meta[charset]") is not None
    policy = POLICY if has_charset else f"{POLICY}{CHARSET}"
    page = _HEAD.sub(lambda found: f"{found[0]}\n{policy}", html, count=1)
    first = LexborHTMLParser(page).css_first("head > *")
    if first is None or first.tag != "meta" or "http-equiv" not in first.attributes:
        raise UnsafePage("has no <head> at its beginning")
    return page


def _problems(html: str) -> Iterator[str]:
    root = LexborHTMLParser(html).root
    for node in root.traverse() if root else ():
        tag = (node.tag or "").lower()
        if tag in _ACTIVE:
            yield f"has the element <{tag}>"
        attributes = {key.lower(): value or "" for key, value in node.attributes.items()}
        if tag == "meta" and "http-equiv" in attributes:
            yield "has a meta element with http-equiv"
        if tag == "meta" and attributes.get("charset", "utf-8").strip().lower() not in {"utf-8", "utf8"}:
            yield "says that it is not UTF-8"
        for key, value in attributes.items():
            if key.startswith("on"):
                yield f"has the attribute {in_quotes(key)}"
            elif key in _ADDRESSES and not _is_inside(tag, key, value.strip()):
                yield f"loads something, by the attribute {key} of {in_quotes(tag)}"
            elif key in _STYLES and _loads(value):
                yield "loads something, by a style"
        if tag == "style" and _loads(node.text(deep=True)):
            yield "loads something, by its style sheet"


def _is_inside(tag: str, key: str, value: str) -> bool:
    if tag in {"a", "area"} and key in {"href", "xlink:href"}:
        return _LINK.fullmatch(value) is not None
    return value.startswith("#") or (tag in {"img", "image"} and _PICTURE.fullmatch(value) is not None)


def _loads(css: str) -> bool:
    """Return True if a style loads something, also with escapes in its words and comments between them.

    What is in comments counts too, since a string can hold the marks of a comment.
    """
    plain = _CSS_ESCAPE.sub(lambda found: _letter(found[1]) if found[1] else found[2], css)
    texts = [text for one in (css, plain) for text in (one, *(_CSS_COMMENT.sub(between, one) for between in ("", " ")))]
    return any(map(_CSS_LOADS.search, texts))


def _letter(code: str) -> str:
    number = int(code, 16)
    return chr(number) if 0 < number < 0x110000 else "\ufffd"  # noqa: PLR2004 - the codes of Unicode
