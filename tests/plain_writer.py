"""A writer that is not ours, which acknowledges each line of its input once SQLite has committed it.

python plain_writer.py FILE SYNCHRONOUS
"""

from __future__ import annotations

import sqlite3
import sys


def main() -> None:
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    for pragma in ("journal_mode = WAL", f"synchronous = {sys.argv[2]}"):
        connection.execute(f"PRAGMA {pragma}")
    for line in sys.stdin:
        connection.execute("INSERT INTO said VALUES (?)", (line.strip(),))
        sys.stdout.write(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
