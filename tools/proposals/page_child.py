"""Fills a template in a process of its own, under limits: from JSON on stdin to JSON on stdout.

A template can loop forever or build a text of any size, so no check inside this process could bound it. The sandbox
keeps a template from Python, and the audit hook keeps this process from files and sockets should it ever fail.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from jinja2 import DictLoader, StrictUndefined, TemplateError, TemplateNotFound, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from documents.children import limit
from tools.proposals.pages import UnsafePage, sealed

if TYPE_CHECKING:
    from collections.abc import Iterator

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Events of Python's that reach beyond this process.
OUTSIDE = ("socket.", "subprocess.", "os.", "shutil.", "ftplib.", "urllib.", "ctypes.")


def main() -> None:
    cpu_seconds, memory, most = map(int, sys.argv[1:])
    limit(cpu_seconds, memory)
    asked = json.load(sys.stdin)
    environment = sandbox(asked["sources"])
    sys.addaudithook(refuse_outside)
    json.dump(checked(filled(environment, asked["name"], asked["context"], most)), sys.stdout)


def sandbox(sources: dict[str, str]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The same input gives the same page.
    del environment.globals["lipsum"], environment.filters["random"]
    environment.filters |= {"day": day, "weekday": weekday, "date": formatted, "money": money, "css": css}
    return environment


def refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what reaches beyond this process. Python still opens its own modules."""
    opens = event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so"))
    if opens or (event.startswith(OUTSIDE) and event not in {"os.listdir", "os.scandir"}):
        raise PermissionError(event)


def filled(environment: ImmutableSandboxedEnvironment, name: str, context: dict[str, Any], most: int) -> dict[str, Any]:
    """Return the page, or what is wrong with the template."""
    try:
        page = environment.get_template(name).generate(**{key: frozen(one) for key, one in context.items()})
        return {"html": encodable("".join(bounded(page, most)))}
    except RecursionError:
        return {"problem": "it includes itself"}
    except MemoryError:
        return {"problem": "it takes too much memory"}
    except TemplateNotFound as error:
        return {"problem": f"it includes {error.name}, which is no file of the folder whose name begins with _"}
    except TemplateError as error:
        return {"problem": str(error.message or type(error).__name__), "line": line_of(error)}
    except Exception as error:  # noqa: BLE001 - a template can fail in any way, and its message may hold the trip's text
        return {"problem": type(error).__name__, "line": line_of(error)}


def checked(told: dict[str, Any]) -> dict[str, Any]:
    """Return the answer with its page sealed, or what the page does. That too can take any time, hence here."""
    try:
        return told | {"html": sealed(told["html"])} if "html" in told else told
    except UnsafePage as error:
        return {"page": str(error)}


def frozen(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON whose objects have attributes, so that a field named like a method of dict is found."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: frozen(one) for key, one in cast("dict[str, Any]", value).items()})
    return [frozen(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def bounded(pieces: Iterator[str], most: int) -> Iterator[str]:
    for piece in pieces:
        most -= len(piece)
        if most < 0:
            raise TemplateError("it makes a page that is too large")
        yield piece


def printable(value: Any) -> Any:  # noqa: ANN401 - of a template
    """Return what can be printed; a function or generator would print where it stands in memory."""
    if value is None or isinstance(value, str | int | float | list | tuple | dict | Undefined):
        return cast("Any", value)
    raise TemplateError(f"it prints a {type(value).__name__}, not a text")


def encodable(page: str) -> str:
    """Return the page without halves of characters and without NUL, which no file or database takes."""
    return page.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def line_of(error: BaseException) -> int | None:
    """Return the line of the template that failed. Jinja names templates as files in its tracebacks."""
    found, trace = getattr(error, "lineno", None), error.__traceback__
    while trace and not found:
        found = trace.tb_lineno if trace.tb_frame.f_code.co_filename == "<template>" else None
        trace = trace.tb_next
    return found


def day(value: str) -> str:
    """Return a date as 8 January 2027; anything else as it is."""
    found = parsed(value)
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}" if found else value


def weekday(value: str) -> str:
    """Return a date as Friday 8 January."""
    found = parsed(value)
    return f"{WEEKDAYS[found.weekday()]} {found.day} {MONTHS[found.month - 1]}" if found else value


def formatted(value: str, form: str) -> str:
    """Return a date in the form of strftime, for languages that write it in numbers."""
    found = parsed(value)
    return found.strftime(form) if found else value


def parsed(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def money(amount: str) -> str:
    """Return an amount with its thousands set apart."""
    whole, point, fraction = amount.partition(".")
    return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", whole) + point + fraction


def css(value: str) -> Markup:
    """Return a text for a string in a style sheet, with everything but letters and digits escaped."""
    return Markup("".join(letter if letter.isalnum() else f"\\{ord(letter):x} " for letter in value))  # noqa: S704


if __name__ == "__main__":
    main()
