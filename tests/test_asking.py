"""Ambiguous and destructive calls ask the user if the client supports it; otherwise the error says what to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from desk import BANFF, KYOTO, Desk, Era, each_era, new_desk, op
from mcp_types import ElicitResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mcp_types import ElicitRequestFormParams

Action = Literal["accept", "decline", "cancel"]


class Person:
    """A user who gives prepared answers and records the questions."""

    def __init__(self, *answers: str, action: Action = "accept", before: Callable[[], object] = lambda: None) -> None:
        self.answers = list(answers)
        self.action: Action = action
        self.before = before
        self.asked: list[ElicitRequestFormParams] = []

    async def answer(self, context: Any, params: Any) -> ElicitResult:
        del context
        self.asked.append(params)
        self.before()
        choice = self.answers.pop(0) if self.answers else ""
        return ElicitResult(action=self.action, content={"choice": choice} if self.action == "accept" else None)

    @property
    def choices(self) -> list[list[tuple[str, str]]]:
        """The choices offered by each question, with their titles."""
        forms = [params.requested_schema["properties"]["choice"]["oneOf"] for params in self.asked]
        return [[(option["const"], option["title"]) for option in form] for form in forms]


def give_two_trips_similar_names(desk: Desk) -> None:
    desk.sql("UPDATE trips_v2 SET trip_name = 'Goa ' || trip_id WHERE trip_id IN (1, 2)")


@each_era
async def test_an_ambiguous_write_asks_which_trip_is_meant_and_changes_the_chosen_one(tmp_path: Path, era: Era) -> None:
    person = Person(str(BANFF))
    async with new_desk(tmp_path, era, person.answer) as desk:
        give_two_trips_similar_names(desk)
        answer = await desk.bulk("goa", op("add_note", note="sea view"))
        assert (answer["success"], answer["trip_id"]) == (True, BANFF)
        assert [note["note"] for note in desk.json("notes", BANFF)] == ["sea view"]
        assert desk.column("notes", KYOTO) == "{}"
    choices = dict(person.choices[0])
    assert set(choices) == {"1", "2"}
    assert '"Goa 2" (2026-05-08 to 2026-05-15' in choices["2"]
    assert len(person.asked) == 1


@each_era
async def test_a_trip_is_deleted_without_its_exact_name_once_the_user_confirms(tmp_path: Path, era: Era) -> None:
    person = Person("Lima in Kyoto")
    async with new_desk(tmp_path, era, person.answer) as desk:
        answer = await desk.call("delete_trip", trip_identifier="lima-in-kyoto")
        assert answer["trip_id"] == KYOTO
        assert desk.sql("SELECT * FROM trips_v2 WHERE trip_id = ?", KYOTO) == []
    assert 'Delete the trip id 1 "Lima in Kyoto"' in person.asked[0].message


@each_era
async def test_an_ambiguous_deletion_asks_which_trip_and_then_for_confirmation(tmp_path: Path, era: Era) -> None:
    person = Person("1", "Goa 1")
    async with new_desk(tmp_path, era, person.answer) as desk:
        give_two_trips_similar_names(desk)
        assert (await desk.call("delete_trip", trip_identifier="goa"))["trip_id"] == KYOTO
    assert [len(choices) for choices in person.choices] == [2, 1]


@each_era
@pytest.mark.parametrize(
    "person",
    [Person(action="decline"), Person(action="cancel"), Person("another"), Person("")],
    ids=["declined", "cancelled", "no choice of ours", "nothing chosen"],
)
@pytest.mark.sampled(2)
async def test_nothing_is_deleted_without_the_users_confirmation(tmp_path: Path, era: Era, person: Person) -> None:
    async with new_desk(tmp_path, era, person.answer) as desk:
        before = desk.everything()
        arguments = {"trip_identifier": KYOTO, "confirm_trip_name": "Lima in Kyoto"}
        assert (await desk.refused("delete_trip", **arguments)).startswith("conflict: The user did not agree")
        assert desk.everything() == before


@each_era
async def test_a_cleanup_asks_for_confirmation_with_count_and_names_but_a_dry_run_does_not(
    tmp_path: Path, era: Era
) -> None:
    person = Person("yes")
    async with new_desk(tmp_path, era, person.answer) as desk:
        give_two_trips_similar_names(desk)
        await desk.call("cleanup_duplicate_trips", name_patterns=["goa*"])
        assert person.asked == []
        done = await desk.call("cleanup_duplicate_trips", name_patterns=["goa*"], dry_run=False)
        assert done["deleted"] == 2
        assert person.asked[0].message == 'Delete 2 trips: "Goa 1" (id 1), "Goa 2" (id 2)?'
        error = await desk.refused("cleanup_duplicate_clients", email_patterns=["*@example.net"], dry_run=False)
        assert error.startswith("conflict: The user did not agree")
        assert len(desk.sql("SELECT * FROM clients_v2")) == 3
        none = await desk.call("cleanup_duplicate_trips", name_patterns=["goa*"], dry_run=False)
        assert none["matched"] == 0
    assert len(person.asked) == 2


@each_era
async def test_a_deletion_confirmed_with_another_trips_name_is_refused_without_asking(tmp_path: Path, era: Era) -> None:
    person = Person("Lima in Kyoto")
    async with new_desk(tmp_path, era, person.answer) as desk:
        error = await desk.refused("delete_trip", trip_identifier=KYOTO, confirm_trip_name="Ode in Banff")
        assert error.startswith("invalid_input: confirm_trip_name does not match")
    assert person.asked == []


@each_era
async def test_a_trip_renamed_before_the_user_answers_is_not_deleted(tmp_path: Path, era: Era) -> None:
    person = Person("Lima in Kyoto")
    async with new_desk(tmp_path, era, person.answer) as desk:
        person.before = lambda: desk.sql("UPDATE trips_v2 SET trip_name = 'Kept' WHERE trip_id = 1")
        await desk.refused("delete_trip", trip_identifier=KYOTO)
        assert desk.column("trip_name", KYOTO) == "Kept"


@each_era
async def test_a_repeated_call_with_an_idempotency_key_is_answered_without_asking_again(
    tmp_path: Path, era: Era
) -> None:
    person = Person(str(BANFF))
    async with new_desk(tmp_path, era, person.answer) as desk:
        give_two_trips_similar_names(desk)
        first = await desk.bulk("goa", op("add_note", note="x"), idempotency_key="k")
        again = await desk.bulk("goa", op("add_note", note="x"), idempotency_key="k")
        assert again == first | {"replayed": True}
    assert len(person.asked) == 1


@each_era
async def test_without_elicitation_support_the_error_says_what_to_send(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        give_two_trips_similar_names(desk)
        error = await desk.refused("continue_trip", search_query="goa")
        assert error.startswith("ambiguous: 2 trips match")
        assert error.endswith("Ask the user which one, then send its id as search_query.")
        missing = await desk.refused("delete_trip", trip_identifier=KYOTO)
        assert missing.startswith("invalid_input: confirm_trip_name is missing")
