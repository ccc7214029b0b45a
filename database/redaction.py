"""Search for what identifies a person in stored text, and its replacement."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# The name of a person who was erased, wherever a name stood.
NAMELESS = "Erased client"

# Replaces an e-mail, a phone number or the number of a document.
REMOVED = "erased"

# Minimum number of digits of a phone number, and length of the number of a document.
PHONE_DIGITS, NUMBER_LENGTH = 7, 6

# Number of digits of a phone number without its country code, and of country codes, most common first.
NATIONAL = 9
COUNTRY_CODES = (2, 1, 3)

# Titles that tickets write behind a name.
_TITLES = "(?:MRS|MR|MSTR|MS|MISS|MX|DR|PROF|CHD|INF)"

# Words before a name in a greeting or a list of guests.
_GREETINGS = (
    r"dear|hello|hi|hallo|lieber?|liebes|guten tag|servus|bonjour|ch[eè]re?|hola|estimad[oa]|querid[oa]|ciao|car[oa]"
    r"|gentile|prezad[oa]|ol[aá]|beste|hej|k[aæ]re|mr|mrs|ms|miss|herrn?|frau|señora?|monsieur|madame|signora?|mme"
)

_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"}

_DIGITS = re.compile(r"[0-9]+")
_ASCII_RUN = re.compile(r"[a-z0-9]+")
_EMAIL = re.compile(r"[\w.+\-']+@[\w\-]+(?:\.[\w\-]+)+")
_PHONE = re.compile(r"\+?\d[\d\s\-().]{5,}\d")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,4}\b")
_PHONE_KEY = re.compile(r"phone|mobile|tel|fax|cell|whatsapp", re.IGNORECASE)
_ADDRESS_KEY = re.compile(r"address|street", re.IGNORECASE)
_NUMBER_KEY = re.compile(r"passport|number|document|visa|licen|member|card|^id$|^no$", re.IGNORECASE)

# The string literals and numbers of a JSON text; the second group is the colon after a key.
_JSON_VALUE = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+\-]*')

# Escapes of JSON: one at the end of a text, and a letter anywhere.
_ESCAPE_BEFORE = re.compile(r"\\(?:[nrtbf]|u([0-9a-fA-F]{4}))$")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")

# Scripts that are written without spaces between words, by the beginning of the letters' Unicode names.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass
class Identity:
    """Texts that identify a person. A name of one word is only replaced where it is a whole value."""

    names: set[str] = field(default_factory=set[str])
    emails: set[str] = field(default_factory=set[str])
    phones: set[str] = field(default_factory=set[str])
    numbers: set[str] = field(default_factory=set[str])
    addresses: set[str] = field(default_factory=set[str])

    def add_contact(self, value: object) -> None:
        """Add e-mails, phone numbers and addresses from contact details in any shape."""
        for key, text in _leaves(value):
            self.emails |= set(_EMAIL.findall(text))
            if _PHONE_KEY.search(key):
                self._add_phone(text)
            elif _ADDRESS_KEY.search(key) and len(text.split()) > 1:
                self.addresses.add(text)
            elif not key:
                for one in _PHONE.findall(text):
                    self._add_phone(one)

    def add_documents(self, value: object, *, only_named: bool = False) -> None:
        """Add the numbers of documents and memberships. With `only_named`, the key must say that it is a number."""
        for key, text in _leaves(value):
            if _PHONE_KEY.search(key):
                self._add_phone(text)
                continue
            if _is_number(text, named=bool(_NUMBER_KEY.search(key)), only_named=only_named):
                self.numbers.add(text)
            if _is_number(key, named=False, only_named=only_named):
                self.numbers.add(key)

    def _add_phone(self, text: str) -> None:
        if sum(letter.isdigit() for letter in text) >= PHONE_DIGITS:
            self.phones.add(text)


class Traces:
    """The texts of an identity, found in any case, Unicode normal form and JSON escaping."""

    def __init__(self, identity: Identity) -> None:
        names = _distinct(identity.names)
        self.single = [name for name in names if " " not in name and not _unspaced(name[0])]
        self._names = [name for name in names if name not in self.single]
        self.emails = _distinct(identity.emails)
        self._numbers = _distinct(identity.numbers | identity.addresses)
        self._phones = sorted({"".join(filter(str.isdigit, text)) for text in identity.phones}, key=len, reverse=True)
        self._replacements = [
            (_pattern(map(_spelled, self.emails)), _in_email, REMOVED),
            (_pattern(map(_spelled, self._numbers)), _in_word, REMOVED),
            (_pattern(map(_dialled, self._phones)), _in_number, REMOVED),
            (
                _pattern(form for name in self._names for form in (*_on_ticket(name), _spelled(name))),
                _in_word,
                NAMELESS,
            ),
        ]
        # Single words of a name say who is meant only in a text that names the person.
        words = "|".join(_spelled(word) for word in sorted(self._words(), key=len, reverse=True))
        self._beside = (
            re.compile(
                rf"\b(?:{words})(?=[\"'\u2019\u201d]?\s*[<(\[]?\s*(?:mailto:)?{REMOVED}\b)"
                rf"|(?<=\b{REMOVED}[>)\]] )(?:{words})\b|(?<=\b{REMOVED} )\(?(?:{words})\b\)?"
                rf"|(?P<before>\b(?:{_GREETINGS})\.?\s+)(?:{words})\b",
                re.IGNORECASE,
            )
            if words
            else None
        )

    @property
    def texts(self) -> list[str]:
        return [*self._names, *self.single, *self.emails, *self._numbers, *self._phones]

    def hints(self) -> list[str]:
        """Return, for each text, lowercase ASCII that every spelling of it contains, to narrow a search in SQL."""
        return sorted(self._hints() | {phone[-2:] for phone in self._phones})

    def may_occur_in(self, text: str) -> bool:
        """Return False for most texts that do not name the person, much faster than `occur_in`."""
        lower = text.lower()
        if any(hint.lower() in lower for hint in self._hints()):
            return True
        digits = "".join(_DIGITS.findall(text)) if self._phones else ""
        return any(phone[-PHONE_DIGITS:] in digits for phone in self._phones)

    def _hints(self) -> set[str]:
        hints = {text.lower() for text in self.emails if text.isascii() and "'" not in text}
        # On tickets, a name may consist of its first word and any other.
        for text in (
            *(name.split(" ")[0] for name in self._names),
            *self.single,
            *self._numbers,
            *(one for one in self.emails if one.lower() not in hints),
        ):
            run = longest_ascii_run(text)
            hints |= {run} if run else {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
            hints |= set() if run else {json.dumps(text)[1:-1]}
        return hints

    def occur_in(self, text: object) -> bool:
        return isinstance(text, str) and self.removed_from(text) != text

    def removed_from(self, text: str) -> str:
        """Return the text without the person. In JSON, only values change, also those of JSON inside a string."""
        cleaned = self._removed(text, self._without)
        return cleaned if cleaned == text else self._removed(cleaned, self._without_words)

    def _removed(self, text: str, remove: Callable[[str], str]) -> str:
        if text.lstrip()[:1] in {"[", "{", '"'} and _is_json(text):
            return _JSON_VALUE.sub(lambda found: self._value(found, remove), text)
        return remove(text)

    def _without(self, text: str) -> str:
        for pattern, continues, replacement in self._replacements:
            if pattern:
                text = pattern.sub(lambda found: found[0] if continues(found) else replacement, text)  # noqa: B023 - used at once
        return text

    def _without_words(self, text: str) -> str:
        """Return the text without single words of the name beside what was removed, or in a greeting."""
        return self._beside.sub(lambda found: (found["before"] or "") + NAMELESS, text) if self._beside else text

    def _words(self) -> set[str]:
        """Return the words of the names that say who is meant."""
        return {word for name in self._names for word in name.split(" ") if len(word) > 1 and not _unspaced(word[0])}

    def _value(self, found: re.Match[str], remove: Callable[[str], str]) -> str:
        literal, colon = found[1], found[2]
        if literal is None:
            return json.dumps(REMOVED) if found[0].removesuffix(".0") in self._phones else found[0]
        if colon:
            return found[0]
        value = json.loads(literal)
        whole = {name.casefold() for name in self.single}
        cleaned = NAMELESS if " ".join(value.split()).casefold() in whole else self._removed(value, remove)
        return literal if cleaned == value else json.dumps(cleaned, ensure_ascii=False)


def longest_ascii_run(text: str) -> str:
    return max(_ASCII_RUN.findall(unicodedata.normalize("NFC", text).lower()), key=len, default="")


def _is_number(text: str, *, named: bool, only_named: bool) -> bool:
    """Return True for the number of a document or membership: long, no date, and called so or mostly digits."""
    if len(text) < NUMBER_LENGTH or _DATE.match(text):
        return False
    if named and " " not in text:
        return True
    digits = sum(letter.isdigit() for letter in text)
    return not only_named and digits >= NUMBER_LENGTH - 1 and len(text) - digits <= digits


def _leaves(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the key and the text of each string and number in a JSON value, but no notes."""
    if isinstance(value, dict):
        for inner, one in cast("dict[str, object]", value).items():
            if inner != "notes":
                yield from _leaves(one, inner)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            yield from _leaves(one, key)
    elif isinstance(value, float) and value.is_integer():
        yield key, str(int(value))
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield key, str(value).strip()


