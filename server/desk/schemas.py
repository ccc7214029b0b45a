"""Shorten the JSON schemas of tools, and keep them to the keywords that all large model providers accept.

Providers refuse a whole catalogue because of one keyword, or drop it and what stands beside it; tests/providers.py
has the list, with sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tools.answers.fields import SIGNED
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
    "maxLength",
    "maxProperties",
    SIGNED,
}
_DROPPED_IN_RESULTS = _DROPPED | {"description", "default", "required"}

# Keywords that map names to schemas.
_NAMED = {"properties", "$defs"}

# Maximum depth of nested objects whose fields a result's schema lists.
DEPTH = 2

# Bounds of a number that the schema publishes are above the first and up to the second.
FEW, MANY = 1, 10**4

_NULL = {"type": "null"}

_EMPTY: Schema = {"type": "object", "properties": {}}


def lean_input(schema: Schema) -> Schema:
    """Shorten the schema of a tool's arguments, keeping all names, types and descriptions."""

    def change(part: Schema, depth: int) -> Schema:
        part = _with_signatures(_trimmed(_with_signature(part)))
        return _without_repetitions(part) if depth else part

    return _walked(_inlined(schema), change)


def lean_output(schema: Schema) -> Schema:
    """Shorten a result's schema to the names of its fields, at most DEPTH levels deep, and the types of the outer ones.

    Results always contain every field, but only the message is declared as required.
    """
    lean = _walked(_inlined(schema), _trimmed_result)
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
    if key in {"minimum", "maximum"} and isinstance(value, int | float):
        return value <= FEW if key == "minimum" else value > MANY
    return key == "default" and value is False


def _without_repetitions(schema: Schema) -> Schema:
    """Drop descriptions that only repeat the name of a field inside an object, and those of a list's items."""
    schema = dict(schema)
    if "items" in schema:
        schema["items"] = {key: value for key, value in schema["items"].items() if key != "description"}
    if "properties" in schema:
        schema["properties"] = {name: _unless_repeated(name, part) for name, part in schema["properties"].items()}
    return schema


def _unless_repeated(name: str, part: Schema) -> Schema:
    plain = _without_null(part)
    inner = plain.get("anyOf", [plain])[0]
    if not _repeats(name, plain.get("description") or inner.get("description")):
        return part
    return {key: value for key, value in plain.items() if key != "description"}


def _repeats(name: str, description: object) -> bool:
    """Return True if each word of a description is one of the name, or tells that it is a client's."""
    words = str(description or "").lower().replace("client's", "client").replace("e-mail", "email").strip(".").split()
    return bool(words) and set(words) <= {*name.split("_"), "client"}


def _trimmed_result(schema: Schema, depth: int) -> Schema:
    schema = _portable(_with_null_as_type(schema))
    is_plain = not {"properties", "items", "enum"} & schema.keys()
    if depth >= DEPTH or (is_plain and isinstance(schema.get("type"), list)):
        # Inside another object, and if it can be null, a value is only named.
        return {key: schema[key] for key in ("enum", "type") if "enum" in schema and key in schema}
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


def _with_signatures(schema: Schema) -> Schema:
    """Describe the options of a list's union in words too, for clients that show no union to the model."""
    options = schema.get("items", {}).get("oneOf", [])
    if not options:
        return schema
    data = {option["properties"]["type"]["const"]: option["properties"]["data"] for option in options}
    signatures = "; ".join(f"{name}({', '.join(_arguments(name, data))})" for name in data)
    merged = {"items": schema["items"] | {"oneOf": _merged(options)}}
    return schema | merged | {"description": f"{schema['description']} {signatures}."}


def _merged(options: list[Schema]) -> list[Schema]:
    """Make one option of those whose data are among the data of another, such as those that add and update a stay.

    The signatures say which data each of them has and needs.
    """
    merged: list[tuple[list[str], Schema]] = []
    for option in options:
        kind: str = option["properties"]["type"]["const"]
        data: Schema = option["properties"]["data"]
        if data.get(SIGNED):  # a tool of its own describes them
            data = _EMPTY
        at = next(
            (at for at, (_, other) in enumerate(merged) if _includes(data, other) or _includes(other, data)), None
        )
        if at is None:
            merged.append(([kind], data))
        else:
            kinds, other = merged[at]
            merged[at] = ([*kinds, kind], _both(data, other) if _includes(data, other) else _both(other, data))
    return [
        {"properties": {"type": {"enum": kinds, "type": "string"}, "data": _unless_empty(data)}, "type": "object"}
        for kinds, data in merged
    ]


def _unless_empty(data: Schema) -> Schema:
    return {key: value for key, value in data.items() if key != "properties" or value}


def _includes(data: Schema, other: Schema) -> bool:
    """Return True if the data have all that the other have, with the same meaning. Data without fields are alike."""
    fields, others = data["properties"], other["properties"]
    if not fields or not others:
        return fields == others
    return all(name in fields and _meaning(part) == _meaning(fields[name]) for name, part in others.items())


def _meaning(schema: Schema) -> Schema:
    """Return the schema without what tells only that a field may be left out or be null."""
    plain = _without_null({key: value for key, value in schema.items() if key != "nullable"})
    return {key: value for key, value in plain.items() if key not in {"default", "title"}}


def _both(data: Schema, other: Schema) -> Schema:
    """Return the data with what null removes in either, and as required what both require."""
    erasable = {name: part for name, part in other["properties"].items() if part.get("nullable")}
    required = [name for name in data.get("required", ()) if name in other.get("required", ())]
    rest = {key: value for key, value in data.items() if key != "required"}
    return rest | {"properties": data["properties"] | erasable} | ({"required": required} if required else {})


def _with_signature(schema: Schema) -> Schema:
    """Name the fields of a list's objects in its description, not each in a schema. An object keeps its fields."""
    if not schema.get(SIGNED):
        return schema
    schema = _without_null(schema)
    if "properties" in schema:
        plain = {name: _without_description(part) for name, part in schema["properties"].items()}
        return schema | {"properties": plain}
    return schema | {
        "description": f"{schema['description']} {_signature(schema['items'])}",
        "items": {"type": "object"},
    }


def _without_description(part: Schema) -> Schema:
    return {key: value for key, value in _without_null(part).items() if key != "description"}


def _signature(item: Schema) -> str:
    """Return the names of an object's fields; `?` marks optional ones."""
    parts: list[str] = []
    for marked in _marked(item):
        field = _without_null(item["properties"][marked.rstrip("?")])
        inner = f": [{_signature(field['items'])}]" if "items" in field else ""
        choices = f": {'|'.join(field['enum'])}" if "enum" in field else ""
        parts.append(f"{marked}{inner}{choices}")
    return f"{{{', '.join(parts)}}}"


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
