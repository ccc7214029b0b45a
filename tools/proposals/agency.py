"""The agency file: the name, colors and contact that a proposal comes from."""

from __future__ import annotations

import base64
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from database.quoting import file_name
from tools.answers.errors import Unavailable
from tools.proposals.house import house
from tools.proposals.model import Agency
from tools.proposals.wording import plain

if TYPE_CHECKING:
    from pathlib import Path

# The most bytes of a logo and of the agency file.
LOGO_BYTES, FILE_BYTES = 200_000, 100_000

# The first bytes of pictures that browsers show, and their media types.
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}

# The contrast of text that can be read (https://www.w3.org/TR/WCAG22/#contrast-minimum).
_READABLE = 4.5

_DARK = "#1d2126"

# The darkest of the backgrounds on which the shipped templates use the color for text.
_PAPER = "#f2ebde"


class InvalidAgency(Exception):
    """The agency file can't be used; the message says what to change."""


Text = Annotated[str, Field(max_length=500), AfterValidator(plain)]


class AgencyFile(BaseModel):
    """The agency file. The logo is the path of a PNG or JPEG file, from the folder of the agency file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Text = ""
    advisor: Text = ""
    email: Text = ""
    phone: Text = ""
    address: Text = ""
    website: Text = ""
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = Agency().color
    paper: Literal["A4", "Letter"] = "A4"
    logo: Annotated[str, Field(max_length=1000)] = ""
    terms: Annotated[list[Annotated[str, Field(max_length=5000), AfterValidator(plain)]], Field(max_length=50)] = []


def read_agency(path: Path | None) -> tuple[Agency, list[str]]:
    """Return the agency and its usual terms. Raises InvalidAgency."""
    if path is None:
        return styled(AgencyFile(), ""), []
    try:
        written = AgencyFile.model_validate(tomllib.loads(_bytes(path, FILE_BYTES).decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidAgency(f"The agency file is not TOML in UTF-8: {error}.") from error
    except ValidationError as error:
        raise InvalidAgency(_words(error.errors(include_url=False, include_input=False)[0])) from error
    return styled(written, _picture(path.parent / written.logo) if written.logo else ""), written.terms


def agency_of_house() -> tuple[Agency, list[str]]:
    """Return the agency that the server works for, and its usual terms. Raises Unavailable."""
    try:
        return read_agency(house().agency_file)
    except InvalidAgency as error:
        raise Unavailable(str(error), "Tell the user, who can change the agency file; see --agency-file.") from error


def styled(written: AgencyFile, logo: str) -> Agency:
    """Return the agency with the colors that can be read on its own and beside it."""
    own = written.model_dump(exclude={"logo", "terms"})
    light = _contrast(written.color, "#ffffff") < _READABLE
    return Agency(**own, logo=logo, on_color=_DARK if light else "#ffffff", ink=_readable(written.color))


def _bytes(path: Path, most: int) -> bytes:
    try:
        if path.is_fifo():  # which opens only when someone writes
            raise InvalidAgency(f"{path.name} of the agency is no file.")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidAgency(f"{file_name(path.name)} of the agency cannot be read: {reason}.") from error
    if len(content) > most:
        raise InvalidAgency(f"{path.name} of the agency has more than {most} bytes.")
    return content


def _picture(path: Path) -> str:
    content = _bytes(path, LOGO_BYTES)
    for start, media_type in _PICTURES.items():
        if content.startswith(start):
            return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    raise InvalidAgency(f"{path.name} of the agency is no PNG or JPEG file.")


def _words(error: Any) -> str:  # noqa: ANN401 - pydantic's dictionary
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"The agency file has no {place}: write {', '.join(AgencyFile.model_fields)}."
    if place == "color":
        return 'The agency file needs a color such as "#23465c".'
    return f"{place} in the agency file is invalid: {error['msg']}."


def _readable(color: str) -> str:
    """Return the color, darkened until text in it can be read on white and on paper."""
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    while _contrast(color, _PAPER) < _READABLE:
        parts = [part * 9 // 10 for part in parts]
        color = "#" + "".join(f"{part:02x}" for part in parts)
    return color


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """Return the relative luminance of https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    shares = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)  # noqa: PLR2004
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
