"""Editing JSON with comments: adding and removing the entry changes nothing else in the text."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.install.clients import CLIENTS
from server.install.json_edit import CannotEdit, masked, parse, remove_member, set_member
from server.install.plan import NAME, apply_change, plan_install, plan_uninstall
from server.install.records import Records

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

KEY = "servers"
PATH = (KEY, NAME)
ENTRY = {"command": "/opt/voygen", "args": ["serve", "--db", "/trips/Zürich.db"]}

TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/|[^"/]+', re.DOTALL)


def read(text: str) -> Any:
    """Parse JSON with comments independently; objects become lists of pairs, and empty text becomes None."""
    tokens: list[str] = TOKENS.findall(text.removeprefix("\ufeff"))
    bare = "".join(" " if token.startswith("/") else token for token in tokens)
    pieces: list[str] = re.findall(r'"(?:[^"\\]|\\.)*"|[^"]+', bare, re.DOTALL)
    strict = "".join(pieces)
    while (cut := re.sub(r',(\s*[}\]])(?=(?:[^"\\]|"(?:[^"\\]|\\.)*")*$)', r"\1", strict)) != strict:
        strict = cut
    return json.loads(strict, object_pairs_hook=list) if strict.strip() else None


def comments(text: str) -> list[str]:
    return [token for token in TOKENS.findall(text) if token.startswith("/")]


WORDS = st.sampled_from(["a", "b", "é", "//", "/*", "*/", "{", "}", ",", '"', "\\", " ", "voygen"])
NAMES = st.lists(WORDS, max_size=3).map("".join)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 10**30), NAMES)
COMMENTS = [
    " // {\n",
    '//"\r\n',
    "//,/*\n  ",
    "// voygen\n",
    "/**/",
    "/* } */ ",
    '/*"*/',
    "\n/* //\n, */",
    "/*,\r\n*/\r\n",
]
GAPS = st.sampled_from([*[""] * 6, *[" "] * 3, "\n", "\n  ", "\n\t", "\r\n    ", *COMMENTS])


@st.composite
def written(draw: DrawFn, value: Any) -> str:
    """The value as JSON text, formatted as a person or a poor formatter might write it."""
    if isinstance(value, dict):
        brackets, items = "{}", list[str]()
        for name, inner in cast("dict[str, Any]", value).items():
            spaces = [draw(GAPS) for _ in range(4)]
            escaped = json.dumps(name, ensure_ascii=draw(st.booleans()))
            items.append(f"{spaces[0]}{escaped}{spaces[1]}:{spaces[2]}{draw(written(inner))}{spaces[3]}")
    elif isinstance(value, list):
        brackets = "[]"
        items = [draw(GAPS) + draw(written(inner)) + draw(GAPS) for inner in cast("list[Any]", value)]
    else:
        return json.dumps(value)
    end = ("," if items and draw(st.booleans()) else "") + draw(GAPS)
    return brackets[0] + ",".join(items) + end + brackets[1]


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=2)),
    max_leaves=4,
)
OTHERS = NAMES.filter(lambda name: name != NAME)


@st.composite
def configurations(draw: DrawFn, *, with_entry: bool = False) -> str:
    """A configuration with other settings, in which the object with the servers may be anywhere or missing."""
    root = list(draw(st.dictionaries(NAMES, VALUES, max_size=3)).items())
    if with_entry or draw(st.booleans()):
        servers = list(draw(st.dictionaries(OTHERS, VALUES, max_size=3)).items())
        if with_entry:
            servers.insert(draw(st.integers(0, len(servers))), (NAME, draw(VALUES)))
        root.insert(draw(st.integers(0, len(root))), (KEY, dict(servers)))
    text = draw(GAPS) + draw(written(dict(root))) + draw(GAPS)
    return draw(st.sampled_from(["", "\ufeff"])) + text


def with_entry_in(pairs: list[tuple[str, Any]] | None, entry: Any) -> list[tuple[str, Any]]:
    """The expected value after an install: the entry in its old place or last, and everything else unchanged."""
    root = list(pairs or [])
    servers = next((servers for name, servers in root if name == KEY), None)
    if servers is None:
        return [*root, (KEY, [(NAME, entry)])]
    names = [name for name, _ in servers]
    changed = [(name, entry if name == NAME else value) for name, value in servers]
    changed += [] if NAME in names else [(NAME, entry)]
    return [(name, changed if name == KEY else value) for name, value in root]


def without_entry(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(name, [each for each in value if each[0] != NAME] if name == KEY else value) for name, value in pairs]


@given(st.one_of(configurations(), configurations(with_entry=True)))
def test_adding_the_entry_changes_nothing_else_in_the_parsed_value(text: str) -> None:
    after = set_member(text, PATH, ENTRY, with_comments=True)
    assert read(after) == with_entry_in(read(text), list(ENTRY.items()))


@given(configurations())
def test_every_comment_is_kept(text: str) -> None:
    after = set_member(text, PATH, ENTRY, with_comments=True)
    assert comments(after) == comments(text)
    assert comments(remove_member(after, PATH, with_comments=True, with_empty_object=False)) == comments(text)


@given(configurations(with_entry=True))
@example('{"servers": {"a": 1, // c\n"voygen": {}}}')
@example('{"servers": {// c\n"voygen": {}}}')
@example('{"servers": {"voygen": {}, "a": 1 // c\n}}')
@example('{"servers": {"b": 1, // c\n"voygen": {}, "a": 1}}')
def test_removing_the_entry_removes_nothing_else(text: str) -> None:
    after = remove_member(text, PATH, with_comments=True, with_empty_object=False)
    assert read(after) == without_entry(read(text))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(configurations(), st.sampled_from(["", " \n", "\ufeff", "// servers\n", "/* none */", "{}", "{\r\n}"]))
)
def test_an_uninstall_restores_the_file_byte_for_byte(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, records = Path(folder, "mcp.json"), Records(Path(folder, "installs.json"))
        path.write_bytes(text.encode())
        for database in ("one.db", "two.db"):
            apply_change(plan_install(CLIENTS["vscode"], path, records, {"--db": ["--db", database]}), records)
            assert path.read_bytes() != text.encode()
        apply_change(plan_uninstall(CLIENTS["vscode"], path, records), records)
        assert path.read_bytes() == text.encode()
        assert not records.path.exists()


@given(
    st.dictionaries(OTHERS, VALUES, max_size=3),
    st.one_of(st.none(), st.dictionaries(OTHERS, VALUES, max_size=3)),
    st.sampled_from([2, 4, "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n"]),
)
def test_removing_the_entry_restores_a_formatted_file_without_an_install_record(
    root: dict[str, Any], servers: dict[str, Any] | None, indent: int | str, line_end: str, last: str
) -> None:
    root = {name: value for name, value in root.items() if name != KEY} | ({} if servers is None else {KEY: servers})
    text = (json.dumps(root, indent=indent) + last).replace("\n", line_end)
    after = set_member(text, PATH, ENTRY, with_comments=False)
    assert remove_member(after, PATH, with_comments=False, with_empty_object=servers is None) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{\n  "servers": {\n    "voygen": 1\n  }\n}'),
        ('{"servers":{}}', '{"servers":{"voygen": 1}}'),
        ('{"servers":{"a":{}}}', '{"servers":{"a":{}, "voygen": 1}}'),
        ('{\n\t"servers": {\n\t}\n}\n', '{\n\t"servers": {\n\t\t"voygen": 1\n\t}\n}\n'),
        (
            '{\n    "servers": {\n        "a": 1, // mine\n    },\n}',
            '{\n    "servers": {\n        "a": 1, // mine\n        "voygen": 1,\n    },\n}',
        ),
        (
            '{\r\n  "servers": {\r\n    "a": 1 // mine\r\n  }\r\n}',
            '{\r\n  "servers": {\r\n    "a": 1, // mine\r\n    "voygen": 1\r\n  }\r\n}',
        ),
    ],
)
def test_an_entry_is_formatted_like_its_neighbours(before: str, after: str) -> None:
    written_text = set_member(before, PATH, {"x": 0}, with_comments=True)
    assert re.sub(r'\{\s*"x": 0\s*\}', "1", written_text) == after


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"servers": {}', "line 1, column 15: "),
        ('{"servers": {}}\n}', "line 2, column 1: Extra data"),
        ('{\n  "a": 1,\n  "b": \n}', "line 4, column 1: "),
        ("[]", "not an object"),
        ("null", "not an object"),
        ('{"servers": []}', '"servers" is not an object'),
        ('{"servers": null}', '"servers" is not an object'),
        ('{"servers": {}, "ser\\u0076ers": {}}', '"servers" appears twice'),
        ('{"servers": {"voygen": {}, "voygen": {}}}', '"voygen" appears twice'),
        ('{"a": 1, /* no end', "line 1, column 10: "),
        ('{"a": NaN}', "NaN"),
        ('{"a": [1,,]}', "line 1, column 10: "),
        ("{,}", "line 1, column 2: "),
        ('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}", "too deep"),
    ],
)
def test_a_syntax_error_is_reported_with_its_position(text: str, said: str) -> None:
    with pytest.raises(CannotEdit) as refused:
        set_member(text, PATH, ENTRY, with_comments=True)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ['{"a": 1 // c\n}', '{"a": 1,}', "/* c */ {}"])
def test_comments_and_trailing_commas_are_accepted_only_for_clients_that_read_them(text: str) -> None:
    assert parse(text, with_comments=True).root
    with pytest.raises(CannotEdit, match=r"line 1, column \d"):
        parse(text, with_comments=False)


@settings(max_examples=30)
@given(configurations(with_entry=True))
def test_masked_text_shows_no_values_of_other_entries(text: str) -> None:
    with_secret = set_member(text, (KEY, "other"), {"env": {"TOKEN": "s3cret"}}, with_comments=True)
    with_secret = set_member(with_secret, ("more", "nested"), {"key": "s3cret"}, with_comments=True)
    shown = masked(f"/* s3cret */ {with_secret.removeprefix(chr(0xFEFF))} // s3cret", PATH, with_comments=True)
    assert "s3cret" not in shown
    assert f'"{NAME}"' in shown
