"""The tokens of lines that tell several legs, cut into those of each leg."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from documents.signs import Sign, Token

if TYPE_CHECKING:
    from documents.marks import Mark

Leg = list[Token]
BOTH = 2


def cut(tokens: list[Token], numbers: list[Token], times: list[Token], marks: list[Mark]) -> list[Leg]:
    """The tokens of each leg, by whether its number stands before, after or between its times."""
    if len(times) != 2 * len(numbers):
        return []
    pairs = list(zip(times[::2], times[1::2], strict=True))
    if all(number.at <= first.at for number, (first, _) in zip(numbers, pairs, strict=True)):
        cuts = [number.at for number in numbers[1:]]
        if any(pairs[i][1].line >= cut[0] for i, cut in enumerate(cuts)):
            return _cut_between(tokens, pairs, marks)
        cuts = [(line, -1) for line, _ in cuts]
    elif all(number.at >= second.at for number, (_, second) in zip(numbers, pairs, strict=True)):
        cuts = [(number.line + 1, -1) for number in numbers[:-1]]
    else:
        inside = (first.at <= number.at <= second.at for number, (first, second) in zip(numbers, pairs, strict=True))
        return _cut_between(tokens, pairs, marks) if all(inside) else []
    if any(not pairs[i][1].at < cut <= pairs[i + 1][0].at for i, cut in enumerate(cuts)):
        return []
    return _parts(tokens, cuts, marks)


def cut_labelled(tokens: list[Token], marks: list[Mark]) -> list[Leg]:
    """The tokens of each leg without a number: all of them, or those from one labelled origin to the next."""
    if sum(1 for token in tokens if token.sign is Sign.TIME) == BOTH:
        return [tokens]
    labelled = [token for token in tokens if token.departs is not None]
    cuts = [after.at for before, after in pairwise(labelled) if not before.departs and after.departs]
    legs = _parts(tokens, cuts, marks)
    told = [[(token.sign, token.departs) for token in leg if token in labelled] for leg in legs]
    ends = [(sign, departs) for departs in (True, False) for sign in (Sign.PLACE, Sign.TIME)]
    return legs if all(len(one) == len(ends) and set(one) == set(ends) for one in told) else []


def _cut_between(tokens: list[Token], pairs: list[tuple[Token, Token]], marks: list[Mark]) -> list[Leg]:
    """The legs where times alone part them: a place after each time, or before each."""
    first = next((token.sign for token in tokens if token.sign in {Sign.TIME, Sign.PLACE}), Sign.TIME)
    cuts: list[tuple[int, int]] = []
    for (_, arrives), (departs, _) in pairwise(pairs):
        between = [t for t in tokens if arrives.at < t.at < departs.at and t.sign is Sign.PLACE]
        if between and between[0].line == arrives.line:
            cut = (between[0].line, between[0].start + 1)
        elif between and between[-1].line == departs.line:
            cut = between[-1].at
        elif first is Sign.TIME:
            cut = (between[0].line, between[0].start + 1) if between else (arrives.line, arrives.start + 1)
        else:
            cut = between[-1].at if between else departs.at
        cuts.append(cut)
    return _parts(tokens, cuts, marks)


def _parts(tokens: list[Token], cuts: list[tuple[int, int]], marks: list[Mark]) -> list[Leg]:
    bounds = [(-1, -1), *cuts, (1 << 30, 0)]
    legs = [[token for token in tokens if begin <= token.at < end] for begin, end in pairwise(bounds)]
    for leg, following in pairwise(legs):
        _hand_over(leg, following, marks)
    return legs


def _hand_over(leg: Leg, following: Leg, marks: list[Mark]) -> None:
    """Give days and routes that stand alone below a leg to the one that follows."""
    lines = {token.line for token in leg if token.sign in {Sign.TIME, Sign.NUMBER, Sign.PLACE}}
    last = max(token.line for token in leg if token.sign is Sign.TIME)
    later = [t for t in leg if t.sign is Sign.DAY and t.line > last and t.line not in lines]
    later = [token for token in later if not is_same_row(last, token.line, marks)]
    places = [token for token in leg if token.sign is Sign.PLACE]
    routes = [token for token in places if token.routed and token.line > last]
    if len(places) - len(routes) >= BOTH:
        later += routes
    for token in later:
        leg.remove(token)
    following[:0] = sorted(later, key=lambda token: token.at)


def is_same_row(first: int, last: int, marks: list[Mark]) -> bool:
    """Return True if lines are those of the cells of one row, whose ends stand beside each other."""
    columns = len(marks[first].line.cells)
    return (
        columns > 1
        and len(marks[first].times) > 1
        and all(len(m.line.cells) == columns for m in marks[first : last + 1])
    )
