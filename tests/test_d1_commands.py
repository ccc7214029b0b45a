"""Every command on a hosted database."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import raw
from desk import SEED, voygen
from workerd import READ, WRITE, Hosted, Workerd, skip_module_without_node

from migrations.files import split_statements

if TYPE_CHECKING:
    from pathlib import Path

skip_module_without_node()

WRONG = "none-of-ours"


def run(hosted: Hosted, *arguments: object, token: str = WRITE, status: int = 0) -> str:
    """Run a command, and return what it prints. No output has the token, and an error is one line."""
    done = voygen(*arguments, "--db", hosted.address, env={**os.environ, "VOYGEN_D1_TOKEN": token})
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    assert token not in done.stdout + done.stderr
    if status == 2 and not done.stdout:
        assert done.stderr.startswith("voygen: ")
        assert done.stderr.count("\n") == 1
    return done.stdout or done.stderr


def test_every_command_takes_a_hosted_database(workerd: Workerd, tmp_path: Path) -> None:
    hosted = workerd.take()
    assert "not migrated yet: run `voygen migrate" in run(hosted, "check", status=2)
    assert "Dry run" in run(hosted, "migrate", "--dry-run")
    assert hosted.sql("SELECT count(*) FROM sqlite_master WHERE name NOT GLOB '_cf_*'") == [(0,)]
    assert "Created:        a new database" in run(hosted, "migrate")
    for statement in split_statements(SEED.splitlines(keepends=True)):
        hosted.sql(statement)
    assert "Consistent" in run(hosted, "check", "--record")
    assert re.search(r"Time Travel bookmark \w+-.*\n.*`voygen export`", run(hosted, "backup"))
    assert "omit --to" in run(hosted, "backup", "--to", tmp_path / "x.db", status=2)
    made = run(hosted, "token", "create", "laptop", "--scope", "read")
    assert made.startswith("vgn_")
    assert "laptop" in run(hosted, "token", "list", token=READ)
    assert "revoked" in run(hosted, "token", "revoke", "laptop")
    assert "direct_write/1" in run(hosted, "phase", token=READ)
    run(hosted, "phase", "advance", "--apply", "--quiet-days", 0)
    run(hosted, "phase", "back", "--apply")
    assert "0 failed" in run(hosted, "validate")
    assert "100.0000%" in run(hosted, "stats", token=READ)
    assert "triggers and views dropped" in run(hosted, "schema", "detach")
    assert "Attached." in run(hosted, "schema", "attach")
    assert "Time Travel" in run(hosted, "erase", "ana@example.net", "--confirm-name", "Ana Lima", status=1)
    assert "forgets it after 7 to 30 days" in run(hosted, "erase", status=1)
    assert hosted.address in run(hosted, "config")
    exported = run(hosted, "export", token=READ)
    assert "Ana Lima" not in exported
    (tmp_path / "export.jsonl").write_text(exported, encoding="utf-8")
    assert "digests verified" in run(workerd.take(), "restore", tmp_path / "export.jsonl")
    assert "is not empty" in run(hosted, "restore", tmp_path / "export.jsonl", status=2)
    dump = raw.LEGACY / "seed-legacy.sql"
    assert "--from makes a file" in run(hosted, "migrate", "--from", dump, status=2)


def test_the_undo_of_a_repair_says_that_orphans_cannot_come_back(workerd: Workerd) -> None:
    hosted = workerd.take()
    run(hosted, "migrate")
    for statement in split_statements(SEED.splitlines(keepends=True)):
        hosted.sql(statement)
    hosted.sql("UPDATE trips_v2 SET trip_slug = NULL WHERE trip_id = 1")
    assert "--undo 1" in run(hosted, "repair", "--apply")
    assert "1 change undone" in run(hosted, "repair", "--undo", 1)
    assert "Repair run 2" in run(hosted, "repair", "--apply")
    hosted.sql("UPDATE repair_changes SET kind = 'orphan' WHERE run_id = 2")
    assert "foreign keys are always on" in run(hosted, "repair", "--undo", 2, status=2)


def test_the_doctor_names_what_is_wrong_with_the_token_or_the_worker(workerd: Workerd, tmp_path: Path) -> None:
    hosted = workerd.take()
    run(hosted, "migrate")
    assert "reads and writes" in run(hosted, "doctor", "--json")
    before = hosted.sql("SELECT count(*) FROM batch_ids")
    assert "only reads" in run(hosted, "doctor", token=READ)
    assert hosted.sql("SELECT count(*) FROM batch_ids") == before
    assert "does not accept the token" in run(hosted, "doctor", token=WRONG, status=2)
    assert "needs a token: set VOYGEN_D1_TOKEN" in voygen("doctor", "--db", hosted.address).stdout
    elsewhere = Hosted(f"http://127.0.0.1:{workerd.port}/elsewhere")
    assert "is not a voygen Worker" in run(elsewhere, "doctor", status=2)
    token = tmp_path / "token"
    token.write_text(WRITE)
    token.chmod(0o644)
    env = {**os.environ, "VOYGEN_D1_TOKEN_FILE": str(token)}
    shown = voygen("doctor", "--db", hosted.address, env=env)
    assert shown.returncode == 1
    assert f"{token} is readable by others" in shown.stdout
    assert "only reads" in run(hosted, "token", "create", "laptop", token=READ, status=2)
