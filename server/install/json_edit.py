"""Set or remove one member of an object in JSON text without changing any other character.

If the client allows comments and trailing commas, they are replaced with spaces of the same length. Python's decoder
can then parse the text, and the positions it finds are valid in the original.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Never, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

BOM = "\ufeff"

_WHITESPACE = " \t\r\n"
_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENT = re.compile(_STRING + r"|(?P<comment>//[^\r\n]*|/\*.*?\*/)", re.DOTALL)
_COMMA = re.compile(_STRING + r"|(?P<comma>,)(?=[ \t\r\n]*[}\]])", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\n|\r")


class CannotEdit(Exception):
    """The file can't be read, parsed or written; nothing was changed."""


@dataclass(frozen=True)
class Member:
    """A member of an object: the start of its name, and the start and end of its value."""

    name: str
    start: int
    value: int
    end: int


@dataclass(frozen=True)
class Object:
    """The positions of an object's braces, and its members in order."""

    start: int
    end: int
    members: tuple[Member, ...]

    def get(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)


@dataclass(frozen=True)
class Document:
    """A parsed text in three forms of the same length: original, without comments (`code`), and as strict JSON."""

    text: str
    code: str
    strict: str
    root: Object | None
    """None if the text is blank."""

    def object_of(self, member: Member, name: str) -> Object:
        """Return a member's value as an object. Raises CannotEdit if it is not an object."""
        if self.strict[member.value] != "{":
            raise CannotEdit(f'"{name}" is not an object')
        return _object(self.strict, member.value)

    def value_of(self, member: Member) -> Any:  # noqa: ANN401 - any JSON
        return _DECODER.raw_decode(self.strict, member.value)[0]

    def comments(self) -> list[tuple[int, int]]:
        """Return the start and end of each comment."""
        if self.code == self.text:
            return []
        return [match.span() for match in _COMMENT.finditer(self.text) if match["comment"]]


def parse(text: str, *, with_comments: bool) -> Document:
    """Parse a blank text or a JSON object. Raises CannotEdit, with the position of any syntax error."""
    code = " " + text[1:] if text.startswith(BOM) else text
    strict = code
    if with_comments:
        code = _COMMENT.sub(_blank_comment, code)
        strict = _COMMA.sub(_blank_comma, code)
    blank = Document(text, code, strict, None)
    if not strict.strip(_WHITESPACE):
        return blank
    _check(strict)
    start = len(strict) - len(strict.lstrip(_WHITESPACE))
    if strict[start] != "{":
        raise CannotEdit("the top-level value is not an object")
    return replace(blank, root=_object(strict, start))


def member_value(text: str, path: tuple[str, str], *, with_comments: bool) -> Any:  # noqa: ANN401 - any JSON
    """Return the value at this path, or None if it does not exist. Raises CannotEdit if its parent is not an object."""
    document = parse(text, with_comments=with_comments)
    outer = document.root and document.root.get(path[0])
    inner = outer and document.object_of(outer, path[0]).get(path[1])
    return document.value_of(inner) if inner else None


def has_member(text: str, name: str, *, with_comments: bool) -> bool:
    root = parse(text, with_comments=with_comments).root
    return root is not None and root.get(name) is not None


def set_member(text: str, path: tuple[str, str], value: Mapping[str, Any], *, with_comments: bool) -> str:
    """Replace the value of the member at this path, or append the member. Creates the parent object if needed."""
    document = parse(text, with_comments=with_comments)
    outer_name, name = path
    if document.root is None:
        return _new_text(text, {outer_name: {name: value}})
    outer = document.root.get(outer_name)
    if outer is None:
        return _insert(document, document.root, outer_name, {name: value})
    servers = document.object_of(outer, outer_name)
    member = servers.get(name)
    if member is None:
        return _insert(document, servers, name, value)
    flat = _line_end_in(text, document.root.start, document.root.end) is None
    formatted = _format(document, value, None if flat else _indent_at(text, member.start))
    return text[: member.value] + formatted + text[member.end :]


