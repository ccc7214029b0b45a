"""Amounts of money as a text tells them: separators by the way they are used, the currency on either side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from documents.patterns import Words
from documents.words import MONTHS, any_of

if TYPE_CHECKING:
    from collections.abc import Callable

CODES = [
    "AED",
    "ARS",
    "AUD",
    "BAM",
    "BGN",
    "BRL",
    "CAD",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CRC",
    "CZK",
    "DKK",
    "EGP",
    "EUR",
    "GBP",
    "GEL",
    "HKD",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "ISK",
    "JOD",
    "JPY",
    "KES",
    "KRW",
    "KWD",
    "LKR",
    "MAD",
    "MUR",
    "MXN",
    "MYR",
    "NAD",
    "NOK",
    "NZD",
    "OMR",
    "PEN",
    "PHP",
    "PLN",
    "QAR",
    "RON",
    "RSD",
    "SAR",
    "SEK",
    "SGD",
    "THB",
    "TND",
    "TRY",
    "TWD",
    "TZS",
    "UAH",
    "USD",
    "UYU",
    "VND",
    "XPF",
    "ZAR",
]
KNOWN = frozenset(CODES)
SYMBOLS = {
    "US$": "USD", "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD", "NZ$": "NZD", "HK$": "HKD",
    "MX$": "MXN", "S$": "SGD", "R$": "BRL", "NT$": "TWD",
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "฿": "THB", "₺": "TRY", "₫": "VND",
    "₪": "ILS", "₱": "PHP", "zł": "PLN", "Kč": "CZK",
    "Euro": "EUR", "euro": "EUR", "Euros": "EUR", "euros": "EUR", "円": "JPY",
}  # fmt: skip
# Symbols of several currencies, which the document or the trip must settle.
SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD", "ARS", "CLP", "COP", "UYU"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "kr": ("NOK", "SEK", "DKK", "ISK"),
    "SFr.": ("CHF",),
}  # fmt: skip
NAMING = {
    code: re.compile(
        "|".join([rf"\b{code}\b", *(re.escape(symbol) for symbol, named in SYMBOLS.items() if named == code)])
    )
    for codes in SHARED.values()
    for code in codes
}
WHOLE = {"JPY", "KRW", "VND", "CLP", "ISK", "XPF"}
THOUSANDTHS = {"KWD", "OMR", "JOD", "TND"}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as a text tells it. The currency is None where a symbol stands for several, or none is told."""

    start: int
    end: int
    value: Decimal
    currency: str | None
    symbol: str
    # One end of a range of prices.
    ranged: bool = False


_SYMBOL = "|".join(sorted(map(re.escape, [*SYMBOLS, *SHARED]), key=len, reverse=True))
CURRENCY = rf"(?:{_SYMBOL}|\b(?:{'|'.join(CODES)})\b)"
DIGITS = (
    r"\d{1,3}(?:(?P<sep>[.,'’\u00a0\u202f ])\d{3})(?:(?P=sep)\d{3})*(?:[.,]\d{1,2}(?!\d))?"
    r"|\d{1,9}(?:[.,]\d{1,3}(?!\d))?"
)
LEADING = re.compile(
    rf"(?P<c>{CURRENCY})\s{{0,3}}(?P<n>{DIGITS})(?:[.,][-–]{{1,2}}(?!\s?\d))?(?:\s?(?P<c2>(?!(?P=c)\s?\d)(?:{'|'.join(CODES)}))\b)?"
)
TRAILING = re.compile(rf"(?<![\d.,/])(?<!\d:)(?P<n>{DIGITS})(?:,[-–]{{1,2}})?\s?(?P<c>{CURRENCY})(?![A-Za-z])")
MOMENT = Words(
    rf"(?:\d[./-]\d{{1,2}}[./-]|(?<![^\W\d_])(?:{any_of(MONTHS)})(?:\.|,|\sde)?\s)(?:19|20)\d\d\s?$"
    r"|(?<!\d)[0-2]?\d[:h][0-5]\d\s?$",
)
CAPITALS = re.compile(r"[A-Z]{3}")
SIGNS = {sign for symbol in (*SYMBOLS, *SHARED) for sign in symbol if not sign.isascii() or sign == "$"}
WORDS = tuple(symbol for symbol in (*SYMBOLS, *SHARED) if SIGNS.isdisjoint(symbol))
# The end of a range of prices, not of the time until one is due.
RANGED = re.compile(
    r"\s?(?:-|–|—|to|bis|à|a|～|~)\s?(?=\d)(?!\d{1,2}[./-]\d{1,2}[./-]|\d{4}[/年-]|\d{1,2}[:h月]\d"
    rf"|\d{{1,2}}\.?\s(?:de\s)?(?:{any_of(MONTHS)})(?![^\W\d_]))",
    re.IGNORECASE,
)
TO = re.compile(rf"\s?(?:-|–|—|to|bis|à|～|~)\s?(?:{CURRENCY})?\s?$")
GROUPED = re.compile(r"[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d{1,2})?")
# Before digits that may be a number of rooms or persons, or the number of a room, and not the thousands of an amount.
COUNTED = Words(
    r"(?<![^\W_])(?:rooms?|zimmer|chambres?|habitaci[oó]n(?:es)?|camer[ae]|cabins?|cabines?|kabinen?|no\.?|nr\.?"
    r"|n[°º]\.?"
    r"|num\.?|seats?|days?|tage?|jours?|d[ií]as?|giorn[oi]|week|x|×|für|for|pour|para|per|pax|nights?|personen"
    r"|adult\w*)\s?$",
)


