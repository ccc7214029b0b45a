"""Launcher: the `voygen` command and its entry point `voygen:main`."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command line.

    Its five packages are in `_voygen/` when installed and next to this file in a checkout.
    """
    here = Path(__file__).resolve().parent
    installed = here / "_voygen"
    sys.path.insert(0, str(installed if installed.is_dir() else here))
    from server.cli import main as run  # noqa: PLC0415 - needs the path set above

    run()


if __name__ == "__main__":
    main()
