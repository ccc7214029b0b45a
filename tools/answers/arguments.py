"""Validate a tool's arguments: as they are if they are right, otherwise after changes that have only one meaning."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from tools.answers.errors import InvalidInput
from tools.answers.loosening import loosened, unwrapped
from tools.answers.validation import words_for

if TYPE_CHECKING:
    from tools.tool import Arguments

T = TypeVar("T")


def validated(model: type[Arguments], sent: dict[str, Any]) -> Arguments:
    """Return the arguments. Raises InvalidInput if they are wrong in a way that leaves their meaning open."""
    try:
        return model.model_validate(sent)
    except ValidationError:
        schema = _schema_of(model)
        try:
            return model.model_validate(loosened(unwrapped(sent, schema), schema))
        except ValidationError as error:
            raise InvalidInput(*words_for(error, schema)) from error


@cache
def _schema_of(model: type[Arguments]) -> dict[str, Any]:
    return model.model_json_schema()


class _Normalized(dict[str, Any]):
    """An argument as sent, in its normalized form, with the value that was validated from it."""

    value: Any


class Loose:
    """A validator of one part of a call, such as an operation, that is validated on its own."""

    def __init__(self, adapter: TypeAdapter[Any]) -> None:
        self._adapter = adapter
        self._schema: dict[str, Any] | None = None

    def normalized(self, sent: object) -> object:
        """Return what was sent in the one form that all its spellings have, or unchanged if it is invalid.

        An idempotency key is compared with this form.
        """
        try:
            value = self._validated(sent)
        except ValidationError:
            return sent
        normalized = _Normalized(self._adapter.dump_python(value, exclude_unset=True))
        normalized.value = value
        return normalized

    def validate(self, sent: object) -> Any:  # noqa: ANN401 - the adapter's type
        """Return the value, which is known if `normalized` returned `sent`. Raises InvalidInput if it is invalid."""
        if isinstance(sent, _Normalized):
            return sent.value
        try:
            return self._validated(sent)
        except ValidationError as error:
            raise InvalidInput(*words_for(error, self.schema)) from error

    @property
    def schema(self) -> dict[str, Any]:
        if self._schema is None:
            self._schema = self._adapter.json_schema()
        return self._schema

    def _validated(self, sent: object) -> Any:  # noqa: ANN401 - the adapter's type
        try:
            return self._adapter.validate_python(sent)
        except ValidationError:
            return self._adapter.validate_python(loosened(sent, self.schema))
