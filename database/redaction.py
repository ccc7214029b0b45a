"""Search for what identifies a person in stored text, and its replacement."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The name of a person who was erased, wherever a name stood.
NAMELESS = "Erased client"

# Replaces an e-mail, a phone number or the number of a document.
REMOVED = "erased"

# Minimum length of a number or address that identifies a person without their name beside it.
SHORTEST = 5

_DATE = re.compile(r"\d{4}-\d\d-\d\d\b")

# Text that is the same in JSON and SQL, and has no spaces, of which a text may have more.
_PLAIN = re.compile(r"[\w.@+\-]+", re.ASCII)

_ASCII_RUN = re.compile(r"[a-z0-9]+")

# Where a word begins and ends, also in JSON, where the letter before it may be that of \n or \u00e9.
_BEFORE = r"(?:(?<![\w.%+\-])|(?<=\\[nrtbf])|(?<=\\u[0-9a-f]{4}))"
_AFTER = r"(?![\w\-]|\.\w)"


class Traces:
    """The name, e-mails and numbers of one person, found in any case, Unicode normal form and JSON escaping."""

    def __init__(self, names: Iterable[str], others: Iterable[str]) -> None:
        """Take the names, and the other texts that identify the person."""
        self.names, self.others = _distinct(names), _distinct(others)
        self._name = _pattern(self.names)
        self._other = _pattern(self.others)

    @property
    def texts(self) -> list[str]:
        return [*self.names, *self.others]

    def hints(self) -> list[str]:
        """Return, for each text, lowercase ASCII that every spelling of it contains, to narrow a search in SQL."""
        return sorted({hint for text in self.texts for hint in _hints(text)})

    def occur_in(self, text: object) -> bool:
        return isinstance(text, str) and any(one.search(text) for one in (self._name, self._other) if one)

    def removed_from(self, text: str) -> str:
        """Return the text without the person. JSON stays JSON."""
        cleaned = self._replaced(text)
        if cleaned == text or not _is_json(text) or _is_json(cleaned):
            return cleaned
        return json.dumps(self._walked(json.loads(text)), ensure_ascii=False)  # a number was among the traces

    def _replaced(self, text: str) -> str:
        text = self._other.sub(REMOVED, text) if self._other else text
        return self._name.sub(NAMELESS, text) if self._name else text

    def _walked(self, value: object) -> object:
        if isinstance(value, dict):
            return {self._replaced(key): self._walked(one) for key, one in cast("dict[str, object]", value).items()}
        if isinstance(value, list):
            return [self._walked(one) for one in cast("list[object]", value)]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return REMOVED if self.occur_in(json.dumps(value)) else value
        return self._replaced(value) if isinstance(value, str) else value


def numbers_and_addresses(value: object) -> Iterator[str]:
    """Yield the leaves of a JSON value that identify a person: anything with a digit, but no dates and no notes."""
    if isinstance(value, dict):
        for key, one in cast("dict[str, object]", value).items():
            if key != "notes":
                yield from numbers_and_addresses(one)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            yield from numbers_and_addresses(one)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        text = str(value).strip()
        if len(text) >= SHORTEST and any(letter.isdigit() for letter in text) and not _DATE.match(text):
            yield text


def _hints(text: str) -> list[str]:
    if _PLAIN.fullmatch(text):
        return [text.lower()]
    run = longest_ascii_run(text)
    return [run] if run else [form for one in ("NFC", "NFD") for form in _written(unicodedata.normalize(one, text))]


def longest_ascii_run(text: str) -> str:
    return max(_ASCII_RUN.findall(unicodedata.normalize("NFC", text).lower()), key=len, default="")


def _written(text: str) -> list[str]:
    return [text, json.dumps(text)[1:-1]]


def _distinct(texts: Iterable[str]) -> list[str]:
    """Return the texts without repetitions, longest first, so that a text is found before a part of it."""
    return sorted({" ".join(text.split()) for text in texts} - {""}, key=lambda text: (-len(text), text))


def _pattern(texts: Iterable[str]) -> re.Pattern[str] | None:
    forms = dict.fromkeys(unicodedata.normalize(form, text) for text in texts for form in ("NFC", "NFD"))
    found = "|".join("".join(_letter(letter) for letter in form) for form in forms)
    return re.compile(f"{_BEFORE}(?:{found}){_AFTER}", re.IGNORECASE) if found else None


def _letter(letter: str) -> str:
    """Return a pattern for a letter as it is, in JSON and in SQL."""
    if letter == " ":
        return r"(?:\s|\\[nrt])+"
    if letter == "'":
        return "'{1,2}"
    escaped = {json.dumps(one)[1:-1] for one in (letter, letter.lower(), letter.upper())} - {letter}
    return f"(?:{'|'.join(map(re.escape, [letter, *sorted(escaped)]))})" if escaped else re.escape(letter)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
