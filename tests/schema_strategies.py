"""Strategies for a tool's arguments, drawn from the schema that it publishes.

`valid` draws what the schema allows, mostly values that exist in the database, so that many calls succeed.
`spoiled` breaks such arguments in one or two places.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

Schema: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]

# Returns the replacement for a value.
Change: TypeAlias = "Callable[[Any], Any]"

# Plausible values by field name.
Known: TypeAlias = "Mapping[str, Sequence[Any]]"

# The most letters and items drawn one by one; longer texts and lists have the greatest length allowed.
SHORT = 30

# A number that every argument without a published maximum takes.
MANY = 10**9
FEW = 4
LONG = 1000

_letters = st.characters(exclude_categories=["Cs"])
_numbers = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
_leaves = st.none() | st.booleans() | _numbers | st.text(_letters, max_size=SHORT)
_json = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=FEW) | st.dictionaries(st.text(_letters, max_size=8), inner, max_size=FEW),
    max_leaves=8,
)


@st.composite
def mostly(draw: DrawFn, often: SearchStrategy[Any], seldom: SearchStrategy[Any], times: int = 15) -> Any:
    """Draw mostly from `often` and rarely from `seldom`; `one_of` can't do this, because it merges equal branches."""
    return draw(seldom if draw(st.integers(0, times)) == times else often)


def valid(schema: Schema, known: Known) -> SearchStrategy[dict[str, Any]]:
    """Arguments that the schema allows. They may break rules that it can't express, such as that a date exists."""
    return _Fields(schema, known).drawn(schema, "")


