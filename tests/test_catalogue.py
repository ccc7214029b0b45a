"""Requirements of clients and model providers that every tool in the catalogue meets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
import raw
from desk import KYOTO, Desk, Era, each_era, new_desk
from pydantic import BaseModel, TypeAdapter

from server.desk.steward import MigrationSteward
from tools.catalogue import all_tools
from tools.groups import DEFAULT_GROUPS, GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mcp_types import Tool as McpTool

Schema = dict[str, Any]

COMPOSED = {"anyOf", "oneOf", "allOf", "$ref", "not", "if"}

# The most tokens that the default groups may add to a conversation, at four bytes per token of JSON as it is sent:
# names, descriptions and inputs, and the output schemas, which many hosts leave out. Titles and hints are for hosts.
BUDGET = 9_000
OUTPUT_BUDGET = 4_000

READERS = {
    "get_anything",
    "list_trips",
    "get_recent_activities",
    "list_payments",
    "continue_trip",
    "get_client",
    "get_workflow_status",
    "get_workflow_instructions",
    "query_trip_facts",
    "get_facts_stats",
    "get_trip_documents",
    "list_templates",
    "preview_proposal",
    "show_trip",
    "show_month",
    "show_migration",
    "check_consistency",
    "get_migration_phase",
    "health_check",
    "explore_database",
    "analyze_recent_errors",
}

WRITERS = {
    "create_trip_v2",
    "create_trip_with_client",
    "copy_trip",
    "bulk_trip_operations",
    "delete_trip",
    "restore_deleted",
    "create_client_v2",
    "update_client",
    "merge_clients",
    "erase_client",
    "initialize_workflow",
    "advance_workflow_phase",
    "set_workflow_step",
    "refresh_trip_facts",
    "mark_facts_dirty",
    "import_trip_page",
    "import_trip_document",
    "import_trip_page_and_parse",
    "set_trip_schedule",
    "generate_proposal",
    "repair_consistency",
    "cleanup_duplicate_clients",
    "cleanup_duplicate_trips",
    "update_activitylog_clients",
    "reset_activitylog_from_trips",
    "resolve_error_pattern",
}

names = sorted(READERS | WRITERS)

# Arguments for the readers that require some.
QUESTIONS: dict[str, dict[str, Any]] = {
    "get_anything": {"query": str(KYOTO)},
    "get_client": {"client_id": 1},
    "get_workflow_status": {"trip_identifier": str(KYOTO)},
    "get_workflow_instructions": {"trip_identifier": str(KYOTO)},
    "get_trip_documents": {"trip_identifier": str(KYOTO)},
    "preview_proposal": {"trip_identifier": str(KYOTO)},
    "show_trip": {"trip_identifier": str(KYOTO)},
}

# Fields of objects inside the arguments whose names say what they are, such as those of an operation's data.
CLEAR_NAMES = {
    *("email", "client_id", "amount", "kind", "min_nights", "max_nights", "min_cost", "max_cost", "min_travelers"),
    *("max_travelers", "starts_after", "starts_before", "status", "client_email"),
    *("note", "details", "type", "name", "url", "notes", "new_name", "item_id", "title", "date", "day_number"),
    *("start_time", "end_time", "location", "price", "confirmation", "description", "city", "check_in", "check_out"),
    *("number", "provider", "from", "to", "depart", "arrive", "label", "unit"),
}

each_tool = pytest.mark.parametrize("name", names)


async def listed(desk: Desk) -> dict[str, McpTool]:
    return {tool.name: tool for tool in (await desk.client.list_tools()).tools}


def resolved(node: Schema, root: Schema) -> Schema:
    if "$ref" not in node:
        return node
    target = root["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return resolved(target, root) | {key: value for key, value in node.items() if key != "$ref"}


def parts(node: Schema, root: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield each part of the schema, with references resolved, and its path."""
    here = resolved(node, root)
    yield path, here
    for name, inner in here.get("properties", {}).items():
        yield from parts(inner, root, f"{path}.{name}")
    if isinstance(here.get("items"), dict):
        yield from parts(here["items"], root, f"{path}[]")
    for word in ("anyOf", "oneOf", "allOf"):
        for number, option in enumerate(here.get(word, [])):
            yield from parts(option, root, f"{path}|{number}")


def described(node: Schema, root: Schema) -> bool:
    here = resolved(node, root)
    if here.get("description") or "const" in here or "enum" in here:
        return True
    return any(described(option, root) for option in here.get("anyOf", []))


