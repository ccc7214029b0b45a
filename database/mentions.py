"""Mentions of a person: removed from voygen's own records, and listed where only a person may change the text."""

from __future__ import annotations

import json
from asyncio import gather
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString, cast

from database import clients, documents, facts, guests, proposals, tables
from database.clock import now
from database.engine import Statement
from database.hidden import Hidden, hidden_in_documents
from database.quoting import as_word
from database.redaction import NAMELESS, REMOVED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from database.engine import Database, Row, Value
    from database.redaction import Traces

# Tables of ours whose text is written by voygen: the key, and the columns from which a person is removed.
OURS: dict[str, tuple[LiteralString, tuple[LiteralString, ...]]] = {
    "ActivityLog": ("activity_id", ("activity_type", "activity_details", "session_id")),
    "db_errors": (
        "id",
        ("attempted_operation", "error_message", "sql_query", "table_names", "column_names", "context", "resolution"),
    ),
    "facts_dirty": ("id", ("reason",)),
    "receipts": ("idempotency_key", ("result",)),
    "trip_clients_quarantine": ("quarantine_id", ("raw_text", "reason")),
    "orphaned_rows": ("orphan_id", ("row_data",)),
    "trip_payments": ("payment_id", ("payer", "reference", "method")),
    "trip_payment_plan": ("entry_id", ("label",)),
    "trip_external_docs": ("doc_id", ("url", "final_url", "filename", "title", "html", "text", "tag", "plan")),
    "trip_item_sources": ("source_id", ("quote",)),
    "trip_proposals": ("proposal_id", ("snapshot",)),
    "repair_changes": ("change_id", ("subject", "before", "after")),
    "trips_v2": ("trip_id", ("search_text",)),
}

# The table of imported documents.
DOCS = "trip_external_docs"

# The table of proposals, whose pages are searched apart because their text is encoded.
PROPOSALS = "trip_proposals"

# Facts about the people on a trip, which are computed again.
FACTS = ("traveler_names", "traveler_emails", "primary_client_email", "primary_client_name")

# Columns of a trip with text that people wrote. Only a person can say which of it may go.
WRITTEN = (
    "trip_name",
    "destinations",
    "group_name",
    "schedule",
    "accommodations",
    "transportation",
    "financials",
    "documents",
    "notes",
    "workflow_state",
    "created_by",
    "last_modified_by",
)

# Columns of other clients in which the person may be mentioned.
OTHERS_TEXT = ("contact_info", "travel_docs", "preferences", "loyalty_programs", "trip_history")

# Tables without text about people, or with text that the database keeps in step with its source.
WITHOUT_TEXT = frozenset(
    {
        "accepted_findings",
        "access_tokens",
        "batch_ids",
        "call_counts",
        "client_replacements",
        "clients_v2",
        "crowd_search",
        "client_search",
        "d1_migrations",
        "deleted_parents",
        "detached_assignments",
        "direct_json_writes",
        "migration_checksums",
        "migration_phase",
        "proof_records",
        "repair_runs",
        "replaced_assignments",
        "replaced_clients",
        "replaced_trip_docs",
        "replaced_trip_money",
        "replaced_trip_proposals",
        "replaced_trips",
        "search_displaced",
        "search_letters",
        "search_said",
        "search_spellings",
        "search_stale",
        "shadow_mismatches",
        "trip_client_archive",
        "trip_client_assignments",
        "trip_client_displaced",
        "trip_client_sync",
        "trip_client_unlinked",
        "trip_facts",
        "trip_money_sync",
        "trip_search",
        "violation_counts",
        "write_guard",
    }
)


@dataclass
class Cleaning:
    """The statements that clean our own records, the number of rows by table, and the records that stay as they are."""

    statements: list[Statement] = field(default_factory=list[Statement])
    rows: dict[str, int] = field(default_factory=dict[str, int])
    left: list[str] = field(default_factory=list[str])

    def add(self, table: str, rows: int, sql: LiteralString, params: Sequence[Value]) -> None:
        if rows:
            self.rows[table] = self.rows.get(table, 0) + rows
            self.statements.append(Statement(sql, params))


