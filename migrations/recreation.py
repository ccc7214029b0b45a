"""Recreation of missing or changed triggers, views and indexes in a repair."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement
from migrations.files import quoted, trusted
from migrations.refilling import refill
from migrations.shape import expected, indexes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.phase import Phase
    from migrations.check import Finding


def recreate(phase: Phase, run_id: int, findings: Sequence[Finding]) -> list[Statement]:
    """Return the statements that recreate these objects as shipped and record the change."""
    statements: list[Statement] = []
    for finding in sorted(findings, key=lambda one: one["type"] != "view"):
        name = finding["name"]
        statements.append(Statement(RECORD_OBJECT, (run_id, name)))
        drop = f"DROP {finding['type'].upper()} IF EXISTS {quoted(name)}"
        statements.append(Statement(trusted(drop)))
        statements += [Statement(wanted[name]) for wanted in (expected(phase), indexes()) if name in wanted]
        statements.append(Statement(RECORD_OBJECT_AFTER, (run_id, name)))
    # Rows written while a trigger was missing are not in the indexes that it maintains.
    if any(finding["type"] == "trigger" and finding["problem"] == "missing" for finding in findings):
        statements += refill(phase)
    return statements


RECORD_OBJECT: LiteralString = """
INSERT INTO repair_changes (run_id, kind, subject, before)
SELECT CAST(?1 AS INTEGER), 'schema', ?2, (SELECT sql FROM sqlite_master WHERE name = ?2)
"""

RECORD_OBJECT_AFTER: LiteralString = """
UPDATE repair_changes SET after = (SELECT sql FROM sqlite_master WHERE name = ?2)
WHERE run_id = CAST(?1 AS INTEGER) AND kind = 'schema' AND subject = ?2
"""
