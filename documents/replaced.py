"""Values told beside those that replace them: an old column, an old row, a day after "instead of"."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from documents.marks import About
from documents.patterns import Words
from documents.words import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.marks import Mark, Reading
    from documents.model import Stay

# Words of a heading of a column or row that hold in these languages: en, de, fr, es, it, pt, nl, ja.
OLD = Words(
    r"(?<![^\W_])(?:old|previous(?:ly)?|former(?:ly)?|original(?:ly)?|before|was|bisher\w*|alt(?:e[rsn]?)?|vorher\w*"
    r"|ursprünglich\w*|zuvor|ancien(?:ne)?s?|précédente?s?|initiale?s?|initialement|avant|anterior(?:es|mente)?"
    r"|antigu[oa]s?|antes|original(?:es)?|vecchi[oae]|precedent[ei]|originale|prima|antig[oa]s?|oude?|vorige|eerder)"
    r"(?![^\W_])|変更前|^旧|以前",
)
NEW = Words(
    r"(?<![^\W_])(?:new|updated?|revised|changed|now|after|amended|current(?:ly)?|neu\w*|jetzt|nachher"
    r"|aktuell\w*|geändert\w*"
    r"|nouve(?:au|l|lle)s?|après|maintenant|modifiée?s?|actuel(?:le)?s?|nuev[oa]s?|ahora|después"
    r"|actual(?:es|izad[oa])?"
    r"|nuov[oaie]|adesso|ora|dopo|attual[ei]|modificat[oa]|nov[oa]s?|agora|depois|atual|nieuwe?|nu|huidige)(?![^\W_])"
    r"|変更後|^新",
)
# Words before days that a sentence sets against each other.
ONCE = Words(
    r"(?<![^\W_])(?:previously|formerly|originally|before|was|were|bisher\w*|vorher|zuvor|ursprünglich\w*|avant"
    r"|précédemment|initialement|antes|anteriormente|inicialmente|prima|precedentemente|inizialmente"
    r"|antes|eerst|eerder"
    r"|oorspronkelijk)(?![^\W_])"
)
NOW = Words(
    r"(?<![^\W_])(?:now|new|instead|jetzt|nun(?:mehr)?|neu|stattdessen|maintenant|désormais|nouveau"
    r"|ahora|nuev[oa]|adesso"
    r"|ora|nuov[oa]|agora|nov[oa]|nu|nieuw)(?![^\W_])"
)
# Words right before a day or time that another replaces.
INSTEAD = Words(
    r"(?<![^\W_])(?:instead of|in place of|rather than|not|previously|formerly|originally|was|statt|anstatt|anstelle"
    r"|bisher\w*|vorher|zuvor|ursprünglich\w*|nicht|au lieu|à la place|précédemment|initialement|auparavant"
    r"|en (?:lugar|vez)|anteriormente|inicialmente|originalmente|antes|invece|al posto|anziché|precedentemente"
    r"|inizialmente|originariamente|em vez|em lugar|anteriormente|in plaats van|oorspronkelijk|eerst|voorheen)"
    r"(?:\s(?:of|de|del|du|des|dell?a?|do|da|the|as|am|on|at|um|den|dem|der|vom|von|le|el|il|o|op"
    r"|planned|booked|gebucht"
    r"|geplant\w*|prévue?s?|previst[oa]s?|for|für|pour|para|per|from))*\s?[:(]?\s?$"
    r"|変更前の?(?:日程|期間)?\W{0,2}$",
)
# Words before "from one day to another" that tell of a change, not of a stay.
MOVED = Words(
    r"(?<![^\W_])(?:moved|changed|rescheduled|postponed|shifted|brought forward|verschoben|verlegt|geändert|umgebucht"
    r"|reportée?s?|déplacée?s?|décalée?s?|modifiée?s?|avancée?s?|aplazad[oa]s?|cambiad[oa]s?|trasladad[oa]s?"
    r"|modificad[oa]s?|adelantad[oa]s?|spostat[oaie]|posticipat[oaie]|anticipat[oaie]|modificat[oaie]|adiad[oa]s?"
    r"|alterad[oa]s?|verplaatst|gewijzigd|verzet)(?![^\W_])[^.;!?]{0,40}$",
)
FROM = Words(r"(?<![^\W_])(?:from|von|vom|du|de|del|dal|da|van)\s(?:the\s|el\s|le\s|il\s)?$")
ONTO = re.compile(
    r"\W*(?:to|on ?to|auf|auf den|zum|au|à|al|a|para el|a il|naar)\s?(?:the|den|el|le|il)?\s*", re.IGNORECASE
)
# Cells of the new column that leave what the old one tells.
SAME = re.compile(
    r"\W*(?:unchanged|no change|same|unverändert|gleich|inchangée?|sin cambios?|igual|invariat[oa]|sem alteraç\w+"
    r"|ongewijzigd|変更なし|同じ)?\W*",
    re.IGNORECASE,
)
WORDS = 4
REACH = 60


def set_replaced(marks: list[Mark]) -> None:
    """Take the days, times and amounts of old columns out of their rows, and mark old rows."""
    place = 0
    while place < len(marks):
        columns = len(marks[place].line.cells)
        end = place + 1
        while columns and end < len(marks) and len(marks[end].line.cells) == columns:
            end += 1
        if end - place > 1:
            _set_table(marks[place:end])
        place = end


def former_headings(marks: list[Mark]) -> dict[int, bool]:
    """The places of headings that differ by a word such as "old" and "new" alone, and whether each is the old one."""
    heads: dict[str, dict[bool, list[int]]] = {}
    for place, mark in enumerate(marks):
        text = mark.text.strip(" :：*#=-–—")
        if mark.told or mark.times or mark.amounts or len(mark.line.cells) > 1 or not 0 < len(text.split()) <= WORDS:
            continue
        old, new = OLD.search(text), NEW.search(text)
        found = old or new
        if found and not (old and new) and not text.endswith((".", "!", ",")):
            rest = folded(f"{text[: found.start()]} {text[found.end() :]}")
            heads.setdefault(" ".join(rest.split()), {True: [], False: []})[bool(old)].append(place)
    pairs = [one for one in heads.values() if one[True] and one[False]]
    return {place: old for one in pairs for old, places in one.items() for place in places}


def _set_table(rows: list[Mark]) -> None:
    head, *body = rows
    cells = head.line.cells
    old, new = list(_columns(cells, OLD, NEW)), list(_columns(cells, NEW, OLD))
    if len(old) == len(new) == 1 and old[0] and new[0]:
        for row in body:
            if not SAME.fullmatch(row.line.cells[new[0]]):
                _empty(row, old[0])
        return
    firsts = [row.line.cells[0] for row in rows]
    old, new = list(_columns(firsts, OLD, NEW)), list(_columns(firsts, NEW, OLD))
    if old and new:
        for place in old:
            rows[place].old = True


def is_head(mark: Mark, pattern: Words, other: Words) -> bool:
    """Return True for a heading of a few words that holds one word and not the other."""
    text = mark.text
    if mark.told or mark.times or mark.amounts or mark.line.cells or mark.line.item:
        return False
    if not (mark.line.level or text.isupper() or text.endswith((":", "："))) or len(text.split()) > WORDS:
        return False
    return bool(pattern.search(text) and not other.search(text))


def _columns(cells: tuple[str, ...] | list[str], pattern: Words, other: Words) -> Iterator[int]:
    """Yield the places of short cells that hold one of the words and none of the others."""
    for place, cell in enumerate(cells):
        short = 0 < len(cell.split()) <= WORDS and not re.search(r"\d", cell)
        if short and pattern.search(cell) and not other.search(cell):
            yield place


def _empty(row: Mark, column: int) -> None:
    begin, end = cell_span(row, column)
    row.told = [one for one in row.told if not begin <= one.start < end]
    row.times = [one for one in row.times if not begin <= one.start < end]
    row.amounts = [one for one in row.amounts if not begin <= one.start < end]
    row.old_cell = column


def cell_span(row: Mark, column: int) -> tuple[int, int]:
    """The places where a cell's text begins and ends in that of its row."""
    place = 0
    begin = end = 0
    for cell in row.line.cells[: column + 1]:
        at = row.text.find(cell, place) if cell else -1
        begin = at if at >= 0 else place
        end = begin + len(cell) if at >= 0 else begin
        place = end
    return begin, end