async def clean(
    db: Database,
    traces: Traces,
    *,
    own: Sequence[int] = (),
    receipts: Sequence[str] = (),
    trip_ids: Sequence[int] = (),
) -> Cleaning:
    """Plan the removal of the person from our own records.

    `own` are the ids of the rows in orphaned_rows that belong to the person, `receipts` the keys of their receipts, and
    `trip_ids` their trips, whose documents may name the person in bytes that can't be edited.
    """
    cleaning = Cleaning()
    there = await _columns(db)
    places: list[tuple[str, LiteralString, LiteralString]] = [
        (table, key, column) for table, (key, columns) in OURS.items() for column in columns if column in there[table]
    ]
    in_places, emptied, accepted, in_facts, hidden = await gather(
        gather(*(_mentioning(db, *place, traces) for place in places)),
        _emptied(db),
        db.read("SELECT kind, trip_id, value FROM accepted_findings WHERE kind = 'unlinked'"),
        gather(*(_mentioning(db, "trip_facts", "trip_id", column, traces) for column in FACTS)),
        hidden_in_documents(db, traces) if there[DOCS] else _nothing_hidden(),
    )
    for (table, key, column), mentions in zip(places, in_places, strict=True):
        found = mentions
        if table == "receipts":
            receipts = [*receipts, *(row["key"] for row in found)]
            continue
        if table == "orphaned_rows":
            found = await _copies_of_others(db, found, own, cleaning)
        tidy = _nameless_trip if table == "orphaned_rows" else _as_it_is
        changes = [[row["key"], row["text"], traces.removed_from(tidy(row["text"], traces))] for row in found]
        sql = tables.search(table, key, column, CLEAN)
        cleaning.add(table, len(changes), sql, (json.dumps(changes, ensure_ascii=False),))
    named_in = {
        row["key"] for (table, *_), rows in zip(places, in_places, strict=True) if table == DOCS for row in rows
    }
    _clean_hidden(cleaning, hidden, named_in, trip_ids)
    which = (sorted(named_in.union(hidden.documents)), list(trip_ids))
    cleaning.add(DOCS, await documents.with_raw(db, *which), *documents.forget_raw(*which)[:2])
    _clean_pages(cleaning, await proposals.pages_naming(db, traces) if there[PROPOSALS] else [])
    keys = sorted({*receipts} - emptied)
    cleaning.add("receipts", len(keys), EMPTY_RECEIPTS, (json.dumps(keys),))
    findings = [[row["kind"], row["trip_id"], row["value"]] for row in accepted if traces.occur_in(row["value"])]
    cleaning.add("accepted_findings", len(findings), DELETE_FINDINGS, (json.dumps(findings, ensure_ascii=False),))
    outdated = {row["key"] for rows in in_facts for row in rows}
    cleaning.add("trip_facts", len(outdated), DELETE_FACTS, (json.dumps(sorted(outdated)),))
    if outdated:
        cleaning.statements.append(facts.mark(outdated, "client_erased", now()))
    if "trip_clients_quarantine" in cleaning.rows:
        cleaning.statements += [Statement(sql) for sql in INDEX_QUARANTINED]
    return cleaning


async def _nothing_hidden() -> Hidden:
    return Hidden()


def _clean_hidden(cleaning: Cleaning, hidden: Hidden, named_in: AbstractSet[int], trip_ids: Sequence[int]) -> None:
    """Remove what names the person in base64, and note bytes that stay without having been searched."""
    for doc_id, encoded in hidden.encoded:
        cleaning.add(DOCS, 1, CLEAN_ENCODED, (doc_id, encoded, REMOVED))
    gone = {*named_in, *hidden.documents}
    by_trip: dict[int, list[str]] = {}
    for trip_id, doc_id in hidden.unsearchable:
        if trip_id not in trip_ids and doc_id not in gone:
            by_trip.setdefault(trip_id, []).append(str(doc_id))
    cleaning.left += [
        f"trip {trip_id}: documents without text, such as pictures, which can't be searched: {', '.join(doc_ids)}"
        for trip_id, doc_ids in sorted(by_trip.items())
    ]


