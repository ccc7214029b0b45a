"""A value that does not fit its column's type does not stop any tool from answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from desk import ANA, KYOTO, new_desk

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = [
    (f"UPDATE {table} SET {column} = x'ff41'", column)
    for table, columns in {
        "trips_v2": ("trip_name", "start_date", "end_date", "destinations", "group_name", "notes"),
        "clients_v2": ("full_name", "preferences", "contact_info"),
    }.items()
    for column in columns
]

READS: dict[str, dict[str, str]] = {
    "list_trips": {},
    "get_anything": {"query": str(KYOTO)},
    "get_client": {"email": ANA},
    "get_recent_activities": {},
    "query_trip_facts": {},
    "get_facts_stats": {},
    "refresh_trip_facts": {},
    "check_consistency": {},
    "get_workflow_status": {"trip_identifier": str(KYOTO)},
}


@pytest.mark.parametrize("sql", [sql for sql, _ in COLUMNS], ids=[column for _, column in COLUMNS])
@pytest.mark.sampled(3)
async def test_bytes_in_a_text_column_do_not_prevent_any_tool_from_answering(tmp_path: Path, sql: str) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql(sql)
        for tool, arguments in READS.items():
            result = await desk.client.call_tool(tool, arguments)
            assert not result.is_error, (tool, result.content)
        await desk.call(
            "bulk_trip_operations",
            trip_identifier=str(KYOTO),
            operations=[{"type": "add_note", "data": {"note": "still here"}}],
        )
