"""Queries and statements for clients."""

from __future__ import annotations

import json
import secrets
import unicodedata
from asyncio import gather
from typing import TYPE_CHECKING, Any, LiteralString

from database.engine import Statement
from database.joining import read_keyed
from database.search import clients_found, same_name, whole_name_query, words_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from database.engine import Database, Row

SUMMARY: LiteralString = "SELECT c.client_id, c.email, c.full_name, c.contact_info, c.preferences FROM clients_v2 c\n"


# Prefix and suffix of the placeholder e-mails of clients without an e-mail. RFC 2606 reserves the top-level domain.
_NO_EMAIL = ("no-email-", "@voygen.invalid")


def fold(email: str) -> str:
    """Trim an e-mail and convert it to NFC and lower case. For ASCII e-mails, the schema's index does the same."""
    trimmed = email.strip("\t\n\v\f\r ")
    return trimmed.lower() if trimmed.isascii() else unicodedata.normalize("NFC", trimmed).lower()


def address_for_none() -> str:
    """Return a new placeholder e-mail for a client without one, because the column is UNIQUE and NOT NULL."""
    return secrets.token_hex(8).join(_NO_EMAIL)


def has_email(email: str) -> bool:
    """Return False if the e-mail is a placeholder from `address_for_none`."""
    return not (email.startswith(_NO_EMAIL[0]) and email.endswith(_NO_EMAIL[1]))


async def with_emails(db: Database, emails: Iterable[str]) -> dict[str, Row]:
    """Return the clients with these e-mails, ignoring case, keyed by folded e-mail."""
    wanted = {fold(email) for email in emails}
    if not wanted:
        return {}
    found = await read_keyed(db, WITH_EMAILS, sorted(wanted), lambda row: fold(row["email"]))
    rows = [row for some in found.values() for row in some]
    if not all(email.isascii() for email in wanted):
        rows = [*rows, *(row for row in await db.read(BEYOND_ASCII) if fold(row["email"]) in wanted)]
    return {fold(row["email"]): row for row in reversed(rows)}


async def with_names(db: Database, names: Iterable[str]) -> dict[str, list[Row]]:
    """Return the clients with each name, oldest first.

    If no client has exactly this name, return those whose name matches ignoring case, accents and punctuation.
    """
    wanted = sorted({name for name in names if words_in(name)})
    if not wanted:
        return {}
    exact, ids = await gather(
        db.read(WITH_NAMES, (json.dumps(wanted),)),
        clients_found(db, [whole_name_query(name) for name in wanted], NAMESAKES),
    )
    found: dict[str, list[Row]] = {}
    for row in exact:
        found.setdefault(row["full_name"], []).append(row)
    others = [(name, some) for name, some in zip(wanted, ids, strict=True) if name not in found]
    known = await with_ids(db, {client_id for _, some in others for client_id in some})
    for name, some in others:
        alike = [known[client_id] for client_id in sorted(some) if client_id in known]
        found[name] = [row for row in alike if same_name(str(row["full_name"]), name)]
    return found


async def with_ids(db: Database, client_ids: Iterable[int]) -> dict[int, Row]:
    wanted = sorted(set(client_ids))
    rows = await db.read(WITH_IDS, (json.dumps(wanted),)) if wanted else []
    return {row["client_id"]: row for row in rows}


async def emails_beginning(db: Database, begun: str, limit: int) -> list[str]:
    rows = await db.read(EMAILS_BEGINNING, (begun, begun + "\U0010ffff", limit))
    return [row["email"] for row in rows]


def guard_exist(emails: Iterable[str]) -> Statement:
    """Fail the batch if any of these stored e-mail addresses no longer belongs to a client."""
    return Statement(GUARD_EXIST, (json.dumps(sorted(set(emails))),))


def guard_email_free(email: str) -> Statement:
    """Fail the batch if any client has this e-mail, ignoring case."""
    return Statement(GUARD_EMAIL_FREE, (email,))


def insert(new: Sequence[Mapping[str, Any]], now: str) -> Statement:
    """Create those clients whose e-mail no client has yet. The keys of each mapping are the columns in `INSERT`."""
    return Statement(INSERT, (json.dumps(list(new)), now))


# Maximum number of clients to read with the same name, ignoring case, accents and punctuation.
NAMESAKES = 20

WITH_EMAILS: LiteralString = (
    SUMMARY
    + """
JOIN json_each(?) w ON lower(trim(c.email, char(9,10,11,12,13,32))) = w.value
ORDER BY c.client_id
"""
)

# The few clients with non-ASCII e-mails, which SQL can't convert to lower case. The partial index
# idx_clients_v2_email_beyond_ascii covers them.
BEYOND_ASCII: LiteralString = SUMMARY + "WHERE c.email GLOB '*[^ -~]*' ORDER BY c.client_id"

WITH_NAMES: LiteralString = SUMMARY + "JOIN json_each(?) w ON c.full_name = w.value ORDER BY c.client_id"

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
"""