def _clean_pages(cleaning: Cleaning, pages: Sequence[proposals.Page]) -> None:
    """Remove the person from the pages of proposals, and note that copies of these were given away."""
    for page in pages:
        cleaning.add(PROPOSALS, 1, *proposals.replace_page(page)[:2])
    trips = sorted({page.trip_id for page in pages})
    cleaning.left += [
        f"trip {trip_id}: files of its proposals that were sent or written to a folder" for trip_id in trips
    ]


def _as_it_is(text: str, _: Traces) -> str:
    return text


def _nameless_trip(text: str, traces: Traces) -> str:
    """Remove the client's assignments from the copy of a deleted trip, and make their entries nameless places."""
    emails = set(map(clients.fold, traces.emails))
    try:
        copy = json.loads(text)
        trip: dict[str, Any] = copy["trip"]
        copy["assignments"] = [one for one in copy["assignments"] if clients.fold(one["client_email"]) not in emails]
        for entry in copy.get("archive", []):
            entry["element"] = json.dumps(_nameless(json.loads(entry["element"]), emails, traces), ensure_ascii=False)
        if isinstance(trip.get("clients"), str):
            people = [_nameless(one, emails, traces) for one in json.loads(trip["clients"])]
            trip["clients"] = json.dumps(people, ensure_ascii=False)
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return text  # not the copy of a trip, or with lists in another shape
    return json.dumps(copy, ensure_ascii=False)


def _nameless(entry: Any, emails: set[str], traces: Traces) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(entry, dict):
        return entry
    own = cast("dict[str, Any]", entry)
    if clients.fold(str(own.get("email"))) not in emails:
        return own
    name = own.get("name") or own.get("full_name")
    if name is None or traces.occur_in(json.dumps([name])):
        return {"name": NAMELESS, "role": own.get("role") or "traveler"}
    return {key: value for key, value in own.items() if key != "email"}


async def _emptied(db: Database) -> set[str]:
    return {row["idempotency_key"] for row in await db.read(EMPTIED_RECEIPTS)}


async def _copies_of_others(db: Database, found: Sequence[Row], own: Sequence[int], cleaning: Cleaning) -> list[Row]:
    """Return the rows to clean. A copy of another client stays as it is, because all of it is about them."""
    ids = json.dumps([row["key"] for row in found])
    others = {row["orphan_id"]: row["client_id"] for row in await db.read(COPIES_OF_CLIENTS, (ids,))}
    cleaning.left += [
        f"orphaned_rows: orphan_id {orphan_id}, a copy of client {client_id}"
        for orphan_id, client_id in others.items()
        if orphan_id not in own
    ]
    return [row for row in found if row["key"] not in own and row["key"] not in others]


async def remaining(db: Database, traces: Traces, client_id: int) -> list[str]:
    """Return the places in which text that people wrote still names the person."""
    there = await _columns(db)
    written = [column for column in WRITTEN if column in there["trips_v2"]]
    foreign = [
        (table, column)
        for table, columns in there.items()
        if table not in OURS and table not in WITHOUT_TEXT
        for column in columns
    ]
    in_trips, people, in_clients, elsewhere = await gather(
        gather(*(_mentioning(db, "trips_v2", "trip_id", column, traces) for column in written)),
        guests.read_people(db, PEOPLE, (json.dumps(traces.hints()), client_id)),
        gather(*(_mentioning(db, "clients_v2", "client_id", column, traces) for column in OTHERS_TEXT)),
        gather(*(_mentioning(db, table, "1", column, traces) for table, column in foreign)),
    )
    by_trip: dict[int, list[str]] = {}
    for column, rows in zip(written, in_trips, strict=True):
        for row in rows:
            by_trip.setdefault(row["key"], []).append(column)
    for row in people:
        if traces.occur_in(row["element"]):
            by_trip.setdefault(row["trip_id"], []).append("an entry of someone else")
    found = [f"trip {trip_id}: {', '.join(dict.fromkeys(columns))}" for trip_id, columns in sorted(by_trip.items())]
    for column, rows in zip(OTHERS_TEXT, in_clients, strict=True):
        found += [f"client {row['key']}: {column}" for row in rows if row["key"] != client_id]
    for (table, column), hits in zip(foreign, elsewhere, strict=True):
        if hits:
            found.append(f"table {as_word(table)}, which isn't voygen's: {len(hits)} rows, column {as_word(column)}")
    return found


