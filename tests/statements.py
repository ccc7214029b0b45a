"""Strategies for the property tests: emails, roles, conflict clauses, and JSON of every kind found in the wild."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

# Two clients' emails differ only by case. The last three emails are other spellings or belong to no client.
CLIENTS = ["a@x.io", "b@x.io", "C@x.io", "c@x.io", "zoë@x.io"]
EMAILS = [*CLIENTS, "A@X.IO", " b@x.io ", "ZOË@x.io", "new@x.io"]
ROLES = ["traveler", "payer", "primary", None, "", " "]

trips = st.integers(1, 5)
emails = st.sampled_from(EMAILS)
roles = st.sampled_from(ROLES)
conflicts = st.sampled_from(["", "OR REPLACE", "OR IGNORE", "OR FAIL"])
_likely = st.tuples(st.integers(1, 4), st.sampled_from(CLIENTS), roles)
assignments = st.one_of(_likely, _likely, _likely, st.tuples(trips, emails, roles))

# The index of a row in the order of ids; an index past the last row stands for an id that doesn't exist.
rows_at = st.integers(0, 6)

# Each NOTE is replaced by a numbered note.
FIRST_TRIPS = [
    '[{"email":"a@x.io","role":"traveler","name":"NOTE"},{"name":"NOTE"},{"email":"b@x.io","role":"payer"}]',
    '[{"email":"C@x.io","role":"traveler","k":"NOTE"},{"email":"c@x.io","role":"traveler","k":"NOTE"}]',
    '[{"email":"a@x.io","role":"payer","k":"NOTE"},{"email":"a@x.io","role":"traveler"},"NOTE"]',
    "[]",
]

_extras = st.dictionaries(
    st.sampled_from(["name", "client_id", 'pref"s', "a.b"]),
    st.sampled_from(["NOTE", "NOTE", {"seat": ["NOTE", None]}, None, 3, 'ünï"\\']),
    max_size=2,
)
_no_role: dict[str, Any] = {}
_roles_in_json = st.just(_no_role) | st.fixed_dictionaries(
    {"role": st.sampled_from([*ROLES, "payer", "payer", 5, True, 1.5, {"a": 1}])}
)


def _entry(email: Any, role: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    return {"email": email, **role, **extra}


objects = st.builds(_entry, emails, _roles_in_json, _extras)

_without_client = st.builds(_entry, st.sampled_from([None, 5, "", "NOTE@nowhere.example"]), _roles_in_json, _extras)
_no_objects = st.sampled_from([None, 7, 2.5, True, [], ["NOTE"], {}, {"name": "NOTE"}, "NOTE", "", "[1]", "7"])

entries = st.one_of(objects, objects, emails, objects.map(json.dumps), _without_client, _no_objects)

_with_doubled_keys = st.sampled_from(
    [
        ' [ {"email":"a@x.io","email":"b@x.io","k":"NOTE"} ] ',
        '[{"email":"a@x.io","role":"payer","role":"primary","name":"NOTE","name":"NOTE"}]',
    ]
)
arrays = st.lists(entries, max_size=4).map(json.dumps) | _with_doubled_keys

not_arrays = st.sampled_from(
    [
        "",
        "null",
        "{}",
        '{"email":"a@x.io","k":"NOTE"}',
        '[{"email":"NOTE',
        "NOTE",
        "[1,]",
        '"NOTE"',
        7,
        b"[]",
        b"\xffNOTE",
    ]
)
