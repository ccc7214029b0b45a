"""Arguments in another form than the schema's are understood if they have one meaning, and never lose data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from desk import ANA, BANFF, EMPTY, KYOTO, Desk, new_desk, op, text_of

from server.desk.steward import MigrationSteward
from tools.answers.arguments import validated
from tools.answers.errors import InvalidInput
from tools.bulk import OPERATION
from tools.catalogue import all_tools
from tools.trip.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.tool import AnyTool

BULK = "bulk_trip_operations"

TOOLS: dict[str, AnyTool] = {tool.name: tool for tool in all_tools(MigrationSteward(None))}  # type: ignore[arg-type]

NOTE = {"type": "add_note", "data": {"note": "a"}}


def understood(tool: str, sent: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the tool gets."""
    return validated(TOOLS[tool].input, sent).model_dump(exclude_unset=True, warnings=False)


def operation(sent: Any) -> Any:
    """The operation that the tool gets, in its plain form."""
    (plain,) = understood(BULK, {"trip_identifier": "1", "operations": [sent]})["operations"]
    return plain


def refused(tool: str, sent: dict[str, Any]) -> str:
    with pytest.raises(InvalidInput) as error:
        validated(TOOLS[tool].input, sent)
    return str(error.value)


OPERATIONS: list[tuple[Any, dict[str, Any]]] = [
    (json.dumps(NOTE), NOTE),
    (json.dumps(json.dumps(NOTE)), NOTE),
    ([NOTE], NOTE),
    (NOTE | {"data": '{"note": "a"}'}, NOTE),
    (NOTE | {"data": json.dumps('{"note": "a"}')}, NOTE),
    ({"type": "add_note", "note": "a"}, NOTE),
    ({"type": "add_note", "data": None, "note": "a"}, NOTE),
    ({"type": "Add Note", "data": [{"Note": ["a"]}]}, NOTE),
    ({"Type": "addNote", "data": {"note": "a"}}, NOTE),
    (op("add_note", note='{"a": "[1]"}'), op("add_note", note='{"a": "[1]"}')),
    (op("add_note", note=7), op("add_note", note="7")),
    (op("add_note", note="null"), op("add_note", note="null")),
    (op("update_status", status="In Progress"), op("update_status", status="in_progress")),
    (op("update_status", status="IN-PROGRESS"), op("update_status", status="in_progress")),
    (op("update_cost", cost="12.50", currency=""), op("update_cost", cost=12.5)),
    (op("update_cost", cost="12.50", currency="null"), op("update_cost", cost=12.5)),
    (op("record_payment", amount="1234.50", kind="Deposit"), op("record_payment", amount=1234.5, kind="deposit")),
    (op("record_payment", amount=0.1 + 0.2, payer=""), op("record_payment", amount=0.3)),
    (
        op("set_payment_plan", due='[{"date": "2027-03-01T00:00:00Z", "amount": "10.50"}]'),
        op("set_payment_plan", due=[{"date": "2027-03-01", "amount": 10.5}]),
    ),
    (op("set_payment_plan", due=[]), op("set_payment_plan", due=[])),
    (op("rename_trip", newName="B", updateSlug="false"), op("rename_trip", new_name="B", update_slug=False)),
    (
        {"type": "update_dates", "startDate": "2027-03-01T00:00:00Z", "endDate": "2027-03-09 00:00:00.000+02:00"},
        op("update_dates", start_date="2027-03-01", end_date="2027-03-09"),
    ),
    (
        op("assign_client", email=" ", clientId="0", fullName="Jo Lee", role="", preferences='{"seat": "{}"}'),
        op("assign_client", full_name="Jo Lee", preferences={"seat": "{}"}),
    ),
    (op("set_workflow_step", step_number="2.0", step_data=[]), op("set_workflow_step", step_number=2)),
    (op("update_details", destinations="", group_name=None), op("update_details", group_name=None)),
    (op("add_document", name="Visa", notes="None", url=None), op("add_document", name="Visa", notes="None", url=None)),
]


