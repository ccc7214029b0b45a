"""The rules of large model providers for tools, applied to a published tool as their converters apply them.

Each rule was observed in a converter's source or reported against the provider; the source stands beside it. A
converter that drops a keyword drops it here too, and what a provider refuses raises Refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Schema: TypeAlias = dict[str, Any]

# Limits of one request: the sum of maxItems that Gemini takes (https://github.com/googleapis/python-genai/issues/2170),
# and the properties and nested objects of a strict function
# (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas).
MAX_ITEMS_IN_ALL = 960
MAX_PROPERTIES = 5_000
MAX_DEPTH = 10

# https://github.com/RevenueCat/ai-toolkit/issues/26: "int too big to convert".
MAX_INTEGER = 2**53 - 1

# The fields of Schema in google/cloud/aiplatform/v1/openapi.proto that its converters for MCP keep.
GEMINI = {"type", "description", "properties", "items", "anyOf", "enum", "required", "minimum", "maximum", "nullable"}

TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}


class Refused(Exception):
    """The provider refuses the tool, and with it usually the whole catalogue."""


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield each part of the schema with its path."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from nodes(part, f"{path}.{name}")
    for number, option in enumerate(schema.get("anyOf", [])):
        yield from nodes(option, f"{path}|{number}")
    if isinstance(schema.get("items"), dict):
        yield from nodes(schema["items"], f"{path}[]")


def changed(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Apply `change` to each part of the schema, innermost first."""
    whole = dict(schema)
    if "properties" in whole:
        whole["properties"] = {name: changed(part, change) for name, part in whole["properties"].items()}
    for word in {"anyOf", "oneOf"} & whole.keys():
        whole[word] = [changed(option, change) for option in whole[word]]
    if isinstance(whole.get("items"), dict):
        whole["items"] = changed(whole["items"], change)
    return change(whole)


def gemini(schema: Schema) -> Schema:
    """Google GenAI SDK: drops what its Schema has no field for, and reads a boolean as if it were an object.

    https://github.com/googleapis/python-genai/issues/2476
    """

    def kept(part: Schema) -> Schema:
        for word in ("additionalProperties", "items"):
            _require(not isinstance(part.get(word), bool), f"{word} is a boolean")
        # https://github.com/nanbingxyz/5ire/issues/218: "Proto field is not repeating, cannot start list".
        _require(not isinstance(part.get("type"), list), "type is a list")
        return {key: value for key, value in part.items() if key in GEMINI}

    kept_schema = changed(schema, kept)
    for path, part in nodes(kept_schema):
        # https://github.com/lambda-alpha-labs/Graphenium/issues/37: "When using any_of, it must be the only field set".
        _require("anyOf" not in part or set(part) == {"anyOf"}, f"{path}: fields beside anyOf")
        # https://github.com/anomalyco/opencode/issues/12908: "enum: only allowed for STRING type".
        _require("enum" not in part or part.get("type") == "string", f"{path}: enum of another type than string")
        # https://github.com/anomalyco/opencode/issues/11889: "properties: only allowed for OBJECT type".
        objects = {"properties", "required"} & part.keys()
        _require(not objects or part.get("type") == "object", f"{path}: {objects} on another type than object")
        # https://github.com/probelabs/probe/issues/569: "required[0]: property is not defined".
        missing = set(part.get("required", ())) - part.get("properties", {}).keys()
        _require(not missing, f"{path}: required {missing} is not defined")
        _require("anyOf" in part or part.get("type") in TYPES, f"{path}: no type")
        _require(part.get("type") != "array" or "items" in part, f"{path}: no items")
    return kept_schema


def without_unions(schema: Schema) -> Schema:
    """Clients that show the model no union, such as code mode of Codex and older converters for Gemini.

    https://github.com/openai/codex/issues/43902
    """

    def first(part: Schema) -> Schema:
        options = [option for option in part.get("anyOf", []) if option != {"type": "null"}]
        if len(options) == 1:
            return options[0]
        return {"type": "object"} if options else part

    return changed(gemini(schema), first)


def moonshot(schema: Schema) -> Schema:
    """Kimi: a type beside anyOf and an option without type are refused (MoonshotAI/kimi-code issue 2661)."""
    for path, part in nodes(schema):
        _require("anyOf" not in part or "type" not in part, f"{path}: type beside anyOf")
        _require(all("type" in option for option in part.get("anyOf", [])), f"{path}: an option without type")
        _require("anyOf" in part or "type" in part, f"{path}: no type")
    return schema


