"""The operations on the notes of a trip."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from database.quoting import as_word, in_quotes
from tools.answers.fields import Words, as_text
from tools.trip import shapes
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.operation import Data, TripOperation

# Characters of an old note that an answer repeats.
OLD_NOTE_SHOWN = 300


Audience = Literal["team", "clients"]


class AddNote(Data):
    note: Words
    audience: Annotated[Audience, Field(description="Who may see it.")] = "team"


NoteId = Annotated[
    str,
    Field(min_length=1, max_length=300, description="Its id, or its number from 1 if it has none."),
    BeforeValidator(as_text),
]


class RemoveNote(Data):
    note_id: NoteId
    for_good: Annotated[bool, Field(description="Keep no copy of the old text.")] = False


class EditNote(RemoveNote):
    note: Words
    audience: Annotated[Audience | None, Field(description="Else unchanged.")] = None


def add_note(draft: TripDraft, data: AddNote) -> OperationResult:
    note = shapes.new_note(data.note, draft.now, shared=data.audience == "clients")
    draft.notes = shapes.with_note(draft.notes, note)
    draft.log("NoteAdded", data.note)
    whom = "clients may see it" if data.audience == "clients" else "for the team only"
    return OperationResult(message=f"Note {note['id']} added, {whom}.")


def edit_note(draft: TripDraft, data: EditNote) -> OperationResult:
    shared = None if data.audience is None else data.audience == "clients"
    before = draft.change_note(data.note_id, data.note, keep=not data.for_good, shared=shared)
    draft.log("NoteEdited", f"Note {data.note_id}")
    return OperationResult(message=f"Note {as_word(data.note_id)} is changed{_old(before, data)}.")


def remove_note(draft: TripDraft, data: RemoveNote) -> OperationResult:
    before = draft.change_note(data.note_id, None, keep=not data.for_good)
    draft.log("NoteRemoved", f"Note {data.note_id}")
    return OperationResult(message=f"Note {as_word(data.note_id)} is removed{_old(before, data)}.")


def _old(before: str, data: RemoveNote) -> str:
    if data.for_good:
        return ", without a copy"
    return f"; it was {in_quotes(before, OLD_NOTE_SHOWN)}"


class AddNoteOperation(TripOperation):
    apply = add_note
    type: Literal["add_note"]
    data: AddNote


class RemoveNoteOperation(TripOperation):
    apply = remove_note
    type: Literal["remove_note"]
    data: RemoveNote


class EditNoteOperation(TripOperation):
    apply = edit_note
    type: Literal["edit_note"]
    data: EditNote
