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


class AddNote(Data):
    note: Words


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


def add_note(draft: TripDraft, data: AddNote) -> OperationResult:
    draft.notes = shapes.with_note(draft.notes, data.note, draft.now)
    draft.log("NoteAdded", data.note)
    return OperationResult(message="Note added.")


def edit_note(draft: TripDraft, data: EditNote) -> OperationResult:
    before = draft.change_note(data.note_id, data.note, keep=not data.for_good)
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