def openai(schema: Schema) -> Schema:
    """OpenAI's strict functions, as its agents SDK makes them: all arguments required, no other ones allowed.

    https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    _require("anyOf" not in schema, "the root is a union")
    _require(schema.get("type") == "object", "the root is no object")

    def closed(part: Schema) -> Schema:
        _require(not {"allOf", "not", "if", "dependentRequired"} & part.keys(), f"keywords of {sorted(part)}")
        _require(part.get("additionalProperties", False) is False, "additionalProperties are allowed")
        if part.get("type") != "object":
            return part
        return part | {"additionalProperties": False, "required": list(part.get("properties", {}))}

    strict = changed(schema, closed)
    every = list(nodes(strict))
    _require(sum(len(part.get("properties", {})) for _, part in every) <= MAX_PROPERTIES, "too many properties")
    _require(max(path.count(".") for path, _ in every) <= MAX_DEPTH, "nested too deep")
    return strict


def anthropic(schema: Schema) -> Schema:
    """Claude: a plain object at the root (anthropics/claude-code issue 5973), and integers that fit a double."""
    _require(schema.get("type") == "object", "the root is no object")
    _require(not {"anyOf", "oneOf", "allOf"} & schema.keys(), "the root is a union")
    for number in _numbers(schema):
        _require(abs(number) <= MAX_INTEGER, f"{number} is too big")
    return schema


def vs_code(schema: Schema) -> Schema:
    """VS Code and Copilot: lists say what they hold (https://github.com/microsoft/vscode/issues/248810)."""
    _require("properties" in schema, "the root has no properties")
    for path, part in nodes(schema):
        _require(part.get("type") != "array" or isinstance(part.get("items"), dict), f"{path}: a list without items")
        # https://github.com/github/copilot-cli/issues/4623: a union type makes Gemini models fail there.
        _require(not isinstance(part.get("type"), list), f"{path}: type is a list")
    return schema


def codex(schema: Schema) -> Schema:
    """Codex: parts without type become text (openai/codex pull request 1975), and const is made an enum."""

    def typed(part: Schema) -> Schema:
        if "anyOf" in part or part.get("type") in TYPES:
            return part
        kinds = {"properties": "object", "items": "array"}
        return part | {"type": next((kind for word, kind in kinds.items() if word in part), "string")}

    return changed(schema, typed)


def plain(schema: Schema) -> Schema:
    """Mistral and others that take JSON Schema: references and dialects are refused or never resolved."""
    found = {key for part in _objects(schema) for key in part if key.startswith("$")} | (
        {"const", "oneOf", "allOf", "definitions"} & {key for _, part in nodes(schema) for key in part}
    )
    _require(not found, f"uses {sorted(found)}")
    return schema


CONVERTERS: dict[str, Callable[[Schema], Schema]] = {
    "gemini": gemini,
    "without unions": without_unions,
    "moonshot": moonshot,
    "openai strict": openai,
    "anthropic": anthropic,
    "vs code": vs_code,
    "codex": codex,
    "plain": plain,
}


def check_names(names: Sequence[str]) -> None:
    """Check the names of tools: the strictest pattern is Amazon Bedrock's for agents.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_ToolSpecification.html
    """
    for name in names:
        _require(re.fullmatch("[a-zA-Z][a-zA-Z0-9_]{0,63}", name) is not None, f"the name {name}")


def check_lists(schemas: Sequence[Schema]) -> None:
    """Check the sum of the lists' greatest lengths in one request to Gemini."""
    total = sum(part.get("maxItems", 0) for schema in schemas for _, part in nodes(schema))
    _require(total <= MAX_ITEMS_IN_ALL, f"maxItems are {total} in all")


def _require(condition: bool, reason: str) -> None:  # noqa: FBT001 - like assert
    if not condition:
        raise Refused(reason)


def _objects(value: Any) -> Iterator[Schema]:
    if isinstance(value, dict):
        inner = cast("Schema", value)
        yield inner
        for part in inner.values():
            yield from _objects(part)
    elif isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from _objects(part)


def _numbers(value: Any) -> Iterator[float]:
    for part in _objects(value):
        yield from (one for one in part.values() if isinstance(one, int | float))
