"""Words of scripts without spaces between words, and of scripts other than Latin, as the search index has them."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from anyascii import anyascii

# Letters of scripts without spaces between words, as in the views of the search index, and Hangul, whose words have
# particles at the end: Thai and Lao, Burmese, Khmer, Chinese, Japanese and Korean.
LETTERS = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\uff9f\U00020000-\U0003134f"

_RUN = re.compile(rf"[{LETTERS}]+")

# Words of such scripts that say nothing about which trip is meant.
_FILLERS = re.compile(
    "之旅|旅行|旅游|旅遊|旅程|行程|度假|家族|家庭|一家|夫妻|先生|女士|小姐|的|"
    "さん|さま|ちゃん|様|氏|ツアー|"
    "여행|가족|일정|휴가|씨|님|"
    "ทริป|เที่ยว|ท่องเที่ยว|ครอบครัว|คุณ|การเดินทาง"
)

# Particles of Japanese, alone between other words, and of Korean, at the end of a word.
_PARTICLES = {
    "の",
    "は",
    "が",
    "を",
    "に",
    "へ",
    "と",
    "で",
    "も",
    "や",
    "から",
    "まで",
    "への",
    "での",
    "との",
    "より",
}
_ENDINGS = re.compile("(?<=..)(에서|으로|까지|부터|하고|의|에|로|와|과|을|를|은|는|이|가)$")

# Length up to which a text may be two or three words written together.
_TOGETHER = 12

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
_VOWELS = str.maketrans(dict.fromkeys("aeiouywh") | {"c": "k", "q": "k"})

# Scripts that are written without most vowels.
_CONSONANTS_ONLY = re.compile("[\u0590-\u06ff]")

# The article in front of an Arabic name.
_ARTICLE = re.compile("^ال(?=..)")


def is_unspaced(word: str) -> bool:
    """Return True for a word of letters that may be a part of a longer run of letters."""
    return bool(_RUN.fullmatch(word))


def unspaced_runs(text: str) -> list[str]:
    """Return the runs of letters of scripts without spaces between words."""
    return [run for found in _RUN.findall(text) for run in "".join(map(_letter, found)).split()]


def without_unspaced(text: str) -> str:
    return _RUN.sub(" ", text)


def parts(run: str) -> list[str]:
    """Split a run of letters into words, as far as scripts and particles tell, leaving out words that say nothing."""
    words = [word for piece in _FILLERS.split(run) for word in _by_script(piece)]
    return [word for word in words if word not in _PARTICLES and any(map(str.isalnum, word))]


def pieces(word: str) -> list[list[str]]:
    """Return the ways to read a word: whole, or as two or three words of at least two letters written together."""
    size = len(word)
    ways = [[word]]
    if size <= _TOGETHER:
        ways += [[word[:at], word[at:]] for at in range(2, size - 1)]
        ways += [[word[:at], word[at:end], word[end:]] for at in range(2, size - 3) for end in range(at + 2, size - 1)]
    return ways


def pairs(word: str) -> str:
    """Return each letter of a word together with the next, as the index has them."""
    return " ".join(word[at : at + 2] for at in range(len(word) - 1))


def romanized(word: str) -> str:
    """Return the word in Latin letters, in lower case and without accents."""
    return word if word.isascii() else re.sub("[^a-z0-9]", "", anyascii(word).lower())


def latin_forms(word: str) -> list[str]:
    """Return the word, and its other forms in Latin letters: `müller`, `muller`, `mueller`."""
    if word.isascii() or "@" in word:
        return [word]
    return [form for form in dict.fromkeys([word, romanized(word), romanized(word.translate(_UMLAUTS))]) if form]


def spelled(word: str) -> str:
    """Return the form in which spellings are compared, without the article of an Arabic name."""
    return romanized(_ARTICLE.sub("", word))


def consonants(word: str) -> str:
    """Return the consonants of a word, which are all that some scripts write."""
    return spelled(word).translate(_VOWELS)


def lacks_vowels(word: str) -> bool:
    """Return True for a word of a script that is written without most vowels."""
    return bool(_CONSONANTS_ONLY.search(word))


def _letter(letter: str) -> str:
    return letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "


def _by_script(text: str) -> list[str]:
    found = ["".join(some) for _, some in groupby(text, _script)]
    return [_ENDINGS.sub("", word) or word if _script(word[0]) == "hangul" else word for word in found]


def _script(letter: str) -> str:
    if "\u3041" <= letter <= "\u309f":
        return "hiragana"
    if "\u30a0" <= letter <= "\u30ff" or "\uff66" <= letter <= "\uff9f":
        return "katakana"
    if "\uac00" <= letter <= "\ud7a3":
        return "hangul"
    return "other"
