"""Mutation testing of the triggers and views.

    python tests/mutants/run.py --sample 300 --seed 1 --results /tmp/mutants.json

Copies the project to a folder in memory and mutates the copy. Each mutant is tested in a fork of one pytest process by
the tests that use its trigger, the fastest and most successful first. Results are appended to the file, and a mutant
that is in it is not tested again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from triggers import Mutant, definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ROOT = Path(__file__).parent.parent.parent

# The test files that exercise the triggers in this process.
TESTS = [
    "backfill",
    "baseline_assignments",
    "baseline_trips",
    "dual_write_json",
    "dual_write_properties",
    "dual_write_rules",
    "facts",
    "guests",
    "merging",
    "nobody_is_lost",
    "odd_rows",
    "people_without_email",
    "phase_properties",
    "phases",
    "removal",
    "replace",
    "restoring_properties",
    "schema_detach",
    "search_index",
]

KILLED, SURVIVED, INVALID, TIMEOUT, UNUSED = "killed", "survived", "does not compile", "timed out", "no test uses it"


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # raises KeyboardInterrupt, so that the copy is removed
    tree = Path(tempfile.mkdtemp(prefix="voygen-mutants-", dir=_memory()))
    try:
        _copy(tree)
        os.chdir(tree)
        files = [f"tests/test_{name}.py" for name in options.tests or TESTS]
        return pytest.main(
            [
                "-n",
                "0",
                "-q",
                "-p",
                "no:cacheprovider",
                "--no-header",
                "--no-summary",
                "-k",
                options.k,
                f"--rootdir={tree}",
                *files,
            ],
            plugins=[Campaign(tree, options)],
        )
    finally:
        os.chdir(ROOT)
        shutil.rmtree(tree, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="JSON lines; the list of survivors is beside it")
    parser.add_argument("--sample", type=int, default=0, help="the number of mutants to draw; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--file", action="append", default=[], help="part of the name of a migration file")
    parser.add_argument("--name", action="append", default=[], help="a trigger or view")
    parser.add_argument("--tests", action="append", default=[], help="a test file, without test_ and .py")
    parser.add_argument("-k", default="", help="passed on to pytest, to select tests by name")
    parser.add_argument("--again", action="store_true", help="test only the survivors in the results, again")
    parser.add_argument("--shard", default="1/1", help="for example 1/2 and 2/2 for two processes")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one mutant")
    parser.add_argument("--budget", type=float, default=10, help="seconds of tests, fastest first, for one mutant")
    parser.add_argument("--minutes", type=float, default=60, help="start no mutant after this time")
    return parser.parse_args()


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - mkdtemp makes a private folder in it


def _copy(tree: Path) -> None:
    """Copy the files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy2(ROOT / name, tree / name)


