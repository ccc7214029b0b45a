"""Read a query as a person means it: the words that tell trips apart, words that say nothing, and dates."""

from __future__ import annotations

import re
from calendar import month_name
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from database.scripts import parts, unspaced_runs, without_unspaced
from database.search import emails_in, folded, words_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Row

_LINKING = {"and", "the", "trip", "to", "of", "for", "with", "in", "on", "at", "from", "by", "a", "an"}

# Words around a name that need not be in the trip, in English, German, French, Spanish, Italian and Portuguese.
_FILLER_WORDS = """
about all am are booking bookings client clients couple customer details family find for get give group
has have he her hers him his holiday holidays i info information is it its itinerary journey last let look me
mr mrs ms dr my need next open our ours please pls scheduled she show that their them these they this those
trips travel traveler travelers traveller travellers traveling travelling up upcoming us vacation vacations
want was we were what when where which who whose you your s
an am auf aus bei bitte buchung das dem den der des die dies diese diesem diesen dieser ein eine einem einen einer
familie frau fur gruppe herr herrn ich ihr ihre ihren im ist kunde kunden kundin mein meine meinen mir mit mal nach
nachste nachsten nachster nachstes reise reisen seine seinen ferien uber um und uns unser unsere unseren urlaub vom
von wann was wie wir zeig zeige zu zum zur
au aux avec ce ces cet cette chez client cliente dans de des du elle en est et famille groupe il ils la le les leur
leurs ma mes mme mlle moi mon monsieur madame m nos notre nous ou par pour prochain prochaine quand reservation sa
sejour ses son sur un une vacances vos votre voyage voyages montre trouve svp plait d l
al con cliente cual cuando de del donde el en es esta este familia favor grupo la las los lo me mi mis muestra
nuestra nuestro para por proxima proximo que quien reserva se senor senora sra sr su sus un una unas unos vacaciones
viaje viajes y
agli ai alla alle allo col colla con da dai dal dalla dei del della delle di e famiglia gli gruppo i il io le
mio mostra nel nella nostra nostro per prenotazione prossima prossimo quando signor signora sua suo sul sulla ti un
uno vacanza vacanze viaggio viaggi
ao aos as com da das dos em familia ferias o os para pela pelo por proxima proximo senhor senhora um uma viagem
"""
_FILLERS = frozenset(_FILLER_WORDS.split())

_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january jan januar janner janvier enero gennaio janeiro januari",
            "february feb februar fevrier febrero febbraio fevereiro februari",
            "march mar marz maerz mars marzo marco maart",
            "april apr avril abril aprile",
            "may mai mayo maggio maio mei",
            "june jun juni juin junio giugno junho",
            "july jul juli juillet julio luglio julho",
            "august aug aout agosto augustus",
            "september sep sept septembre septiembre setiembre settembre setembro",
            "october oct oktober okt octobre octubre ottobre outubro",
            "november nov novembre noviembre novembro",
            "december dec dezember dez decembre diciembre dicembre dezembro",
        ),
        1,
    )
    for word in words.split()
}

# Words between a day and its month.
_OF = {"of", "the", "de", "den", "der", "le", "du", "il"}

