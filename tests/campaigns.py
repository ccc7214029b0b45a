"""Length of the randomized campaigns and kill tests: short by default, long with `pytest --long`."""

from __future__ import annotations


class _Form:
    long = False


def choose(*, long: bool) -> None:
    """Set the length for this process; must be called before any test module is imported."""
    _Form.long = long


def rounds(short: int, long: int) -> int:
    """The number of examples, kills, calls or trips of a campaign."""
    return long if _Form.long else short
