"""Installing voygen into clients: the locations, leaving the rest of the file unchanged, and uninstalling."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp import StdioServerParameters
from mcp.client import Client

from server.install.clients import CLIENTS, Platform
from server.install.json_edit import CannotEdit
from server.install.plan import apply_change, plan_install, plan_uninstall
from server.install.records import Records
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

each_client = pytest.mark.parametrize("client", CLIENTS)

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights and links")

ROAMING = "AppData/Roaming"
PACKAGE = "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming"
LIBRARY = "Library/Application Support"

PLACES: list[tuple[str, str, dict[str, str], str]] = [
    ("claude-desktop", "linux", {}, ".config/Claude/claude_desktop_config.json"),
    ("claude-desktop", "linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/Claude/claude_desktop_config.json"),
    ("claude-desktop", "linux", {"XDG_CONFIG_HOME": "relative"}, ".config/Claude/claude_desktop_config.json"),
    ("claude-desktop", "darwin", {}, f"{LIBRARY}/Claude/claude_desktop_config.json"),
    ("claude-desktop", "win32", {}, f"{ROAMING}/Claude/claude_desktop_config.json"),
    ("claude-desktop", "win32", {"APPDATA": "/moved"}, "/moved/Claude/claude_desktop_config.json"),
    ("claude-desktop", "freebsd14", {}, ".config/Claude/claude_desktop_config.json"),
    ("claude-code", "linux", {}, ".claude.json"),
    ("claude-code", "darwin", {"CLAUDE_CONFIG_DIR": "/elsewhere"}, "/elsewhere/.claude.json"),
    ("claude-code", "win32", {}, ".claude.json"),
    ("cursor", "linux", {"XDG_CONFIG_HOME": "/xdg"}, ".cursor/mcp.json"),
    ("cursor", "darwin", {}, ".cursor/mcp.json"),
    ("cursor", "win32", {}, ".cursor/mcp.json"),
    ("vscode", "linux", {}, ".config/Code/User/mcp.json"),
    ("vscode", "darwin", {}, f"{LIBRARY}/Code/User/mcp.json"),
    ("vscode", "win32", {}, f"{ROAMING}/Code/User/mcp.json"),
]


@pytest.mark.parametrize(("client", "platform", "environment", "place"), PLACES)
def test_each_clients_configuration_file_is_found_on_each_system(
    tmp_path: Path, client: str, platform: str, environment: Mapping[str, str], place: str
) -> None:
    assert CLIENTS[client].config(Platform(tmp_path, environment, platform)) == tmp_path / place


def test_claude_desktop_from_the_windows_store_has_its_own_folder(tmp_path: Path) -> None:
    host = Platform(tmp_path, {}, "win32")
    place = CLIENTS["claude-desktop"].config
    (tmp_path / PACKAGE).mkdir(parents=True)
    assert place(host) == tmp_path / PACKAGE / "Claude" / "claude_desktop_config.json"
    other = tmp_path / PACKAGE.replace("pzs8sxrjxfjjc", "zzz") / "Claude" / "claude_desktop_config.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    assert place(host) == other


@dataclass(frozen=True)
class Home:
    """A home folder in which to run the real command for one client, whose configuration may not exist yet."""

    folder: Path
    client: str

    @property
    def config(self) -> Path:
        return CLIENTS[self.client].config(Platform(self.folder, {}, "linux"))

    @property
    def key(self) -> str:
        return CLIENTS[self.client].key

    def write(self, text: str) -> bytes:
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_bytes(text.encode())
        return text.encode()

    def run(
        self, command: str, *arguments: object, status: int = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        homes = {"HOME": str(self.folder), "USERPROFILE": str(self.folder)}
        done = subprocess.run(
            [*own_command(), command, self.client, *map(str, arguments)],
            env={"PATH": os.environ["PATH"]} | homes | environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done
        assert "Traceback" not in done.stderr
        return done

    def json(self, command: str, *arguments: object) -> dict[str, Any]:
        return json.loads(self.run(command, *arguments, "--json").stdout)

    def refused(self, command: str, *arguments: object) -> str:
        done = self.run(command, *arguments, status=2)
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        return done.stderr

    def servers(self) -> dict[str, Any]:
        return json.loads(self.config.read_text())[self.key]

    def files(self) -> dict[str, bytes]:
        """Every file and folder in the home folder, except backups and voygen's own folder."""
        found = {str(path.relative_to(self.folder)): path for path in sorted(self.folder.rglob("*"))}
        return {
            name: b"" if path.is_dir() else path.read_bytes()
            for name, path in found.items()
            if ".backup-" not in name and not name.startswith(".local")
        }


