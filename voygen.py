"""The launcher: `voygen` on the command line, `voygen:main` as entry point."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command line; its four packages lie in `_voygen/` when installed, beside this file in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_voygen"
    sys.path.insert(0, str(installed if installed.is_dir() else here))
    from server.cli import main as run  # noqa: PLC0415 - importable only once the path is set

    run()


if __name__ == "__main__":
    main()