def remove_member(text: str, path: tuple[str, str], *, with_comments: bool, with_empty_object: bool) -> str:
    """Remove the member at this path and its comma. With `with_empty_object`, also remove a parent left empty."""
    document = parse(text, with_comments=with_comments)
    outer = document.root and document.root.get(path[0])
    if document.root is None or outer is None:
        return text
    servers = document.object_of(outer, path[0])
    if member := servers.get(path[1]):
        left = _remove(document, servers, member)
        return remove_member(left, path, with_comments=with_comments, with_empty_object=with_empty_object)
    if with_empty_object and not text[servers.start + 1 : servers.end].strip(_WHITESPACE):
        return _remove(document, document.root, outer)
    return text


def is_empty(text: str) -> bool:
    """Return True for a blank text or an object without members or comments."""
    return "".join(text.removeprefix(BOM).split()) in {"", "{}"}


def masked(text: str, path: tuple[str, str], *, with_comments: bool) -> str:
    """Return the text for display, eliding comments and all values except that of the member at this path."""
    document = parse(text, with_comments=with_comments)
    hidden = [(start, end, "// …" if text[start + 1] == "/" else "/* … */") for start, end in document.comments()]
    if document.root:
        outer = document.root.get(path[0])
        others = [member for member in document.root.members if member is not outer]
        if outer:
            servers = document.object_of(outer, path[0])
            others += [member for member in servers.members if member.name != path[1]]
        hidden += [(member.value, member.end, "…") for member in others]
    pieces, at = list[str](), 0
    for start, end, shown in sorted(hidden):
        if start >= at:
            pieces += [text[at:start], shown]
            at = end
    return "".join([*pieces, text[at:]])


def _blank_comment(match: re.Match[str]) -> str:
    return " " * len(match[0]) if match["comment"] else match[0]


def _blank_comma(match: re.Match[str]) -> str:
    if not match["comma"]:
        return match[0]
    return "," if match.string[: match.start()].rstrip(_WHITESPACE)[-1:] in {"", "[", "{", ",", ":"} else " "


def _refuse_constant(name: str) -> Never:
    raise CannotEdit(f"it contains {name}, which is not JSON")


# Numbers are parsed as strings: their values are not needed, and int rejects very long numbers.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant)


