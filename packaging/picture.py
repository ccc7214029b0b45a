"""The picture in the README: both stores before and after a call, from the output of `voygen demo`.

    python packaging/picture.py

runs the demo and writes packaging/demo.svg.
"""

from __future__ import annotations

import re
import subprocess
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "packaging" / "demo.svg"

# Characters of a line that are shown, and the size of a character's cell in pixels.
COLUMNS = 92
CELL_WIDTH, CELL_HEIGHT = 7.9, 18
MARGIN = 22

# Replacements for output that differs between runs.
REPLACEMENTS = [
    (re.compile(r"\S*voygen-demo-\w+/"), "/tmp/voygen-demo/"),  # noqa: S108 - not a path to open
    (re.compile(r"\d{8}T\d{6}\.\d+Z"), "20261125T120000.000000Z"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"), "2026-11-25T12:00:00.000Z"),
]

COLOURS = [
    (re.compile(r"^\d\. .*"), "#7ee787"),
    (re.compile(r"^\s+ok "), "#a5d6ff"),
    (re.compile(r"^\s+Consistent"), "#d2a8ff"),
]
PLAIN = "#e6edf3"


def demo() -> list[str]:
    """Return the output of the demo, the same on every machine."""
    run = subprocess.run(
        [sys.executable, str(ROOT / "voygen.py"), "demo"], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    text = run.stdout
    for pattern, instead in REPLACEMENTS:
        text = pattern.sub(instead, text)
    lines = text.rstrip().splitlines()
    steps = [number for number, line in enumerate(lines) if re.match(r"\d\. ", line)]
    # The call with the clients before and after it; the migration and the check are long.
    return ["$ voygen demo", "…", *lines[steps[1] : steps[4]], "…"]


def picture(lines: list[str]) -> str:
    width = round(COLUMNS * CELL_WIDTH + 2 * MARGIN)
    height = len(lines) * CELL_HEIGHT + 2 * MARGIN
    rows = "\n".join(_row(line, MARGIN + CELL_HEIGHT * (number + 0.75)) for number, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f"<title>voygen demo</title>\n"
        f'<rect width="{width}" height="{height}" rx="10" fill="#0d1117"/>\n'
        f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">\n'
        f"{rows}\n</g>\n</svg>\n"
    )


def _row(line: str, y: float) -> str:
    shown = line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…"
    colour = next((colour for pattern, colour in COLOURS if pattern.match(line)), PLAIN)
    return f'<text x="{MARGIN}" y="{y:.1f}" fill="{colour}">{escape(shown)}</text>'


if __name__ == "__main__":
    PICTURE.write_text(picture(demo()), encoding="utf-8")
