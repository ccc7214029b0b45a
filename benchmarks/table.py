"""Write the table and the chart of docs/benchmarks.md from docs/benchmarks.json.

    python benchmarks/table.py [--check]

With --check, nothing is written; exits with 1 if one of them is outdated or the rows of a run are others.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from chart import chart
from rows import ROWS, Row, number

DOCS = Path(__file__).resolve().parent.parent / "docs"
FIGURES, PAGE, CHART = DOCS / "benchmarks.json", DOCS / "benchmarks.md", DOCS / "benchmarks.svg"

TIMES = " \N{MULTIPLICATION SIGN}"

BETWEEN = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def lines(result: dict[str, Any]) -> list[str]:
    """Format the result of a run: the machine, and a table with the rows that were measured."""
    facts = result["machine"]
    where = f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}"
    programs = f"Python {facts['python']}, SQLite {facts['sqlite']}, mcp {facts['mcp']}"
    return [
        f"Measured on {facts['date']}: {where}, {programs}.",
        "",
        "| work | voygen | floor | of | measured | target | met |",
        "| --- | ---: | ---: | --- | ---: | ---: | --- |",
        *(_line(row, result) for row in ROWS if row.key in result["figures"]),
    ]


def _line(row: Row, result: dict[str, Any]) -> str:
    figure = result["figures"][row.key]
    sizes = {name: f"{size:,}" for name, size in result["sizes"].items()}
    unit = TIMES if row.measure == "times" else f" {row.measure}"
    met = "yes" if row.met_by(figure["value"]) else "**no**"
    cells = [
        row.work.format(**sizes),
        f"{number(figure['voygen'])} {row.unit}",
        f"{number(figure['floor'])} {row.unit}",
        row.floor.format(**sizes),
        f"{number(figure['value'])}{unit}",
        "" if row.target is None else f"≤ {row.target:g}{unit}",
        "" if row.target is None else met,
    ]
    return f"| {' | '.join(cells)} |"


def generated(result: dict[str, Any]) -> dict[Path, str]:
    """Return the text that each generated file should have."""
    page = PAGE.read_text(encoding="utf-8")
    table = "\n".join(lines(result))
    return {PAGE: BETWEEN.sub(lambda marks: f"{marks[1]}{table}\n{marks[2]}", page), CHART: chart(result)}


def main() -> int:
    result = json.loads(FIGURES.read_text(encoding="utf-8"))
    if differing := sorted(result["figures"].keys() ^ {row.key for row in ROWS}):
        print(
            f"{FIGURES.name} has other rows than a run ({', '.join(differing)}): run benchmarks/run.py --json {FIGURES}"
        )
        return 1
    texts = generated(result)
    if "--check" not in sys.argv[1:]:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return 0
    outdated = [path.name for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    if outdated:
        print(f"outdated: {', '.join(outdated)}; run benchmarks/table.py")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