_DAY = re.compile(r"(0?[1-9]|[12]\d|3[01])(st|nd|rd|th|er)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ISO = re.compile(r"\b((?:19|20)\d\d)-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?\b")
_WRITTEN = re.compile(
    r"(?:((?:19|20)\d\d)\s*[年년]\s*)?(1[0-2]|0?[1-9])\s*[月월](?:\s*(3[01]|[12]\d|0?[1-9])\s*[日일])?"
)
_WRITTEN_YEAR = re.compile(r"((?:19|20)\d\d)\s*[年년]")


@dataclass(frozen=True)
class When:
    """The dates in a query. A window is a pair of first and last day, without the year if none was named."""

    windows: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def fits(self, row: Row) -> bool:
        """Return True if the trip's dates overlap a window."""
        start, end = str(row["start_date"])[:10], str(row["end_date"])[:10]
        for first, last in self.windows:
            years = ("",) if len(first) > len("03-01") else (start[:5], end[:5])
            if any(start <= year + last and end >= year + first for year in years):
                return True
        return False

    def __str__(self) -> str:
        return " or ".join(dict.fromkeys(_spoken(*window) for window in self.windows))

    def begins(self, row: Row) -> bool:
        """Return True if the trip starts within a window."""
        start = str(row["start_date"])[:10]
        return any(first <= start[-len(first) :] <= last for first, last in self.windows)


@dataclass(frozen=True)
class Reading:
    """A query's words. Those of `words` must match; `fillers` need not, and neither do the words of the dates."""

    words: list[str]
    fillers: list[str] = field(default_factory=list[str])
    when: When | None = None

    @property
    def dated(self) -> tuple[str, ...]:
        return self.when.words if self.when else ()

    @property
    def extra(self) -> list[str]:
        """The words that need not match."""
        return [*self.fillers, *self.dated]

    @property
    def all_words(self) -> list[str]:
        return [*self.words, *self.extra]

    @property
    def only_digits(self) -> bool:
        return all(word.isdecimal() for word in self.words)


def content_words(text: str) -> list[str]:
    """Return the words to search for, dropping linking words unless there are no others."""
    words = list(dict.fromkeys(words_in(text)))
    return [word for word in words if word not in _LINKING] or words


def search_words(text: str) -> list[str]:
    """Return the words to search for, with e-mail addresses kept whole."""
    return read_query(text).words


def read_query(text: str) -> Reading:
    """Read a query. If it has nothing but dates and words that say nothing, these are its words."""
    emails, rest = emails_in(text)
    rest, dates = _without_dates(rest)
    runs = unspaced_runs(rest)
    tokens = [*words_in(without_unspaced(rest))]
    months, days, years, spoken = _dates_in(tokens)
    dates += [(year, month, day) for year in years or [""] for month in months or [""] for day in days or [""]]
    windows = tuple(window for window in dict.fromkeys(_window(*one) for one in dates) if window[0])
    others = [word for word in dict.fromkeys(tokens) if folded(word) not in _LINKING]
    fillers = [word for word in others if word not in spoken and folded(word) in _FILLERS]
    inside = list(dict.fromkeys(word for run in runs for word in parts(run)))
    names = [*dict.fromkeys(emails), *(word for word in others if word not in {*spoken, *fillers}), *inside]
    if not names:
        return Reading(others or list(dict.fromkeys(tokens)) or list(dict.fromkeys(words_in(text))))
    if all(word.isdecimal() for word in names):
        return Reading([*names, *fillers], [], When(windows, tuple(spoken)) if windows else None)
    return Reading(names, fillers, When(windows, tuple(spoken)) if windows else None)


def _without_dates(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Take out dates in digits; return the rest, and for each its year, month and day, "" for what is not named."""
    dates: list[tuple[str, str, str]] = []
    for pattern in (_ISO, _WRITTEN):
        dates += [(found[1] or "", f"{int(found[2]):02}", found[3] or "") for found in pattern.finditer(text)]
        text = pattern.sub(" ", text)
    dates += [(found[1], "", "") for found in _WRITTEN_YEAR.finditer(text)]
    return _WRITTEN_YEAR.sub(" ", text), dates


def _dates_in(tokens: Sequence[str]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the months, days and years among the words, and the words themselves."""
    months, days, years, spoken = list[str](), list[str](), list[str](), list[str]()
    plain = [(at, word) for at, word in enumerate(tokens) if word not in _OF]
    for place, (_, word) in enumerate(plain):
        number = _MONTHS.get(folded(word))
        if number:
            months.append(f"{number:02}")
            spoken.append(word)
            for beside in (place - 1, place + 1):
                if 0 <= beside < len(plain) and (day := _DAY.fullmatch(plain[beside][1])):
                    days.append(day[1])
                    spoken.append(plain[beside][1])
        elif _YEAR.fullmatch(word):
            years.append(word)
            spoken.append(word)
    return months, days, years, spoken


def _window(year: str, month: str, day: str) -> tuple[str, str]:
    if not month:
        return (f"{year}-01-01", f"{year}-12-31") if year else ("", "")
    start = f"{year}-{month}-" if year else f"{month}-"
    return (f"{start}{int(day or 1):02}", f"{start}{int(day or 31):02}")


def _spoken(first: str, last: str) -> str:
    """Return the words for a window: `March`, `March 2027`, `2027`, `10 March 2027`."""
    year, month, day = first[:-6], first[-5:-3], f"{int(first[-2:])} " if first == last else ""
    if last.endswith("12-31") and first.endswith("01-01"):
        return year
    return f"{day}{month_name[int(month)]} {year}".strip()