@each_era
async def test_every_tool_in_the_catalogue_is_listed_with_a_title_and_description(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        tools = await listed(desk)
        assert sorted(tools) == names
        for name, tool in tools.items():
            assert name.isascii()
            assert len(name) <= 64
            assert tool.title
            assert tool.description
            assert len(tool.description) <= 500


@each_era
async def test_each_tools_input_is_a_plain_object_whose_fields_are_all_described(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        for name, tool in (await listed(desk)).items():
            schema = tool.input_schema
            assert schema["type"] == "object", name
            assert not COMPOSED & set(schema), name
            found = list(parts(schema, schema, name))
            assert len(found) > len(schema["properties"]), name
            for path, node in found:
                assert node.get("type") or set(node) == {"anyOf"}, f"{path} takes anything: {node}"
                for field, inner in node.get("properties", {}).items():
                    clear = path != name and field in CLEAR_NAMES
                    assert field == "data" or clear or described(inner, schema), f"{path}.{field} is not described"


@each_tool
def test_each_value_of_each_tools_input_is_bounded(name: str) -> None:
    (tool,) = (one for one in all_tools(MigrationSteward(None)) if one.name == name)  # type: ignore[arg-type]
    schema = tool.input.model_json_schema()
    for path, node in parts(schema, schema):
        assert_bounded(path, node)


def assert_bounded(path: str, node: Schema) -> None:
    fixed = "enum" in node or "const" in node
    match node.get("type"):
        case "object" if "properties" in node or "anyOf" in node:
            pass
        case "object":
            assert "maxProperties" in node, f"{path} is not bounded"
        case "number" | "integer":
            assert fixed or {"minimum", "maximum"} <= bounds(node), f"{path} is not bounded"
        case "string":
            assert fixed or "maxLength" in node, f"{path} is not bounded"
        case "boolean" | "array" | "null":
            pass
        case other:
            assert other is None, f"{path} has the type {other}"
            assert {"anyOf", "oneOf"} & set(node), f"{path} takes anything: {node}"


def bounds(node: Schema) -> set[str]:
    return {key.replace("exclusiveM", "m") for key in node}


@each_era
async def test_each_tools_output_is_a_plain_object_with_a_message(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        for name, tool in (await listed(desk)).items():
            schema = cast("Schema", tool.output_schema)
            assert schema["type"] == "object", name
            assert not COMPOSED & set(schema), name
            assert "message" in schema["required"], name
            TypeAdapter(Schema).validate_json(json.dumps(schema))


@each_era
async def test_every_tool_has_all_hints_and_read_only_tools_change_nothing(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        for name, tool in (await listed(desk)).items():
            hints = tool.annotations
            assert hints, name
            assert None not in {
                hints.read_only_hint,
                hints.destructive_hint,
                hints.idempotent_hint,
                hints.open_world_hint,
            }, name
            assert not (hints.read_only_hint and hints.destructive_hint), name
        assert {name for name, tool in (await listed(desk)).items() if reads(tool)} == READERS
        before = raw.dump(desk.connection)
        await desk.refused("get_anything", query="xqzw")
        for name in sorted(READERS):
            await desk.call(name, **QUESTIONS.get(name, {}))
        assert raw.dump(desk.connection) == before


def reads(tool: McpTool) -> bool:
    return bool(tool.annotations and tool.annotations.read_only_hint)


@each_era
async def test_the_default_groups_stay_within_their_token_budget(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        on = {tool.name for tool in all_tools(MigrationSteward(desk.db)) if tool.group in DEFAULT_GROUPS}
        tools = [tool for name, tool in (await listed(desk)).items() if name in on]
        inputs = {tool.name: _tokens([tool.name, tool.description, tool.input_schema]) for tool in tools}
        outputs = {tool.name: _tokens(tool.output_schema) for tool in tools}
        told = f"about {sum(inputs.values())} tokens and {sum(outputs.values())} for outputs, by tool: {inputs}"
        print(f"default groups: {told}")  # noqa: T201
        assert sum(inputs.values()) <= BUDGET
        assert sum(outputs.values()) <= OUTPUT_BUDGET


def _tokens(sent: object) -> float:
    return len(json.dumps(sent, separators=(",", ":"), ensure_ascii=False).encode()) / 4


async def test_every_tools_input_is_a_strict_model_and_its_group_is_known(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for tool in all_tools(MigrationSteward(desk.db)):
            assert issubclass(tool.input, BaseModel)
            assert tool.input.model_config.get("extra") == "forbid", tool.name
            assert tool.group in GROUPS
