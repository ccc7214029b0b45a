"""Make the page of a proposal from a template, and its PDF, each in a child process."""

from __future__ import annotations

import asyncio
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from database.quoting import as_word, in_quotes
from documents import children
from tools.answers.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.proposals.model import Proposal

# What a template may take: characters, seconds of the processor, seconds, and bytes of memory.
PAGE_CHARACTERS = 1_000_000
PAGE_CPU_SECONDS, PAGE_WALL_SECONDS, PAGE_MEMORY = 3, 15, 512 * 1024 * 1024

# The same for a PDF.
PDF_CPU_SECONDS, PDF_WALL_SECONDS, PDF_MEMORY = 20, 40, 2 * 1024 * 1024 * 1024

# The most characters of a problem with a template in an error.
PROBLEM_LENGTH = 300

# How to get a PDF without WeasyPrint.
PRINT = "Open the HTML file in a browser and print it to PDF."

NO_PDF = "A PDF can't be made here, because voygen[pdf] is not installed."

# Proposals that are made at once; others wait.
_WORKERS = ThreadPoolExecutor(2, "proposals")

_PAGE_CHILD, _PDF_CHILD = (Path(__file__).with_name(name) for name in ("page_child.py", "pdf_child.py"))

_INSIDE = "Tell the user: a proposal holds everything itself; pictures go into it as data: URLs."

# What only the calendar says, at each place in the model that has it.
_CALENDAR: Any = {"confirmation", "uid"}
_STAYS: Any = {"__all__": _CALENDAR}
_UNSEEN: Any = {"trip": {"uid": True, "stays": _STAYS, "days": {"__all__": {"entries": _STAYS, "stays": _STAYS}}}}

_TELL = "Tell the user, who can change the template; or send another one of list_templates."


def makes_pdf() -> bool:
    return find_spec("weasyprint") is not None


async def page(sources: Mapping[str, str], template: str, proposal: Proposal) -> str:
    """Return the page. Raises InvalidInput if the template fails, takes too long, or makes a page that loads things."""
    asked = {"sources": sources, "name": template, "context": proposal.model_dump(exclude=_UNSEEN)}
    limits = (PAGE_CPU_SECONDS, PAGE_MEMORY, PAGE_CHARACTERS)
    told = await _run(_PAGE_CHILD, json.dumps(asked).encode(), *limits, wall_seconds=PAGE_WALL_SECONDS)
    try:
        answer: dict[str, Any] = json.loads(told or b"")
    except ValueError:
        answer = {"problem": "it takes too long or too much memory"}
    if "page" in answer:
        raise InvalidInput(f"The template makes a page that {answer['page']}.", _INSIDE)
    if "html" not in answer:
        line = f", in line {answer['line']}" if answer.get("line") else ""
        problem = in_quotes(answer["problem"].rstrip("."), PROBLEM_LENGTH)
        raise InvalidInput(f"The template {as_word(template)} fails{line}: {problem}.", _TELL)
    return answer["html"]


async def pdf(html: str) -> bytes:
    """Return the page as a PDF. Raises InvalidInput if that takes too long, or Unavailable."""
    if not makes_pdf():
        raise Unavailable(NO_PDF, PRINT)
    limits = (PDF_CPU_SECONDS, PDF_MEMORY)
    made = await _run(_PDF_CHILD, html.encode(), *limits, wall_seconds=PDF_WALL_SECONDS)
    if made is None:
        raise InvalidInput("The PDF takes too long to make.", PRINT)
    if not made.startswith(b"%PDF-"):
        raise Unavailable("The PDF can't be made: WeasyPrint fails here, perhaps without its libraries.", PRINT)
    return made


async def _run(script: Path, content: bytes, *limits: int, wall_seconds: float) -> bytes | None:
    """Return what the script says, or None if it takes too long."""

    def work() -> bytes:
        environment = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "0"}
        return children.run(script, content, *limits, wall_seconds=wall_seconds, environment=environment)

    try:
        return await asyncio.get_running_loop().run_in_executor(_WORKERS, work)
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise Unavailable("No process could be started to make the proposal.", "Try again.") from error
