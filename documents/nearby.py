"""The two places of a leg among the names that stand near its times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.signs import Sign
from documents.words import folded

if TYPE_CHECKING:
    from documents.signs import Token

Ends = tuple["Token", "Token"]
BOTH = 2
CODE = re.compile(r"[A-Z]{3}")


def ends_of(leg: list[Token]) -> Ends | None:
    """The origin and the destination of a leg, or None if the lines don't settle them."""
    leg = _without_codes(leg)
    places = _once([token for token in leg if token.sign is Sign.PLACE])
    times = [token for token in leg if token.sign is Sign.TIME]
    for choice in (
        _labelled(places),
        _coded(places),
        _beside(leg, times),
        places if len(places) == BOTH else [],
        _by_order(leg, times),
        [token for token in places if token.routed],
    ):
        if len(choice) == BOTH and folded(choice[0].text) != folded(choice[1].text):
            return choice[0], choice[1]
    return None


def _without_codes(leg: list[Token]) -> list[Token]:
    """The tokens without codes of airports whose names stand in the line above or below."""
    places = [token for token in leg if token.sign is Sign.PLACE]
    named = {token.line for token in places if not CODE.fullmatch(token.text)}
    codes = [token for token in places if CODE.fullmatch(token.text)]
    below = all(code.line + 1 in named for code in codes)
    above = all(code.line - 1 in named for code in codes)
    return [token for token in leg if token not in codes] if codes and below != above else leg


def _once(places: list[Token]) -> list[Token]:
    """The places without those told again in other words, each by its longest name."""
    kept: list[Token] = []
    for token in places:
        name = folded(token.text)
        same = next((i for i, one in enumerate(kept) if name in folded(one.text) or folded(one.text) in name), None)
        if same is None:
            kept.append(token)
        elif len(name) > len(folded(kept[same].text)):
            kept[same] = token
    return kept


def _labelled(places: list[Token]) -> list[Token]:
    origins = [token for token in places if token.departs is True]
    goals = [token for token in places if token.departs is False]
    return [*origins, *goals] if len(origins) == 1 and len(goals) == 1 else []


def _coded(places: list[Token]) -> list[Token]:
    coded = [token for token in places if token.code]
    return coded if len(coded) == BOTH and coded[0].code != coded[1].code else []


def _beside(leg: list[Token], times: list[Token]) -> list[Token]:
    """The one place in the line of each time, or the two in that of both."""
    found = [[token for token in leg if token.sign is Sign.PLACE and token.line == time.line] for time in times]
    if times[0].line == times[1].line:
        return found[0]
    return [found[0][0], found[1][0]] if all(len(one) == 1 for one in found) else []


def _by_order(leg: list[Token], times: list[Token]) -> list[Token]:
    """The place after each time, or before each, if only one of these is told."""
    order = [token for token in leg if token.sign in {Sign.TIME, Sign.PLACE}]
    after = _next_to(order, times, 1)
    before = _next_to(order, times, -1)
    return after if not before else before if not after else []


def _next_to(order: list[Token], times: list[Token], step: int) -> list[Token]:
    found: list[Token] = []
    for time in times:
        at = order.index(time) + step
        if not 0 <= at < len(order) or order[at].sign is not Sign.PLACE:
            return []
        found.append(order[at])
    return found if abs(found[0].line - times[0].line) <= BOTH and abs(found[1].line - times[1].line) <= BOTH else []
