"""Queries and statements for clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from database.engine import Database, Row

SUMMARY: LiteralString = "SELECT c.client_id, c.email, c.full_name, c.contact_info, c.preferences FROM clients_v2 c\n"


def fold(email: str) -> str:
    """Fold an e-mail for comparison, as the schema's index does: trimmed, ASCII letters in lower case."""
    return email.strip("\t\n\v\f\r ").translate(_TO_LOWER)


async def with_emails(db: Database, emails: Iterable[str]) -> dict[str, Row]:
    """Return the clients with these e-mails, ignoring case, keyed by folded e-mail."""
    rows = await db.read(WITH_EMAILS, (json.dumps(sorted({fold(email) for email in emails})),))
    return {fold(row["email"]): row for row in reversed(rows)}


async def with_name(db: Database, full_name: str, limit: int) -> list[Row]:
    """Return the first clients with exactly this name."""
    return await db.read(WITH_NAME, (full_name, limit))


async def with_ids(db: Database, client_ids: Iterable[int]) -> dict[int, Row]:
    rows = await db.read(WITH_IDS, (json.dumps(sorted(set(client_ids))),))
    return {row["client_id"]: row for row in rows}


async def emails_beginning(db: Database, begun: str, limit: int) -> list[str]:
    rows = await db.read(EMAILS_BEGINNING, (begun, begun + "\U0010ffff", limit))
    return [row["email"] for row in rows]


def guard_exist(emails: Iterable[str]) -> Statement:
    """Fail the batch if any of these stored e-mail addresses no longer belongs to a client."""
    return Statement(GUARD_EXIST, (json.dumps(sorted(set(emails))),))


def guard_email_free(email: str) -> Statement:
    """Fail the batch if a client has the e-mail, ignoring case."""
    return Statement(GUARD_EMAIL_FREE, (email,))


def insert(new: Sequence[Mapping[str, Any]], now: str) -> Statement:
    """Create the clients whose e-mail is not taken. Each mapping is keyed by the columns of `INSERT`."""
    return Statement(INSERT, (json.dumps(list(new)), now))


_TO_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

WITH_EMAILS: LiteralString = (
    SUMMARY
    + """
JOIN json_each(?) w ON lower(trim(c.email, char(9,10,11,12,13,32))) = w.value
ORDER BY c.client_id
"""
)

WITH_NAME: LiteralString = SUMMARY + "WHERE c.full_name = ? ORDER BY c.client_id LIMIT CAST(? AS INTEGER)"

WITH_IDS: LiteralString = SUMMARY + "JOIN json_each(?) w ON c.client_id = w.value"

EMAILS_BEGINNING: LiteralString = """
SELECT email FROM clients_v2 WHERE email >= ? AND email < ? ORDER BY email LIMIT CAST(? AS INTEGER)
"""

GUARD_EXIST: LiteralString = """
INSERT INTO write_guard (clients_exist)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM json_each(?) w WHERE NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = w.value))
"""

GUARD_EMAIL_FREE: LiteralString = """
INSERT INTO write_guard (email_free)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM clients_v2 c
    WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(?, char(9,10,11,12,13,32))))
"""

INSERT: LiteralString = """
INSERT INTO clients_v2 (email, full_name, contact_info, preferences, loyalty_programs, travel_docs, search_text,
                        created_at, updated_at)
SELECT w.value ->> '$.email', w.value ->> '$.full_name', w.value ->> '$.contact_info', w.value ->> '$.preferences',
       w.value ->> '$.loyalty_programs', w.value ->> '$.travel_docs',
       lower((w.value ->> '$.full_name') || ' ' || (w.value ->> '$.email')), ?2, ?2
FROM json_each(?1) w
WHERE NOT EXISTS (
    SELECT 1 FROM clients_v2 c
    WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(w.value ->> '$.email', char(9,10,11,12,13,32))))
RETURNING client_id, email, full_name
"""
