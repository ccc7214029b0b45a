"""Pack the bundle for one-click install.

`python packaging/pack.py [FOLDER]` assembles it in FOLDER/build/bundle, validates it and writes it to
FOLDER/dist/voygen.mcpb. FOLDER defaults to the repository. Needs `npx` of Node 18 or newer.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"

PACKER = "@anthropic-ai/mcpb@2.1.2"

CODE = ("server", "tools", "documents", "migrations", "database")
FILES = ("voygen.py", "README.md", "LICENSE")

# The tables of pyproject.toml that the bundle needs.
TABLES = re.compile(r"\[(build-system|project(\.scripts)?|tool\.hatch\..*)\]")


def pack(folder: Path) -> Path:
    bundle, packed = folder / "build" / "bundle", folder / "dist" / "voygen.mcpb"
    _assemble(bundle)
    packed.parent.mkdir(parents=True, exist_ok=True)
    _run("validate", bundle / "manifest.json")
    _run("pack", bundle, packed)
    return packed


def _assemble(bundle: Path) -> None:
    shutil.rmtree(bundle, ignore_errors=True)
    for name in CODE:
        shutil.copytree(ROOT / name, bundle / name, ignore=shutil.ignore_patterns("__pycache__", "*.py[co]"))
    for source in (*(ROOT / name for name in FILES), PACKAGING / "manifest.json", PACKAGING / "serve.py"):
        shutil.copy2(source, bundle)
    (bundle / "pyproject.toml").write_text(_project(), encoding="utf-8")


def _project() -> str:
    """Return pyproject.toml without its development tables, with dependencies pinned to the tested versions."""
    whole = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tables = [table for table in re.split(r"^(?=\[)", whole, flags=re.MULTILINE) if TABLES.match(table)]
    pins = re.findall(
        r"^([\w.\-\[\],]+==.*?) \\$", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    held = "".join(f'    "{pin}",\n' for pin in pins)
    return "".join(tables) + f"[tool.uv]\nconstraint-dependencies = [\n{held}]\n"


def _run(command: str, *paths: Path) -> None:
    npx = shutil.which("npx")
    if not npx:
        sys.exit("npx is missing: install Node 18 or newer.")
    subprocess.run([npx, "--yes", PACKER, command, *map(str, paths)], check=True)


if __name__ == "__main__":
    pack(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
