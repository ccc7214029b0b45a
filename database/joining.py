"""Reads of the same query for many items, joined into one: a list of texts needs no more queries than one text."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, LiteralString, TypeAlias

from database.engine import ForwardingDatabase
from database.gathering import TURNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from database.engine import Database, Row, Value

# Places of the items of one reader in the list, and the rows of the whole list.
Joined: TypeAlias = "tuple[list[int], list[Row]]"


class _List:
    """The items of several readers, without duplicates."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.rows: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()

    def add(self, items: Iterable[Any]) -> list[int]:
        """Add items; return their places."""
        return [self.places.setdefault(json.dumps(item), len(self.places)) for item in items]

    @property
    def text(self) -> str:
        return f"[{','.join(self.places)}]"


class JoiningDatabase(ForwardingDatabase):
    """A database wrapper for tasks that run the same reads at about the same time, each for items of its own."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self._open: dict[tuple[LiteralString, tuple[Value, ...]], _List] = {}

    async def join(self, sql: LiteralString, items: Iterable[Any], params: tuple[Value, ...]) -> Joined:
        """Let the other tasks run as far as they can without the database, and then read for all of them."""
        key = (sql, params)
        if key in self._open:
            joined = self._open[key]
            places = joined.add(items)
            return places, await asyncio.shield(joined.rows)
        joined = self._open[key] = _List()
        places = joined.add(items)
        try:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            del self._open[key]
            joined.rows.set_result(await self._db.read(sql, (joined.text, *params)))
        finally:
            if not joined.rows.done():
                self._open.pop(key, None)
                joined.rows.cancel()
        return places, joined.rows.result()


async def read_items(db: Database, sql: LiteralString, items: Sequence[Any], *params: Value) -> list[list[Row]]:
    """Return the rows of each item.

    The query's first parameter is the JSON list of the items; its column `item` is the item's place in the list.
    """
    places, rows = await _joined(db, sql, items, params)
    found: dict[int, list[Row]] = {place: [] for place in places}
    for row in rows:
        if row["item"] in found:
            found[row["item"]].append(row)
    return [found[place] for place in places]


async def read_keyed(
    db: Database, sql: LiteralString, keys: Iterable[Any], key_of: Callable[[Row], Any], *params: Value
) -> dict[Any, list[Row]]:
    """Return the rows of each key. The query's first parameter is the JSON list of the keys."""
    found: dict[Any, list[Row]] = {key: [] for key in keys}
    if found:
        _, rows = await _joined(db, sql, list(found), params)
        for row in rows:
            if (key := key_of(row)) in found:
                found[key].append(row)
    return found


async def _joined(db: Database, sql: LiteralString, items: Sequence[Any], params: tuple[Value, ...]) -> Joined:
    if isinstance(db, JoiningDatabase):
        return await db.join(sql, items, params)
    return list(range(len(items))), await db.read(sql, (json.dumps(list(items)), *params))
