"""Change arguments that clients and gateways send in another form than the schema's, if they have only one meaning.

Only where the schema wants it: text stays text, and what an agent's own object holds is left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Callable

Schema: TypeAlias = dict[str, Any]

# A keyword for optional arguments whose blank value must be refused, because leaving them out has a wide effect.
BLANK_IS_MEANT = "blankIsMeant"

# What stands for "no value" in the calls of some models and gateways.
PLACEHOLDERS = frozenset(
    {"null", "none", "undefined", "nil", "nan", "n/a", "<unknown>", "unknown", "string", "<string>"}
)

# Names of an object that some clients wrap around all arguments.
_WRAPPERS = ("arguments", "args", "input", "params", "parameters", "kwargs", "tool_input", "payload")

# Names that gateways add to a call for themselves.
_NOISE = frozenset({"_meta", "__meta", "_progress_token", "progress_token", "tool_call_id", "request_heartbeat"})

# How often JSON is unpacked from text, or arguments from a wrapper.
_LAYERS = 3

# A day at midnight, as a date and time.
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?")

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_GONE = object()


def unwrapped(sent: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Take the arguments out of an object that wraps them all, and drop what gateways add for themselves."""
    known = schema.get("properties", {})
    for _ in range(_LAYERS):
        sent = {name: value for name, value in sent.items() if name in known or not _is_noise(name)}
        wrapper = next(iter(sent), "")
        inner = _unpacked(sent.get(wrapper), dict)
        if len(sent) != 1 or wrapper in known or wrapper.lower() not in _WRAPPERS or not isinstance(inner, dict):
            break
        sent = cast("dict[str, Any]", inner)
    return sent


def _is_noise(name: str) -> bool:
    return name in _NOISE or _snake(name) in _NOISE


def loosened(value: Any, schema: Schema) -> Any:  # noqa: ANN401 - JSON
    """Return the value in the form that the schema wants; what can't be changed safely stays as it is."""
    return _Loosening(schema).loosened(value, schema)


