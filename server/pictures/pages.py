"""Assemble each page from its sources: one file, which loads nothing and runs only its own script."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).with_name("source")

SHARED_STYLES = ("style.css",)
SHARED_SCRIPTS = ("drawing.js", "host.js")

TITLES = {"trip": "Trip", "month": "Month", "migration": "Migration"}
"""The pages by name, with their titles."""

DRAWN = {"show_trip": "trip", "show_month": "month", "show_migration": "migration"}
"""The tools whose answers are drawn, and the page that draws each."""

# What only readers of the sources need.
_COMMENT = re.compile(r"^\s*(?://.*|/\*.*\*/)\n", re.MULTILINE)
_STRING = r"""(?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)"""
_SPACES = {
    ".css": re.compile(_STRING + r"|;\s*(?=})|(?:\s*(?P<sign>[{};,>])|(?P<colon>:))\s*"),
    ".js": re.compile(_STRING + r"|;\s*(?=})|,\s*(?=[)\]}])|\s*(?P<sign>[{};:,>=<?&|!+*()\[\]-])\s*"),
}


@dataclass(frozen=True)
class Page:
    """A page without data. `policy` is the Content-Security-Policy that it declares."""

    name: str
    html: str
    policy: str

    @property
    def uri(self) -> str:
        """The page's address in the protocol. Hosts cache a page by its address, so it changes with the page."""
        return f"ui://voygen/{self.name}-{sha256(self.html.encode()).hexdigest()[:12]}.html"

    def with_data(self, answer: Mapping[str, Any], links: Mapping[str, str] | None = None) -> str:
        """Return the page with a tool's structured answer, which it draws without a host.

        `links` are addresses on the desk page, by name. An id follows that of `trip`, and a month that of `month`.
        """
        data = json.dumps({"answer": answer, "links": links or {}}, ensure_ascii=False, separators=(",", ":"))
        return self.html.replace(_DATA, _DATA + data.replace("<", "\\u003c"), 1)


@cache
def page(name: str) -> Page:
    """Return the page of this name."""
    return assembled(name, TITLES[name], (*SHARED_STYLES, f"{name}.css"), (*SHARED_SCRIPTS, f"{name}.js"))


def assembled(name: str, title: str, styles: tuple[str, ...], scripts: tuple[str, ...]) -> Page:
    """Assemble a page from these source files, which follow each other in this order."""
    style, script = _joined(styles), _joined(scripts)
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return Page(name, _framed(title, policy, style, script), policy)


_DATA = '<script type="application/json" id="data">'


def _framed(title: str, policy: str, style: str, script: str) -> str:
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main aria-busy="true"><p class="soft">Waiting for the answer…</p></main>
<p id="status" role="status"></p>
{_DATA}</script>
<script>{script}</script>
</body>
</html>
"""


def _joined(names: tuple[str, ...]) -> str:
    return "".join(squeezed((SOURCE / name).read_text(encoding="utf-8"), Path(name).suffix) for name in names)


def squeezed(text: str, kind: str) -> str:
    """Return the text of a source file without comments on lines of their own and without spaces around signs."""
    return (
        _SPACES[kind]
        .sub(lambda found: found[found.lastgroup] if found.lastgroup else "", _COMMENT.sub("", text))
        .strip()
    )


def _digest(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
