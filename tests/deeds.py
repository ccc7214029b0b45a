"""Commands that make a file or change the database, each with a proof of what became of it after an interruption.

A deed is `absent` (nothing of it is there, or it goes on when it is run again), `whole`, or `half`, which must not be.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import raw
from desk import ANA, integrity, seeded
from phasing import lead_to, look

from database.embedded import open_database
from migrations.files import shipped
from server.exporting import export_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.phase import Phase

TRIPS = 40

LEGACY = f"""
INSERT INTO clients_v2 (email, full_name)
WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19) SELECT 'c' || i || '@x.io', 'N' FROM n;
INSERT INTO trips_v2 (trip_name, start_date, end_date, clients)
WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TRIPS})
SELECT 'Trip ' || i, '2026-01-01', '2026-01-02', json_array(
    json_object('email', 'c' || (i % 20) || '@x.io', 'role', 'traveler', 'name', 'Name ' || i),
    json_object('email', 'guest@y.io', 'role', 'guest'))
FROM n;
"""

COUNTS = "SELECT (SELECT count(*) FROM trips_v2), (SELECT count(*) FROM clients_v2)"

NAME = "Ana Lima"


@dataclass(frozen=True)
class Deed:
    """A command, what it needs in its folder, and the proof, which gets the folder and its state before."""

    prepare: Callable[[Path], object]
    arguments: tuple[str, ...]
    proof: Callable[[Path, Any], str]
    before: Callable[[Path], Any] = lambda _: None
    # Exit statuses of a second run, after an interruption that came after the work.
    again: tuple[int, ...] = (0,)

    def command(self, folder: Path) -> list[str]:
        return [one.replace("@/", f"{folder}/") for one in self.arguments]


def everything(folder: Path) -> list[str]:
    return raw.everything(folder / "voygen.db")


def make(folder: Path) -> None:
    seeded(folder / "voygen.db")


def make_legacy(folder: Path) -> None:
    with closing(raw.connect(folder / "voygen.db")) as connection:
        connection.executescript(shipped()[0].text + LEGACY)


def make_dump(folder: Path) -> None:
    (folder / "dump.sql").write_text("BEGIN;\n" + shipped()[0].text + LEGACY + "COMMIT;\n", encoding="utf-8")


def make_normalized(folder: Path) -> None:
    (folder / "voygen.db").write_bytes(_moved_to("normalized"))


def make_advanced(folder: Path) -> None:
    (folder / "voygen.db").write_bytes(_moved_to("prefer_junction"))


def make_export(folder: Path) -> None:
    (folder / "export.jsonl").write_bytes(_exported())


@cache
def _moved_to(phase: Phase) -> bytes:
    async def move(path: Path) -> None:
        async with await open_database(path) as db:
            await lead_to(db, phase)

    with TemporaryDirectory() as name:
        path = seeded(Path(name) / "voygen.db")
        with ThreadPoolExecutor() as pool:  # the caller's thread has a running event loop
            pool.submit(lambda: asyncio.run(move(path))).result()
        return path.read_bytes()


@cache
def _exported() -> bytes:
    with TemporaryDirectory() as name:
        export = Path(name) / "export.jsonl"
        export_file(seeded(Path(name) / "voygen.db"), export)
        return export.read_bytes()


def is_whole_copy(folder: Path, before: list[str]) -> str:
    assert everything(folder) == before
    target = folder / "copy.db"
    if not target.exists():
        return "absent"
    return "whole" if target.stat().st_size and raw.everything(target) == before else "half"


def is_whole_export(folder: Path, before: list[str]) -> str:
    assert everything(folder) == before
    target = folder / "copy.jsonl"
    if not target.exists():
        return "absent"
    text = target.read_bytes()
    return "whole" if text.endswith(b"}\n") and b'"end"' in text.splitlines()[-1] and b"\0" not in text else "half"


def is_whole_database(folder: Path, _: object) -> str:
    """A database made from an export or a dump has all its trips, or isn't there."""
    target = folder / "new.db"
    if not target.exists():
        return "absent"
    if not target.stat().st_size or integrity(target) != "ok":
        return "half"
    trips = 3 if (folder / "export.jsonl").exists() else TRIPS
    migrated = look(target, "SELECT count(*) FROM sqlite_master WHERE name = 'trip_client_assignments'")
    return "whole" if look(target, COUNTS)[0][0] == trips and migrated == [(1,)] else "half"


