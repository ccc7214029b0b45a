"""The requests that the hosted engine makes, as its log tells."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

LOGGER = logging.getLogger("voygen.d1")


class Requests(logging.Handler):
    """Collects the size of the body of each answer, in bytes."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sizes: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "received"):
            self.sizes.append(record.__dict__["received"])

    def clear(self) -> None:
        self.sizes.clear()

    @property
    def count(self) -> int:
        return len(self.sizes)

    @property
    def largest(self) -> int:
        return max(self.sizes, default=0)

    def __enter__(self) -> Self:
        self._level = LOGGER.level
        LOGGER.setLevel(logging.DEBUG)
        LOGGER.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        LOGGER.removeHandler(self)
        LOGGER.setLevel(self._level)
