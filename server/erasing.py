"""The `erase` command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.checking import open_migrated
from server.opening import phased
from server.report import escaped
from tools.erasing import ClientErased, EraseArguments, erase_client, scrubbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.d1_address import Location


async def erase_from_file(where: Location, client: str, name: str | None) -> ClientErased:
    """Erase the client if their exact name is given; else report what would go. Raises ToolFault."""
    async with open_migrated(where) as db:
        arguments = EraseArguments(client=client, confirm_name=name, dry_run=name is None)
        return await erase_client(phased(db), arguments)


async def rewrite_file(where: Location) -> bool:
    """Rewrite the file without deleted content. Return False if another program's use of it prevents that."""
    async with open_migrated(where) as db:
        return not await scrubbed(db)


def describe(done: ClientErased, *, hosted: bool = False) -> str:
    verb = "Would erase" if done.dry_run else "Erased"
    lines = [f"{verb} client {done.client_id}, for good."]
    lines += _part("A nameless place stays on", done.trips)
    lines += _part("Shared the e-mail, and stay without it", done.kept)
    lines += _part("Cleaned", [f"{table}: {rows} rows" for table, rows in done.records.items()])
    lines += _part("Still named there, in text that people wrote; edit it", done.remaining)
    lines += _part("Files beside the database that hold the person; delete them", done.copies)
    if done.dry_run:
        lines.append("Nothing was written. To erase, add --confirm-name with the client's exact name.")
    elif not done.file_clean:
        lines.append(IN_TIME_TRAVEL if hosted else IN_USE)
    return "\n".join(lines)


IN_USE = "Deleted content is still in the file, because another program was reading it: stop that program."

IN_TIME_TRAVEL = "The host keeps deleted content for Time Travel, and forgets it after 7 to 30 days."


def _part(heading: str, items: Sequence[str]) -> list[str]:
    return [f"{heading}:", *(f"  {escaped(item)}" for item in items)] if items else []
