"""The table and the chart of the benchmarks are current, and show every row that a run measures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def test_the_documentation_has_the_last_figures_of_exactly_the_rows_that_a_run_measures() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "table.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_chart_has_a_bar_for_each_row_with_a_target() -> None:
    rows = [
        line.split("|") for line in (DOCS / "benchmarks.md").read_text(encoding="utf-8").splitlines() if "≤" in line
    ]
    works = [cells[1].strip().replace("`", "") for cells in rows]
    chart = ET.fromstring((DOCS / "benchmarks.svg").read_text(encoding="utf-8"))  # noqa: S314 - our own file
    bars = [element for element in chart if element.tag.endswith("rect")]
    labels = [element.text for element in chart if element.get("text-anchor") == "end"]
    assert labels == works
    missed = [cells[-2].strip() == "**no**" for cells in rows]
    assert [bar.get("class") == "missed" for bar in bars] == missed
    assert re.search("prefers-color-scheme: dark", ET.tostring(chart, encoding="unicode"))
