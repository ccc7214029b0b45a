"""Plan and apply changes to a client's configuration: install and uninstall."""

from __future__ import annotations

import difflib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from database.d1_address import TOKEN, TOKEN_FILE, is_hosted
from database.quoting import file_name
from server.install.config_files import back_up, missing_folders, read_file, remove_file, replace_file
from server.install.json_edit import (
    CannotEdit,
    has_member,
    is_empty,
    masked,
    member_value,
    parse,
    remove_member,
    set_member,
)
from server.install.records import Record, Records
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from server.install.clients import Client

NAME = "voygen"

# Command-line arguments by flag: the flag and its value, or an empty sequence to omit the flag.
Options: TypeAlias = "Mapping[str, Sequence[str]]"

# Names of folders that may be cleared at any time; `uvx` and `pipx run` keep their environments in such folders.
_CACHES = frozenset({".cache", "cache", "caches"})


@dataclass(frozen=True)
class Change:
    """A planned change to a configuration file. `before` and `after` are None if the file does not exist."""

    client: Client
    path: Path
    before: bytes | None
    after: bytes | None
    record: Record | None = None
    folders: Sequence[str] = ()
    kept: Sequence[str] = ()
    """Arguments kept from the existing entry."""
    warnings: Sequence[str] = ()

    @property
    def needed(self) -> bool:
        return self.before != self.after

    @property
    def diff(self) -> str:
        """The unified diff. It elides the values of other servers and settings, which may be secret."""
        before, after = (_displayed(content, self.client) for content in (self.before, self.after))
        old, new = ("/dev/null" if content is None else file_name(self.path) for content in (self.before, self.after))
        return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))


def plan_install(  # noqa: PLR0913 - what the entry is made of
    client: Client,
    path: Path,
    records: Records,
    given: Options,
    defaults: Options | None = None,
    token_file: Path | None = None,
) -> Change:
    """Plan the change that lets the client start this voygen with the given options.

    An existing entry keeps its other options; a new one gets `defaults`. The entry of a hosted database gets the path
    of the file with its token, but never the token. Raises CannotEdit if the file can't be edited.
    """
    before = read_file(path)
    text = _text(before)
    existing = member_value(text, (client.key, NAME), with_comments=client.with_comments)
    options = _options_of(existing)
    kept = [one for flag, option in (options or {}).items() if flag not in given for one in option]
    entry = _entry(client, existing, {**((defaults or {}) if options is None else options), **given}, token_file)
    warnings = list(_warnings(client, path, entry))
    record = records.get(path)
    if existing == entry:
        return Change(client, path, before, before, record, kept=kept, warnings=warnings)
    base = _undone(text, record)
    after = set_member(base, (client.key, NAME), entry, with_comments=client.with_comments)
    had_object = has_member(base, client.key, with_comments=client.with_comments)
    made = Record.of(
        base,
        after,
        made_object=not had_object or bool(record and record.made_object),
        made_file=before is None or bool(record and record.made_file),
        made_folders=missing_folders(path) or (record.made_folders if record else []),
    )
    return Change(client, path, before, after.encode(), made, kept=kept, warnings=warnings)


def plan_uninstall(client: Client, path: Path, records: Records) -> Change:
    """Plan the change that removes voygen and what its install created. Raises CannotEdit like `plan_install`."""
    before = read_file(path)
    if before is None:
        return Change(client, path, None, None)
    record = records.get(path)
    text = _text(before)
    parse(text, with_comments=client.with_comments)
    after = remove_member(
        _undone(text, record),
        (client.key, NAME),
        with_comments=client.with_comments,
        with_empty_object=bool(record and record.made_object),
    )
    if record and record.made_file and is_empty(after):
        return Change(client, path, before, None, folders=record.made_folders)
    return Change(client, path, before, after.encode())


def apply_change(change: Change, records: Records) -> Path | None:
    """Write the change, and a record for undoing it; return the path of the backup, if one was made."""
    before = records.get(change.path)
    if change.record != before:
        records.put(change.path, change.record)
    try:
        return _write(change) if change.needed else None
    except CannotEdit:
        records.put(change.path, before)
        raise


def _write(change: Change) -> Path | None:
    if change.after is None:
        remove_file(change.path, change.before, change.folders)
        return None
    backup = None if change.before is None else back_up(change.path, change.before)
    try:
        replace_file(change.path, change.before, change.after)
    except CannotEdit:
        if backup:
            backup.unlink()
        raise
    return backup


def command_of(entry: object) -> tuple[str, list[str]]:
    """Return the command and arguments of a client's entry. A malformed command or argument list counts as empty."""
    members = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    command, arguments = members.get("command"), members.get("args")
    values = cast("list[object]", arguments) if isinstance(arguments, list) else []
    return command if isinstance(command, str) else "", [one for one in values if isinstance(one, str)]


def parse_options(arguments: Iterable[str]) -> dict[str, list[str]]:
    """Group the arguments by flag, ignoring arguments before the first flag."""
    options: dict[str, list[str]] = {}
    flag = ""
    for one in arguments:
        flag = one.partition("=")[0] if one.startswith("--") else flag
        options.setdefault(flag, []).append(one)
    options.pop("", None)
    return options


def _options_of(entry: object) -> dict[str, list[str]] | None:
    """Return the options of the entry's serve command, or None if it has no such command."""
    _, arguments = command_of(entry)
    if "serve" not in arguments:
        return None
    at = arguments.index("serve")
    named = parse_options(arguments[:at]).get("--config")
    return ({"--config": named} if named else {}) | parse_options(arguments[at + 1 :])


def _entry(client: Client, existing: object, options: Options, token_file: Path | None) -> dict[str, Any]:
    program, *launcher = own_command()
    arguments = [*launcher, "serve", *(one for option in options.values() for one in option)]
    environment: dict[str, Any] | None
    environment = cast("dict[str, Any]", existing).get("env") if isinstance(existing, dict) else None
    if token_file and is_hosted(options.get("--db", ("",))[-1]):
        environment = {**(environment or {}), TOKEN_FILE: str(token_file)}
    kept = {"env": environment} if environment else {}
    require_unicode([program, *arguments], "a path in the entry")
    require_unicode(kept, "the entry's env")
    return {**client.extra, "command": program, "args": arguments, **kept}


def require_unicode(value: object, what: str) -> None:
    """Raise CannotEdit if a text in the value can't be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise CannotEdit(f"{what} is not valid Unicode") from error


def _warnings(client: Client, path: Path, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield warnings about the install."""
    if missing_folders(path):
        yield f"there is no folder {path.parent}: is {client.title} installed here?"
    if any(map(is_hosted, entry["args"])) and not {TOKEN, TOKEN_FILE} & {*entry.get("env", {})}:
        yield (
            f"the server needs the database's token, which is not written here: put it into a file that only you can "
            f"read, set {TOKEN_FILE} to its path, then run this command again."
        )
    program = Path(entry["command"])
    if _CACHES & {part.casefold() for part in program.parts} or program.is_relative_to(tempfile.gettempdir()):
        yield f"{program} is in a folder that may be cleared: install voygen permanently, then run this command again."


def _undone(text: str, record: Record | None) -> str:
    """Return the text as it was before the recorded install, or unchanged if it has been edited since."""
    undone = record.undo(text) if record else None
    return text if undone is None else undone


def _text(content: bytes | None) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as error:
        raise CannotEdit("it is not UTF-8 text") from error


def _displayed(content: bytes | None, client: Client) -> list[str]:
    return masked(_text(content), (client.key, NAME), with_comments=client.with_comments).splitlines()
