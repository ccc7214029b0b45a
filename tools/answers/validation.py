"""Turn validation errors into two lines: what is wrong and what to send instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from database.quoting import as_word, in_quotes

if TYPE_CHECKING:
    from pydantic import ValidationError

# Maximum length of each part of a field's path in an error.
NAME_LENGTH = 60

# Number of problems listed in one error; the rest are counted.
PROBLEMS_SHOWN = 3


def words_for(error: ValidationError, schema: dict[str, Any]) -> tuple[str, str]:
    """Return the problem and the remedy for invalid arguments, without repeating the values sent.

    If the remedies differ, problems and remedies are numbered.
    """
    faults = cast("list[dict[str, Any]]", error.errors(include_url=False, include_input=False, include_context=True))
    more = [f"{len(faults) - PROBLEMS_SHOWN} more"] if len(faults) > PROBLEMS_SHOWN else []
    problems = [_problem(fault, schema) for fault in faults[:PROBLEMS_SHOWN]]
    remedies = [_remedy(fault, schema) for fault in faults[:PROBLEMS_SHOWN]]
    if len(set(remedies)) > 1:
        problems, remedies = _numbered(problems), _numbered(remedies)
    return "; ".join([*problems, *more]) + ".", " ".join(dict.fromkeys(remedies))


def _numbered(texts: list[str]) -> list[str]:
    return [f"({number}) {text}" for number, text in enumerate(texts, 1)]


def _problem(fault: dict[str, Any], schema: dict[str, Any]) -> str:
    where = _place(fault["loc"], schema)
    match fault["type"]:
        case "extra_forbidden":
            return f"{where} is not an argument here"
        case "missing" | "union_tag_not_found":
            return f"{where or 'type'} is missing"
        case "value_error":
            return f"{where or 'The call'} {str(fault['ctx']['error']).partition(': send ')[0]}"
        case "union_tag_invalid":
            return f"There is no type {in_quotes(fault['ctx']['tag'], 60)}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{where or 'This'} is not an object"
        case _:
            message = str(fault["msg"])
            return f"{where}: {message[0].lower()}{message[1:]}"


def _place(location: tuple[str | int, ...], schema: dict[str, Any]) -> str:
    """Return the path of a field, without the union tag that pydantic puts first, or "" for the whole input."""
    parts = location[1:] if location and location[0] in _tags(schema) else location
    return ".".join(as_word(part, NAME_LENGTH) for part in parts)


def _remedy(fault: dict[str, Any], schema: dict[str, Any]) -> str:
    if fault["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return f"Send a type of {', '.join(_tags(schema))}."
    if fault["type"] == "value_error":
        _, split, remedy = str(fault["ctx"]["error"]).partition(": send ")
        if split:
            return f"Send {remedy}."
    parent, name = _find(schema, fault["loc"])
    if fault["type"] == "extra_forbidden":
        return _out_of_place(name, parent.get("properties", {}), schema)
    described = _resolve(schema, parent.get("properties", {}).get(name, {}))
    words = described.get("description") or next(
        (option["description"] for option in described.get("anyOf", []) if "description" in option), ""
    )
    choices = described.get("enum") or next((o["enum"] for o in described.get("anyOf", []) if "enum" in o), None)
    if choices:
        return f"Send one of {', '.join(map(str, choices))} as {name}."
    if not name:
        return f"Send an object with {', '.join(parent.get('properties', ('type', 'data')))}."
    most = fault["ctx"]["max_length"] if fault["type"] == "too_long" else 0
    return f"Send at most {most} {name}." if most else f"Send {name}: {words or _shape(schema, described)}"


def _out_of_place(name: str, arguments: dict[str, Any], schema: dict[str, Any]) -> str:
    for holder, described in arguments.items():
        if name in _fields(schema, described):
            return f"Put it into {holder}."
    return f"Leave it out; the arguments are {', '.join(arguments)}."


def _find(schema: dict[str, Any], location: tuple[str | int, ...]) -> tuple[dict[str, Any], str]:
    """Return the schema of the object that contains the error, and the name of the field."""
    here = schema
    name = ""
    for part in location:
        here = _resolve(schema, here)
        if isinstance(part, int):
            here = here.get("items", {})
        elif mapping := here.get("discriminator", {}).get("mapping"):
            here = _resolve(schema, {"$ref": mapping.get(part, "")})
        elif part in here.get("properties", {}):
            name = part
            if part != location[-1]:
                here = here["properties"][part]
        else:
            name = part
    return _resolve(schema, here), str(name)


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref", "")
    if not reference:
        return node
    return schema.get("$defs", {}).get(reference.rsplit("/", 1)[-1], {}) | {
        key: value for key, value in node.items() if key != "$ref"
    }


def _fields(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    return _resolve(schema, node).get("properties", {})


def _shape(schema: dict[str, Any], described: dict[str, Any]) -> str:
    fields = _fields(schema, described)
    if fields:
        return f"an object with {', '.join(fields)}."
    return f"a value of type {described.get('type', 'described in the schema')}."


def _tags(schema: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a union's schema; empty for any other schema."""
    return schema.get("discriminator", {}).get("mapping", {})