def _distinct(texts: Iterable[str]) -> list[str]:
    """Return the texts without repetitions, longest first, so that a text is found before a part of it."""
    return sorted({" ".join(text.split()) for text in texts} - {""}, key=lambda text: (-len(text), text))


def _pattern(alternatives: Iterable[str]) -> re.Pattern[str] | None:
    found = "|".join(alternatives)
    return re.compile(found, re.IGNORECASE) if found else None


def _spelled(text: str) -> str:
    forms = dict.fromkeys(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    return "|".join("".join(_letter(letter) for letter in form) for form in forms)


def _dialled(digits: str) -> str:
    """Return a pattern for a phone number with any separators, with or without its country code."""
    separator = r"[\s\-()./]*"
    prefix = rf"(?:(?:\+|00){separator})?"
    if digits.startswith("0"):
        own = separator.join(digits.lstrip("0"))
        return rf"0{separator}{own}|(?:\+|00)[1-9][0-9]{{0,2}}{separator}(?:\(0\){separator})?{own}"
    forms = [prefix + separator.join(digits)]
    for length in COUNTRY_CODES:
        own = digits[length:]
        if len(own) >= PHONE_DIGITS:
            code = prefix + separator.join(digits[:length])
            forms += [rf"{code}{separator}\(0\){separator}{separator.join(own)}", rf"0{separator}{separator.join(own)}"]
    if len(digits) > NATIONAL:
        forms.append(separator.join(digits[-NATIONAL:]))
    return "|".join(forms)


def _on_ticket(name: str) -> Iterator[str]:
    """Yield patterns for a name with the family name first, as on tickets: "LIMA/ANAMS", "Lima, Ana".

    Any of the words may be the first of the family name, and tickets often have only the first of the given names.
    """
    words = name.split(" ")
    joined = r"[\s\-]*"
    for at in range(1, len(words)):
        for family, given in ((words[at:], words[:at]), (words[:at], words[at:])):
            last, first, rest = joined.join(map(_in_capitals, family)), _in_capitals(given[0]), given[1:]
            more = "".join(f"(?:{joined}{_in_capitals(word)})?" for word in rest)
            yield rf"{last}\s*/\s*{first}{more}(?:\s*{_TITLES}\b)?"
        family, given = words[at:], words[:at]
        whole = joined.join(map(_in_capitals, given))
        yield rf"{joined.join(map(_in_capitals, family))}\s*,\s*{whole}"


def _in_capitals(word: str) -> str:
    """Return a pattern for a word as it is, without its marks, and with the vowels that German writes instead."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", word) if unicodedata.category(letter) != "Mn")
    german = "".join(_GERMAN.get(letter, letter) for letter in unicodedata.normalize("NFC", word.lower()))
    forms = dict.fromkeys(_spelled(one) for one in (word, plain, german))
    return f"(?:{'|'.join(forms)})"


def _letter(letter: str) -> str:
    """Return a pattern for a letter as it is, in JSON and in SQL."""
    if letter == " ":
        return r"(?:\s|\\+[nrt])+"
    if letter == "'":
        return "'{1,2}"
    escaped = {json.dumps(one)[1:-1] for one in (letter, letter.lower(), letter.upper())} - {letter}
    # A text within JSON within JSON has more backslashes.
    forms = [re.escape(letter), *(r"\\+" + re.escape(one.lstrip("\\")) for one in sorted(escaped) if one[0] == "\\")]
    return f"(?:{'|'.join(forms)})" if len(forms) > 1 else forms[0]


def _around(found: re.Match[str]) -> tuple[str, str]:
    """Return the letters before and after a match, with escapes of JSON decoded; "" at the ends of the text."""
    before, after = (
        found.string[max(0, found.start() - 6) : found.start()],
        found.string[found.end() : found.end() + 12],
    )
    if escape := _ESCAPE_BEFORE.search(before):
        before = chr(int(escape[1], 16)) if escape[1] else " "
    if escape := _ESCAPED.match(after):
        after = chr(int(escape[1], 16))
    return before[-1:], after[:1]


def _is_letter(letter: str) -> bool:
    return letter != "" and (letter.isalnum() or unicodedata.category(letter).startswith("M"))


def _unspaced(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_UNSPACED)


def _in_word(found: re.Match[str]) -> bool:
    """Return True if the match is a part of a longer word."""
    before, after = _around(found)
    text = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), found[0])
    first, last = text[0], text[-1]
    return (_is_letter(before) and not _unspaced(first)) or (_is_letter(after) and not _unspaced(last))


def _in_number(found: re.Match[str]) -> bool:
    return any(letter.isdigit() for letter in _around(found))


def _in_email(found: re.Match[str]) -> bool:
    """Return True if the match is a part of a longer e-mail."""
    before, after = _around(found)
    further_back = found.string[max(0, found.start() - 2) : max(0, found.start() - 1)]
    if (before in {"'", ".", "+", "-"} and _is_letter(further_back)) or (
        before != "" and (before == "_" or _is_letter(before))
    ):
        return True
    next_after = found.string[found.end() + 1 : found.end() + 2]
    return after == "-" or _is_letter(after) or (after == "." and _is_letter(next_after) and not next_after.isupper())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def emails_in(texts: Sequence[str]) -> set[str]:
    """Return the e-mails in some texts."""
    return {email for text in texts for email in _EMAIL.findall(text)}
