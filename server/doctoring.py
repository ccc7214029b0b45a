"""The `doctor` command: check everything that voygen needs, and say how to fix problems."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import stat
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from database.backfill import unfinished
from database.d1_address import PROTOCOL, TOKEN, TOKEN_FILE, is_hosted, token_from
from database.embedded import open_to_look
from database.errors import DatabaseError, DatabaseUnavailable, NotADatabase, ProgramTooOld, TokenRejected
from database.files import side_files
from database.inspection import damage, engine_lacks, engine_version, findings_left
from database.phase import read_phase
from database.platform import IS_WINDOWS, is_there
from migrations.runner import pending
from migrations.shape import differences
from server.install.clients import CLIENTS, Platform
from server.install.config_files import read_file
from server.install.json_edit import CannotEdit, member_value
from server.install.plan import NAME, command_of, parse_options
from server.launch import voygen_version
from server.options import invalid_variables
from server.report import escaped
from server.settings import SETTINGS, InvalidSettings, read_settings_file, unknown_variables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from database.d1_address import Address, Location
    from database.embedded import EmbeddedDatabase
    from database.engine import Database
    from server.install.clients import Client

State = Literal["ok", "note", "to do", "unknown"]

COLOURS: Mapping[State, str] = {"ok": "green", "note": "cyan", "to do": "yellow", "unknown": "red"}

# Free disk space required in addition to the size of the database, in bytes.
SPARE_ROOM = 100 * 1024 * 1024


# Time in which a Worker must answer, in seconds.
WORKERS_PATIENCE = 5.0


@dataclass(frozen=True)
class Finding:
    """The result of one check, and what to do about it.

    State `note` is worth knowing but needs no action; `unknown` means that the check could not run.
    """

    part: str
    subject: str
    state: State
    words: str
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def examine(where: Location, settings: Path, *, settings_must_exist: bool) -> list[Finding]:
    """Run all checks on this database and settings file, without writing anything."""
    found = [*_environment(), _settings(settings, must_exist=settings_must_exist), *_variables()]
    if isinstance(where, Path):
        found += await _file_and_content(where)
    else:
        found += [finding async for finding in _hosted(where)]
    return [*found, *_clients(where)]


async def _file_and_content(path: Path) -> list[Finding]:
    found = list(_file(path))
    if all(finding.subject != "database" or finding.state == "ok" for finding in found):
        try:
            async with await open_to_look(path) as db:
                found += [finding async for finding in _database(db)]
        except DatabaseError as error:
            found.append(_unreadable(path, error))
    return found


def _token_file() -> Iterator[Finding]:
    file = Path(os.environ.get(TOKEN_FILE, ""))
    if not os.environ.get(TOKEN) and not IS_WINDOWS and file.stat().st_mode & 0o077:
        yield Finding("worker", "token file", "to do", f"{file} is readable by others", _quoted("chmod", "600", file))


async def _hosted(address: Address) -> AsyncIterator[Finding]:
    """Yield findings about the token and the Worker, then about the database."""
    try:
        token = token_from(os.environ)
    except TokenRejected as error:
        yield Finding("worker", "token", "unknown", str(error), "Set it to the Worker's WRITE_TOKEN or READ_TOKEN.")
        return
    for finding in _token_file():
        yield finding
    try:
        from database.d1 import open_d1  # noqa: PLC0415 - imports an HTTP client

        async with await open_d1(address, token, patience=WORKERS_PATIENCE, read_only=True) as db:
            yield Finding("worker", "address", "ok", f"{address} answers, protocol {PROTOCOL}")
            writes = await db.can_write()
            words = "reads and writes" if writes else "only reads: use `voygen serve --read-only`"
            yield Finding("worker", "token", "ok" if writes else "note", words)
            async for finding in _content(db):
                yield finding
    except TokenRejected as error:
        yield Finding("worker", "token", "unknown", str(error), "Set it to the Worker's WRITE_TOKEN or READ_TOKEN.")
    except DatabaseError as error:
        yield Finding(
            "worker", "address", "unknown", str(error), "Correct --db, or deploy the Worker in worker/ there."
        )


def describe(found: list[Finding]) -> str:
    """Format the findings by part, each with its remedy below."""
    lines: list[str] = []
    width = max(len(finding.subject) for finding in found)
    for part in dict.fromkeys(finding.part for finding in found):
        lines.append(click.style(part, bold=True))
        for one in (finding for finding in found if finding.part == part):
            state = click.style(f"{one.state:<7}", fg=COLOURS[one.state])
            lines.append(f"  {state}  {escaped(one.subject):<{width}}  {escaped(one.words)}")
            if one.remedy:
                lines.append(f"  {'':<7}  {'':<{width}}  → {escaped(one.remedy)}")
    open_ = sum(finding.state == "to do" for finding in found)
    unknown = sum(finding.state == "unknown" for finding in found)
    lines.append(f"{open_ or 'Nothing'} to do" + (f", {unknown} could not be checked." if unknown else "."))
    return "\n".join(lines)


def _environment() -> Iterator[Finding]:
    yield Finding("environment", "voygen", "ok", voygen_version())
    yield Finding("environment", "Python", "ok", f"{platform.python_version()} at {sys.executable}")
    if lacks := engine_lacks():
        words = f"{engine_version()} lacks {', '.join(lacks)}"
        yield Finding("environment", "SQLite", "to do", words, "Install voygen with a Python that has a newer SQLite.")
    else:
        yield Finding("environment", "SQLite", "ok", engine_version())


def _command(*arguments: object) -> str:
    return _quoted("voygen", *arguments)


def _quoted(*words: object) -> str:
    """Quote a command for the shell."""
    join = subprocess.list2cmdline if IS_WINDOWS else shlex.join
    return join([str(word) for word in words])


def _settings(path: Path, *, must_exist: bool) -> Finding:
    try:
        found = read_settings_file(path, must_exist=must_exist)
    except InvalidSettings as error:
        return Finding("settings", "file", "to do", str(error), "Fix it; `voygen config` shows the settings in effect.")
    if not path.exists():
        return Finding("settings", "file", "ok", f"none at {path}")
    secrets = [name for name in found if SETTINGS[name].secret]
    if secrets and not IS_WINDOWS and path.stat().st_mode & 0o077:
        words = f"{path} holds {', '.join(secrets)} and is readable by others"
        return Finding("settings", "file", "to do", words, _quoted("chmod", "600", path))
    return Finding("settings", "file", "ok", f"{path} ({len(found)} settings)")


def _variables() -> Iterator[Finding]:
    for name, words in invalid_variables():
        yield Finding("settings", name, "to do", words, "Correct or unset it.")
    for name, words in unknown_variables(os.environ).items():
        yield Finding("settings", name, "to do", words, "Rename or unset it.")


def _file(path: Path) -> Iterator[Finding]:
    try:
        exists = is_there(path)
    except PermissionError:
        words = f"no permission to access the folder of {path}"
        yield Finding("file", "database", "unknown", words, "Ask the folder's owner for access.")
        return
    except (OSError, ValueError) as error:
        words = f"{path} cannot be opened: {error.strerror if isinstance(error, OSError) else error}"
        yield Finding("file", "database", "to do", words, "Pass a file path with --db.")
        return
    if exists and not path.is_file():
        words = f"{path} is {'a folder' if path.is_dir() else 'a pipe, a socket or a device'}"
        yield Finding("file", "database", "to do", words, "Pass a file path with --db.")
        return
    if not exists:
        yield Finding("file", "database", "note", f"{path} does not exist yet", "`voygen serve` creates it.")
        return
    if not os.access(path, os.R_OK):
        words = f"no permission to read {path} (mode {stat.S_IMODE(path.stat().st_mode):03o})"
        yield Finding("file", "database", "unknown", words, f"Run as the file's owner: {_quoted('chmod', '600', path)}")
        return
    size = path.stat().st_size
    yield Finding("file", "database", "ok", f"{path} ({size} bytes)")
    yield from _rights(path)
    unwritable = [place for place in (path, path.parent) if not os.access(place, os.W_OK)]
    if unwritable:
        words = f"no permission to write {unwritable[0]}"
        yield Finding("file", "writing", "to do", words, "Get write permission, or use `voygen serve --read-only`.")
    free = shutil.disk_usage(path.parent).free
    if free < size + SPARE_ROOM:
        words = f"{free // 1024**2} MiB of disk space are free"
        yield Finding("file", "room", "to do", words, "Free some space: a migration copies the whole database.")
    backups = sorted(place.name for place in path.parent.glob(f"{path.name}.backup-*") if place.suffix != ".partial")
    words = f"the newest is {backups[-1]}" if backups else "none next to the database"
    yield Finding(
        "file", "backup", "ok" if backups else "note", words, "" if backups else _command("backup", "--db", path)
    )


def _rights(path: Path) -> Iterator[Finding]:
    """Yield findings about access by others: to the database, to its side files, and to its folder."""
    if IS_WINDOWS:
        yield Finding("file", "rights", "ok", "those of the folder")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if others := _others(mode):
        words = f"{others} (mode {mode:o})"
        yield Finding("file", "rights", "to do", words, _quoted("chmod", "600", path))
    else:
        yield Finding("file", "rights", "ok", "readable by its owner only")
    for side in filter(Path.exists, side_files(path)):
        wider = stat.S_IMODE(side.stat().st_mode) & ~mode
        if others := _others(wider):
            words = f"{side} has the database's latest data and is {others}, unlike the database"
            yield Finding("file", "side files", "to do", words, _quoted("chmod", f"{mode:o}", side))
    folder = Path(os.path.realpath(path)).parent
    if folder.stat().st_mode & stat.S_IWOTH:
        words = f"anyone can put files into {folder}, where SQLite expects those of the database"
        yield Finding("file", "folder", "to do", words, f"Move the database, or {_quoted('chmod', 'o-w', folder)}")


def _others(mode: int) -> str:
    """Return who else has access with these permissions, or ""."""
    granted = {
        "readable by its group": stat.S_IRGRP,
        "writable by its group": stat.S_IWGRP,
        "readable by everyone": stat.S_IROTH,
        "writable by everyone": stat.S_IWOTH,
    }
    return " and ".join(words for words, bit in granted.items() if mode & bit)


async def _database(db: EmbeddedDatabase) -> AsyncIterator[Finding]:
    try:
        problems = await damage(db)
    except DatabaseUnavailable as error:
        problems = [str(error)]
    if problems:
        yield Finding("file", "pages", "to do", problems[0], "Restore the newest intact backup.")
        return
    yield Finding("file", "pages", "ok", "intact")
    async for finding in _content(db):
        yield finding


async def _content(db: Database) -> AsyncIterator[Finding]:
    try:
        behind = await pending(db)
    except ProgramTooOld as error:
        yield Finding("schema", "migrations", "to do", str(error), "Update voygen.")
        return
    except DatabaseUnavailable as error:
        yield Finding(
            "schema", "migrations", "to do", str(error), "Use the voygen version that migrated the database, or newer."
        )
        return
    if behind:
        words = f"{len(behind)} pending, starting with {behind[0].name}"
        yield Finding("schema", "migrations", "to do", words, _command("migrate", "--db", db.label))
        return
    if left := await unfinished(db):
        words = f"{left.percent} % complete"
        yield Finding("schema", "migrations", "to do", words, _command("migrate", "--db", db.label))
        return
    yield Finding("schema", "migrations", "ok", "all applied")
    async for finding in _migrated(db):
        yield finding


async def _migrated(db: Database) -> AsyncIterator[Finding]:
    state = await read_phase(db)
    yield Finding("schema", "phase", "ok", f"{state.phase} since {state.changed_at}")
    if state.detached_at:
        words = f"detached for another program's migration since {state.detached_at}"
        yield Finding("schema", "triggers", "to do", words, _command("schema", "attach", "--db", db.label))
        return
    different = await differences(db, state.phase)
    for kind in ("trigger", "view", "index", "table"):
        names = [f"{one['name']} {one['problem']}" for one in different if one["type"] == kind]
        remedy = (
            _command("repair", "--db", db.label)
            if kind != "table"
            else "Check it by hand; restore a backup if in doubt."
        )
        if names:
            yield Finding("schema", "indexes" if kind == "index" else f"{kind}s", "to do", "; ".join(names), remedy)
        elif kind == "trigger":
            yield Finding("schema", "triggers", "ok", "as shipped")
    left = await findings_left(db)
    if left["guards"]:
        words = f"{left['guards']} leftover guard rows keep trips from being mirrored"
        yield Finding("schema", "guards", "to do", words, _command("repair", "--db", db.label))
    if left["mismatches"]:
        words = f"the stores differed when {left['mismatches']} trips were read"
        yield Finding("schema", "readings", "to do", words, _command("check", "--db", db.label))
    proven = f"{left['proven_at']}, drift {left['drift']}" if left["proven_at"] else "never recorded"
    remedy = "" if left["proven_at"] and not left["drift"] else _command("check", "--record", "--db", db.label)
    yield Finding("schema", "proof", "to do" if left["drift"] else "note" if remedy else "ok", proven, remedy)


def _unreadable(path: Path, error: DatabaseError) -> Finding:
    remedy = "Pass the right file with --db." if isinstance(error, NotADatabase) else "Fix the problem and try again."
    return Finding("file", "content", "unknown", str(error) or str(path), remedy)


def _clients(where: Location) -> Iterator[Finding]:
    for name, client in CLIENTS.items():
        yield _client(name, client, where)


def _client(name: str, client: Client, where: Location) -> Finding:
    config = client.config(Platform.current())
    again = _command("install", name, "--db", where)
    try:
        content = read_file(config)
        entry = member_value((content or b"").decode(), (client.key, NAME), with_comments=client.with_comments)
    except (CannotEdit, UnicodeDecodeError) as error:
        return Finding("clients", client.title, "to do", f"{config}: {error}", "Fix the file.")
    if entry is None:
        return Finding("clients", client.title, "note", "voygen is not installed", again)
    command, arguments = command_of(entry)
    if problem := _start_problem(command, arguments):
        return Finding("clients", client.title, "to do", f"{config}: {problem}", again)
    used = _database_of(arguments)
    if used is not None and used != _absolute(where):
        return Finding("clients", client.title, "note", f"uses another database: {used}")
    return Finding("clients", client.title, "ok", "starts voygen" + (" on this database" if used else ""))


def _start_problem(command: str, arguments: list[str]) -> str:
    """Return the reason why the client can't start voygen, or "" if it can."""
    if not command:
        return "the voygen entry has no command"
    if not shutil.which(command):
        return f"program {command} not found"
    missing = [one for one in arguments if one.endswith("voygen.py") and not Path(one).exists()]
    return f"{missing[0]} does not exist" if missing else ""


def _database_of(arguments: list[str]) -> str | None:
    """Return the database named in the arguments, if any: an absolute path or an address."""
    named = parse_options(arguments).get("--db", ["--db"])[-1].removeprefix("--db=")
    return None if named == "--db" else named if is_hosted(named) else _absolute(Path(named))


def _absolute(where: Location) -> str:
    return str(where.absolute() if isinstance(where, Path) else where)
