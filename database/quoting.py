"""Quote stored text in messages, pages, reports and logs: on one line, with hidden characters escaped.

Hidden are line breaks, controls, bidirectional controls, private-use characters, and characters that show nothing,
alone or by changing the one before (Unicode's Default_Ignorable_Code_Point). Joiners and variation selectors are kept
where writing needs them, as https://www.unicode.org/reports/tr39/#Joining_Controls allows: between emoji and for their
style (https://www.unicode.org/reports/tr51/), after a virama of an Indic script, and the non-joiner between two joining
Arabic letters (https://www.rfc-editor.org/rfc/rfc5892#appendix-A); and one selector after an ideograph.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Maximum length of a quoted text as shown.
LONGEST = 100

# The class of hidden characters, for a regular expression.
_HIDDEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    r"\u180b-\u180f\u2000-\u200f\u2028-\u202e\u205f-\u206f\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)

_EMOJI = (
    r"[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    r"\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_STYLED = rf"{_EMOJI}(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"

# Arabic letters that join on both sides, or only to the letter before, and marks between letters.
_JOINS_BOTH = (
    r"[\u0620\u0626\u0628\u062a-\u062e\u0633-\u063f\u0641-\u0647\u0649\u064a\u066e\u066f\u0678-\u0687\u069a-\u06bf"
    r"\u06c1\u06c2\u06cc\u06ce\u06d0\u06d1\u06fa-\u06fc\u06ff]"
)
_JOINS = (
    r"[\u0620\u0622-\u063f\u0641-\u064a\u066e\u066f\u0671-\u0673\u0675-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff]"
)
_ARABIC_MARKS = r"[\u064b-\u065f\u0670]*"

_VIRAMA = r"[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca]"

_IDEOGRAPH = r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"

# Kept sequences, as the first group, and hidden characters.
_SPECIAL = re.compile(
    rf"([0-9#*]\ufe0f\u20e3|{_STYLED}(?:\u200d{_STYLED})+|{_EMOJI}[\ufe0e\ufe0f]"
    rf"|{_JOINS_BOTH}{_ARABIC_MARKS}\u200c(?={_ARABIC_MARKS}{_JOINS})"
    rf"|(?<=[\u0900-\u0dff]){_VIRAMA}[\u200c\u200d]|{_IDEOGRAPH}[\U000e0100-\U000e011f])|[{_HIDDEN}]"
)

HIDDEN = re.compile(f"[{_HIDDEN}]")

# Characters that join the next one or change the one before: a shortened text does not end with them.
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"

_SHORT_NAMES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# Words that need no quotes: the usual roles, statuses, slugs, times, amounts, note numbers and e-mail addresses.
_LETTERS = "0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_WORD = re.compile(
    rf"#?[{_LETTERS}](?:[{_LETTERS}._@+:'-]{{0,252}}[{_LETTERS}_])?|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} [0-9:]{{8}}"
)

_PATH = re.compile(r"[\w./\\:~@+=,-]+")


def visible(text: object) -> str:
    r"""Return the text on one line, with hidden characters as escapes such as `\n`, `\x1b` and `\u202e`."""
    whole = _text(text)
    return whole if whole.isascii() and whole.isprintable() else _SPECIAL.sub(_shown, whole)


def without_hidden(text: str) -> str:
    """Return the text without hidden characters, and with a space for each line break."""
    return _SPECIAL.sub(lambda found: found[1] or (" " if found[0].isspace() else ""), text)


def in_quotes(text: object, longest: int | None = LONGEST) -> str:
    """Return the text in quotation marks, on one line. Longer text ends with an ellipsis."""
    whole = _text(text)
    shown = _inner(whole if longest is None else whole[: longest + 1])
    if longest is None or len(shown) <= longest:
        return f'"{shown}"'
    end = longest
    while len(shown) >= longest:
        end -= 1
        shown = _inner(whole[:end].rstrip(_JOINERS))
    return f'"{shown}…"'


def as_word(text: object, longest: int | None = LONGEST) -> str:
    """Return a single plain word, such as a role, date or e-mail address, as it is, and any other text in quotes."""
    whole = _text(text)
    return whole if _WORD.fullmatch(whole) else in_quotes(whole, longest)


def file_name(path: object) -> str:
    """Return the path, in quotes if it contains anything but letters, digits and the usual punctuation."""
    whole = str(path)
    return whole if _PATH.fullmatch(whole) and not HIDDEN.search(whole) else in_quotes(whole, None)


def one_line_json(value: object, default: Callable[[Any], Any] | None = None) -> str:
    r"""Return compact JSON without hidden characters: each is written as `\u` and four digits, also a lone surrogate.

    Parsing the result gives the value unchanged.
    """
    return _json(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default))


def indented_json(value: object) -> str:
    """Return JSON for people, without hidden characters like `one_line_json`."""
    return "\n".join(map(_json, json.dumps(value, ensure_ascii=False, indent=2).split("\n")))


def escape(char: str) -> str:
    r"""Return the escape for a character, such as `\n` or `\u202e`."""
    number = ord(char)
    return _SHORT_NAMES.get(char) or (
        f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004
    )


def _json(text: str) -> str:
    return HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _inner(text: str) -> str:
    return visible(text.replace("\\", r"\\").replace('"', r"\""))


def _shown(found: re.Match[str]) -> str:
    return found[1] or escape(found[0])


def _text(value: object) -> str:
    """Return a value of an old column, which may hold any type, as text."""
    if value is None:
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
