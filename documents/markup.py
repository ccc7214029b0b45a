"""Markup that a tree can be built from in time.

Parsers look through all open elements at each new one, through all attributes of an element at each further one, and
repeat open formatting in each new block. A page that has thousands of these takes minutes, so it is made flatter
before it is parsed. The text stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from documents.bounds import TAG_ATTRIBUTES, TREE_DEPTH

# Comments, the text of raw elements and tags as browsers find them, without going back over what was read.
ATTRIBUTE = r"[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>][^\s>]*+|(?=>)))?+"
PIECE = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<(/?)([a-zA-Z][^\s/>]*+)((?:[\s/]++|{ATTRIBUTE})*+)(?:>|\Z)", re.DOTALL
)
ATTRIBUTES = re.compile(ATTRIBUTE)

VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta param source track wbr"))
RAW = frozenset(re.findall(r"\w+", "iframe noembed noframes script style textarea title xmp"))
FOREIGN = frozenset({"svg", "math"})
FORMATTING = frozenset(re.findall(r"\w+", "a b big code em font i nobr s small strike strong tt u"))
STRUCK = frozenset({"s", "strike"})
INLINE = FORMATTING | frozenset(
    re.findall(r"\w+", "span label abbr sub sup time cite q mark var kbd samp bdi bdo del ins")
)
ONCE = frozenset({"html", "head", "body"})

# Elements whose end may be left out: what a new one ends, looking only through inline elements and these.
ENDS = {
    "p": ({"p"}, set[str]()),
    "li": ({"li"}, {"p"}),
    "dt": ({"dt", "dd"}, {"p"}),
    "dd": ({"dt", "dd"}, {"p"}),
    "option": ({"option"}, set[str]()),
    "td": ({"td", "th"}, {"p", "li", "dt", "dd"}),
    "th": ({"td", "th"}, {"p", "li", "dt", "dd"}),
    "tr": ({"tr"}, {"p", "li", "dt", "dd", "td", "th"}),
    **dict.fromkeys(
        ("thead", "tbody", "tfoot"), ({"thead", "tbody", "tfoot"}, {"p", "li", "dt", "dd", "td", "th", "tr"})
    ),
}
# The end tag of another element is ignored inside these (https://html.spec.whatwg.org/#special).
SPECIAL = frozenset(
    re.findall(
        r"\w+",
        "address applet article aside blockquote body button caption center colgroup dd details dir div dl dt fieldset"
        " figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup html iframe li listing main"
        " marquee menu nav noembed noframes noscript object ol p plaintext pre script search section select style"
        " summary table tbody td template textarea tfoot th thead title tr ul xmp",
    )
)
# An end tag doesn't reach beyond these.
WALLS = frozenset(
    re.findall(r"\w+", "table td th caption object marquee applet template select button svg math foreignobject")
)
LOST_FORMATTING = 100
MOST_TAGS = 150_000
SUSPICIOUS_LENGTH = 4_000
TOO_MANY = f"The page beyond {MOST_TAGS:,} tags."


def within_depth(text: str, left_out: list[str]) -> str:
    """Return the markup as it is, or made flatter where it is nested too deeply, and cut after very many tags."""
    scan = _Scan()
    for match in PIECE.finditer(text):
        scan.take(match)
        if scan.is_wild or scan.tags > MOST_TAGS:
            return _Flattening(left_out).run(text)
    return text


@dataclass(slots=True)
class _Scan:
    """The open elements at a place, rather one too many than one too few."""

    opened: list[str] = field(default_factory=list[str])
    tags: int = 0
    lost: int = 0
    seen_once: int = 0
    raw: str = ""
    crowded: bool = False

    @property
    def is_wild(self) -> bool:
        return (
            len(self.opened) > TREE_DEPTH or self.lost > LOST_FORMATTING or self.crowded or self.seen_once > len(ONCE)
        )

    def take(self, match: re.Match[str]) -> None:
        name = (match[2] or "").lower()
        if not name:
            return
        if self.raw:
            if match[1] and name == self.raw:
                self.raw = ""
            return
        self.tags += 1
        if match[1]:
            self.close(name)
            return
        self.crowded = self.crowded or len(match[3]) > SUSPICIOUS_LENGTH
        self.seen_once += name in ONCE
        if name in RAW and not FOREIGN & set(self.opened[-20:]):
            self.raw = name
        elif name not in VOID:
            self.open(name)

    def open(self, name: str) -> None:
        ends, through = ENDS.get(name, (set[str](), set[str]()))
        if ends:
            for place in range(len(self.opened) - 1, -1, -1):
                other = self.opened[place]
                if other in ends:
                    self.pop_to(place)
                    break
                if other not in INLINE and other not in through:
                    break
        self.opened.append(name)

    def close(self, name: str) -> None:
        for place in range(len(self.opened) - 1, -1, -1):
            other = self.opened[place]
            if other == name:
                if name in FORMATTING:
                    del self.opened[place]
                else:
                    self.pop_to(place)
                return
            if other in SPECIAL if name not in SPECIAL else other in WALLS and name not in WALLS:
                return

    def pop_to(self, place: int) -> None:
        self.lost += sum(1 for name in self.opened[place:] if name in FORMATTING)
        del self.opened[place:]


class _Flattening:
    """Writes the markup anew, without what goes too deep and with plain elements for formatting."""

    def __init__(self, left_out: list[str]) -> None:
        self._cut = left_out
        self._scan = _Scan()
        self._left_out: dict[str, int] = {}

    def run(self, text: str) -> str:
        done: list[str] = []
        place = 0
        for match in PIECE.finditer(text):
            if self._scan.tags > MOST_TAGS:
                self._cut.append(TOO_MANY)
                return "".join(done)
            done.append(text[place : match.start()])
            done.append(self._rewritten(match))
            place = match.end()
        done.append(text[place:])
        return "".join(done)

    def _rewritten(self, match: re.Match[str]) -> str:
        scan = self._scan
        name = (match[2] or "").lower()
        if not name or scan.raw:
            scan.take(match)
            return match[0]
        if name in FORMATTING:
            name = "del" if name in STRUCK else "span"
        if match[1]:
            return self._end(name)
        if name in ONCE and scan.seen_once >= len(ONCE):
            return ""
        before = len(scan.opened)
        self._take(name)
        if len(scan.opened) > before and len(scan.opened) > TREE_DEPTH:
            scan.opened.pop()
            self._left_out[name] = self._left_out.get(name, 0) + 1
            return "" if name in INLINE else "<br>"
        return f"<{name}{_few(match[3])}>"

    def _take(self, name: str) -> None:
        scan = self._scan
        scan.tags += 1
        scan.seen_once += name in ONCE
        if name in RAW and not FOREIGN & set(scan.opened[-20:]):
            scan.raw = name
        elif name not in VOID:
            scan.open(name)

    def _end(self, name: str) -> str:
        self._scan.tags += 1
        if self._left_out.get(name):
            self._left_out[name] -= 1
            return ""
        self._scan.close(name)
        return f"</{name}>"


def _few(attributes: str) -> str:
    """Return the first attributes of very many."""
    if len(attributes) <= SUSPICIOUS_LENGTH:
        return attributes
    return " " + " ".join(found[0] for found in islice(ATTRIBUTES.finditer(attributes), TAG_ATTRIBUTES))
