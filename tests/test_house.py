"""Rules for the code: allowed imports, the folders for SQL, and the hosted engine's rules for the text of triggers."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from database.entries import ENTRIES
from database.guests import PEOPLE
from migrations.files import SQL, shipped, split_statements

ROOT = Path(__file__).parent.parent
ROOMS = ["server", "tools", "documents", "migrations", "database"]
MODULES = sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))

MAY_IMPORT = {
    "server": {"server", "tools", "documents", "migrations", "database"},
    "tools": {"tools", "documents", "database"},
    "documents": {"documents"},
    "migrations": {"migrations", "database"},
    "database": {"database"},
}

STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|REPLACE|WITH|DROP|ALTER|PRAGMA)\s+[\w\"*(?]+(\s|$)")


def tree(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


@cache
def imported(module: Path) -> frozenset[str]:
    """The dotted names that a module imports anywhere, including `package.name` for each `from package import name`."""
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively"
            assert node.module
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def rooms_of(module: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(module)} & set(ROOMS)


def test_imports_go_in_one_direction_only() -> None:
    assert [module for module in MODULES if rooms_of(module) - MAY_IMPORT[module.parts[0]]] == []


def test_there_are_no_import_cycles() -> None:
    names = {".".join(module.with_suffix("").parts): module for module in MODULES if module.name != "__init__.py"}
    graph = {name: imported(module) & names.keys() for name, module in names.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
    assert len(order) == len(names)


def test_no_module_has_the_same_name_as_a_folder_beside_it() -> None:
    assert [module for module in MODULES if (ROOT / module).with_suffix("").is_dir()] == []


def test_only_the_server_imports_mcp() -> None:
    outside = [module for module in MODULES if module.parts[0] != "server"]
    assert [module for module in outside if any(name.split(".")[0] == "mcp" for name in imported(module))] == []


def test_sql_is_only_in_the_database_and_migrations_folders() -> None:
    found = [
        (module, node.value)
        for module in MODULES
        if module.parts[0] not in {"database", "migrations"}
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value)
    ]
    assert found == []


def test_what_a_batch_returns_comes_from_queries() -> None:
    """The hosted engine can lose the rows of RETURNING, but runs queries again. See database/engine.py."""
    found = [
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"\bRETURNING \w+\s*\Z", node.value)
    ]
    # The backup write, whose outcome is predicted if its row is lost.
    assert found == [Path("database/assignments.py")]


def test_a_module_has_at_most_four_hundred_lines() -> None:
    assert [module for module in MODULES if len((ROOT / module).read_text(encoding="utf-8").splitlines()) > 400] == []


def test_python_reads_entries_with_the_same_sql_as_the_view() -> None:
    fix = (SQL / "015_trip_client_assignments_table.sql").read_text(encoding="utf-8")
    view = re.search(r"CREATE VIEW trip_client_entries AS\n(.*?);\n", fix, re.DOTALL)
    assert view
    assert view[1].split() == ENTRIES.split()


def test_python_reads_people_with_the_same_sql_as_the_view() -> None:
    guests = (SQL / "022_guests.sql").read_text(encoding="utf-8")
    view = re.search(r"CREATE VIEW trip_people AS\n(.*?);\n", guests, re.DOTALL)
    assert view
    assert view[1].split() == PEOPLE.split()


def test_the_names_of_migrations_start_with_unique_numbers() -> None:
    names = [path.name for path in SQL.glob("*.sql")]
    assert all(re.fullmatch(r"\d+_\w+\.sql", name) for name in names)
    numbers = [int(name.split("_")[0]) for name in names]
    assert len(set(numbers)) == len(numbers)
    assert [migration.name for migration in shipped()] == sorted(names, key=lambda name: int(name.split("_")[0]))


# The hosted engine splits a file at semicolons and pairs BEGIN with END: it only knows them in upper case,
# doesn't know CASE, and doesn't recognize strings and comments.

TRIGGERS = [
    (migration.name, re.findall(r"CREATE TRIGGER (\w+)", statement)[0], statement)
    for migration in shipped()
    for statement in split_statements(migration.text.splitlines(keepends=True))
    if re.search(r"^CREATE TRIGGER", statement, re.MULTILINE)
]


def test_no_string_or_comment_contains_a_semicolon() -> None:
    for migration in shipped():
        pieces = re.findall(r"--[^\n]*|/\*.*?\*/|'[^']*'", migration.text, re.DOTALL)
        assert [piece for piece in pieces if ";" in piece] == [], migration.name


def test_a_trigger_has_one_begin_and_one_end_in_upper_case_and_no_case_expression() -> None:
    for _, name, text in TRIGGERS:
        words = re.findall(r"[A-Za-z_]\w*", re.sub(r"--[^\n]*|'[^']*'", "", text))
        assert [word for word in words if word.upper() in {"BEGIN", "END", "CASE"}] == ["BEGIN", "END"], name


def test_the_begin_and_end_of_a_trigger_are_on_lines_of_their_own() -> None:
    for _, name, text in TRIGGERS:
        lines = text.splitlines()
        assert "BEGIN" in lines, name
        assert lines[-1] == "END;", name


def test_a_trigger_raises_only_abort() -> None:
    for _, name, text in TRIGGERS:
        raised = re.findall(r"\bRAISE\s*(\([^)]*\))", text)
        assert all(re.match(r"\(\s*ABORT\b", rest) for rest in raised), name


def test_these_tests_cover_every_trigger_in_the_migration_files() -> None:
    assert len(TRIGGERS) == sum(migration.text.count("CREATE TRIGGER") for migration in shipped())