class Campaign:
    """A pytest plugin that tests mutants with the collected tests."""

    def __init__(self, tree: Path, options: argparse.Namespace) -> None:
        self.tree, self.options = tree, options
        self.kills: dict[str, Counter[str]] = defaultdict(Counter)
        self.began = time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Make the randomized campaigns repeatable, and stop them at the first failure."""
        from hypothesis import Phase, settings  # noqa: PLC0415 - after pytest has installed its hooks

        parent, phases = settings.get_profile("voygen"), (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", parent, phases=phases, derandomize=True, database=None)
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        uses = self._uses(items)
        scratch = self._scratch()
        results = _read(self.options.results)
        chosen = self._chosen(results)
        for number, mutant in enumerate(chosen, 1):
            if (mutant.identity in results and not self.options.again) or self._is_over():
                continue
            tests = self._ordered(mutant.name, uses.get(mutant.name, {}))
            result = self._test(mutant, scratch, [items[one] for one in tests])
            results[mutant.identity] = result
            with self.options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
            print(f"{number}/{len(chosen)} {result['outcome']}: {describe(result)}", flush=True)  # noqa: T201
        found = list(results.values())
        self.options.results.with_suffix(".txt").write_text(report(found), encoding="utf-8")
        print(report(found).partition("\n\n")[0])  # noqa: T201
        return True

    def _is_over(self) -> bool:
        return time.monotonic() - self.began > 60 * self.options.minutes

    def _chosen(self, results: dict[str, dict[str, Any]]) -> list[Mutant]:
        folder = self.tree / "migrations"
        found = definitions([*sorted((folder / "sql").glob("*.sql")), *sorted((folder / "phases").glob("*.sql"))])
        files, names = self.options.file, self.options.name
        mutants = [
            mutant
            for one in found
            if (not files or any(part in one.path.name for part in files)) and (not names or one.name in names)
            for mutant in one.mutants()
        ]
        if self.options.again:
            mutants = [one for one in mutants if results.get(one.identity, {}).get("outcome") == SURVIVED]
        elif (
            self.options.sample
        ):  # by identity, so that an edit of one trigger leaves the others' mutants in the sample
            seed = self.options.seed
            mutants.sort(key=lambda one: hashlib.sha256(f"{seed} {one.identity}".encode()).digest())
            del mutants[self.options.sample :]
        shard, shards = map(int, self.options.shard.split("/"))
        return mutants[shard - 1 :: shards]

    def _uses(self, items: dict[str, pytest.Item]) -> dict[str, dict[str, float]]:
        """Each trigger and view with the tests that use it and their seconds. A test is measured once per file."""
        path = self.options.results.with_suffix(".uses.json")
        known: dict[str, tuple[float, list[str]]] = {}
        if path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
        new = [item for name, item in items.items() if name not in known]
        if new:
            _in_fork(lambda: path.write_text(json.dumps(known | _measure(new)), encoding="utf-8") and 0, 3600)
            known = json.loads(path.read_text(encoding="utf-8"))
        uses: dict[str, dict[str, float]] = defaultdict(dict)
        for test, (seconds, names) in known.items():
            for name in names if test in items else ():
                uses[name][test] = seconds
        return uses

    def _ordered(self, name: str, seconds: dict[str, float]) -> list[str]:
        """The tests within the budget: those that killed most mutants of this trigger first, then the fastest."""
        kills, total, chosen = self.kills[name], 0.0, list[str]()
        for test in sorted(seconds, key=seconds.__getitem__):
            total += seconds[test]
            if total > self.options.budget:
                break
            chosen.append(test)
        return sorted(chosen, key=lambda test: (-kills[test], seconds[test]))

    def _scratch(self) -> Path:
        """A database with all tables, those of the backfill included."""
        path = self.tree / "scratch.db"
        with closing(sqlite3.connect(path)) as connection:
            for file in sorted((self.tree / "migrations" / "sql").glob("*.sql")):
                connection.executescript(file.read_text(encoding="utf-8"))
        return path

    def _test(self, mutant: Mutant, scratch: Path, items: Sequence[pytest.Item]) -> dict[str, Any]:
        original = mutant.path.read_text(encoding="utf-8")
        began = time.monotonic()
        killer = self.tree / "killer.txt"
        killer.unlink(missing_ok=True)
        if not items:
            outcome = UNUSED
        elif not _compiles(scratch, mutant, original):
            outcome = INVALID
        else:
            try:
                mutant.path.write_text(mutant.text(original), encoding="utf-8")
                status = _in_fork(lambda: _first_failure(items, killer), self.options.limit)
            finally:
                mutant.path.write_text(original, encoding="utf-8")
            outcome = {None: TIMEOUT, 0: SURVIVED}.get(status, KILLED)
        by = killer.read_text(encoding="utf-8") if killer.exists() else ""
        self.kills[mutant.name][by] += bool(by)
        return {
            "identity": mutant.identity,
            "file": mutant.path.name,
            "line": mutant.line,
            "name": mutant.name,
            "kind": mutant.kind,
            "old": mutant.old,
            "new": mutant.new,
            "outcome": outcome,
            "by": by,
            "seconds": round(time.monotonic() - began, 2),
        }


def _compiles(scratch: Path, mutant: Mutant, original: str) -> bool:
    """Return True if SQLite accepts the mutated trigger or view, its statements included."""
    before = original[: mutant.start]
    at = max(before.rfind("CREATE TRIGGER"), before.rfind("CREATE VIEW"), 0)
    if mutant.kind == "trigger removed":
        return True
    text = mutant.text(original)[at:]
    ending = "\nEND;" if text.startswith("CREATE TRIGGER") else ";\n"
    text = text[: text.index(ending) + len(ending)]
    words = text.split()
    connection = sqlite3.connect(scratch, isolation_level=None)
    try:
        connection.execute("BEGIN")
        for kind, name in connection.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('trigger')"
        ).fetchall():
            connection.execute(f"DROP {kind} {name}")
        connection.execute(f"DROP {words[1]} IF EXISTS {words[2]}")
        connection.execute(text)
        connection.execute(_probe(connection, words))
    except sqlite3.Error:
        return False
    else:
        return True
    finally:
        connection.close()


def _probe(connection: sqlite3.Connection, words: Sequence[str]) -> str:
    """A statement that compiles the trigger or view when it is explained."""
    if words[1] == "VIEW":
        return f"EXPLAIN SELECT * FROM {words[2]}"
    table = words[words.index("ON") + 1]
    column = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchone()[0]
    changed = words[6].rstrip(",") if words[5] == "OF" else column
    return {
        "INSERT": f"EXPLAIN INSERT INTO {table} ({column}) SELECT {column} FROM {table}",
        "UPDATE": f"EXPLAIN UPDATE {table} SET {changed} = {changed}",
        "DELETE": f"EXPLAIN DELETE FROM {table}",
    }[words[4]]


def _in_fork(work: Callable[[], int], limit: float) -> int | None:
    """The exit code of the work, done in a process group of its own, or None after `limit` seconds."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        code = 1
        try:
            _forget_caches()
            code = work()
        finally:
            os._exit(code)
    until = time.monotonic() + limit
    done = status = 0
    try:
        while not done and time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.02)
    finally:
        if not done:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if done else None