@st.composite
def spoiled(draw: DrawFn, allowed: SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Arguments in which something is missing, added, out of bounds or of another type."""
    arguments: Any = draw(allowed)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(_paths(arguments))))
        change = draw(_changes) if path else _with_another_key
        arguments = _changed(arguments, path, change)
    return arguments


class _Fields:
    """Strategies for the parts of one schema."""

    def __init__(self, root: Schema, known: Known) -> None:
        self._root = root
        self._known = known

    def drawn(self, node: Schema, name: str) -> SearchStrategy[Any]:
        """Values for a field of this name; the items of a list go by the name of the list."""
        here = node
        if options := here.get("anyOf", []):
            return st.one_of([self.drawn(option, name) for option in options])
        if "enum" in here:
            return st.sampled_from(here["enum"])
        if here["type"] == "null":
            return st.none()
        of_type: Callable[[Schema, str], SearchStrategy[Any]] = getattr(self, f"_{here['type']}")
        return self._mostly_known(here["type"], name, of_type(here, name))

    def _mostly_known(self, kind: str, name: str, others: SearchStrategy[Any]) -> SearchStrategy[Any]:
        values = [value for value in self._known.get(name, ()) if isinstance(value, _PYTHON[kind])]
        return mostly(st.sampled_from(values), others) if values else others

    def _object(self, node: Schema, _: str) -> SearchStrategy[dict[str, Any]]:
        fields: dict[str, Schema] = node.get("properties", {})
        if not fields:
            most = min(FEW, node.get("maxProperties", FEW))
            return st.dictionaries(
                st.text(_letters, max_size=SHORT), _json, max_size=0 if "properties" in node else most
            )
        # An operation has both, which the schema leaves out.
        needed: set[str] = set(node.get("required", ())) | (
            {"type", "data"} if {*fields} == {"type", "data"} else set()
        )
        return st.fixed_dictionaries(
            {name: self.drawn(field, name) for name, field in fields.items() if name in needed},
            optional={name: self.drawn(field, name) for name, field in fields.items() if name not in needed},
        )

    def _array(self, node: Schema, name: str) -> SearchStrategy[list[Any]]:
        items = self.drawn(node["items"], name)
        least, most = node.get("minItems", 0), LONG
        few = st.lists(items, min_size=least, max_size=min(FEW, most))
        return mostly(few, st.tuples(items).map(lambda item: list(item * most)), times=40)

    def _string(self, node: Schema, _: str) -> SearchStrategy[str]:
        if "pattern" in node:
            pattern: str = node["pattern"]
            return st.from_regex(pattern, fullmatch=True)
        least, most = node.get("minLength", 0), node.get("maxLength", SHORT)
        short = st.text(_letters, min_size=least, max_size=max(least, min(SHORT, most)))
        at_bounds = st.builds(str.__mul__, _letters, st.sampled_from([least, most]))
        return mostly(short, at_bounds)

    def _integer(self, node: Schema, _: str) -> SearchStrategy[int]:
        least, most = node.get("minimum", 1), node.get("maximum", MANY)
        return st.integers(least, most) | st.integers(least, min(most, least + 9))

    def _number(self, node: Schema, _: str) -> SearchStrategy[float]:
        return st.floats(node.get("minimum", 1), node.get("maximum", MANY)) | st.integers(
            0, int(node.get("maximum", MANY))
        )

    def _boolean(self, _: Schema, __: str) -> SearchStrategy[bool]:
        return st.booleans()


_PYTHON: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def _in_lists(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _in_objects(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


_depths = st.sampled_from([5, 99, 100, 101, 150, 300])

# Values that no schema of ours allows, or that often break programs.
_strange = st.one_of(
    st.sampled_from([None, True, False, 0, -1, 1.5, -0.0, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64]),
    st.sampled_from([1e308, 5e-324, math.nan, math.inf, -math.inf, 10**400, -(10**4000)]),
    st.sampled_from(["", " ", "\t\n", "\0", "a\0b", "\ud800", "a\udfff", "%", "_", "*", "'", '"', "\\", "\u202e", "²"]),
    st.sampled_from(["null", "[]", "{}", "[", '{"a": 1}', "1", "-1", "1e3", "9" * 300, "NaN", "true", "2026-02-30"]),
    st.sampled_from(["'; DROP TABLE trips_v2; --", "a@b", "@", "a@b.c\nx", "ünï@exämple.net", "\U0001f6eb", "e\u0301"]),
    st.builds(str.__mul__, st.sampled_from(["a", "é", "\U0001f6eb", " ", "a\n", '"', "\u0000"]), st.sampled_from(
        [11, 61, 201, 255, 301, 501, 1001, 2001, 20_001, 100_000])),
    st.sampled_from([[], {}, [None], [[]], {"a": None}, {"": ""}, {"type": "assign_client"}, {"\ud800": "\ud800"}]),
    _depths.map(_in_lists),
    _depths.map(_in_objects),
    _json,
)  # fmt: skip

_GONE = object()


def _with_another_key(value: Any) -> Any:
    return {**cast("dict[str, Any]", value), "surplus": 1} if isinstance(value, dict) else [value, 1]


def _longer(value: Any) -> Any:
    """Make a text or list longer than most schemas allow, and negate a number."""
    if isinstance(value, str | list):
        sequence = cast("list[Any]", value)
        return sequence * (2001 // (len(sequence) or 1) + 1)
    return -value if isinstance(value, int | float) else None


def _put(strange: Any) -> Change:
    return lambda _: strange


def _in_a_list(value: Any) -> Any:
    return [value]


def _in_an_object(value: Any) -> Any:
    return {"value": value}


def _as_text(value: Any) -> Any:
    return json.dumps(value)


_CHANGES: list[Change] = [_put(_GONE), _with_another_key, _longer, _in_a_list, _in_an_object, _as_text]

_changes: SearchStrategy[Change] = st.sampled_from(_CHANGES) | _strange.map(_put)


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of the parts of the value, starting with the value itself."""
    yield path
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)[:FEW]):
            yield from _paths(inner, (*path, index))


def _changed(value: Any, path: Path, change: Change) -> Any:
    if not path:
        return change(value)
    copy: Any = value.copy()
    here, *rest = path
    inner = _changed(value[here], tuple(rest), change)
    if inner is _GONE:
        del copy[here]
    else:
        copy[here] = inner
    return copy