@pytest.fixture(params=CLIENTS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return Home(tmp_path, request.param)


linux = pytest.mark.skipif(sys.platform != "linux", reason="the places of Linux")


@linux
def test_uninstalling_leaves_nothing_if_no_file_existed_before_the_install(home: Home) -> None:
    said = home.run("install", "--db", "trips.db", "--toolsets", "trips,clients")
    entry = home.servers()["voygen"]
    assert [entry["command"], *entry["args"]] == [
        *own_command(),
        "serve",
        "--db",
        str(home.folder / "trips.db"),
        "--toolsets",
        "trips,clients",
    ]
    assert entry.get("type", "stdio") == "stdio"
    assert f"+++ {home.config}" in said.stdout
    assert "Restart" in said.stdout
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    home.run("uninstall")
    assert home.files() == {}


@linux
def test_uninstalling_restores_an_existing_file_byte_for_byte_and_keeps_a_backup(home: Home) -> None:
    text = f'\ufeff{{\r\n\t"{home.key}" : {{\r\n\t\t"other":{{ "env": {{"TOKEN": "s3cret"}} }}\r\n\t}}, "z": [1,  2]}}'
    before = home.write(text)
    home.config.chmod(0o640)
    installed = home.json("install")
    assert Path(installed["backup"]).read_bytes() == before
    assert Path(installed["backup"]).parent == home.config.parent
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home.config, Path(installed["backup"]))] == [0o640, 0o640]
    assert json.loads(home.config.read_bytes().decode("utf-8-sig"))[home.key]["other"] == {"env": {"TOKEN": "s3cret"}}
    assert "s3cret" not in json.dumps(installed)
    uninstalled = home.json("uninstall")
    assert home.config.read_bytes() == before
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o640
    assert "s3cret" not in json.dumps(uninstalled)


@linux
def test_repeating_an_install_changes_nothing_or_only_the_options_that_differ(home: Home) -> None:
    before = home.write("{}")
    home.run("install", "--db", "one.db")
    first = home.config.read_bytes()
    assert "Nothing to do" in home.run("install", "--db", "one.db").stdout
    assert home.config.read_bytes() == first
    assert len(list(home.config.parent.glob("*.backup-*"))) == 1
    diff = home.json("install", "--db", "two.db")["diff"].splitlines()
    changed = [line.strip('+- ",') for line in diff if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    assert changed == [str(home.folder / "one.db"), str(home.folder / "two.db")]
    home.run("uninstall")
    assert home.config.read_bytes() == before
    assert "Nothing to do" in home.run("uninstall").stdout


@linux
def test_a_repeated_install_keeps_and_reports_the_options_not_given_again(home: Home) -> None:
    before = home.write('{"z": 1}')
    (home.folder / "own.toml").touch()
    home.run("install", "--db", "trips.db", "--toolsets", "trips", VOYGEN_CONFIG="own.toml")
    kept = ["--db", str(home.folder / "trips.db"), "--config", str(home.folder / "own.toml")]
    again = home.run("install").stdout
    assert f"Kept:     {' '.join(kept)} --toolsets trips" in again
    assert "Nothing to do" in again
    assert home.json("install", "--toolsets", "clients")["kept"] == kept
    assert home.servers()["voygen"]["args"][1:] == ["serve", *kept, "--toolsets", "clients"]
    home.run("install", VOYGEN_DB="other.db", VOYGEN_TOOLSETS="facts")
    changed = ["--db", str(home.folder / "other.db"), *kept[2:], "--toolsets", "facts"]
    assert home.servers()["voygen"]["args"][1:] == ["serve", *changed]
    home.run("uninstall")
    assert home.config.read_bytes() == before


@linux
def test_an_install_writes_no_toolsets_option_if_the_settings_file_has_toolsets(home: Home) -> None:
    home.run("install", "--db", "trips.db", "--toolsets", "trips")
    (home.folder / "own.toml").write_text('toolsets = ["facts"]')
    home.run("install", VOYGEN_CONFIG="own.toml")
    assert "--toolsets" not in home.servers()["voygen"]["args"]


@linux
def test_a_handwritten_entry_keeps_its_options_and_environment(home: Home) -> None:
    options = ["--db=trips.db", "--read-only", "--allowed-host", "a", "--allowed-host", "b"]
    entry = {"command": "voygen", "args": ["--config", "own.toml", "serve", *options], "env": {"TZ": "UTC"}}
    home.write(json.dumps({home.key: {"voygen": entry}}))
    assert home.json("install")["kept"] == ["--config", "own.toml", *options]
    kept = home.servers()["voygen"]
    assert [kept["command"], *kept["args"]] == [*own_command(), "serve", "--config", "own.toml", *options]
    assert kept["env"] == {"TZ": "UTC"}


@linux
def test_an_existing_entry_is_replaced_in_place_and_removed_on_uninstall(home: Home) -> None:
    home.write(f'{{"{home.key}": {{"voygen": {{"command": "old"}}, "other": {{}}}}}}')
    assert '"old"' in home.run("install").stdout
    assert list(home.servers()) == ["voygen", "other"]
    home.run("uninstall")
    assert home.config.read_text() == f'{{"{home.key}": {{"other": {{}}}}}}'


@linux
def test_a_dry_run_shows_the_diff_and_writes_nothing(home: Home) -> None:
    said = home.run("install", "--dry-run")
    assert '+    "voygen": {' in said.stdout
    assert "nothing was written" in said.stdout
    assert home.files() == {}
    before = home.write(f'{{"{home.key}": {{}}}}')
    assert home.json("install", "--dry-run")["changed"] is False
    assert home.config.read_bytes() == before
    home.run("install")
    installed = home.files()
    assert '"voygen"' in home.json("uninstall", "--dry-run")["diff"]
    assert home.files() == installed


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "cut off": (lambda key: f'{{\n  "{key}": {{', "line 2, column "),
    "a list": (lambda _: "[]", "not an object"),
    "servers are a list": (lambda key: f'{{"{key}": []}}', "not an object"),
    "a name twice": (lambda key: f'{{"{key}": {{}}, "{key}": {{}}}}', "appears twice"),
}


