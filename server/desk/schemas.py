"""Shorten the JSON schemas of tools, which clients read in every conversation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Schema: TypeAlias = dict[str, Any]

# Keywords that are useful to validators but not to agents.
_DROPPED = {"title", "discriminator"}
_DROPPED_IN_RESULTS = _DROPPED | {"description", "default", "required"}

# Keywords that map names to schemas, and the levels of nesting that each adds.
_NAMED = {"properties": 1, "$defs": 0}

# Maximum depth of nested objects whose fields a result's schema lists.
DEPTH = 2


def lean_input(schema: Schema) -> Schema:
    """Shorten the schema of a tool's arguments without losing a constraint, and disallow unknown arguments."""
    lean = _inlined(_walked(schema, lambda part, _: _trimmed(part, result=False)))
    return _walked(lean, lambda part, _: _factored(part)) | {"additionalProperties": False}


def lean_output(schema: Schema) -> Schema:
    """Shorten a result's schema to the names and types of its fields, at most DEPTH levels deep.

    Results always contain every field, but only the message is declared as required.
    """
    lean = _inlined(_walked(schema, lambda part, _: _trimmed(part, result=True)))
    return _walked(lean, _shallow) | {"type": "object", "required": ["message"]}


def _walked(node: Any, change: Callable[[Schema, int], Schema], depth: int = 0) -> Any:  # noqa: ANN401 - JSON schema
    """Apply `change` to each schema, outermost first. Its second argument is the number of enclosing objects."""
    if isinstance(node, list):
        return [_walked(item, change, depth) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = change(cast("Schema", node), depth)
    return {
        key: {name: _walked(part, change, depth + _NAMED[key]) for name, part in value.items()}
        if key in _NAMED
        else _walked(value, change, depth)
        for key, value in schema.items()
    }


def _trimmed(schema: Schema, *, result: bool) -> Schema:
    schema = _without_null(schema, result=result)
    dropped = _DROPPED_IN_RESULTS if result else _DROPPED
    return {
        key: value
        for key, value in schema.items()
        if key not in dropped and not _is_implied(schema, key, value, result=result)
    }


def _is_implied(schema: Schema, key: str, value: object, *, result: bool) -> bool:
    """Return True if the keyword can be omitted, because another keyword implies it or agents don't need it."""
    return (
        (key == "type" and "const" in schema)
        or key == "additionalProperties"
        or (key in {"minLength", "maxLength"} and schema.get("pattern", "").endswith("}$"))
        or (key == "default" and value is False)
        or (result and key == "type" and bool({"items", "properties"} & schema.keys()))
    )


def _without_null(schema: Schema, *, result: bool) -> Schema:
    """Drop null from the schema of an optional argument. In a result's schema, merge null into the type."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    if not result:
        return options[0] | rest
    kind = options[0].get("type")
    return (
        options[0] | rest | {"type": [kind, "null"]} if isinstance(kind, str) and "enum" not in options[0] else schema
    )


def _shallow(schema: Schema, depth: int) -> Schema:
    return {"type": "object"} if "properties" in schema and depth >= DEPTH else schema


def _factored(schema: Schema) -> Schema:
    """Move `required` from the options of a union to the union itself, if all options share it."""
    options: list[Schema] = schema.get("oneOf", [])
    required = options[0].get("required") if options else None
    if not required or any(option.get("required") != required for option in options):
        return schema
    freed = [{key: value for key, value in option.items() if key != "required"} for option in options]
    return schema | {"required": required, "oneOf": freed}


def _inlined(schema: Schema) -> Schema:
    """Inline each definition that is referenced only once."""
    text = json.dumps(schema)
    once = {name: part for name, part in schema.get("$defs", {}).items() if text.count(f'"#/$defs/{name}"') == 1}

    def fill(part: Schema, _: int) -> Schema:
        while (name := part.get("$ref", "").rpartition("/")[2]) in once:
            part = once[name] | {key: value for key, value in part.items() if key != "$ref"}
        return part

    whole = _walked(schema, fill)
    kept = {name: part for name, part in whole.pop("$defs", {}).items() if name not in once}
    return whole | ({"$defs": kept} if kept else {})
