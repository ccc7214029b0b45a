"""The tool restore_deleted, which restores a deleted trip or client with its assignments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from anyascii import anyascii
from pydantic import Field, model_validator

from database import merging, restoring
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from database.quoting import as_word, in_quotes
from tools.answers.committing import commit
from tools.answers.errors import Ambiguous, Conflict, InvalidInput, NotFound
from tools.answers.fields import ClientId
from tools.finding.reading import content_words
from tools.merging import undo_merge
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database, Row
    from database.restoring import Plan

# Maximum attempts at a restore if concurrent changes keep interfering.
TRIES = 100

# Number of deleted trips and clients listed in an error.
CANDIDATES_SHOWN = 5

# Number of differences listed in an answer; the rest are counted.
DIFFERENCES_SHOWN = 20


class RestoreArguments(WriteArguments):
    orphan_id: Annotated[ClientId | None, Field(description="orphan_id of the deletion.")] = None
    trip_name: Annotated[
        str | None, Field(min_length=1, max_length=300, description="Words of the trip or client name.")
    ] = None
    dry_run: Annotated[bool, Field(description="Only report changes.")] = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.orphan_id is None) == (self.trip_name is None):
            raise ValueError("needs exactly one of orphan_id and trip_name: send either orphan_id or trip_name")
        return self


class Restored(WriteAnswer):
    dry_run: bool = Field(description="True if nothing was written.")
    restored: str = Field(description="trip or client.")
    id: int = Field(description="Its trip_id or client_id.")
    assignments: int = Field(description="Assignments restored.")
    differences: list[str] = Field(description="What differs from before, and why.")


async def restore_deleted(db: Database, args: RestoreArguments) -> Restored:
    if args.orphan_id is not None and (merge := await merging.merged(db, args.orphan_id)):
        would = "Dry run: would undo" if args.dry_run else "Undid"
        answer = Restored(
            message=f"{would} the merge of {in_quotes(merge['remove_name'])} (client {merge['remove_id']}) into "
            f"{in_quotes(merge['keep_name'])} (client {merge['keep_id']}).",
            dry_run=args.dry_run,
            restored="client",
            id=merge["remove_id"],
            assignments=len(json.loads(merge["trip_ids"])),
            differences=[],
        )
        return answer if args.dry_run else await undo_merge(db, merge, answer)
    for _ in range(TRIES):
        kept = await _resolve(db, args)
        plan = await restoring.plan(db, kept)
        if plan is None:
            continue
        _require_room(plan)
        if args.dry_run:
            return _answer(plan, await _differences(db, plan), dry_run=True)
        differences = await _differences(db, plan)
        try:
            return await commit(db, restoring.restore(plan, now()), _answer(plan, differences, dry_run=False))
        except GuardFailed:
            continue
        except ConstraintViolated:
            raise Conflict(
                f"{_named(kept)} no longer matches the database schema; nothing was written.",
                "Tell the user that the deleted data has been kept.",
            ) from None
    raise Conflict("The database kept changing while this call tried to write.", "Send the call again.")


async def _resolve(db: Database, args: RestoreArguments) -> Row:
    """Find the one deleted trip or client."""
    if args.orphan_id is not None:
        kept = await restoring.with_id(db, args.orphan_id)
        if kept is None:
            raise _not_found(f"There is no orphan_id {args.orphan_id}", await restoring.deleted(db))
        if kept["kind"] is None:
            raise InvalidInput(
                f"Row {args.orphan_id} of orphaned_rows is not a trip or client that a tool deleted: it was moved "
                f"from {as_word(kept['table_name'])} for another reason ({in_quotes(kept['reason'])}).",
                "Send the orphan_id of a deletion, or words from the name as trip_name.",
            )
        return kept
    wanted = args.trip_name or ""
    deleted = await restoring.deleted(db)
    found = _matching(deleted, wanted)
    if not found:
        raise _not_found(f"No deleted trip or client matches {in_quotes(wanted)}", deleted)
    if len(found) > 1:
        count = f"More than {CANDIDATES_SHOWN}" if len(found) > CANDIDATES_SHOWN else str(len(found))
        raise Ambiguous(
            f"{count} deleted trips or clients match {in_quotes(wanted)}: {_list(found)}.",
            "Ask the user which one, then send its orphan_id.",
        )
    return found[0]


def _matching(deleted: Sequence[Row], wanted: str) -> list[Row]:
    """Return the deletions that match by exact name, slug or e-mail, else those that match by word prefixes."""
    words = content_words(anyascii(wanted))
    exactly = [row for row in deleted if wanted.casefold() in {name.casefold() for name in _names(row)}]
    return exactly or [row for row in deleted if words and _holds(row, words)]


def _names(row: Row) -> list[str]:
    return [str(row[key]).strip() for key in ("name", "slug", "email") if row[key] is not None]


def _holds(row: Row, words: Sequence[str]) -> bool:
    present = content_words(anyascii(" ".join(_names(row))))
    return all(any(there.startswith(word) for there in present) for word in words)


def _not_found(problem: str, deleted: Sequence[Row]) -> NotFound:
    last = f"Last deletions: {_list(deleted)}." if deleted else "There are no deletions to undo."
    return NotFound(f"{problem}. {last}", "Send the orphan_id of one, or other words from its name.")


def _list(rows: Sequence[Row]) -> str:
    return "; ".join(
        f"orphan_id {row['orphan_id']}, {_named(row)}, deleted {as_word(row['at'])}" for row in rows[:CANDIDATES_SHOWN]
    )


def _named(kept: Row) -> str:
    return f"{kept['kind']} {in_quotes(kept['name'])} (id {kept['id']})"


def _require_room(plan: Plan) -> None:
    if plan.id_taken:
        raise Conflict(
            f"The id of {_named(plan.kept)} now belongs to another {plan.kept['kind']}; nothing was written.",
            f"Tell the user that another {plan.kept['kind']} was given this id by hand and needs a different id first.",
        )
    if plan.email_of is not None:
        raise Conflict(
            f"Client {plan.email_of} now has the e-mail {as_word(plan.email)}; nothing was written.",
            f"First give client {plan.email_of} another e-mail with update_client, or use that client.",
        )


async def _differences(db: Database, plan: Plan) -> list[str]:
    """Return a line for each difference from the state before the deletion."""
    found: list[str] = []
    if plan.is_trip and plan.slug != plan.kept["slug"]:
        found.append(f"The slug is {as_word(plan.slug)}: {_slug(plan.kept)} is not available.")
    without_primary = plan.is_trip and bool(plan.kept["primary"]) and plan.primary is None
    deleted = await restoring.deleted(db) if plan.lost or without_primary else []
    if without_primary:
        primary = plan.kept["primary"]
        found.append(f"The primary client {as_word(primary)} no longer exists{_restorable(deleted, 'email', primary)}.")
    for end in plan.lost:
        key, value = ("email", end["email"]) if plan.is_trip else ("id", end["trip_id"])
        other = f"the client {as_word(end['email'])}" if plan.is_trip else f"trip {end['trip_id']}"
        gone = f"{other} no longer exists{_restorable(deleted, key, value)}"
        found.append(f"Not restored: {as_word(end['email'])} as {as_word(end['role'])}; {gone}.")
    more = len(found) - DIFFERENCES_SHOWN
    return [*found[:DIFFERENCES_SHOWN], f"And {more} more."] if more > 0 else found


def _slug(kept: Row) -> str:
    return as_word(kept["slug"]) if kept["slug"] else "an empty slug"


def _restorable(deleted: Sequence[Row], key: str, value: object) -> str:
    """Suggest restore_deleted if a tool deleted the missing item."""
    kind = "client" if key == "email" else "trip"
    for row in deleted:
        if row["kind"] == kind and row[key] == value:
            return f"; restore it with orphan_id {row['orphan_id']}"
    return ""


def _answer(plan: Plan, differences: list[str], *, dry_run: bool) -> Restored:
    kept, count = plan.kept, len(plan.restored)
    verb = "Dry run: would restore" if dry_run else "Restored"
    return Restored(
        message=" ".join([f"{verb} {_named(kept)} with {count} assignments.", *differences]),
        dry_run=dry_run,
        restored=kept["kind"],
        id=kept["id"],
        assignments=count,
        differences=differences,
    )


TOOL = Tool(
    name="restore_deleted",
    title="Undo a deletion",
    description="Put back a deleted trip or client.",
    group="trips",
    hints=Hints(),
    input=RestoreArguments,
    output=Restored,
    run=restore_deleted,
)
