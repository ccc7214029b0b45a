"""Fixtures with real databases: legacy dumps loaded into files, migrated files, and an engine on a migrated file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import campaigns
import engines
import faults
import pytest
import raw
import sides
import starting
import strict
from hypothesis import settings
from jsonschema import Draft202012Validator
from ledger import Figures
from oracle import assert_clean
from workerd import NODE, REASON, Hosted, Workerd, running

from migrations.dumps import load_dump
from migrations.runner import migrate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Iterator

    from database.embedded import EmbeddedDatabase


# A file system in memory on Linux, and the free space in bytes that makes it large enough for all tests.
MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30  # noqa: S108 - pytest makes private folders in it


# On the hosted engine, the short form runs one of so many cases of a test.
SAMPLE = 10

# Parameters of tests that set recursive_triggers.
RECURSION = ("recursive_triggers", "recursive", "recursion", "pragmas", "machine", "con")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long form of randomized campaigns and kill tests")
    parser.addoption(
        "--engine", choices=engines.ENGINES, default=engines.EMBEDDED, help="the engine of tests that run on both"
    )


def pytest_configure(config: pytest.Config) -> None:
    campaigns.choose(long=bool(config.getoption("long")))
    engines.choose(str(config.getoption("engine")))
    settings.register_profile("voygen", max_examples=campaigns.rounds(25, 200), deadline=None)
    settings.load_profile("voygen")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # let the processes that tests start reuse compiled bytecode
    config.addinivalue_line("markers", "real_start: start the program as users do, not by forking (see starting.py)")
    config.addinivalue_line("markers", "embedded_only(reason): not for the hosted engine")
    config.addinivalue_line("markers", "long: only with --long")
    config.addinivalue_line("markers", "sampled(every): without --long, only one of so many cases")
    config.addinivalue_line("markers", "any_recursion: runs on D1 with recursive_triggers off and on")
    _use_temporary_files_in_memory()
    _check_schemas_once()
    strict.prepare()
    starting.begin()


def pytest_unconfigure() -> None:
    starting.end()
    engines.end()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests of the long or short form, and of the engine.

    With `--engine d1`, the short form has one era and a sample of the cases of each test. Tests of the embedded engine
    are skipped, and all without Node.
    """
    if not config.getoption("long"):
        items[:] = _without_most_cases([item for item in items if not item.get_closest_marker("long")])
    if not engines.is_hosted():
        return
    if not config.getoption("long"):
        one_era = [item for item in items if not isinstance(item, pytest.Function) or _era_of(item) != "legacy"]
        items[:] = _sample(one_era)
    for item in items:
        if NODE is None:
            item.add_marker(pytest.mark.skip(REASON))
        elif mark := item.get_closest_marker("embedded_only"):
            item.add_marker(pytest.mark.skip(f"embedded only: {mark.args[0]}"))


# Modules whose subject is the protocol: their tests run in every era of it, the others by turns in one.
OF_THE_PROTOCOL = {"test_asking", "test_catalogue", "test_http", "test_outside_clients", "test_reading", "test_stdio"}


