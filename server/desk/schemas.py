"""Shorten the JSON schemas of tools, and keep them to the keywords that all large model providers accept.

Providers refuse a whole catalogue because of one keyword, or drop it and what stands beside it; tests/providers.py
has the list, with sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tools.answers.loosening import BLANK_IS_MEANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Schema: TypeAlias = dict[str, Any]

# Keywords that are useful to validators but not to agents, or that some provider refuses. Arguments are validated by
# the models, not by what is published.
_DROPPED = {
    BLANK_IS_MEANT,
    "title",
    "discriminator",
    "additionalProperties",
    "pattern",
    "format",
    "maxItems",
    "minLength",
}
_DROPPED_IN_RESULTS = _DROPPED | {"description", "default", "required"}

# Keywords that map names to schemas.
_NAMED = {"properties", "$defs"}

# Maximum depth of nested objects whose fields a result's schema lists.
DEPTH = 2

# Maximum length of a text up to which the schema publishes it.
SHORT = 40

# Maximum of a number up to which the schema publishes it.
MANY = 10**9

_NULL = {"type": "null"}


def lean_input(schema: Schema) -> Schema:
    """Shorten the schema of a tool's arguments, keeping all names, types and descriptions."""
    return _walked(_inlined(schema), lambda part, _: _with_signatures(_trimmed(part)))


def lean_output(schema: Schema) -> Schema:
    """Shorten a result's schema to the names and types of its fields, at most DEPTH levels deep.

    Results always contain every field, but only the message is declared as required.
    """
    lean = _walked(_inlined(schema), lambda part, depth: _shallow(_trimmed_result(part, depth), depth))
    return lean | {"type": "object", "required": ["message"]}


def _walked(node: Any, change: Callable[[Schema, int], Schema], depth: int = 0) -> Any:  # noqa: ANN401 - JSON schema
    """Apply `change` to each schema, outermost first. Its second argument is the number of enclosing objects."""
    if isinstance(node, list):
        return [_walked(item, change, depth) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = change(cast("Schema", node), depth)
    return {
        key: {name: _walked(part, change, depth + 1) for name, part in value.items()}
        if key in _NAMED
        else _walked(value, change, depth)
        for key, value in schema.items()
    }


def _trimmed(schema: Schema) -> Schema:
    schema = _portable(_without_null(schema))
    return {key: value for key, value in schema.items() if key not in _DROPPED and not _needless(key, value)}


def _needless(key: str, value: object) -> bool:
    """Return True for a default of false, and for a bound that usual values keep anyway."""
    if key in {"maxLength", "maximum"}:
        return isinstance(value, int | float) and value > (SHORT if key == "maxLength" else MANY)
    return key == "default" and value is False


def _trimmed_result(schema: Schema, depth: int) -> Schema:
    schema = _portable(_with_null_as_type(schema))
    if depth >= DEPTH and isinstance(schema.get("type"), list) and not {"properties", "items"} & schema.keys():
        schema = {}  # inside another object, a value that may be null is only named
    return {key: value for key, value in schema.items() if key not in _DROPPED_IN_RESULTS}


def _portable(schema: Schema) -> Schema:
    """Replace `const` and `oneOf` by keywords that every provider knows."""
    schema = dict(schema)
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    return schema


def _without_null(schema: Schema) -> Schema:
    """Drop null from the schema of an optional argument, unless null removes the stored value.

    A union stands alone, because providers drop or refuse what stands beside it.
    """
    options = [option for option in schema.get("anyOf", []) if option != _NULL]
    if len(options) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default", "nullable"}}
    whole = options[0] | rest
    return {"anyOf": [whole, _NULL]} if schema.get("nullable") else whole


def _with_null_as_type(schema: Schema) -> Schema:
    """Merge null into the type, which is shorter than a union. No provider converts the schemas of results."""
    options = [option for option in schema.get("anyOf", []) if option != _NULL]
    if len(options) != 1 or "enum" in options[0] or "type" not in options[0]:
        return schema
    return options[0] | {"type": [options[0]["type"], "null"]}


def _shallow(schema: Schema, depth: int) -> Schema:
    if "properties" in schema and depth >= DEPTH:
        return {"type": "object"}
    return {key: one for key, one in schema.items() if key != "items"} if depth >= DEPTH else schema


def _with_signatures(schema: Schema) -> Schema:
    """Describe the options of a list's union in words too, for clients that show no union to the model.

    Options with the same data become one.
    """
    options = schema.get("items", {}).get("oneOf", [])
    if not options:
        return schema
    data = {option["properties"]["type"]["const"]: option["properties"]["data"] for option in options}
    signatures = "; ".join(f"{name}({', '.join(_arguments(name, data))})" for name in data)
    merged = {"items": schema["items"] | {"oneOf": _merged(options)}}
    return schema | merged | {"description": f"{schema['description']} {signatures}."}


def _merged(options: list[Schema]) -> list[Schema]:
    merged: list[Schema] = []
    for option in options:
        kind, data = option["properties"]["type"], option["properties"]["data"]
        same = next((one for one in merged if one["properties"]["data"] == data), None)
        if same:
            same["properties"]["type"]["enum"].append(kind["const"])
        else:
            named = {key: value for key, value in kind.items() if key != "const"} | {"enum": [kind["const"]]}
            merged.append(option | {"properties": option["properties"] | {"type": named}})
    return merged


def _arguments(name: str, data: dict[str, Schema]) -> Iterator[str]:
    """Yield the names of an operation's data; `?` marks optional data, and "add_…" stands for the names of that one."""
    added = name.replace("update_", "add_")
    names = set(data[name]["properties"])
    shared = set(data[added]["properties"]) if added in data and added != name else set[str]()
    if shared and shared < names:
        yield from (one for one in _marked(data[name]) if one.rstrip("?") not in shared)
        yield f"any of {added}"
    else:
        yield from _marked(data[name])


def _marked(data: Schema) -> Iterator[str]:
    required = data.get("required", ())
    for name in data["properties"]:
        yield name if name in required else f"{name}?"


def _inlined(schema: Schema) -> Schema:
    """Replace each reference by its definition: some converters drop or refuse references."""
    definitions = schema.get("$defs", {})

    def fill(part: Schema, _: int) -> Schema:
        while name := part.get("$ref", "").rpartition("/")[2]:
            part = definitions[name] | {key: value for key, value in part.items() if key != "$ref"}
        return part

    return _walked({key: value for key, value in schema.items() if key != "$defs"}, fill)
