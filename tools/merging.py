"""The tool merge_clients: makes one client of two who are the same person."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field

from database import merging
from database.clients import has_email
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from database.later import Later
from database.quoting import as_word, in_quotes, visible
from tools.answers.bounds import named, shortened
from tools.answers.committing import commit
from tools.answers.errors import Conflict, InvalidInput
from tools.answers.models import addressed, logged_as, with_id
from tools.finding.people import ClientIdentifier, read_client, resolve_client
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip import shapes

if TYPE_CHECKING:
    from database.engine import Database, Row
    from tools.answers.committing import A

# Maximum attempts at a merge that keeps losing to concurrent changes.
TRIES = 100

# Maximum length of a value in a conflict.
VALUE_LENGTH = 100

# JSON columns that are merged key by key.
MERGED = ("contact_info", "preferences", "loyalty_programs", "travel_docs")


class MergeArguments(WriteArguments):
    keep: Annotated[ClientIdentifier, Field(description="Client to keep: id, e-mail or exact name.")]
    remove: Annotated[ClientIdentifier, Field(description="Client to merge into the one kept.")]
    dry_run: Annotated[bool, Field(description="Only report changes.")] = True


class ClientsMerged(WriteAnswer):
    dry_run: bool = Field(description="True if nothing was written.")
    client_id: int = Field(description="Id of the client kept.")
    trips: list[str] = Field(description="The removed client's trips and roles, which move to the client kept.")
    conflicts: list[str] = Field(description="Values that differ; the kept client's stay.")
    orphan_id: int | None = Field(description="For restore_deleted, to undo the merge; null on a dry run.")


async def merge_clients(db: Database, args: MergeArguments) -> ClientsMerged:
    keep_id, remove_id = await gather(resolve_client(db, args.keep, "keep"), resolve_client(db, args.remove, "remove"))
    if keep_id == remove_id:
        raise InvalidInput(f"keep and remove are the same client, {keep_id}.", "Send two different clients.")
    for _ in range(TRIES):
        keep, remove = await gather(read_client(db, keep_id), read_client(db, remove_id))
        values, conflicts = _combined(keep, remove)
        trips = [
            f"{with_id(row['trip_name'], row['trip_id'])} as {as_word(row['role'])}"
            for row in await merging.roles(db, remove["email"])
        ]
        if args.dry_run:
            return _answer(args, keep, remove, trips, conflicts, None)
        moment, later = now(), Later()
        answer = _answer(args, keep, remove, trips, conflicts, later.orphan_id("clients_v2", moment))
        details = f"Merged {_logged(remove)} into {_logged(keep)}"
        try:
            return await commit(db, await merging.merge(db, keep, remove, values, details, moment), answer, later)
        except GuardFailed:
            continue
    raise Conflict("The clients kept changing while this call tried to merge them.", "Send the call again.")


def _combined(keep: Row, remove: Row) -> tuple[dict[str, Any], list[str]]:
    """Return the kept client's columns with what only the other one has, and the conflicts."""
    values: dict[str, Any] = {"email": keep["email"], "full_name": keep["full_name"]}
    conflicts: list[str] = []
    if not has_email(keep["email"]):
        values["email"] = remove["email"] if has_email(remove["email"]) else keep["email"]
    elif has_email(remove["email"]):
        conflicts.append(f"email: {as_word(keep['email'])} stays; {as_word(remove['email'])} was removed")
    if keep["full_name"] != remove["full_name"]:
        conflicts.append(
            f"full_name: {in_quotes(keep['full_name'])} stays; {in_quotes(remove['full_name'])} was removed"
        )
    for column in MERGED:
        mine = shapes.as_object(shapes.load_json(keep[column]), "earlier")
        theirs = shapes.as_object(shapes.load_json(remove[column]), "earlier")
        both = _with_missing(mine, theirs, column, conflicts)
        values[column] = keep[column] if both == mine else shapes.dump_json(both)
    return values, conflicts


def _with_missing(mine: dict[str, Any], theirs: dict[str, Any], path: str, conflicts: list[str]) -> dict[str, Any]:
    result = dict(mine)
    for key, value in theirs.items():
        known: object = mine.get(key)
        here = f"{path}.{key}"
        if known is None or known == "":
            result[key] = value
        elif isinstance(known, dict) and isinstance(value, dict):
            result[key] = _with_missing(cast("dict[str, Any]", known), cast("dict[str, Any]", value), here, conflicts)
        elif isinstance(known, list) and isinstance(value, list):
            items = cast("list[Any]", known)
            result[key] = [*items, *(one for one in cast("list[Any]", value) if one not in items)]
        elif here == "contact_info.notes" and known != value:
            result[key] = f"{known}\n{value}"
        elif known != value:
            conflicts.append(f"{_path(here)}: {_value(cast('object', known))} stays; {_value(value)} was removed")
    return result


def _path(keys: str) -> str:
    return ".".join(map(as_word, keys.split(".")))


def _value(value: object) -> str:
    return in_quotes(value) if isinstance(value, str) else visible(shortened(shapes.dump_json(value), VALUE_LENGTH))


def _name(client: Row) -> str:
    return f"{addressed(client['full_name'], client['email'])}, client {client['client_id']}"


def _logged(client: Row) -> str:
    return f"{logged_as(client['full_name'], client['email'])}, client {client['client_id']}"


def _answer(  # noqa: PLR0913 - the result of the merge
    args: MergeArguments, keep: Row, remove: Row, trips: list[str], conflicts: list[str], orphan_id: int | None
) -> ClientsMerged:
    verb = "Would merge" if args.dry_run else "Merged"
    moved = f" Trips that move: {named(trips)}." if trips else ""
    differing = f" Different values: {named(conflicts)}." if conflicts else ""
    undo = (
        " Send dry_run false to merge." if orphan_id is None else f" Undo: restore_deleted with orphan_id {orphan_id}."
    )
    return ClientsMerged(
        message=f"{verb} {_name(remove)} into {_name(keep)}.{moved}{differing}{undo}",
        dry_run=args.dry_run,
        client_id=keep["client_id"],
        trips=trips,
        conflicts=conflicts,
        orphan_id=orphan_id,
    )


async def undo_merge(db: Database, found: Row, answer: A) -> A:
    """Undo a merge. Raises Conflict if the client that was kept, or one of the trips, has changed since."""
    try:
        return await commit(db, await merging.undo(db, found, now()), answer)
    except ConstraintViolated:
        raise Conflict(
            f"Client {found['keep_id']} or one of their trips has changed since, or the removed e-mail is used "
            "again; nothing was written.",
            "Tell the user: create the other client again with create_client_v2, and assign them by hand.",
        ) from None


TOOL = Tool(
    name="merge_clients",
    title="Merge two clients",
    description="Merge two clients who are one person: trips, roles, preferences, documents, memberships, notes and "
    "activity move to the one kept. Undo with restore_deleted.",
    group="clients",
    hints=Hints(destructive=True),
    input=MergeArguments,
    output=ClientsMerged,
    run=merge_clients,
)