@linux
@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("client", ["claude-desktop", "vscode"])
@pytest.mark.sampled(2)
def test_a_broken_file_is_reported_and_left_unchanged(tmp_path: Path, client: str, kind: str) -> None:
    home = Home(tmp_path, client)
    text, said = BROKEN[kind]
    before = home.write(text(home.key))
    files = home.files()
    for command in ("install", "uninstall"):
        error = home.refused(command)
        assert str(home.config) in error
        assert said in error
    assert home.files() == files
    assert home.config.read_bytes() == before
    assert not list(home.config.parent.glob("*.backup-*"))


@linux
def test_an_unknown_toolset_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    home = Home(tmp_path, "cursor")
    assert "unknown: hotels" in home.run("install", "--toolsets", "trips,hotels", status=2).stderr
    assert home.files() == {}


@pytest.mark.real_start
@linux
async def test_the_written_entry_starts_the_server(tmp_path: Path) -> None:
    home = Home(tmp_path, "claude-desktop")
    home.run("install", "--db", "trips.db", "--toolsets", "trips")
    entry = home.servers()["voygen"]
    client = Client(StdioServerParameters(command=entry["command"], args=entry["args"]), mode="legacy")
    async with client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert "bulk_trip_operations" in names
    assert "create_client_v2" not in names
    assert (tmp_path / "trips.db").exists()


@linux
def test_a_settings_file_given_to_install_is_passed_on_to_the_server(tmp_path: Path) -> None:
    home = Home(tmp_path, "cursor")
    (tmp_path / "voygen.toml").touch()
    home.run("install", "--db", "trips.db", VOYGEN_CONFIG="voygen.toml")
    arguments = home.servers()["voygen"]["args"]
    assert arguments[1:] == ["serve", "--db", str(tmp_path / "trips.db"), "--config", str(tmp_path / "voygen.toml")]


@linux
def test_another_configuration_file_can_be_given(tmp_path: Path) -> None:
    home = Home(tmp_path, "vscode")
    place = tmp_path / "project" / ".vscode" / "mcp.json"
    home.run("install", "--file", place)
    assert "voygen" in json.loads(place.read_text())["servers"]
    assert not home.config.exists()
    home.run("uninstall", "--file", place)
    assert home.files() == {}


# The remaining tests call the functions behind the commands, without a subprocess.


@dataclass(frozen=True)
class Place:
    """A client's configuration file and the install records."""

    path: Path
    records: Records
    client: str = "claude-code"

    def install(self, database: str = "trips.db") -> Path | None:
        return apply_change(self.plan(database), self.records)

    def plan(self, database: str = "trips.db") -> Any:
        return plan_install(CLIENTS[self.client], self.path, self.records, {"--db": ["--db", database]})

    def uninstall(self) -> Path | None:
        return apply_change(plan_uninstall(CLIENTS[self.client], self.path, self.records), self.records)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "home" / ".claude.json", Records(tmp_path / "data" / "installs.json"))


@pytest.fixture
def filled(place: Place) -> Place:
    place.path.parent.mkdir()
    place.path.write_text('{\n  "numStartups": 7\n}')
    return place


def test_uninstall_keeps_changes_the_client_made_to_its_file(filled: Place) -> None:
    filled.install()
    told = json.loads(filled.path.read_text()) | {"numStartups": 8, "tips": {}}
    filled.path.write_text(json.dumps(told, indent=2))
    filled.uninstall()
    assert filled.path.read_text() == json.dumps({"numStartups": 8, "tips": {}}, indent=2)


