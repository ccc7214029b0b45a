"""Lines such as "Status: cancelled", and the lines above or below that they are about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents import labels
from documents.marks import About
from documents.patterns import Words
from documents.replaced import is_head

if TYPE_CHECKING:
    from documents.marks import Mark

SHORT = 7
STATUS = re.compile(
    r"\W{0,3}(?:(?:booking )?status|estado|statut|stato|buchungsstatus|ステータス)\s*[:：]", re.IGNORECASE
)
PAIR = 2
# Words of headings above what is cancelled, and above what stands.
OFF = Words(
    r"(?<![^\W_])(?:cancell?ed|not taking place|storniert\w*|abgesagt\w*|entfällt|entfallen\w*|annulée?s?|supprimée?s?"
    r"|cancelad[oa]s?|anulad[oa]s?|suspendid[oa]s?|annullat[oaie]|cancellat[oaie]|soppress[oaie]|geannuleerd|vervallen"
    r"|geschrapt|suprimid[oa]s?)(?![^\W_])|キャンセル済|取消済|中止|欠航|運休"
)
ON = Words(
    r"(?<![^\W_])(?:confirmed|unchanged|going ahead|still (?:on|booked)|remaining|not cancelled|bestätigt\w*"
    r"|unverändert\w*"
    r"|bleibt|bleiben|findet statt|bestehen\w*|maintenue?s?|confirmée?s?|inchangée?s?|conservée?s?|mantien\w+"
    r"|mantenid[oa]s?"
    r"|confirmad[oa]s?|sin cambios|vigentes?|confermat[oaie]|mantenut[oaie]|invariat[oaie]|bevestigd|ongewijzigd"
    r"|gaat door"
    r"|mantid[oa]s?)(?![^\W_])|確定|変更なし|予定どおり|予定通り"
)
CAPITALS = 4
# What stands behind a status in a heading, or before it.
STATUS_TAIL = re.compile(
    r"[\s·|•–—(\[-]+(?:(?P<off>cancell?ed|storniert|entfällt|annulée?s?|supprimée?s?|anulad[oa]s?|cancelad[oa]s?"
    r"|suprimid[oa]"
    r"|annullat[oaie]|cancellat[oaie]|soppress[oaie]|geannuleerd|vervallen|キャンセル|取消|運休|欠航)"
    r"|confirmed|unchanged|no change|not changed|booked|ok|bestätigt|gebucht|unverändert|confirmée?s?|inchangée?s?"
    r"|maintenue?s?|confirmad[oa]s?|sin cambios?|confermat[oaie]|invariat[oaie]|bevestigd|ongewijzigd|確定"
    r"|変更なし)[)\]\s.!]*$",
    re.IGNORECASE,
)
LABELLED = re.compile(r"\W*[^\W\d_]+ ?[:：]")
HEADED = re.compile(r"[→➔⇒>|·•–—(\[]")


def set_cancelled(marks: list[Mark]) -> None:
    """Mark what sections and rows tell that are cancelled.

    A status stands above what it is about, as a heading does, or below it: as the first one of the document does.
    """
    tables = _set_tables(marks)
    stated = [
        (place, status)
        for place, mark in enumerate(marks)
        if (status := _status_of(mark)) is not None and place not in tables
    ]
    if stated:
        before, after = _tells_days(marks[: stated[0][0]]), _tells_days(marks[stated[-1][0] + 1 :])
        if before and not after and not any(marks[place].line.level for place, _ in stated):
            _set_above(marks, stated)
        else:
            _set_below(marks, dict(stated))
    for mark in marks:
        cells = mark.line.cells
        if any(labels.CANCELLED_STATUS.fullmatch(cell) for cell in cells):
            mark.cancelled = True


def _set_tables(marks: list[Mark]) -> set[int]:
    """Mark the rows of tables that tell what is cancelled in one of them, and return the places of such rows."""
    found: set[int] = set()
    first = 0
    for end in range(1, len(marks) + 1):
        if end < len(marks) and len(marks[end].line.cells) == len(marks[first].line.cells):
            continue
        if len(marks[first].line.cells) == PAIR and end - first > PAIR:
            stated = [
                (place, told) for place in range(first, end) if (told := _status_of_row(marks[place])) is not None
            ]
            if len(stated) == 1:
                found.add(stated[0][0])
                for mark in marks[first:end]:
                    mark.cancelled = stated[0][1]
        first = end
    return found


def _status_of_row(mark: Mark) -> bool | None:
    """The status that the second cell of a row tells after its label."""
    label, cell = mark.line.cells
    if not STATUS.fullmatch(f"{label.strip(' :：')}:"):
        return None
    return (
        True if labels.CANCELLED_STATUS.fullmatch(cell) else False if labels.CONFIRMED_STATUS.fullmatch(cell) else None
    )


def _status_of(mark: Mark) -> bool | None:
    """Return True for a line that tells what is cancelled, False for what stands, None for any other."""
    cells = mark.line.cells
    if len(cells) > PAIR or (not cells and len(mark.text.split()) > SHORT):
        return None
    text = mark.text
    if labels.CANCELLED_STATUS.fullmatch(text) or is_head(mark, OFF, ON):
        return True
    if not cells and (tail := STATUS_TAIL.search(text)) and _is_heading(text[: tail.end("off")]):
        return tail["off"] is not None
    stands = labels.CONFIRMED_STATUS.fullmatch(text) or STATUS.match(text) or is_head(mark, ON, OFF)
    return False if stands else None


def _is_heading(text: str) -> bool:
    """Return True if a line with a status behind it names something, rather than being a sentence."""
    capitals = text.isupper() and len(text.split()) <= CAPITALS
    return bool(capitals or HEADED.search(text) or LABELLED.match(text)) and not labels.CANCELLED.search(text)


def _head_above(marks: list[Mark], place: int) -> int:
    return next((i for i in range(place - 1, -1, -1) if marks[i].line.level), 0)


def _tells_days(marks: list[Mark]) -> bool:
    return any(About.TRIP in mark.about for mark in marks)


def _set_below(marks: list[Mark], stated: dict[int, bool]) -> None:
    cancelled = False
    for place, mark in enumerate(marks):
        ended = place and marks[place - 1].line.cells and not mark.line.cells
        if mark.line.level or ended:
            cancelled = False
        cancelled = stated.get(place, cancelled)
        mark.cancelled = cancelled


def _set_above(marks: list[Mark], stated: list[tuple[int, bool]]) -> None:
    begin = 0
    for place, cancelled in stated:
        begin = max(begin, _head_above(marks, place))
        for mark in marks[begin : place + 1]:
            mark.cancelled = cancelled
        begin = place + 1