@pytest.mark.parametrize(("sent", "plain"), OPERATIONS)
def test_an_operation_in_another_form_means_the_same_as_in_its_plain_form(sent: Any, plain: dict[str, Any]) -> None:
    assert operation(sent) == plain
    assert operation(plain) == plain
    for wrapped in (sent, [sent], json.dumps([sent])):
        assert understood(BULK, {"trip_identifier": "1", "operations": wrapped})["operations"] == [plain]


CALLS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("get_anything", {"arguments": {"query": "a"}}, {"query": "a"}),
    ("get_anything", {"input": {"kwargs": json.dumps({"Query": "a"})}}, {"query": "a"}),
    ("get_anything", {"params": {"query": "a"}, "_meta": {"progressToken": 1}}, {"query": "a"}),
    ("get_anything", {"query": "a", "toolCallId": "x", "requestHeartbeat": True}, {"query": "a"}),
    ("get_anything", {"query": "a", "includeEverything": "false"}, {"query": "a", "include_everything": False}),
    (
        "get_anything",
        {"query": 2027, "cursor": "", "search-strategy": "Broad"},
        {"query": "2027", "search_strategy": "broad"},
    ),
    (
        "list_trips",
        {"status": "PLANNING", "limit": "5.0", "startsAfter": "undefined"},
        {"status": ["planning"], "limit": 5},
    ),
    ("list_trips", {"client_email": "None", "limit": 0, "status": ""}, {}),
    ("mark_facts_dirty", {"trip_ids": 3, "reason": "moved"}, {"trip_ids": [3], "reason": "moved"}),
    ("mark_facts_dirty", {"trip_ids": '["3", 4]'}, {"trip_ids": [3, 4]}),
    ("query_trip_facts", {"trip_ids": [], "filters": '{"minNights": "0"}'}, {"filters": {"min_nights": 0}}),
    ("query_trip_facts", {"filters": [], "return_fields": "total_nights"}, {"return_fields": ["total_nights"]}),
    ("cleanup_duplicate_trips", {"name_patterns": "Test *", "dry_run": ""}, {"name_patterns": ["Test *"]}),
    (
        "create_client_v2",
        {"full_name": "Null", "phone": 49, "notes": "None"},
        {"full_name": "Null", "phone": "49", "notes": "None"},
    ),
    ("create_client_v2", {"full_name": "A", "address": [], "idempotency_key": "string"}, {"full_name": "A"}),
]


@pytest.mark.parametrize(("tool", "sent", "plain"), CALLS)
def test_a_call_in_another_form_means_the_same_as_in_its_plain_form(
    tool: str, sent: dict[str, Any], plain: dict[str, Any]
) -> None:
    assert understood(tool, sent) == plain


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("get_anything", {"query": "a", "reason": "x"}, "reason is not an argument here.", "Leave it out;"),
    ("create_client_v2", {"full_name": "Una", "_notes": "nuts"}, '"_notes" is not an argument here.', "Leave it out;"),
    (
        BULK,
        {"trip_identifier": "1", "operations": [], "dry_run": "null"},
        "The call has the placeholder 'null' as dry_run.",
        "Send true or false",
    ),
    ("get_anything", {"input": "a"}, "input is not an argument here.", "Leave it out;"),
    (
        "get_anything",
        {"query": "a", "cursor": "null"},
        "The call has the placeholder 'null' as cursor.",
        "Send it without cursor.",
    ),
    (
        "create_client_v2",
        {"full_name": "A", "phone": "<UNKNOWN>"},
        "The call has the placeholder '<UNKNOWN>'",
        "Send it without phone.",
    ),
    ("create_client_v2", {"full_name": "A", "phone": True}, "phone: input should be a valid string.", "Send phone:"),
    (
        "create_client_v2",
        {"full_name": "A", "preferences": "[1]"},
        "preferences is not an object.",
        "Send preferences:",
    ),
    (
        "create_client_v2",
        {"full_name": "A", "preferences": "[" * 100_000},
        "preferences is not an object.",
        "Send preferences:",
    ),
    (
        "create_trip_v2",
        {"trip_name": "A", "start_date": "2027-01-01T10:00:00Z", "end_date": "2027-01-02"},
        "start_date is not",
        "Send start_date:",
    ),
    (
        "create_trip_v2",
        {"trip_name": "A", "start_date": "2027-01-01", "startDate": "2027-01-02", "end_date": "2027-01-02"},
        "startDate is not an argument here.",
        "Leave it out;",
    ),
    ("mark_facts_dirty", {"trip_ids": "1, 2"}, "trip_ids.0: input should be a valid integer", "Send trip_ids:"),
    (
        "mark_facts_dirty",
        {"trip_ids": [1] * 300_000},
        "trip_ids: list should have at most 1000",
        "Send at most 1000 trip_ids.",
    ),
    (
        BULK,
        {"trip_identifier": "1", "operations": ["{}"] * 300_000},
        "operations: list should have at most 2000",
        "Send at most 2000 operations.",
    ),
]