def _check(strict: str) -> None:
    try:
        _DECODER.decode(strict)
    except json.JSONDecodeError as error:
        raise CannotEdit(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise CannotEdit("it is nested too deeply") from error


def _object(strict: str, start: int) -> Object:
    """Locate the members of the object at `start` in a valid text. Raises CannotEdit for a duplicate name."""
    members: list[Member] = []
    at = _skip(strict, start + 1)
    while strict[at] != "}":
        name, colon = cast("tuple[str, int]", _DECODER.raw_decode(strict, at))
        value = _skip(strict, _skip(strict, colon) + 1)
        _, end = _DECODER.raw_decode(strict, value)
        if any(member.name == name for member in members):
            raise CannotEdit(f'"{name}" appears twice in one object')
        members.append(Member(name, at, value, end))
        at = _skip(strict, end)
        if strict[at] == ",":
            at = _skip(strict, at + 1)
    return Object(start, at, tuple(members))


def _skip(strict: str, at: int) -> int:
    while strict[at] in _WHITESPACE:
        at += 1
    return at


def _insert(document: Document, into: Object, name: str, value: Mapping[str, Any]) -> str:
    """Insert a member at the end, formatted like its neighbours."""
    text = document.text
    if not into.members:
        return _insert_first(document, into, name, value)
    last = into.members[-1]
    comma = document.code.find(",", last.end, into.end)
    after = last.end if comma < 0 else comma + 1
    at = after + len(text[after : into.end].rstrip(_WHITESPACE))
    if _begins_line(text, last.start):
        indent = _indent_at(text, last.start)
    elif _line_end_in(text, last.end, into.end):
        indent = _indent_at(text, into.end) + _unit(document)
    else:
        indent = None
    lead = " " if indent is None else _line_end(text) + indent
    member = lead + _member(document, name, value, indent)
    if comma < 0:
        return f"{text[: last.end]},{text[last.end : at]}{member}{text[at:]}"
    return f"{text[:at]}{member},{text[at:]}"


def _insert_first(document: Document, into: Object, name: str, value: Mapping[str, Any]) -> str:
    text, root = document.text, document.root
    inner = text[into.start + 1 : into.end]
    kept = inner.rstrip(_WHITESPACE)
    if not kept and root and into.start != root.start and not _line_end_in(text, root.start, root.end):
        return text[: into.start + 1] + _member(document, name, value, None) + text[into.end :]
    closing = _indent_at(text, into.start)
    indent = closing + _unit(document)
    member = _line_end(text) + indent + _member(document, name, value, indent)
    tail = inner[len(kept) :] if kept and _LINE_END.search(inner[len(kept) :]) else _line_end(text) + closing
    return text[: into.start + 1] + kept + member + tail + text[into.end :]


def _remove(document: Document, out_of: Object, member: Member) -> str:
    text, code = document.text, document.code
    place = out_of.members.index(member)
    last = place == len(out_of.members) - 1
    comma = code.find(",", member.end, out_of.end if last else out_of.members[place + 1].start)
    start, end = member.start, member.end if comma < 0 else comma + 1
    lead = len(text[:start].rstrip(_WHITESPACE))
    beyond = text[end : out_of.end]
    blanks = len(beyond) - len(beyond.lstrip(" \t"))
    ends_object = last and not beyond.strip(_WHITESPACE) and not _line_end_in(text, lead, start)
    if ends_object or beyond[blanks : blanks + 1] in {"\r", "\n"}:
        start = lead
    else:
        end += blanks
    before = text[:start]
    if comma < 0 and place:
        previous = code.index(",", out_of.members[place - 1].end, member.start)
        before = text[:previous] + text[previous + 1 : start]
    if len(out_of.members) == 1 and not (text[out_of.start + 1 : start] + text[end : out_of.end]).strip(_WHITESPACE):
        before, end = text[: out_of.start + 1], out_of.end
    return before + text[end:]


def _new_text(text: str, value: Mapping[str, Any]) -> str:
    """Append the value to a text that contains at most whitespace and comments."""
    line_end = _line_end(text)
    kept = text.rstrip(_WHITESPACE)
    lead = "" if kept in {"", BOM} else line_end
    body = json.dumps(value, ensure_ascii=False, indent=2).replace("\n", line_end)
    return kept + lead + body + line_end


def _member(document: Document, name: str, value: Mapping[str, Any], indent: str | None) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}: {_format(document, value, indent)}"


def _format(document: Document, value: Mapping[str, Any], indent: str | None) -> str:
    """Format a value on one line if `indent` is None, else on several lines, starting at this indentation."""
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    formatted = json.dumps(value, ensure_ascii=False, indent=_unit(document))
    return formatted.replace("\n", _line_end(document.text) + indent)


def _unit(document: Document) -> str:
    """Return the indentation of one level: that of the first top-level member, else two spaces."""
    members = document.root.members if document.root else ()
    if members and _begins_line(document.text, members[0].start):
        return _indent_at(document.text, members[0].start) or "  "
    return "  "


def _line_end(text: str) -> str:
    found = _LINE_END.search(text)
    return found[0] if found else "\n"


def _line_end_in(text: str, start: int, end: int) -> re.Match[str] | None:
    return _LINE_END.search(text, start, end)


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _begins_line(text: str, at: int) -> bool:
    start = _line_start(text, at)
    return start > 0 and not text[start:at].strip(" \t")


def _indent_at(text: str, at: int) -> str:
    """Return the indentation of the line at this position."""
    line = text[_line_start(text, at) : at]
    return line[: len(line) - len(line.lstrip(" \t"))]
