"""The tool erase_client, which removes everything stored about a person, for good."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from database import erasing, mentions, search
from database.clock import now
from database.errors import ConstraintViolated, DatabaseBusy, GuardFailed
from database.quoting import as_word, file_name, in_quotes
from tools.answers.bounds import named
from tools.answers.committing import commit
from tools.answers.errors import Ambiguous, Conflict, InvalidInput, NotFound, Question
from tools.answers.models import addressed, with_id
from tools.finding.people import ClientIdentifier, read_client, resolve_client
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from database.engine import Database, Row
    from database.erasing import Erasure
    from database.redaction import Traces

# Maximum attempts at an erasure that keeps losing to concurrent changes.
TRIES = 100

# Rounds of cleaning after the erasure.
FURTHER_ROUNDS = 5

# Number of entries listed in each part of the answer.
SHOWN = 50

# What an answer says about remains of deleted content if another program keeps the database busy.
BUSY = "Another program was using the database, which still has deleted content: run `voygen erase` without a client."


class EraseArguments(WriteArguments):
    client: Annotated[ClientIdentifier, Field(description="Client to erase: id, e-mail or exact name.")]
    confirm_name: Annotated[
        str | None, Field(max_length=100_000, description="Exact full name, unless the person is asked.")
    ] = None
    dry_run: Annotated[bool, Field(description="Only report changes.")] = True


class ClientErased(WriteAnswer):
    dry_run: bool = Field(description="True if nothing was written.")
    client_id: int = Field(description="Id of the client.")
    trips: list[str] = Field(description="Trips on which a nameless place stays.")
    kept: list[str] = Field(description="People who shared the e-mail; they stay, without it.")
    records: dict[str, int] = Field(description="Rows cleaned or deleted in voygen's own records, by table.")
    remaining: list[str] = Field(description="Text that people wrote and that still names the person: edit it.")
    copies: list[str] = Field(description="Files beside the database that still hold the person: delete them.")
    file_clean: bool = Field(description="True if no deleted content is left in the database file.")


async def erase_client(db: Database, args: EraseArguments) -> ClientErased:
    client, gone = await _resolve(db, args.client)
    client_id = client["client_id"]
    for _ in range(TRIES):
        client = client if gone else await read_client(db, client_id)
        plan = await erasing.plan(db, client, now(), gone=gone)
        if args.dry_run:
            return _answer(plan, copies=await db.copies(plan.traces.texts), rest=BUSY, dry_run=True)
        _require_name(client, args.confirm_name)
        copies = await db.copies(plan.traces.texts)
        try:
            await commit(db, plan.batch, _redacted(plan, copies))
        except GuardFailed:
            continue
        except ConstraintViolated:
            raise Conflict(
                f"Other rows of the database depend on client {client_id}; nothing was erased.",
                "Tell the user that the rows that depend on the client must be deleted first.",
            ) from None
        rest = await scrubbed(db) if await _clean_again(db, plan.traces) else BUSY
        return _answer(plan, copies=await db.copies(plan.traces.texts), rest=rest, dry_run=False)
    raise Conflict(f"Client {client_id} kept changing while this call tried to erase them.", "Send the call again.")


async def _resolve(db: Database, identifier: str) -> tuple[Row, bool]:
    """Find the client, or else the copy of a client who was deleted; True for a copy."""
    try:
        return await read_client(db, await resolve_client(db, identifier, "client")), False
    except NotFound:
        found = await erasing.deleted(db, identifier)
        if not found:
            raise
    if len(found) > 1:
        choices = named([f"{in_quotes(row['full_name'])} (client_id {row['client_id']})" for row in found])
        raise Ambiguous(
            f"Several deleted clients match {in_quotes(identifier)}: {choices}.", "Send the client_id of one."
        )
    if found[0]["email_of"] is not None:
        return await read_client(db, found[0]["email_of"]), False
    return found[0], True


def _redacted(plan: Erasure, copies: list[str]) -> ClientErased:
    """Return the answer to store in the batch of the erasure, without what still names the person."""
    answer = _answer(plan, copies=copies, rest=BUSY, dry_run=False)
    return ClientErased.model_validate_json(plan.traces.removed_from(answer.model_dump_json()))


async def _clean_again(db: Database, traces: Traces) -> bool:
    """Clean the records that were written while the erasure was planned. Return False if a lock prevents it."""
    with suppress(DatabaseBusy):
        for _ in range(FURTHER_ROUNDS):
            cleaning = await mentions.clean(db, traces)
            if not cleaning.statements:
                return True
            await db.batch(cleaning.statements)
    return False


async def scrubbed(db: Database) -> str:
    """Remove the remains of deleted content. Return a sentence that says why some stay, or an empty text."""
    try:
        await db.batch(search.forget_deleted())
        return await db.scrub()
    except DatabaseBusy:
        return BUSY


async def confirm(db: Database, args: EraseArguments) -> Question | None:
    """Return the question to ask before erasing; None for a dry run or a wrong name, which `erase_client` rejects."""
    client, _ = await _resolve(db, args.client)
    name = str(client["full_name"]).strip()
    if args.dry_run or args.confirm_name not in {None, name}:
        return None
    who = f"{addressed(client['full_name'], client['email'])}, client {client['client_id']}"
    return Question(f"Erase {who} for good? This can't be undone.", "confirm_name", {name: f"Erase {in_quotes(name)}"})


def _require_name(client: Row, confirmed: str | None) -> None:
    name = str(client["full_name"]).strip()
    if confirmed != name:
        wrong = "is missing" if confirmed is None else "does not match"
        raise InvalidInput(
            f"confirm_name {wrong}: client {client['client_id']} is {in_quotes(name, None)}; nothing was erased.",
            "Send exactly that name as confirm_name to erase this client for good.",
        )


def _answer(plan: Erasure, *, copies: list[str], rest: str, dry_run: bool) -> ClientErased:
    client_id = plan.client["client_id"]
    trips = [
        f"{with_id(row['trip_name'], row['trip_id'])} as {', '.join(map(as_word, json.loads(row['roles'])))}"
        for row in plan.trips
    ]
    who = f"{addressed(plan.client['full_name'], plan.client['email'])}, client {client_id}"
    words = [f"Would erase {who}, for good." if dry_run else f"Erased client {client_id}, for good."]
    words += [f"A nameless place stays on {named(trips)}."] if trips else []
    kept, files = [in_quotes(name) for name in plan.kept], [file_name(copy) for copy in copies]
    words += [f"Shared the e-mail and stay without it: {named(kept)}."] if kept else []
    words += (
        [f"Still named in {named(plan.remaining)}: edit these, notes with edit_note and for_good."]
        if plan.remaining
        else []
    )
    words += [f"Files that hold the person: {named(files)}; delete them."] if files else []
    if dry_run:
        words.append("Send dry_run false and confirm_name to erase.")
    elif rest:
        words.append(rest)
    return ClientErased(
        message=" ".join(words),
        dry_run=dry_run,
        client_id=client_id,
        trips=trips[:SHOWN],
        kept=plan.kept[:SHOWN],
        records=plan.rows,
        remaining=plan.remaining[:SHOWN],
        copies=copies[:SHOWN],
        file_clean=not rest,
    )


TOOL = Tool(
    name="erase_client",
    title="Erase a client",
    description="Erase everything stored about a client, for good; their places on trips stay, nameless. Dry run by "
    "default: it lists text that you must edit, and backups.",
    group="clients",
    hints=Hints(destructive=True),
    input=EraseArguments,
    output=ClientErased,
    run=erase_client,
    confirm=confirm,
)
