"""The bundle for one-click installation and the registry entry, used as a host or a registry would use them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp import StdioServerParameters
from mcp.client import Client

from server.cli import COMMANDS
from tools.groups import DEFAULT_GROUPS, GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
PACKAGING = ROOT / "packaging"

PROGRAMS = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
UV = shutil.which("uv", path=PROGRAMS)

needs_packer = pytest.mark.skipif(not shutil.which("npx"), reason="npx is not here to pack the bundle")
needs_uv = pytest.mark.skipif(not UV, reason="uv is not here to start the bundle")


def read(name: str, folder: Path = PACKAGING) -> dict[str, Any]:
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, packed by the script and unpacked into an empty folder outside the repository."""
    folder = tmp_path_factory.mktemp("bundle")
    subprocess.run([sys.executable, PACKAGING / "pack.py", folder], check=True, timeout=300)
    with zipfile.ZipFile(folder / "dist" / "voygen.mcpb") as packed:
        packed.extractall(folder / "unpacked")
    shutil.rmtree(folder / "build")
    return folder / "unpacked"


def started(bundle: Path, home: Path, chosen: Mapping[str, str]) -> StdioServerParameters:
    """The server as a host starts it from the manifest, with only uv, its cache and a Python in the environment."""
    manifest = read("manifest.json", bundle)
    values: dict[str, str] = {"__dirname": str(bundle)}
    for name, setting in manifest["user_config"].items():
        if name in chosen or "default" in setting:
            values[f"user_config.{name}"] = chosen.get(name, setting.get("default"))

    def filled(text: str) -> str:
        return re.sub(r"\$\{([^}]+)\}", lambda match: values.get(match[1], match[0]), text)

    config: dict[str, Any] = manifest["server"]["mcp_config"]
    assert UV
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    path = os.pathsep.join([str(Path(UV).parent), str(Path(sys.base_exec_prefix) / "bin"), os.defpath])
    kept = {name: os.environ[name] for name in ("SSL_CERT_FILE", "SYSTEMROOT") if name in os.environ}
    surroundings = {"PATH": path, "HOME": str(home), "USERPROFILE": str(home), "UV_CACHE_DIR": cache}
    # Behind a proxy, the certificates are in the system's certificate store.
    surroundings["UV_SYSTEM_CERTS"] = "1"
    return StdioServerParameters(
        command=shutil.which(str(config["command"]), path=path) or "",
        args=[filled(argument) for argument in config["args"]],
        env=kept | surroundings | {name: filled(text) for name, text in config["env"].items()},
        cwd=home,
    )


def databases_in(folder: Path) -> list[str]:
    """The databases below the folder, including any whose name has a placeholder that was not replaced."""
    return [path.name for path in folder.rglob("*") if path.suffix == ".db" or "$" in path.name]