def _without_most_cases(items: list[pytest.Item]) -> list[pytest.Item]:
    """Keep one of so many cases of each test that is marked as sampled, and one era of those not of the protocol."""
    eras: dict[tuple[object, ...], list[object]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and _era_of(item) not in eras.setdefault(_test_of(item), []):
            eras[_test_of(item)].append(_era_of(item))
    turns = {test: of_test[number % len(of_test)] for number, (test, of_test) in enumerate(eras.items())}
    items = [item for item in items if item.path.stem in OF_THE_PROTOCOL or _has_its_turn(item, turns)]
    seen: Counter[tuple[object, ...]] = Counter()
    kept: list[pytest.Item] = []
    for item in items:
        test = _test_of(item)
        mark = item.get_closest_marker("sampled")
        if not mark or seen[test] % mark.args[0] == 0:
            kept.append(item)
        seen[test] += 1
    return kept


def _test_of(item: pytest.Item) -> tuple[object, ...]:
    return item.path, getattr(item, "originalname", item.name)


def _has_its_turn(item: pytest.Item, turns: dict[tuple[object, ...], object]) -> bool:
    return not isinstance(item, pytest.Function) or _era_of(item) == turns[_test_of(item)]


def _sample(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return a sample of the cases of each test, with the first for each setting of recursive_triggers."""
    seen: Counter[tuple[object, ...]] = Counter()
    kept: list[pytest.Item] = []
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        set_to = [str(params[name]) for name in RECURSION if name in params]
        test = (item.path, getattr(item, "originalname", item.name), *set_to)
        if seen[test] % SAMPLE == 0:
            kept.append(item)
        seen[test] += 1
    return kept


def _era_of(item: pytest.Function) -> object:
    return item.callspec.params.get("era") if hasattr(item, "callspec") else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    starting.may_fork = item.get_closest_marker("real_start") is None


def _use_temporary_files_in_memory() -> None:
    """Put temporary files on a file system in memory if there is a large one, which saves a tenth of the time."""
    if not os.environ.get("TMPDIR") and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # look at TMPDIR again


def _check_schemas_once() -> None:
    """Have the SDK's client check each output schema once per test session, because each check takes 20 to 40 ms."""
    check_schema, seen = Draft202012Validator.check_schema, set[str]()

    def once(schema: Any, *more: Any, **named: Any) -> None:
        text = json.dumps(schema, sort_keys=True)
        if text not in seen:
            check_schema(schema, *more, **named)
            seen.add(text)

    Draft202012Validator.check_schema = once


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the fault campaigns in one line, and in another that there is no hosted engine."""
    if engines.is_hosted() and NODE is None:
        terminalreporter.write_line(REASON)
    total = Figures()
    for report in [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]:
        for name, figures in report.user_properties:
            if name == "figures" and report.when == "call":
                total += Figures(**figures)
    if total.kills or total.cuts:
        terminalreporter.write_line("faults: " + ", ".join(f"{value} {name}" for name, value in vars(total).items()))


def pytest_xdist_auto_num_workers() -> int:
    """Use one worker more than there are cores, because many tests wait for a subprocess."""
    return (os.cpu_count() or 1) + 1


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On D1, run tests of triggers with recursive_triggers off and, as an earlier request may have left it, on."""
    if engines.is_hosted() and metafunc.definition.get_closest_marker("any_recursion"):
        metafunc.parametrize("recursive_triggers", [False, True], ids=["", "recursive"], indirect=True)


@pytest.fixture(autouse=True)
def recursive_triggers(request: pytest.FixtureRequest) -> None:
    engines.recurse(on=getattr(request, "param", False))


@pytest.fixture(scope="session")
def program() -> Iterator[faults.Program]:
    """The program under faults, which is started once per test process."""
    if why := faults.missing():
        pytest.skip(why)
    with faults.programs() as started:
        yield started


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Figures that a test adds to those of the whole run."""
    own = Figures()
    request.node.user_properties.append(("figures", vars(own)))
    return own


@pytest.fixture
def legacy_database(tmp_path: Path) -> Callable[[str], Path]:
    """Load tests/legacy/<name>.sql into a new file, unmigrated."""

    def load(name: str) -> Path:
        path = tmp_path / f"{name}.db"
        load_dump(raw.LEGACY / f"{name}.sql", path)
        if engines.is_hosted():
            engines.restore(path)
        return path

    return load


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[EmbeddedDatabase]:
    """An engine, as strict as the hosted one, on an empty, migrated database file."""
    path = tmp_path / "voygen.db"
    with strict.strict_engine():
        opened = await engines.open_database(raw.new_file(path) if engines.is_hosted() else path)
    async with opened as database:
        await migrate(database)
        yield database


@pytest.fixture(scope="module")
def workerd() -> Iterator[Workerd]:
    """The Worker with many empty D1 databases, for the tests of one module."""
    with running() as served:
        yield served


@pytest.fixture
def hosted(workerd: Workerd) -> Hosted:
    """An empty D1 database."""
    return workerd.take()


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection to an empty, migrated database file, as another program would open it."""
    opened = raw.connect(raw.new_file(tmp_path / "voygen.db"))
    yield opened
    opened.close()


@pytest.fixture
def con(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a database with two clients and an empty trip; after the test both stores must agree."""
    path = raw.new_file(tmp_path / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        for email in (sides.ANA, sides.BEN):
            connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')", (email,))
        sides.add_trip(connection, "[]")
    with closing(raw.connect(path)) as connection:
        yield connection
        assert_clean(connection)