async def _columns(db: Database) -> dict[str, list[str]]:
    """Return the names of the columns of each table, in a dictionary that has none for a table that is missing."""
    there = await tables.every_column(db)
    return defaultdict(list, {table: [row["name"] for row in columns] for table, columns in there.items()})


async def _mentioning(db: Database, table: str, key: LiteralString, column: str, traces: Traces) -> list[Row]:
    """Return key and text of the rows whose column names the person."""
    sql = tables.search(table, key, column, MENTIONING)
    return [row for row in await db.read(sql, (json.dumps(traces.hints()),)) if traces.occur_in(row["text"])]


PEOPLE: LiteralString = """
SELECT o.trip_id, o.element FROM trip_people o
WHERE EXISTS (SELECT 1 FROM json_each(?1) w WHERE instr(lower(o.element), w.value) > 0)
  AND o.client_email IS NOT (SELECT c.email FROM clients_v2 c WHERE c.client_id = CAST(?2 AS INTEGER))
ORDER BY 1
"""

MENTIONING: LiteralString = """
SELECT @key AS "key", CAST(@column AS TEXT) AS text FROM @table
WHERE EXISTS (SELECT 1 FROM json_each(?) w WHERE instr(lower(CAST(@column AS TEXT)), w.value) > 0)
"""

CLEAN: LiteralString = """
UPDATE @table SET @column = w.value ->> 2 FROM json_each(?) w
WHERE @table.@key = w.value ->> 0 AND CAST(@table.@column AS TEXT) IS w.value ->> 1
"""

CLEAN_ENCODED: LiteralString = """
UPDATE trip_external_docs SET text = replace(text, ?2, ?3)
WHERE doc_id = CAST(?1 AS INTEGER)
"""

DELETE_FINDINGS: LiteralString = """
DELETE FROM accepted_findings
WHERE json_array(kind, trip_id, value) IN (
    SELECT json_array(w.value ->> 0, w.value ->> 1, w.value ->> 2) FROM json_each(?) w)
"""

# Quarantined text is part of its trip's document.
INDEX_QUARANTINED: tuple[LiteralString, ...] = (
    """
INSERT INTO search_stale (trip_id)
SELECT DISTINCT q.trip_id FROM trip_clients_quarantine q WHERE q.trip_id NOT IN (SELECT s.trip_id FROM search_stale s)
""",
    "DELETE FROM search_stale",
)

DELETE_FACTS: LiteralString = "DELETE FROM trip_facts WHERE trip_id IN (SELECT w.value FROM json_each(?) w)"

EMPTIED_RECEIPTS: LiteralString = "SELECT idempotency_key FROM receipts WHERE arguments = 'erased'"

# A call that is sent again with the key of an emptied receipt is refused.
EMPTY_RECEIPTS: LiteralString = """
UPDATE receipts SET arguments = 'erased', result = NULL
WHERE idempotency_key IN (SELECT w.value FROM json_each(?) w)
"""

COPIES_OF_CLIENTS: LiteralString = """
SELECT o.orphan_id, coalesce(o.row_data ->> '$.client.client_id', o.row_data ->> '$.before.keep.client_id') AS client_id
FROM orphaned_rows o
WHERE o.orphan_id IN (SELECT w.value FROM json_each(?) w) AND o.table_name = 'clients_v2' AND json_valid(o.row_data)
"""
