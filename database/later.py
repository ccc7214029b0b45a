"""Values that exist only after a batch, such as the ids of new rows, in an answer that is composed before it."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement
from database.state import STATE, TRIPS_OF_CLIENT, TRIPS_OF_CLIENT_COUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Results, Value

# Placeholders are consecutive negative numbers of this many digits. They start at a random one, so that no stored text
# contains them.
_DIGITS = 12
_PLACEHOLDER = re.compile(rf"-\d{{{_DIGITS}}}")


class Later:
    """The values that an answer needs from its batch. Each method returns a placeholder to use in the answer.

    A placeholder can stand for a number, be the whole text of a string, or be part of a message.
    """

    def __init__(self) -> None:
        self._next = -(10 ** (_DIGITS - 1)) - secrets.randbelow(8 * 10 ** (_DIGITS - 1))
        self._wanted: list[list[Value | list[str]]] = []
        self._written: dict[str, Statement] = {}

    def trip_id(self, slug: str) -> int:
        return self._want("trip", slug)

    def client_id(self, email: str) -> int:
        return self._want("client", email)

    def assignment_id(self, trip: int | str, email: str, role: str) -> int:
        """Stand for the id of the assignment, or null if there is none. `trip` is the trip's id or slug."""
        return self._want("assignment" if isinstance(trip, int) else "assignment_by_slug", trip, email, role)

    def json_writer(self, backup: Statement) -> str:
        """Stand for "backup" if this statement returns a row, else "trigger".

        The stored answer predicts it, because SQL can't see whether a statement of the batch returned a row: the backup
        write takes effect if the trigger is missing.
        """
        placeholder = str(self._want("json_writer"))
        self._written[placeholder] = backup
        return placeholder

    def payment_id(self, trip_id: int, newer: int) -> int:
        """Stand for the id of the trip's last payment, but for the `newer` ones after it."""
        return self._want("payment", trip_id, newer)

    def doc_id(self, trip_id: int, sha256: str) -> int:
        """Stand for the id of the trip's document with this SHA-256."""
        return self._want("document", trip_id, sha256)

    def orphan_id(self, table: str, moment: str) -> int:
        """Stand for the id of the last row that was copied from the table to orphaned_rows at this moment."""
        return self._want("orphan", table, moment)

    def assignments_set_aside(self, table: str, moment: str) -> int:
        """Stand for the number of assignments in the copies that were made from the table at this moment."""
        return self._want("assignments_set_aside", table, moment)

    def changed(self) -> int:
        """Stand for the number of rows that the batch's last statement changed."""
        return self._want("changed")

    def trip_state(self, trip: int | str, guests: Sequence[str] = ()) -> int:
        """Stand for the JSON of database.state.STATE. `trip` is the trip's id or slug."""
        return self._want("state", trip, list(guests))

    def trips_of_client(self, email: str) -> int:
        """Stand for the JSON of database.state.TRIPS_OF_CLIENT."""
        return self._want("client_trips", email)

    def trips_of_client_count(self, email: str) -> int:
        return self._want("client_trips_count", email)

    def keep_those_in(self, answer: str) -> None:
        """Forget the values that the answer, given as JSON, doesn't have: it may leave out some results."""
        there = set(_PLACEHOLDER.findall(answer))
        self._wanted = [one for one in self._wanted if one[0] in there]
        self._written = {one: backup for one, backup in self._written.items() if one in there}

    def _want(self, kind: str, *key: Value | list[str]) -> int:
        self._next -= 1
        self._wanted.append([str(self._next), kind, *key])
        return self._next

    @property
    def query(self) -> Statement | None:
        """The query for the values, to run at the end of the batch; None if the answer needs none."""
        return Statement("SELECT " + VALUES + " AS value", (self.wanted,), kept=True) if self._wanted else None

    @property
    def wanted(self) -> str:
        """The parameter of `VALUES`."""
        return json.dumps(self._wanted, ensure_ascii=False)

    def fill(self, answer: str, values: str, results: Results) -> str:
        """Replace the placeholders in an answer, given as JSON. `values` is what `VALUES` returned."""
        known = json.loads(values)
        if results.complete:  # otherwise the prediction stands, as in the stored answer
            known |= {one: "backup" if results.of(backup) else "trigger" for one, backup in self._written.items()}
        return filled(answer, known)


def filled(answer: str, values: dict[str, Value]) -> str:
    """Replace the placeholders in an answer, given as JSON."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found[0], found[0])
        return known if isinstance(known, str) else json.dumps(known)

    return _PLACEHOLDER.sub(value, answer) if values else answer


# The id of a trip that is wanted by its id or its slug.
TRIP: LiteralString = """iif(
    json_type(w.value, '$[2]') = 'text', (SELECT s.trip_id FROM trips_v2 s WHERE s.trip_slug = w.value ->> 2),
    w.value ->> 2)"""

VALUES: LiteralString = (
    """(
    SELECT json_group_object(w.value ->> 0, CASE w.value ->> 1
        WHEN 'trip' THEN (SELECT t.trip_id FROM trips_v2 t WHERE t.trip_slug = w.value ->> 2)
        WHEN 'client' THEN (SELECT c.client_id FROM clients_v2 c WHERE c.email = w.value ->> 2)
        WHEN 'assignment' THEN (
            SELECT a.assignment_id FROM trip_client_assignments a
            WHERE a.trip_id = w.value ->> 2 AND a.client_email = w.value ->> 3 AND a.client_role = w.value ->> 4)
        WHEN 'assignment_by_slug' THEN (
            SELECT a.assignment_id FROM trips_v2 t JOIN trip_client_assignments a ON a.trip_id = t.trip_id
            WHERE t.trip_slug = w.value ->> 2 AND a.client_email = w.value ->> 3 AND a.client_role = w.value ->> 4)
        WHEN 'payment' THEN (
            SELECT json_group_array(p.payment_id) ->> (w.value ->> 3)
            FROM (SELECT payment_id FROM trip_payments WHERE trip_id = w.value ->> 2 ORDER BY payment_id DESC) p)
        WHEN 'document' THEN (
            SELECT d.doc_id FROM trip_external_docs d WHERE d.trip_id = w.value ->> 2 AND d.sha256 = w.value ->> 3)
        WHEN 'json_writer' THEN iif(EXISTS (
            SELECT 1 FROM sqlite_schema s WHERE s.type = 'trigger' AND s.name = 'trg_trip_client_assignments_insert'),
            'trigger', 'backup')
        WHEN 'orphan' THEN (
            SELECT max(o.orphan_id) FROM orphaned_rows o
            WHERE o.table_name = w.value ->> 2 AND o.set_aside_at = w.value ->> 3)
        WHEN 'assignments_set_aside' THEN (
            SELECT coalesce(sum(json_array_length(o.row_data, '$.assignments')), 0) FROM orphaned_rows o
            WHERE o.table_name = w.value ->> 2 AND o.set_aside_at = w.value ->> 3)
        WHEN 'changed' THEN changes()
        WHEN 'state' THEN """
    + STATE.replace("@trip", TRIP).replace("@guests", "w.value -> 3")
    + """
        WHEN 'client_trips' THEN """
    + TRIPS_OF_CLIENT.replace("@email", "w.value ->> 2")
    + """
        WHEN 'client_trips_count' THEN """
    + TRIPS_OF_CLIENT_COUNT.replace("@email", "w.value ->> 2")
    + """
    END)
    FROM json_each(?1) w)"""
)