@needs_packer
def test_the_bundle_holds_the_program_and_nothing_else(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir()} == {
        "manifest.json",
        "pyproject.toml",
        "serve.py",
        "voygen.py",
        "server",
        "tools",
        "documents",
        "migrations",
        "database",
        "README.md",
        "LICENSE",
    }
    rooms = ("server", "tools", "documents", "migrations", "database")
    packed = {path.relative_to(unpacked) for room in rooms for path in (unpacked / room).rglob("*") if path.is_file()}
    here = {path.relative_to(ROOT) for room in rooms for path in (ROOT / room).rglob("*") if path.is_file()}
    assert packed == {path for path in here if "__pycache__" not in path.parts}
    project = tomllib.loads((unpacked / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["scripts"]) == {"voygen"}
    assert "optional-dependencies" not in project["project"]
    held = {re.split(r"[=\[ ]", pin)[0] for pin in project["tool"]["uv"]["constraint-dependencies"]}
    assert {re.split(r"[>=\[ ]", needed)[0] for needed in project["project"]["dependencies"]} <= held


@needs_packer
@needs_uv
async def test_the_unpacked_bundle_serves_the_chosen_database_and_tools(unpacked: Path, tmp_path: Path) -> None:
    database = tmp_path / "my trips.db"
    parameters = started(unpacked, tmp_path, {"database": str(database), "toolsets": "trips"})
    async with Client(parameters, mode="legacy", read_timeout_seconds=300) as client:
        assert client.server_info
        assert client.server_info.version == read("manifest.json")["version"]
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert "create_trip_v2" in names
        assert "create_client_v2" not in names
        made = await client.call_tool(
            "create_trip_v2", {"trip_name": "Lima in Kyoto", "start_date": "2026-10-03", "end_date": "2026-10-12"}
        )
        assert not made.is_error, made
    assert database.exists()


@needs_packer
@needs_uv
@pytest.mark.parametrize("chosen", [{}, {"database": "", "toolsets": ""}], ids=["not filled in", "emptied"])
@pytest.mark.sampled(2)
async def test_without_settings_the_bundle_creates_a_database_and_offers_the_default_tools(
    unpacked: Path, tmp_path: Path, chosen: dict[str, str]
) -> None:
    async with Client(started(unpacked, tmp_path, chosen), mode="legacy", read_timeout_seconds=300) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert "create_client_v2" in names
    assert "check_consistency" not in names
    assert databases_in(tmp_path) == ["voygen.db"]
    assert databases_in(unpacked) == []


def test_manifest_and_registry_entry_have_the_projects_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    entry = read("server.json")
    assert read("manifest.json")["version"] == version
    assert entry["version"] == version
    assert [package["version"] for package in entry["packages"]] == [version]


def test_the_manifest_matches_the_programs_toolsets_and_the_projects_metadata() -> None:
    manifest = read("manifest.json")
    toolsets = manifest["user_config"]["toolsets"]
    assert toolsets["default"] == ",".join(DEFAULT_GROUPS)
    assert all(group in toolsets["description"] for group in GROUPS)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest["compatibility"]["runtimes"]["python"] == project["requires-python"]
    assert manifest["license"] == project["license"]


def test_the_registry_entry_follows_the_registrys_schema() -> None:
    """Check the entry's fields against the rules of the schema 2025-12-11, which is not available offline.

    The rules are those of https://github.com/modelcontextprotocol/registry, docs/reference/server-json.
    """
    entry = read("server.json")
    assert entry["$schema"].endswith("/schemas/2025-12-11/server.schema.json")
    assert set(entry) == {"$schema", "name", "title", "description", "version", "packages"}
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", entry["name"])
    assert 3 <= len(entry["name"]) <= 200
    assert 1 <= len(entry["title"]) <= 100
    assert 1 <= len(entry["description"]) <= 100
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    (package,) = entry["packages"]
    assert (package["registryType"], package["runtimeHint"]) == ("pypi", "uvx")
    assert package["transport"] == {"type": "stdio"}
    for argument in package["packageArguments"]:
        assert set(argument) == {"type", "value"}
        assert argument["type"] == "positional"
    for variable in package["environmentVariables"]:
        assert set(variable) <= {"name", "description", "format", "default", "isRequired"}
        assert variable.get("format", "string") in {"string", "number", "boolean", "filepath"}
        assert isinstance(variable["isRequired"], bool)
        assert isinstance(variable.get("default", ""), str)


def test_the_registry_entry_starts_this_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (package,) = read("server.json")["packages"]
    assert package["identifier"] == project["name"]
    assert project["name"] in project["scripts"]
    assert package["packageArguments"][0]["value"] in COMMANDS
    variables = {variable["name"]: variable for variable in package["environmentVariables"]}
    assert variables["VOYGEN_TOOLSETS"]["default"] == ",".join(DEFAULT_GROUPS)
    assert set(variables) == set(read("manifest.json")["server"]["mcp_config"]["env"])
