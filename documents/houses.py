"""The name of a place to stay inside a sentence: a run of words with capitals around a word such as "Hotel"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.labels import DATE_WORDS, LODGING_WORD
from documents.patterns import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

# Kinds of houses that no other thing is called by.
STRONG_WORD = (
    r"[^\W_]*hotels?|hôtel|hotell|pension|pensión|pensione|pensão|inn|lodge|hostel|hostal|ostello|hostería|hospedería"
    r"|ryokan|riad|parador|gasthof|gasthaus|gästehaus|guest\s?house|b&b|auberge|albergue|albergo|agriturismo|masseria"
    r"|posada|pousada|resort|apartments?|aparthotel|apartamentos?|ferienwohnung|ferienhaus|motel|gîte"
    r"|[^\W_]{3,}herberge|casa rural|bed (?:and|&) breakfast|chambre d'hôtes|hospiz|locanda|relais"
    r"|minshuku|machiya|suites|glamping|campsite|herberg|landhaus|landhuis|vakantiehuis|vakantiewoning|berghotel"
    r"|seehotel|schlosshotel|rifugio|refugio"
    r"|chambres d'hôtes|homestay|cabins|bungalows|hütte|[^\W_]{3,}hütte|kasbah|bivouac|bivacco|campamento"
)
QUOTES = str.maketrans("", "", '"„“«”»')
WORD = r"[\"„“«]?[A-ZÀ-ÖØ-Þ][^\s,.;:!?()\[\]|/–—]*"
INNER = (
    r"(?:(?:de|del|di|da|do|du|des|of|the|d['’]|dell['’]|della|delle|dei|la|las|los|le|les|el|il|lo"
    r"|l['’]|und|and|&|y|e"
    r"|et|von|van|der|den|zum|zur|am|an der|auf der|auf dem|at the|on the|by the|in the|aan|ter|op|a|au|aux)\s?){1,3}"
)
RUN = rf"(?:\s(?:{INNER})?{WORD})"
GENERIC = Words(
    r"(?<![^\W_])(?:booking|reserv\w*|confirm\w*|details?|voucher|name|information|info|policy|policies"
    r"|rules?|buchung\w*"
    r"|bestätigung\w*|adresse|address|website|reception|rezeption|réception|recepción|transfers?"
    r"|pick[-\s]?up|check\w*"
    r"|price|rates?|total|costs?|nights?|rooms?|summary|list|breakfast|shuttle|category|categoría|catégorie|kategorie"
    r"|einchecken|auschecken|bar|pool|restaurant|lobby|lounge)(?![^\W_])",
)
# Words that begin a sentence as well as a name, and stay with the name.
FIRST = re.compile(r"(?:The|Grand|Grande|Park|Royal|Best|Old|Golden|Boutique|Best Western|Gran|Le|La|Das)(?:\s|$)")


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<left>(?:(?<![^\W_]){WORD}(?:\s(?:(?:of|and|the|&|de|du|des|del|di|van|von)\s)?{WORD}){{0,4}}\s)?)"
        rf"(?P<kind>(?<![^\W_])(?i:{words})(?![^\W_]))"
        rf"(?P<right>{RUN}{{0,5}}(?:\s\d{{1,4}}(?=\s*[,;()]|\.?$))?)"
    )


STRONG_HOUSE = _pattern(STRONG_WORD)
HOUSE = _pattern(f"{STRONG_WORD}|{LODGING_WORD}")


def houses_in(text: str, *, strong: bool = False) -> Iterator[tuple[str, int, int]]:
    """Yield the names of houses in a text with the places where they begin and end."""
    for match in (STRONG_HOUSE if strong else HOUSE).finditer(text):
        left, kind, right = match["left"].strip(), match["kind"], match["right"]
        dated = DATE_WORDS.search(right)
        right = (right[: dated.start()] if dated else right).rstrip()
        begin, end = match.start(), match.start("right") + len(right)
        right = right.lstrip()
        if right and left and not text[:begin].strip(" -–—•*\"'«“(") and not FIRST.match(left):
            left, begin = "", match.start("kind")
        name = " ".join(part for part in (left, kind, right) if part).translate(QUOTES)
        if (left or right) and not GENERIC.search(name) and re.search(r"[^\W\d_]{2}", left + right):
            yield name, begin, end


def house_in(text: str, *, strong: bool = False) -> str | None:
    """Return the name of the only house in a text."""
    names = list(dict.fromkeys(name for name, _, _ in houses_in(text, strong=strong)))
    return names[0] if len(names) == 1 else None
