"""What a database file says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from database.engine import Database


async def damage(db: Database) -> list[str]:
    """What is wrong with the file's pages, the first few problems; nothing where it is whole."""
    return [row["problem"] for row in await db.read(DAMAGE)]


DAMAGE: LiteralString = "SELECT quick_check AS problem FROM pragma_quick_check(10) WHERE quick_check <> 'ok'"
