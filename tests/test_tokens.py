"""Access tokens on the command line: creating, listing and revoking them."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import voygen

from database.clock import now
from database.embedded import open_database
from server.tokens import find_live_token

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return raw.new_file(tmp_path / "voygen.db")


def make(path: Path, *arguments: object) -> str:
    done = voygen("token", "create", "--db", path, *arguments)
    assert (done.returncode, done.stderr) == (0, "Save this token. It is not shown again.\n"), done
    return done.stdout.removesuffix("\n")


def listed(path: Path) -> list[dict[str, Any]]:
    done = voygen("token", "list", "--json", "--db", path)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def refused(*arguments: object) -> str:
    done = voygen("token", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def sql(path: Path, statement: str, *parameters: object) -> list[Any]:
    with closing(raw.connect(path)) as connection:
        return connection.execute(statement, parameters).fetchall()


def test_a_token_is_printed_once_and_only_its_hash_is_stored(path: Path) -> None:
    token = make(path, "ana")
    assert re.fullmatch(r"vgn_[\w-]{43}", token)
    assert sql(path, "SELECT name, sha256, scope FROM access_tokens") == [
        ("ana", hashlib.sha256(token.encode()).hexdigest(), "write")
    ]
    for suffix in ("", "-wal", "-shm"):
        place = path.with_name(path.name + suffix)
        assert not place.exists() or token.encode() not in place.read_bytes()
    assert token not in json.dumps(listed(path))
    assert make(path, "ben") != token


def test_tokens_are_listed_with_their_scope_and_state(path: Path) -> None:
    assert voygen("token", "list", "--db", path).stdout.startswith("There are no tokens")
    make(path, "ana", "--scope", "read", "--days", 30)
    make(path, "ben")
    make(path, "old", "--days", 1)
    assert voygen("token", "revoke", "ben", "--db", path).returncode == 0
    sql(path, "UPDATE access_tokens SET expires_at = ? WHERE name = 'old'", now())
    found = [(one["name"], one["scope"], one["state"]) for one in listed(path)]
    assert found == [("ana", "read", "live"), ("ben", "write", "revoked"), ("old", "write", "expired")]
    words = voygen("token", "list", "--db", path).stdout.splitlines()
    assert [line.split()[:3] for line in words[1:]] == [list(one) for one in found]


def test_a_name_cannot_be_reused_even_after_its_token_was_revoked(path: Path) -> None:
    make(path, "ana")
    assert "is already taken" in refused("create", "ana", "--db", path)
    voygen("token", "revoke", "ana", "--db", path)
    assert "is already taken" in refused("create", "ana", "--db", path)
    assert "no unrevoked token" in refused("revoke", "ana", "--db", path)
    assert "no unrevoked token" in refused("revoke", "nobody", "--db", path)
    assert len(listed(path)) == 1


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "x" * 65, "a/b"])
def test_an_invalid_name_is_refused(path: Path, name: str) -> None:
    assert "is not a valid name" in refused("create", "--db", path, "--", name)
    assert listed(path) == []


@pytest.mark.parametrize("arguments", [["--scope", "admin"], ["--days", "0"], ["--days", "-1"]], ids=" ".join)
def test_an_invalid_scope_or_number_of_days_is_refused(path: Path, arguments: list[str]) -> None:
    refused("create", "ana", "--db", path, *arguments)
    assert listed(path) == []


def test_no_token_is_created_in_a_missing_or_unmigrated_database(tmp_path: Path) -> None:
    assert "does not exist" in refused("create", "ana", "--db", tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []
    with closing(raw.connect(tmp_path / "old.db")) as connection:
        connection.execute("CREATE TABLE trips_v2 (trip_id INTEGER PRIMARY KEY)")
    assert "voygen migrate" in refused("create", "ana", "--db", tmp_path / "old.db")


async def test_a_token_is_valid_until_it_is_revoked_or_expires(path: Path) -> None:
    ana, ben = make(path, "ana", "--scope", "read"), make(path, "ben", "--days", 1)
    async with await open_database(path) as db:
        known = [await find_live_token(db, token) for token in (ana, ben)]
        assert [(one.name, one.scope) for one in known if one] == [("ana", "read"), ("ben", "write")]
        for wrong in ("", "vgn_", ana[:-1], ana + "x", ana.upper(), "é\ud800"):
            assert await find_live_token(db, wrong) is None
        voygen("token", "revoke", "ana", "--db", path)
        sql(path, "UPDATE access_tokens SET expires_at = ? WHERE name = 'ben'", now())
        assert [await find_live_token(db, token) for token in (ana, ben)] == [None, None]