def test_uninstall_keeps_a_file_created_by_install_if_something_was_added_to_it(place: Place) -> None:
    place.install()
    told = json.loads(place.path.read_text()) | {"theme": "dark"}
    place.path.write_text(json.dumps(told))
    place.uninstall()
    assert json.loads(place.path.read_text()) == {"theme": "dark"}


def test_the_record_of_an_entry_that_somebody_else_removed_is_deleted(filled: Place) -> None:
    filled.install()
    filled.path.write_text('{"numStartups": 8}')
    assert filled.uninstall() is None
    assert filled.path.read_text() == '{"numStartups": 8}'
    assert not filled.records.path.exists()


def test_an_uninstall_without_a_record_removes_only_the_entry(place: Place) -> None:
    place.install()
    place.records.path.unlink()
    place.uninstall()
    assert json.loads(place.path.read_text()) == {"mcpServers": {}}


@pytest.mark.parametrize("garbage", ["", "[]", "{", '{"%s": 1}', '{"%s": {"digest": 1}}', '{"%s": {}}'])
def test_an_invalid_record_is_ignored(filled: Place, garbage: str) -> None:
    filled.install()
    filled.records.path.write_text(garbage.replace("%s", str(filled.path)))
    filled.uninstall()
    assert json.loads(filled.path.read_text()) == {"numStartups": 7, "mcpServers": {}}


@posix
def test_a_symlink_stays_a_symlink_and_its_target_is_written(filled: Place, tmp_path: Path) -> None:
    before = filled.path.read_bytes()
    target = filled.path.rename(tmp_path / "dotfiles.json")
    filled.path.symlink_to(target)
    backup = filled.install()
    assert filled.path.is_symlink()
    assert b"voygen" in target.read_bytes()
    assert backup
    assert (backup.parent, backup.read_bytes()) == (filled.path.parent, before)
    filled.uninstall()
    assert filled.path.is_symlink()
    assert target.read_bytes() == before


@posix
def test_a_symlink_without_a_target_is_restored_by_uninstall(place: Place, tmp_path: Path) -> None:
    place.path.parent.mkdir()
    place.path.symlink_to(tmp_path / "dotfiles" / "claude.json")
    place.install()
    assert (tmp_path / "dotfiles" / "claude.json").exists()
    place.uninstall()
    assert place.path.is_symlink()
    assert not (tmp_path / "dotfiles").exists()


def test_changes_by_another_program_in_the_meantime_are_not_overwritten(filled: Place) -> None:
    plan = filled.plan()
    filled.path.write_text('{"numStartups": 8}')
    with pytest.raises(CannotEdit, match="another program"):
        apply_change(plan, filled.records)
    assert filled.path.read_text() == '{"numStartups": 8}'
    assert [path.name for path in filled.path.parent.iterdir()] == [filled.path.name]
    assert filled.records.get(filled.path) is None


@posix
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root may write what is read-only")
def test_a_read_only_file_is_left_unchanged(filled: Place) -> None:
    filled.path.chmod(0o444)
    with pytest.raises(CannotEdit, match="read-only"):
        filled.install()
    assert [path.name for path in filled.path.parent.iterdir()] == [filled.path.name]


@pytest.mark.parametrize("content", [b"\xff\xfe{\x00}\x00", b'{"a": "\xe9"}'])
def test_a_file_that_is_not_utf_8_is_left_unchanged(filled: Place, content: bytes) -> None:
    filled.path.write_bytes(content)
    for deed in (filled.install, filled.uninstall):
        with pytest.raises(CannotEdit, match="UTF-8"):
            deed()
    assert filled.path.read_bytes() == content


def test_a_folder_in_place_of_the_file_is_reported(place: Place) -> None:
    place.path.mkdir(parents=True)
    with pytest.raises(CannotEdit, match="could not read"):
        place.install()


@posix
def test_a_path_that_is_not_valid_text_is_refused(filled: Place) -> None:
    before = filled.path.read_bytes()
    with pytest.raises(CannotEdit, match="Unicode"):
        filled.install(os.fsdecode(b"/trips/\xff.db"))
    assert filled.path.read_bytes() == before


def test_installing_from_a_cache_folder_gives_a_warning(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.path.parent.mkdir()
    monkeypatch.setattr(sys, "executable", "/home/ana/.cache/uv/archive-v0/x/bin/python")
    assert [warning for warning in place.plan().warnings if "may be cleared" in warning]
    monkeypatch.setattr(sys, "executable", "/home/ana/.local/share/uv/tools/voygen/bin/python")
    assert place.plan().warnings == []