def _forget_caches() -> None:
    """Empty the caches of our modules, so that the mutated file is read."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in {"database", "migrations", "tools", "server"} or name in {"raw", "desk", "damage"}:
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def _first_failure(items: Iterable[pytest.Item], killer: Path) -> int:
    for item in items:
        if _fails(item):
            killer.write_text(item.nodeid, encoding="utf-8")
            return 1
    return 0


def _fails(item: pytest.Item) -> bool:
    from _pytest.runner import runtestprotocol  # noqa: PLC0415 - pytest has no public way to run one test

    return any(one.failed for one in runtestprotocol(item, log=False, nextitem=None))


def _measure(items: Iterable[pytest.Item]) -> dict[str, tuple[float, list[str]]]:
    """Run the tests, and return the seconds of each and the triggers and views that SQLite compiled for it."""
    connect, used = sqlite3.connect, set[str]()

    def note(_action: int, _one: str | None, _two: str | None, _schema: str | None, within: str | None) -> int:
        if within:
            used.add(within)
        return sqlite3.SQLITE_OK

    def watched(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        connection.set_authorizer(note)
        return connection

    sqlite3.connect = watched
    measured: dict[str, tuple[float, list[str]]] = {}
    for item in items:
        used.clear()
        began = time.process_time()
        failed = _fails(item)
        measured[item.nodeid] = (round(time.process_time() - began, 3), [] if failed else sorted(used))
    return measured


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {one["identity"]: one for one in found}


def describe(result: dict[str, Any]) -> str:
    old, new = (" ".join(str(result[key]).split()) for key in ("old", "new"))
    return f"{result['file']}:{result['line']} {result['name']}: {result['kind']}: {old[:160]} -> {new[:80]}"


def report(results: Sequence[dict[str, Any]]) -> str:
    """The numbers by outcome and kind, then the survivors."""
    outcomes = Counter(one["outcome"] for one in results)
    lines = [f"{number:5} {outcome}" for outcome, number in outcomes.most_common()]
    valid = outcomes[KILLED] + outcomes[TIMEOUT] + outcomes[SURVIVED]
    lines.append(f"{100 * (valid - outcomes[SURVIVED]) / max(valid, 1):5.1f} % of those that compile and are used")
    lines.append("")
    for kind in sorted({one["kind"] for one in results}):
        of_kind = Counter(one["outcome"] for one in results if one["kind"] == kind)
        lines.append(f"{kind}: " + ", ".join(f"{number} {outcome}" for outcome, number in of_kind.most_common()))
    lines.append("")
    left = [one for one in results if one["outcome"] in {SURVIVED, UNUSED}]
    lines += [f"{one['outcome']}: {describe(one)}" for one in sorted(left, key=lambda one: (one["file"], one["line"]))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
