"""The rules of the house: who may know whom, where SQL may stand, what the hosted engine asks of a trigger's text."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from database.entries import ENTRIES
from migrations.files import FOLDER, Migration, shipped, split_statements

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
ROOMS = ["server", "tools", "migrations", "database"]
MODULES = sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))

MAY_IMPORT = {
    "server": {"server", "tools", "migrations", "database"},
    "tools": {"tools", "database"},
    "migrations": {"migrations", "database"},
    "database": {"database"},
}

SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|REPLACE|WITH|DROP|ALTER|PRAGMA)\s+[\w\"*(?]+(\s|$)")

each_module = pytest.mark.parametrize("module", MODULES, ids=str)


def tree(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def imported(module: Path) -> Iterator[str]:
    """The top-level names that a module imports, anywhere in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively"
            assert node.module
            yield node.module.split(".")[0]


@each_module
def test_imports_go_one_way(module: Path) -> None:
    room = module.parts[0]
    assert set(imported(module)) & set(ROOMS) <= MAY_IMPORT[room]


@each_module
def test_only_the_server_knows_mcp(module: Path) -> None:
    assert module.parts[0] == "server" or "mcp" not in set(imported(module))


@each_module
def test_sql_stands_only_with_the_database_and_the_migrations(module: Path) -> None:
    if module.parts[0] in {"database", "migrations"}:
        return
    strings = [node.value for node in ast.walk(tree(module)) if isinstance(node, ast.Constant)]
    assert [text for text in strings if isinstance(text, str) and SQL.match(text)] == []


@each_module
def test_a_module_can_be_read_in_one_sitting(module: Path) -> None:
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= 400


def test_the_entries_are_read_in_python_as_in_the_view() -> None:
    fix = (FOLDER / "015_trip_client_assignments_table.sql").read_text(encoding="utf-8")
    view = re.search(r"CREATE VIEW trip_client_entries AS\n(.*?);\n", fix, re.DOTALL)
    assert view
    assert view[1].split() == ENTRIES.split()


def test_migrations_are_named_by_number_and_no_number_comes_twice() -> None:
    names = [path.name for path in FOLDER.glob("*.sql") if path.name != "self_test.sql"]
    assert all(re.fullmatch(r"\d+_\w+\.sql", name) for name in names)
    numbers = [int(name.split("_")[0]) for name in names]
    assert len(set(numbers)) == len(numbers)
    assert [migration.name for migration in shipped()] == sorted(names, key=lambda name: int(name.split("_")[0]))


# The hosted engine's own splitter cuts a file at semicolons and pairs BEGIN with END: it knows of upper case alone,
# of no CASE, and not whether it is inside a string or a comment.

TRIGGERS = [
    (migration.name, re.findall(r"CREATE TRIGGER (\w+)", statement)[0], statement)
    for migration in shipped()
    for statement in split_statements(migration.text.splitlines(keepends=True))
    if re.search(r"^CREATE TRIGGER", statement, re.MULTILINE)
]

each_trigger = pytest.mark.parametrize("text", [text for *_, text in TRIGGERS], ids=[name for _, name, _ in TRIGGERS])


@pytest.mark.parametrize("migration", shipped(), ids=[migration.name for migration in shipped()])
def test_no_semicolon_stands_in_a_string_or_a_comment(migration: Migration) -> None:
    pieces = re.findall(r"--[^\n]*|/\*.*?\*/|'[^']*'", migration.text, re.DOTALL)
    assert [piece for piece in pieces if ";" in piece] == []


@each_trigger
def test_a_trigger_has_one_begin_and_one_end_in_upper_case_and_no_case(text: str) -> None:
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"--[^\n]*|'[^']*'", "", text))
    assert [word for word in words if word.upper() in {"BEGIN", "END", "CASE"}] == ["BEGIN", "END"]


@each_trigger
def test_a_trigger_begins_and_ends_on_lines_of_their_own(text: str) -> None:
    lines = text.splitlines()
    assert "BEGIN" in lines
    assert lines[-1] == "END;"


@each_trigger
def test_a_trigger_raises_nothing_but_abort(text: str) -> None:
    assert all(re.match(r"\(\s*ABORT\b", rest) for rest in re.findall(r"\bRAISE\s*(\([^)]*\))", text))


def test_every_trigger_of_the_files_is_seen_here() -> None:
    assert len(TRIGGERS) == sum(migration.text.count("CREATE TRIGGER") for migration in shipped())
