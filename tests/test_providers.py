"""Every provider takes the published catalogue, and still shows each tool's arguments to the model."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import providers
import pytest
from providers import CONVERTERS, Refused, Schema
from published import SNAPSHOTS

from tools.bulk import OPERATION

each_provider = pytest.mark.parametrize("provider", CONVERTERS)


@cache
def catalogue() -> dict[str, Schema]:
    """The tools as listed; test_published.py checks that the snapshots are current."""
    tools = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SNAPSHOTS.glob("*.json"))]
    return {tool["name"]: tool for tool in tools}


@each_provider
def test_each_argument_keeps_its_name_type_and_description_with_every_provider(provider: str) -> None:
    for name, tool in catalogue().items():
        before = tool["inputSchema"]["properties"]
        after = CONVERTERS[provider](tool["inputSchema"])["properties"]
        assert list(after) == list(before), name
        for argument, schema in before.items():
            whole = option_of(schema)
            kept = option_of(after[argument])
            assert kept["type"] == whole["type"], (name, argument)
            assert kept["description"] == whole["description"], (name, argument)


def option_of(schema: Schema) -> Schema:
    """The schema of an argument that is not null."""
    return schema["anyOf"][0] if "anyOf" in schema else schema


@each_provider
def test_the_type_and_fields_of_each_operation_stay_visible_with_every_provider(provider: str) -> None:
    shown = CONVERTERS[provider](catalogue()["bulk_trip_operations"]["inputSchema"])["properties"]["operations"]
    for kind, fields in operations().items():
        added = kind.replace("update_", "add_") if kind.endswith(("_item", "_stay", "_transport")) else kind
        named = fields if added == kind else ["item_id", f"any of {added}"]
        assert f"{kind}({', '.join(named)})" in shown["description"].replace("?", "")
        if "anyOf" in shown["items"]:
            (option,) = [one for one in shown["items"]["anyOf"] if kind in one["properties"]["type"]["enum"]]
            described = option["properties"]["data"].get("properties", {})
            assert set(described) >= set(fields) or (kind.startswith("import_") and not described)


def operations() -> dict[str, list[str]]:
    """The names of the data of each operation, from the models."""
    schema = OPERATION.schema

    def resolved(part: Any) -> Any:
        return schema["$defs"][part["$ref"].rpartition("/")[2]]

    options = {kind: resolved({"$ref": ref}) for kind, ref in schema["discriminator"]["mapping"].items()}
    return {kind: list(resolved(option["properties"]["data"])["properties"]) for kind, option in options.items()}


def test_names_and_the_sum_of_all_list_bounds_are_within_the_providers_limits() -> None:
    providers.check_names(list(catalogue()))
    providers.check_lists([tool["inputSchema"] for tool in catalogue().values()])


def test_schemas_of_results_have_no_reference_or_number_that_a_client_refuses() -> None:
    for tool in catalogue().values():
        providers.plain(tool["outputSchema"])
        providers.anthropic(tool["outputSchema"])
        for path, part in providers.nodes(tool["outputSchema"]):
            assert not part or {"type", "anyOf"} & part.keys(), (tool["name"], path)
            assert "additionalProperties" not in part


WRONG: dict[str, tuple[str, Schema]] = {
    "a boolean for additional properties": ("gemini", {"type": "object", "additionalProperties": False}),
    "a list of types": ("gemini", {"type": ["string", "null"]}),
    "a description beside a union": ("gemini", {"anyOf": [{"type": "string"}], "description": "d"}),
    "an enum of numbers": ("gemini", {"type": "integer", "enum": [1]}),
    "a required name without property": ("gemini", {"type": "object", "properties": {}, "required": ["a"]}),
    "no type": ("gemini", {"description": "anything"}),
    "a type beside a union": ("moonshot", {"type": "object", "anyOf": [{"type": "object"}]}),
    "a list without items": ("vs code", {"type": "array"}),
    "a large integer": ("anthropic", {"type": "integer", "maximum": 2**63}),
    "open additional properties": ("openai strict", {"type": "object", "additionalProperties": True}),
    "a constant": ("plain", {"const": "a"}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_schema_that_a_provider_refuses_is_noticed(wrong: str) -> None:
    provider, part = WRONG[wrong]
    with pytest.raises(Refused):
        CONVERTERS[provider]({"type": "object", "properties": {"a": part}})