class _Loosening:
    def __init__(self, root: Schema) -> None:
        self._definitions: dict[str, Schema] = root.get("$defs", {})
        self._by_type: dict[str, Callable[[Any, Schema], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": _text,
            "integer": _number,
            "number": _number,
            "boolean": _number,
        }

    def loosened(self, value: Any, node: Schema) -> Any:  # noqa: ANN401 - JSON
        node = self._resolved(node)
        if "discriminator" in node:
            return self._tagged(value, node)
        change = self._by_type.get(node.get("type", ""))
        return change(value, node) if change and value is not None else value

    def _resolved(self, node: Schema) -> Schema:
        """Follow references, and take the one option of an optional value."""
        while True:
            options = [one for one in node.get("anyOf", ()) if one != {"type": "null"}]
            if "$ref" in node:
                inner = self._definitions[node["$ref"].rpartition("/")[2]]
            elif len(options) == 1:
                inner = options[0]
            else:
                return node
            node = inner | {key: part for key, part in node.items() if key not in {"$ref", "anyOf"}}

    def _tagged(self, value: Any, node: Schema) -> Any:  # noqa: ANN401 - JSON
        """Loosen an object of which one field names the type, and move what stands beside its data into the data."""
        value = _unpacked(_only(value), dict)
        if not isinstance(value, dict):
            return value
        tag, mapping = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        sent = _renamed(cast("dict[str, Any]", value), {tag, "data"})
        kind = _choice(sent.get(tag), list(mapping))
        if not isinstance(kind, str) or kind not in mapping:
            return sent
        option = self._resolved({"$ref": mapping[kind]})
        fields = self._resolved(option["properties"]["data"]).get("properties", {})
        beside = {name: part for name, part in sent.items() if name not in option["properties"]}
        moved = {name: part for name, part in _renamed(beside, fields).items() if name in fields}
        data = _unpacked(_only(sent.get("data") or {}), dict)
        if moved and len(moved) == len(beside) and isinstance(data, dict) and not moved.keys() & data.keys():
            sent = {tag: kind, "data": cast("dict[str, Any]", data) | moved}
        return self._object(sent | {tag: kind}, option)

    def _object(self, value: Any, node: Schema) -> Any:  # noqa: ANN401 - JSON
        sent: Any = {} if value == [] else _unpacked(_only(value), dict)
        fields: dict[str, Schema] = node.get("properties", {})
        if not fields or not isinstance(sent, dict):
            return sent
        required = node.get("required", ())
        changed = {
            name: self._field(part, fields[name], optional=name not in required) if name in fields else part
            for name, part in _renamed(cast("dict[str, Any]", sent), fields).items()
        }
        return {name: part for name, part in changed.items() if part is not _GONE}

    def _field(self, value: Any, node: Schema, *, optional: bool) -> Any:  # noqa: ANN401 - JSON
        whole = self._resolved(node)
        if optional and BLANK_IS_MEANT not in node and _is_unsaid(value, whole, nullable="anyOf" in node):
            return _GONE
        return self.loosened(value, node)

    def _array(self, value: Any, node: Schema) -> Any:  # noqa: ANN401 - JSON
        items = self._resolved(node.get("items", {}))
        value = _unpacked(value, list | dict)
        kind = dict if "discriminator" in items or items.get("type") == "object" else str | int
        sent = cast("list[Any]", value if isinstance(value, list) else [value])
        single = not isinstance(value, list) and isinstance(value, kind) and not isinstance(value, bool)
        if (isinstance(value, list) or single) and len(sent) <= node.get("maxItems", 0):
            return [self.loosened(one, items) for one in sent]
        return sent if isinstance(value, list) else cast("object", value)


def _unpacked(value: Any, wanted: Any) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON sent as text, also if it is encoded several times, if it holds what is wanted."""
    inner = value
    for _ in range(_LAYERS):
        if not isinstance(inner, str | bytes):
            break
        try:
            inner = from_json(inner, allow_inf_nan=False)
        except ValueError:
            return value
    return inner if isinstance(inner, wanted) else value


def _only(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the item of a list of one."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return items[0] if len(items) == 1 else cast("Any", value)


def _renamed(value: dict[str, Any], fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a set or mapping of names
    """Spell names as the schema does, such as tripIdentifier as trip_identifier."""
    renamed: dict[str, Any] = {}
    for name, part in value.items():
        snake = name if name in fields else _snake(name)
        renamed[snake if snake in fields and (snake == name or snake not in value) else name] = part
    return renamed if len(renamed) == len(value) else value


def _snake(name: str) -> str:
    return re.sub(r"[\s-]+", "_", _HUMP.sub("_", name[:100]).strip()).lower()


def _is_unsaid(value: Any, node: Schema, *, nullable: bool) -> bool:  # noqa: ANN401 - JSON
    """Return True if the value of an optional argument can't be meant: an empty value or a placeholder."""
    if value is None:
        return not nullable
    kind = node.get("type")
    zero = kind in {"string", "array", "object"} or (kind == "integer" and node.get("minimum", 0) > 0)
    if isinstance(value, str):
        text = value.strip().lower()
        plain = kind == "boolean" or (kind == "string" and not {"enum", "format"} & node.keys())
        return not text or (text in PLACEHOLDERS and not plain) or (text == "0" and zero and kind == "integer")
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return value == 0 and zero
    return value == [] and (kind in {"string", "object"} or node.get("minItems", 0) > 0)


def _text(value: Any, node: Schema) -> Any:  # noqa: ANN401 - JSON
    value = _only(value)
    if isinstance(value, int) and not isinstance(value, bool) and not {"enum", "format"} & node.keys():
        return str(value)
    if "enum" in node:
        return _choice(value, node["enum"])
    if node.get("format") == "date" and isinstance(value, str) and (day := _MIDNIGHT.fullmatch(value.strip())):
        return day[1]
    return value


def _choice(value: Any, choices: list[str]) -> Any:  # noqa: ANN401 - JSON
    """Return the choice that the value spells otherwise, such as "In Progress" for in_progress."""
    if not isinstance(value, str) or value in choices:
        return value
    snake = _snake(value)
    return snake if snake in choices else value


def _number(value: Any, _: Schema) -> Any:  # noqa: ANN401 - JSON
    """Take a number or boolean out of a list of one; the model reads text that holds one."""
    return _only(value)