def amounts_in(text: str, *, spaced: bool = False) -> list[Amount]:
    """The amounts with a currency, in their order. `spaced` allows 2 150,00 € with common spaces."""
    if not _names_currency(text):
        return []
    leading: list[re.Match[str]] = []
    for match in LEADING.finditer(text):
        if (leading and text[leading[-1].end() : match.start()].isspace()) or not _ordinary(match, text):
            leading.append(match)
    # The sign right before digits is theirs, as in 2 $218.
    taken = [(m.start("n") if m.end("c") < m.start("n") else m.start(), m.end()) for m in leading]
    trailing = [
        m
        for m in TRAILING.finditer(text)
        if not any(m.start("n") < end and start < m.end() for start, end in taken) and not _is_moment(text, m.end("n"))
    ]
    found = [_amount(match, spaced=spaced or match in leading) for match in [*leading, *trailing]]
    return sorted(_ranges([one for one in found if one], text), key=lambda one: one.start)


def _names_currency(text: str) -> bool:
    """Return True if a text has the sign or code of a currency at all."""
    if not SIGNS.isdisjoint(text) or any(word in text for word in WORDS):
        return True
    return any(code in KNOWN for code in CAPITALS.findall(text))


def _ordinary(match: re.Match[str], text: str) -> bool:
    """Return True if a currency before the digits belongs to an earlier amount, as in 45 EUR 2 Nächte."""
    before = re.search(r"\d\s?$", text[max(0, match.start() - 3) : match.start()])
    return bool(before) and match.end("c") < match.start("n") and not _is_moment(text, match.start())


def _is_moment(text: str, end: int) -> bool:
    """Return True if a text ends with a year or a time there, whose digits are no amount."""
    return bool(MOMENT.search(text[max(0, end - 24) : end]))


def _amount(match: re.Match[str], *, spaced: bool) -> Amount | None:
    symbol, digits, start, end = match["c"], match["n"], match.start(), match.end()
    if " " in digits and not spaced and GROUPED.fullmatch(digits) and match.start() == match.start("n"):
        if COUNTED.search(match.string[max(0, start - 24) : start]):
            return None
    elif " " in digits and not spaced:
        kept = digits.rsplit(" ", 1)[1] if match.start() == match.start("n") else digits.split(" ", 1)[0]
        start += len(digits) - len(kept) if match.start() == match.start("n") else 0
        digits = kept
    currency = symbol if symbol in CODES else SYMBOLS.get(symbol)
    second = match.groupdict().get("c2")
    if second and second not in SHARED.get(symbol, (currency,)):
        end = match.end("n")
    elif second:
        currency = second
    value = value_of(digits, currency)
    return None if value is None else Amount(start, end, value, currency, symbol)


def value_of(digits: str, currency: str | None = None) -> Decimal | None:
    """The number that a text writes, or None if its separators leave open which it is."""
    plain = re.sub(r"[\s'’\u00a0\u202f]", "", digits)
    last = max(plain.rfind("."), plain.rfind(","))
    if last < 0:
        return Decimal(plain)
    decimals = len(plain) - last - 1
    separators = set(re.findall(r"[.,]", plain))
    if decimals == 3 and len(separators) == 1:
        if currency in THOUSANDTHS or plain.startswith("0"):
            return None
        return Decimal(re.sub(r"[.,]", "", plain))
    whole = re.sub(r"[.,]", "", plain[:last])
    if decimals > 2 or (currency in WHOLE and decimals and int(plain[last + 1 :] or 0)):
        return None
    return Decimal(f"{whole or 0}.{plain[last + 1 :] or 0}")


def _ranges(found: list[Amount], text: str) -> list[Amount]:
    ordered = sorted(found, key=lambda one: one.start)
    ranged: set[int] = set()
    for i, one in enumerate(ordered):
        if i + 1 < len(ordered) and RANGED.fullmatch(text[one.end : ordered[i + 1].start] + "0", 0) is not None:
            ranged |= {i, i + 1}
        if RANGED.match(text, one.end) or re.search(
            r"\d\s?(?:-|–|to|bis|à|and|und|et|y|e)\s?$", text[max(0, one.start - 6) : one.start]
        ):
            ranged.add(i)
        if i + 1 < len(ordered) and re.fullmatch(
            r"\s?(?:-|–|—|to|bis|à|a|～|~)\s?", text[one.end : ordered[i + 1].start]
        ):
            ranged |= {i, i + 1}
    return [
        Amount(one.start, one.end, one.value, one.currency, one.symbol, ranged=i in ranged)
        for i, one in enumerate(ordered)
    ]


def settled(
    amount: Amount, holds: Callable[[re.Pattern[str]], bool], *, language: str | None, trip_currency: str | None
) -> str | None:
    """The currency of an amount, settled by the codes in the document's text, its language or the trip.

    `holds` tells whether a pattern stands in the text.
    """
    if amount.currency:
        return amount.currency
    candidates = SHARED.get(amount.symbol, ())
    named = [code for code in candidates if holds(NAMING[code])]
    if len(named) == 1:
        return named[0]
    if not named and amount.symbol in {"¥", "￥"} and language == "ja":
        return "JPY"
    return trip_currency if trip_currency in (named or candidates) else None
