"""Entry point of the bundle: start the server with the user's settings from the environment."""

import os
import sys

from voygen import main

SETTINGS = ("VOYGEN_DB", "VOYGEN_TOOLSETS")

if __name__ == "__main__":
    for name in SETTINGS:
        # A setting left empty arrives as "" or as an unreplaced placeholder.
        if os.environ.get(name, "").strip() == "" or os.environ[name].startswith("${"):
            os.environ.pop(name, None)
    sys.argv[1:1] = ["serve"]
    main()
