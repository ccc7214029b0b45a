"""The schemas of tools in fewer words that say as much: a client reads the catalogue in every conversation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

# Said of a schema for programs that check it, and not for an agent that reads it.
_UNSAID = {"title", "discriminator"}
_UNSAID_OF_RESULTS = {"description", "default", "required"}

# Objects within each other whose fields a result's schema names.
DEPTH = 2


def lean_input(schema: Schema) -> Schema:
    """An input's schema in fewer words, and whole at its root."""
    return _factored(_inlined(_lean(schema, result=False))) | {"additionalProperties": False}


def lean_output(schema: Schema) -> Schema:
    """A result's schema in fewer words: the names of its fields say what they are, and what is far down is any object.

    Every field of a result is always there; only the message is said to be.
    """
    return _shallow(_inlined(_lean(schema, result=True)), DEPTH) | {"type": "object", "required": ["message"]}


def _lean(node: Any, *, result: bool) -> Any:  # noqa: ANN401 - JSON schema
    if isinstance(node, list):
        return [_lean(item, result=result) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = _without_null(cast("Schema", node), result=result)
    unsaid = _UNSAID | (_UNSAID_OF_RESULTS if result else set[str]())
    return {
        key: {name: _lean(part, result=result) for name, part in value.items()}
        if key in {"properties", "$defs"}
        else _lean(value, result=result)
        for key, value in schema.items()
        if key not in unsaid and not _goes_without_saying(schema, key, value, result=result)
    }


def _goes_without_saying(schema: Schema, key: str, value: object, *, result: bool) -> bool:
    """What another word implies: a constant's type, further fields, the length of a fixed pattern; in results more."""
    return (
        (key == "type" and "const" in schema)
        or key == "additionalProperties"
        or (key in {"minLength", "maxLength"} and schema.get("pattern", "").endswith("}$"))
        or (key == "default" and value is False)
        or (result and key == "type" and bool({"items", "properties"} & schema.keys()))
    )


def _without_null(schema: Schema, *, result: bool) -> Schema:
    """An optional argument need not say that it may be null; a result says it in one word."""
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


def _shallow(node: Any, depth: int) -> Any:  # noqa: ANN401 - JSON schema
    if isinstance(node, list):
        return [_shallow(item, depth) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = cast("Schema", node)
    if "properties" not in schema:
        return {key: _shallow(value, depth) for key, value in schema.items()}
    if not depth:
        return {"type": "object"}
    fields = {name: _shallow(part, depth - 1) for name, part in schema["properties"].items()}
    return schema | {"properties": fields}


def _factored(node: Any) -> Any:  # noqa: ANN401 - JSON schema
    """What all options of a union require, said once beside them."""
    if isinstance(node, list):
        return [_factored(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = {key: _factored(value) for key, value in cast("Schema", node).items()}
    options: list[Schema] = schema.get("oneOf", [])
    required = options[0].get("required") if options else None
    if not required or any(option.get("required") != required for option in options):
        return schema
    freed = [{key: value for key, value in option.items() if key != "required"} for option in options]
    return schema | {"required": required, "oneOf": freed}


def _inlined(schema: Schema) -> Schema:
    """The schema with every definition that is referred to once put where it is referred to."""
    definitions = schema.get("$defs", {})
    text = json.dumps(schema)
    once = {name: part for name, part in definitions.items() if text.count(f'"#/$defs/{name}"') == 1}
    whole = _filled(schema, once)
    kept = {name: part for name, part in whole.pop("$defs", {}).items() if name not in once}
    return whole | ({"$defs": kept} if kept else {})


def _filled(node: Any, once: Schema) -> Any:  # noqa: ANN401 - JSON schema
    if isinstance(node, list):
        return [_filled(item, once) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = cast("Schema", node)
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name in once:
        return _filled(once[name] | {key: value for key, value in schema.items() if key != "$ref"}, once)
    return dict(_filled_fields(schema, once))


def _filled_fields(schema: Schema, once: Schema) -> Iterator[tuple[str, Any]]:
    for key, value in schema.items():
        yield key, _filled(value, once)