@pytest.mark.parametrize(("tool", "sent", "problem", "remedy"), REFUSED)
def test_a_call_with_more_than_one_meaning_is_refused_with_what_to_send(
    tool: str, sent: dict[str, Any], problem: str, remedy: str
) -> None:
    first, second = refused(tool, sent).split("\n")
    assert first.startswith(f"invalid_input: {problem}")
    assert second.startswith(remedy)


def test_arguments_nested_very_deeply_are_refused() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    for tool, sent in {
        BULK: {"trip_identifier": "1", "operations": [op("add_note", note=deep)]},
        "update_client": {"client_id": 1, "preferences": {"a": deep}},
        "get_anything": {"query": deep},
    }.items():
        assert "argument" not in refused(tool, sent)


# Arguments with which each tool and operation is complete, if it needs any.
COMPLETE: dict[str, dict[str, Any]] = {
    name: {
        "trip_identifier": "1",
        "query": "a",
        "trip_name": "A",
        "start_date": "2027-01-01",
        "end_date": "2027-01-02",
        "full_name": "A",
        "client_full_name": "A",
        "client_email": "a@example.net",
        "client": "1",
        "keep": "1",
        "remove": "2",
        "new_phase": "planning",
        "phase": "planning",
        "step_number": 1,
        "trip_ids": [1],
        "name_patterns": ["Test *"],
        "error_pattern": "disk",
        "resolution": "done",
        "operations": [NOTE],
        "note": "a",
        "note_id": "1",
        "status": "planning",
        "cost": 1,
        "amount": 1,
        "payment_id": 1,
        "due": [{"date": "2027-01-01", "amount": 1}],
        "details": "a",
        "name": "A",
        "new_name": "A",
        "to_role": "guide",
        "title": "A",
        "item_id": "1",
        "check_in": "2027-01-01",
        "check_out": "2027-01-02",
        "type": "flight",
        "from": "A",
        "to": "B",
        "depart": "2027-01-01T10:00",
        "url": "https://example.net/",
    }
    for name in [*TOOLS, *OPERATION.schema["discriminator"]["mapping"]]
}

# What makes a call complete of which no single argument is required.
ONE_OF_THESE: dict[str, dict[str, Any]] = {
    "get_anything": {"query": "1"},
    "bulk_trip_operations": {"trip_identifier": "1"},
    "get_client": {"client_id": 1},
    "update_client": {"client_id": 1, "preferences": {"seat": "aisle"}},
    "restore_deleted": {"orphan_id": 1},
    "cleanup_duplicate_clients": {"email_patterns": ["test-*"]},
    "assign_client": {"client_id": 1},
    "unassign_client": {"client_id": 1},
    "change_client_role": {"client_id": 1},
    "update_details": {"destinations": "Porto"},
    "add_schedule_item": {"day_number": 1},
    "set_day": {"day_number": 1},
    "import_trip_document": {"text": "a"},
}

# Optional arguments that can hold 0 or false.
HOLD_ZERO = {
    "offset",
    "price",
    "total_cost",
    "min_nights",
    "max_nights",
    "min_cost",
    "max_cost",
    "min_travelers",
    "max_travelers",
}


# Leaving these out has a wider effect than a blank value could mean.
BLANK_IS_REFUSED = {("unassign_client", "role")}


