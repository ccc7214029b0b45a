"""Errors about documents, which never repeat what a document says."""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from documents.errors import DocumentError
from tools.answers.errors import Busy, Conflict, InvalidInput, NotFound, ToolFault, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")

logger = logging.getLogger("voygen")

_FAULTS: dict[str, type[ToolFault]] = {
    fault.code: fault for fault in (InvalidInput, NotFound, Conflict, Busy, Unavailable)
}


@contextmanager
def told_apart() -> Generator[None]:
    """Turn an error about a document into one for the agent.

    The words of any other error may be those of the document, so only its type and place are logged.
    """
    try:
        yield
    except DocumentError as error:
        raise _FAULTS.get(error.code, InvalidInput)(error.message, error.hint) from None
    except ToolFault:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        last = traceback.extract_tb(error.__traceback__)[-1]
        logger.error("a document can't be read: %s in %s, line %s", type(error).__name__, last.name, last.lineno)  # noqa: TRY400
        raise Unavailable(
            "The document can't be read: unexpected internal error.", "Paste its text with import_trip_document."
        ) from None


async def in_thread(work: Callable[[], T]) -> T:
    """Run work on a document beside the event loop."""
    with told_apart():
        return await asyncio.to_thread(work)
