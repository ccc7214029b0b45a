"""Make the screenshots of the documentation, from a demo agency whose stores have drifted apart.

    .ci/pictures && VOYGEN_NODE=… VOYGEN_CHROMIUM=… python tests/screenshots.py

writes docs/pictures/*.png; it needs the packages that `.ci/pictures` installs.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"

if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import pictured  # noqa: E402 - the path is set above
from browsing import browsing  # noqa: E402
from team import serving  # noqa: E402

# Widths of a picture in a conversation and on the whole screen, in pixels.
INLINE, WHOLE = 736, 1100

# Name of the file, tool, arguments, view, theme, width and largest height.
SHOTS = [
    ("trip", "show_trip", {"trip_identifier": pictured.HOLLISTER}, "fullscreen", "light", WHOLE, 620),
    ("trip-inline", "show_trip", {"trip_identifier": pictured.HOLLISTER}, "inline", "dark", INLINE, 500),
    ("month", "show_month", {"month": pictured.MONTH}, "fullscreen", "light", WHOLE, 800),
    ("migration", "show_migration", {"check": True}, "fullscreen", "light", WHOLE, 800),
]


def main() -> None:
    logging.disable(logging.INFO)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = asyncio.run(pictured.drifting_file(Path(folder) / "demo.db", hard=False))
        with serving(path, "--toolsets", "all") as team, browsing(team.url) as browser:
            for name, tool, arguments, view, theme, width, highest in SHOTS:
                context = {"displayMode": view, "theme": theme}
                browser.show(tool, arguments=arguments, width=width, context=context)
                browser.do("look", width=width, check=False)
                browser.do("shoot", file=str(FOLDER / f"{name}.png"), highest=highest)


if __name__ == "__main__":
    main()
