"""Elements of a page that a person doesn't see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborHTMLParser

# Not text, not shown, or not chosen by anybody yet.
UNSEEN_TAGS = frozenset(
    re.findall(
        r"\w+",
        "applet area audio base canvas datalist del dialog embed frame frameset head iframe img input link map math"
        " meta noembed noframes noscript object param picture progress s script select source strike style svg template"
        " textarea title track video",
    )
)
# Not font-size:0, with which mails close gaps, nor opacity:0 with a transform, with which pages fade in.
HIDES = re.compile(
    r"(?:^|[;\s{])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|opacity\s*:\s*0(?:\.0+)?\s*(?:[;!}]|$)(?!.*transform)"
    r"|text-decoration(?:-line)?\s*:[^;]*line-through|text-indent\s*:\s*-\d{4,}|(?:left|top)\s*:\s*-\d{4,})",
    re.IGNORECASE,
)
SHOWS = re.compile(r"(?:^|[;\s{])(?:display\s*:\s*(?!none)\w|visibility\s*:\s*visible)", re.IGNORECASE)
PREFORMATTED = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
BREAKS = re.compile(r"(?:^|[;\s])display\s*:\s*(?:block|flex|grid|table\b|list-item)", re.IGNORECASE)

COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?[.#][\w-]+", re.IGNORECASE)
CLASS = re.compile(r"\.([\w-]+)")
MOST_STYLES = 200_000


class Hiding:
    """The rules by which a page's own style sheets hide elements: plain classes and ids that no other rule shows."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._hidden: set[str] = set()
        shown: set[str] = set()
        for style in tree.css("style"):
            sheet = COMMENT.sub("", style.text()[:MOST_STYLES])
            for selectors, rules in RULE.findall(_always(sheet)):
                if HIDES.search(rules):
                    self._hidden.update(_simple(selectors))
            for selectors, rules in RULE.findall(sheet):
                if SHOWS.search(rules):
                    shown.update(f".{name}" for name in CLASS.findall(selectors))
                    shown.update(_simple(selectors))
        self._shown = shown
        self._hidden -= shown

    def hides(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        """Return True if the element and all in it is not seen."""
        if not attributes:
            return False
        if "hidden" in attributes or (attributes.get("aria-hidden") or "").strip().lower() == "true":
            return True
        style = attributes.get("style")
        if style and HIDES.search(style):
            return True
        return bool(self._hidden) and self._by_sheet(tag, attributes)

    def _by_sheet(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        names = [f".{name}" for name in (attributes.get("class") or "").split()]
        if attributes.get("id"):
            names.append(f"#{attributes['id']}")
        if any(name in self._shown for name in names):
            return False
        return any(name in self._hidden or tag + name in self._hidden for name in names)


def _simple(selectors: str) -> list[str]:
    return [selector for part in selectors.split(",") if SIMPLE.fullmatch(selector := part.strip())]


def _always(sheet: str) -> str:
    """Return the sheet without the blocks of its @-rules, which count on some screens or on paper only."""
    kept: list[str] = []
    depth, start, conditional = 0, 0, -1
    for match in re.finditer(r"[{}]", sheet):
        if match[0] == "{":
            if conditional < 0 and sheet[start : match.start()].lstrip().startswith("@"):
                conditional = depth
            depth += 1
            if conditional < 0:
                kept.append(sheet[start : match.end()])
        else:
            depth = max(0, depth - 1)
            if conditional < 0:
                kept.append(sheet[start : match.end()])
            elif depth <= conditional:
                conditional = -1
        start = match.end()
    return "".join(kept)
