"""The chart of docs/benchmarks.svg: how near each value is to its target.

`python benchmarks/table.py` writes it with the table. Colours suit light and dark pages.
"""

from __future__ import annotations

from html import escape
from typing import Any

from rows import ROWS, Row

# Sizes in pixels: the column of words, the length of a bar that just meets its target, and the height of a row.
WORDS, TARGET, HEIGHT = 400, 180, 24

# The longest bar, in targets; a longer one is cut there, and its number tells.
LONGEST = 2.0

WIDTH = WORDS + round(TARGET * LONGEST) + 90

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.met { fill: #2da44e } .missed { fill: #bf8700 } .line { stroke: #57606a; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .met { fill: #3fb950 } .missed { fill: #d29922 } .line { stroke: #8b949e }
}
"""


def chart(result: dict[str, Any]) -> str:
    """Return the SVG: one bar for each row that has a target, as a share of the target."""
    shown = [row for row in ROWS if row.target is not None]
    height = HEIGHT * (len(shown) + 1) + 16
    bars = "\n".join(_bar(row, result, HEIGHT * (place + 1)) for place, row in enumerate(shown))
    at = WORDS + TARGET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img">\n'
        f"<title>Measured values as shares of their targets</title>\n<style>{STYLE}</style>\n"
        f'<text x="{at}" y="15" text-anchor="middle">target</text>\n{bars}\n'
        f'<line class="line" x1="{at}" y1="20" x2="{at}" y2="{height - 8}"/>\n</svg>\n'
    )


def _bar(row: Row, result: dict[str, Any], top: int) -> str:
    value = result["figures"][row.key]["value"]
    share = value / (row.target or 1)
    length = round(TARGET * min(max(share, 0.005), LONGEST))
    sizes = {name: f"{size:,}" for name, size in result["sizes"].items()}
    words = escape(row.work.format(**sizes).replace("`", ""))
    kind = "met" if row.met_by(value) else "missed"
    base = top + 16
    return (
        f'<text x="{WORDS - 8}" y="{base}" text-anchor="end">{words}</text>'
        f'<rect class="{kind}" x="{WORDS}" y="{top + 4}" width="{length}" height="{HEIGHT - 8}" rx="2"/>'
        f'<text x="{WORDS + length + 6}" y="{base}">{share:.2f}</text>'
    )
