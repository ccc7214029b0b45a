"""Measure all that has a target, each figure beside its floor in the same run.

    python benchmarks/run.py [--short] [--trips N] [--only PART ...] [--json FILE]

Takes at most 15 minutes on two cores. --short takes about half a minute, with smaller sizes and few rounds, and --trips
1000000 needs more time and some GB of disk space. Each value is the median over rounds in which voygen and its floor
take turns. Exits with 1 if a row was not measured, and never because of a time.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import assigning
import facts
import large
import servers
from measuring import Figure, machine
from rows import ROWS
from table import lines

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 1_000


def parts(folder: Path, trips: int, calls: int, *, short: bool) -> dict[str, Callable[[], dict[str, Figure]]]:
    sizes = servers.Sizes(100, 1_000, 11, calls)
    if short:
        sizes = servers.Sizes(20, 30, 2, calls)
    return {
        "assigning": lambda: assigning.measure(folder, short=short),
        "servers": lambda: servers.measure(folder, sizes),
        "facts": lambda: facts.measure(folder, short=short),
        "large": lambda: large.measure(folder, trips, SMALL, short=short),
    }


def measure(trips: int, calls: int, only: list[str], *, short: bool) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    gc.freeze()  # as the server does after its imports
    with tempfile.TemporaryDirectory(prefix="voygen-") as name:
        for part, run in parts(Path(name), trips, calls, short=short).items():
            if part in only or not only:
                began = time.perf_counter()
                found |= run()
                print(f"{part}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="smaller sizes and few rounds")
    parser.add_argument("--trips", type=int, help="trips of the large database (100,000; 3,000 with --short)")
    parser.add_argument("--only", action="append", default=[], choices=("assigning", "servers", "facts", "large"))
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    trips, calls = asked.trips or (3_000 if asked.short else 100_000), 200 if asked.short else 10_000
    found = measure(trips, calls, asked.only, short=asked.short)
    result: dict[str, Any] = {
        "machine": machine(),
        "sizes": {"trips": trips, "migrated": large.migrated(trips), "small": SMALL, "calls": calls},
        "figures": {row.key: asdict(found[row.key]) for row in ROWS if row.key in found},
    }
    print("\n".join(lines(result)))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    differing = sorted(found.keys() ^ {row.key for row in ROWS})
    if differing and not asked.only:
        print(f"not in both the measurements and the table: {', '.join(differing)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
