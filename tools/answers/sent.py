"""The base of everything that agents send."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, model_validator

from tools.answers.loosening import PLACEHOLDERS

# Text that a client fills in for an argument without a value, and that no person enters.
FILLERS = frozenset({"null", "undefined", "<UNKNOWN>", "<unknown>", "<null>"})

# Placeholders that would be taken as a key by every call of a client that fills them in.
_NO_KEYS = FILLERS | {"none", "None", "nil", "string", "<string>", "unknown", "N/A"}

# Texts that may stand for no value; each has to be looked at.
_SUSPECT = PLACEHOLDERS | {one.lower() for one in FILLERS | _NO_KEYS} | {""}


class Sent(BaseModel):
    """Arguments, or a part of them. Unknown names are refused, and blank text for an optional argument is not sent."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    _optional: ClassVar[frozenset[str]] = frozenset()
    _choices: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        cls._optional = frozenset(name for name, field in cls.model_fields.items() if not field.is_required())
        cls._choices = frozenset(name for name, field in cls.model_fields.items() if field.annotation is bool)

    @model_validator(mode="before")
    @classmethod
    def _without_unsaid(cls, sent: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
        if not isinstance(sent, dict):
            return sent
        values = cast("dict[str, Any]", sent)
        if not any(isinstance(value, str) and value.strip().lower() in _SUSPECT for value in values.values()):
            return values
        texts = {name: values[name].strip() for name in cls._optional & values.keys() if isinstance(values[name], str)}
        if unclear := [name for name, text in texts.items() if name in cls._choices and text.lower() in PLACEHOLDERS]:
            raise ValueError(f"has the placeholder {texts[unclear[0]]!r} as {unclear[0]}: send true or false")
        unsaid = {name for name, text in texts.items() if not text or (name == "idempotency_key" and text in _NO_KEYS)}
        if filled := [name for name, text in texts.items() if text in FILLERS and name not in unsaid]:
            raise ValueError(f"has the placeholder {texts[filled[0]]!r} as {filled[0]}: send it without {filled[0]}")
        return {name: value for name, value in values.items() if name not in unsaid}