def optional() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each tool or operation with one of its optional arguments and a complete call without that argument."""
    for name, complete in COMPLETE.items():
        fields = fields_of(name)
        call = {field: complete[field] for field, one in fields.items() if one.is_required()}
        for field, one in fields.items():
            if (name, field) in BLANK_IS_REFUSED:
                continue
            if not one.is_required() and field not in ONE_OF_THESE.get(name, {}):
                yield name, field, call | ONE_OF_THESE.get(name, {})


# The model of each operation's data.
DATA: dict[str, Any] = {
    get_args(one.model_fields["type"].annotation)[0]: one.model_fields["data"].annotation
    for one in get_args(get_args(Operation)[0])
}


def fields_of(name: str) -> dict[str, Any]:
    if name in TOOLS:
        return TOOLS[name].input.model_fields
    return DATA[name].model_fields


def got(name: str, call: dict[str, Any]) -> dict[str, Any]:
    return understood(name, call) if name in TOOLS else operation(op(name, **call))["data"]


@pytest.mark.parametrize(("name", "field", "call"), list(optional()))
def test_an_empty_value_for_an_optional_argument_means_that_it_was_not_sent(
    name: str, field: str, call: dict[str, Any]
) -> None:
    plain = got(name, call)
    boolean = fields_of(name)[field].annotation is bool
    for empty in ["", " ", *([] if field in HOLD_ZERO or boolean else [0])]:
        assert got(name, call | {field: empty}) == plain, (field, empty)


async def test_null_removes_a_stored_text_and_an_empty_value_keeps_it(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("update_client", client_id=1, phone="1", address="2 Road", notes="n")
        await desk.call("update_client", client_id=1, phone="", address=" ", notes=None)
        assert contact(desk) == {"phone": "1", "address": "2 Road"}
        await desk.do(KYOTO, op("update_details", group_name="Lima party", primary_client_email=ANA))
        await desk.do(KYOTO, op("update_details", group_name="", destinations=None))
        trip = await desk.whole(KYOTO)
        assert (trip["destinations"], trip["group_name"], trip["primary_client_email"]) == (None, "Lima party", ANA)
        await desk.do(KYOTO, op("update_details", group_name=None, primary_client_email=None))
        trip = await desk.whole(KYOTO)
        assert (trip["group_name"], trip["primary_client_email"]) == (None, None)


def contact(desk: Desk) -> Any:
    ((text,),) = desk.sql("SELECT contact_info FROM clients_v2 WHERE client_id = 1")
    return json.loads(text)


async def test_the_same_call_in_another_form_is_replayed_and_one_that_removes_a_text_is_not(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first = await desk.bulk(KYOTO, op("update_cost", cost=5), op("nonsense"), idempotency_key="k")
        loose = {"type": "Update Cost", "cost": "5.0"}
        operations = json.dumps([loose, op("nonsense")])
        again = await desk.call(BULK, tripIdentifier=KYOTO, operations=operations, idempotencyKey="k")
        assert again == first | {"replayed": True}
        other = await desk.refused(BULK, trip_identifier=KYOTO, operations=[loose], idempotency_key="k")
        assert other.startswith("conflict: ")
        await desk.bulk(BANFF, op("update_details", destinations="Banff"), idempotency_key="n")
        for changed in ({"destinations": None}, {"destinations": "Banff", "group_name": None}):
            error = await desk.refused(
                BULK, trip_identifier=BANFF, operations=[op("update_details", **changed)], idempotency_key="n"
            )
            assert error.startswith("conflict: ")


async def test_a_host_that_passes_on_only_text_gets_the_whole_answer(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(EMPTY, op("add_note", note='Line one\nand "two" 👋'))
        for tool, arguments in {"get_anything": {"query": "3"}, "list_trips": {}, "get_facts_stats": {}}.items():
            is_error, text, structured = await desk.raw_call(tool, **arguments)
            assert not is_error
            assert structured is not None
            assert text == text_of(structured)
            message, _, rest = text.rpartition("\n{")
            assert json.loads("{" + rest) | {"message": message} == structured