def set_replaced_days(mark: Mark) -> None:
    """Note the days of a line that other days replace, and take the times out that do not hold any more."""
    contrasts = _contrasted(mark)
    for i, told in enumerate(mark.told):
        before = mark.text[max(0, told.start - REACH) : told.start]
        moved = i + 1 < len(mark.told) and _is_moved(mark, i)
        closes = told.closes and i > 0 and mark.about[i - 1] is About.OLD
        contrasted = i in contrasts
        if moved or closes or contrasted or (INSTEAD.search(before) and len(mark.told) > 1):
            mark.about[i] = About.OLD
    if len(mark.times) > 1:
        mark.times = [one for one in mark.times if not INSTEAD.search(mark.text[max(0, one.start - REACH) : one.start])]


def _contrasted(mark: Mark) -> set[int]:
    """Return the places of days after "before", in a line that has other days after "now"."""
    old: set[int] = set()
    new = False
    begin = 0
    for i, told in enumerate(mark.told):
        clause = mark.text[begin : told.start]
        begin = told.end
        if NOW.search(clause):
            new = True
        elif ONCE.search(clause):
            old.add(i)
    return old if new else set()


def _is_moved(mark: Mark, i: int) -> bool:
    """Return True if a day is the first of "moved from one day to another"."""
    told, following = mark.told[i], mark.told[i + 1]
    before = mark.text[max(0, told.start - REACH) : told.start]
    start = FROM.search(before)
    onto = told.opens or ONTO.fullmatch(mark.text, told.end, following.start)
    return bool(start and onto and MOVED.search(before[: start.start()]))


def replace_days(stays: list[Stay], reading: Reading) -> None:
    """Give stays the days that a later line tells instead of theirs."""
    for mark in reading.marks:
        old = _range(mark, About.OLD)
        if not old:
            continue
        new = _range(mark, About.TRIP)
        for stay in [one for one in stays if (one.check_in, one.check_out) == old and mark.text not in one.quote]:
            if not new or not (new[0] < new[1]):
                stays.remove(stay)
                continue
            stay.check_in, stay.check_out = new
            stay.nights = (date.fromisoformat(new[1]) - date.fromisoformat(new[0])).days
            stay.quote = f"{stay.quote}\n{mark.text}"


def _range(mark: Mark, about: About) -> tuple[str, str] | None:
    for i in range(len(mark.told) - 1):
        first, last = mark.days[i], mark.days[i + 1]
        subjects = mark.about[i], mark.about[i + 1]
        if mark.told[i].opens and mark.told[i + 1].closes and first and last and subjects == (about, about):
            return first.isoformat(), last.isoformat()
    return None