def is_migrated(folder: Path, before: object) -> str:
    path = folder / "voygen.db"
    assert integrity(path) == "ok"
    assert look(path, COUNTS) == before
    for backup in folder.glob("*.backup-*Z"):
        if not backup.stat().st_size or integrity(backup) != "ok" or look(backup, COUNTS) != before:
            return "half"
    tables = {name for (name,) in look(path, "SELECT name FROM sqlite_master")}
    if "trip_client_assignments" not in tables:
        return "absent"
    assert look(path, "SELECT * FROM trip_client_sync") == []
    done = "migration_backfill" not in tables and look(path, "SELECT count(*) FROM d1_migrations") == [
        (len(shipped()),)
    ]
    return "whole" if done and look(path, "SELECT count(*) FROM trip_client_assignments") == [(TRIPS,)] else "absent"


def is_moved(folder: Path, before: list[str]) -> str:
    path = folder / "voygen.db"
    assert integrity(path) == "ok"
    if everything(folder) == before:
        return "absent"
    ((phase,),) = look(path, "SELECT phase FROM migration_phase")
    lists = look(path, "SELECT 1 FROM pragma_table_info('trips_v2') WHERE name = 'clients'")
    if (phase == "normalized") == bool(lists):
        return "half"
    roles = look(path, "SELECT trip_id, client_email, client_role FROM trip_client_assignments ORDER BY 1")
    in_lists = look(path, IN_LISTS) if lists else roles
    return "whole" if f"{phase!r}" not in str(before) and roles == in_lists and len(roles) == 2 else "half"


IN_LISTS = """
SELECT t.trip_id, e.value ->> '$.email', e.value ->> '$.role' FROM trips_v2 t, json_each(t.clients) e ORDER BY 1
"""


def is_erased(folder: Path, before: list[str]) -> str:
    path = folder / "voygen.db"
    assert integrity(path) == "ok"
    if look(path, "SELECT 1 FROM clients_v2 WHERE email = ?", ANA):
        return "absent" if everything(folder) == before else "half"
    return "half" if NAME in str(everything(folder)) or ANA in str(everything(folder)) else "whole"


ADVANCE = ("phase", "advance", "--apply", "--accept", "*", "--quiet-days", "0", "--db", "@/voygen.db")

BACK = ("phase", "back", "--apply", "--db", "@/voygen.db")

DEEDS: dict[str, Deed] = {
    "backup": Deed(make, ("backup", "--db", "@/voygen.db", "--to", "@/copy.db"), is_whole_copy, everything, (0, 2)),
    "export": Deed(
        make, ("export", "--db", "@/voygen.db", "--to", "@/copy.jsonl"), is_whole_export, everything, (0, 2)
    ),
    "restore": Deed(make_export, ("restore", "@/export.jsonl", "--db", "@/new.db"), is_whole_database, again=(0, 2)),
    "migrate --from": Deed(
        make_dump, ("migrate", "--from", "@/dump.sql", "--db", "@/new.db"), is_whole_database, again=(0, 2)
    ),
    "migrate": Deed(
        make_legacy, ("migrate", "--db", "@/voygen.db"), is_migrated, lambda folder: look(folder / "voygen.db", COUNTS)
    ),
    "phase advance": Deed(make_advanced, ADVANCE, is_moved, everything, (0, 1, 2)),
    "phase back": Deed(make_normalized, BACK, is_moved, everything, (0, 1, 2)),
    "erase": Deed(
        make, ("erase", ANA, "--confirm-name", NAME, "--db", "@/voygen.db"), is_erased, everything, (0, 1, 2)
    ),
}
