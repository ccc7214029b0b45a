"""Links JSON entries to clients whose e-mail differs only in the case or Unicode normal form of non-ASCII letters.

The triggers miss these entries, because SQL ignores the case of ASCII letters only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database import clients, waiting
from database.engine import Statement
from database.entries import WITH_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from database.engine import Database


class OtherSpelling(NamedTuple):
    """The e-mail of a trip's unlinked entries: `spelling` as indexed, and `email` as stored for the client."""

    trip_id: int
    spelling: str
    email: str


async def other_spellings(db: Database, new: Mapping[str, str] | None = None) -> list[OtherSpelling]:
    """Find the entries to link. `new` maps the folded e-mails of clients to be created to their e-mails."""
    waiting = await db.read(BEYOND_ASCII)
    if not waiting:
        return []
    known = {fold: row["email"] for fold, row in (await clients.with_emails(db, [r["email"] for r in waiting])).items()}
    known |= new or {}
    found = ((row, known.get(clients.fold(row["email"]))) for row in waiting)
    return [OtherSpelling(row["trip_id"], row["email"], email) for row, email in found if email is not None]


async def link_waiting(db: Database, emails: Iterable[str]) -> list[Statement]:
    """Link the entries that wait for one of these clients in another spelling; ASCII e-mails never do.

    `emails` may belong to clients that the batch creates.
    """
    wanted = {clients.fold(email): email for email in emails if not email.isascii()}
    if not wanted:
        return []
    return link([one for one in await other_spellings(db, wanted) if clients.fold(one.email) in wanted])


def link(spellings: Sequence[OtherSpelling]) -> list[Statement]:
    """Replace the entries' e-mails with the clients' e-mails, and reconcile the trips, which assigns the clients."""
    if not spellings:
        return []
    trip_ids = {one.trip_id for one in spellings}
    respell = Statement(RESPELL, (json.dumps(spellings),), mirrors=True)
    return [waiting.hold(trip_ids), respell, *waiting.release(trip_ids)]


BEYOND_ASCII: LiteralString = "SELECT trip_id, email FROM trip_client_unlinked WHERE email GLOB '*[^ -~]*'"

RESPELL: LiteralString = (
    WITH_ENTRIES
    + """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(coalesce(s.linked, s.element)))
    FROM (
        SELECT e.element, (
            SELECT json_set(e.entry, '$.email', w.value ->> 2) FROM json_each(?1) w
            WHERE w.value ->> 0 = e.trip_id AND e.client_email IS NULL
              AND w.value ->> 1 = lower(trim(e.email, char(9,10,11,12,13,32)))) AS linked
        FROM trip_client_entries e WHERE e.trip_id = trips_v2.trip_id ORDER BY e.position) s)
WHERE trip_id IN (SELECT w.value ->> 0 FROM json_each(?1) w)
"""
)
