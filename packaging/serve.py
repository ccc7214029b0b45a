"""What the bundle starts: the server, with the settings that a person chose in the host, passed in the environment."""

import os
import sys

from voygen import main

SETTINGS = ("VOYGEN_DB", "VOYGEN_TOOLSETS")

if __name__ == "__main__":
    for name in SETTINGS:
        # What was left empty comes empty, or as the placeholder that nothing took the place of.
        if os.environ.get(name, "").strip() == "" or os.environ[name].startswith("${"):
            os.environ.pop(name, None)
    sys.argv[1:1] = ["serve"]
    main()
