"""The templates of proposals: those that come with voygen, and the agency's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.answers.errors import InvalidInput, NotFound, Unavailable
from tools.proposals.wording import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPED = Path(__file__).with_name("templates")

# The most bytes of a template, and the number of files that are looked at in a folder.
TEMPLATE_BYTES, FILES = 500_000, 200

_NAME = re.compile(r"(_?[A-Za-z0-9][A-Za-z0-9_-]{0,59})\.html")
_COMMENT = re.compile(r"\s*\{#-?(.*?)-?#\}", re.DOTALL)


@dataclass(frozen=True)
class Template:
    """A template that can be named. `about` is the comment that it begins with."""

    name: str
    about: str
    own: bool


def templates(folder: Path | None) -> list[Template]:
    """Return all templates by name. One of the agency's takes the place of a shipped one of the same name."""
    own = _files(folder)
    found = {**_files(SHIPPED), **own}
    return [Template(name, _about(text), name in own) for name, text in sorted(found.items()) if name[0] != "_"]


def sources(folder: Path | None, name: str) -> dict[str, str]:
    """Return the texts of the template and of all that it may include, by name. Raises NotFound."""
    found = {**_files(SHIPPED), **_files(folder)}
    if name not in found or name.startswith("_"):
        known = named([as_word(one) for one in sorted(found) if one[0] != "_"])
        raise NotFound(f"There is no template {in_quotes(name)}.", f"Send one of {known}.")
    parts = {f"{one}.html": text for one, text in found.items() if one[0] == "_"}
    return {**parts, name: found[name]}


def _about(text: str) -> str:
    found = _COMMENT.match(text)
    return plain(found[1], 300) if found else ""


def _files(folder: Path | None) -> Mapping[str, str]:
    """Return the templates in a folder by name. Links that lead out of it are not followed."""
    if folder is None:
        return {}
    try:
        home = folder.resolve(strict=True)
        paths = sorted(path for path in home.iterdir() if _NAME.fullmatch(path.name))[:FILES]
        inside = [path for path in paths if path.resolve().parent == home and path.is_file()]
        return {path.stem: _text(path) for path in inside}
    except OSError as error:
        raise Unavailable(
            f"The folder of templates can't be read: {error.strerror}.", "Tell the user; see --templates-dir."
        ) from error


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(TEMPLATE_BYTES + 1)
    if len(content) > TEMPLATE_BYTES:
        raise InvalidInput(f"The template {path.stem} has more than {TEMPLATE_BYTES} bytes.", "Make it smaller.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The template {path.stem} is not UTF-8.", "Save it as UTF-8.") from error
