"""Elicitation: questions to the user, in both forms that the protocol has had.

Since protocol version 2026-07-28, a call that needs an answer ends with the question, and the client repeats the call
with the answer. Earlier answers are kept in a state that the SDK seals and the client sends back. In older versions,
the server sends the question to the client as a request.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from mcp_types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import is_version_at_least

from database.quoting import in_quotes, visible

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

    from tools.answers.asking import Ask
    from tools.answers.errors import Question

# The first protocol version in which a question ends the call.
QUESTIONS_END_CALLS = "2026-07-28"

# The name of the form's only field, and of the only question in a response.
CHOICE = "choice"

# The key in a call's state that holds the digest of the last question.
ASKED = "asked"


class InputRequired(Exception):
    """Ends the call with a question."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__()
        self.result = result


def asker(context: Context[Any, Any]) -> Ask | None:
    """Return a function that asks the user behind this call, or None if the client can't show questions."""
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return None
    if context.protocol_version and is_version_at_least(context.protocol_version, QUESTIONS_END_CALLS):
        return _Answers(context).ask
    return _by_request(context) if context.session.can_send_request else None


def _by_request(context: Context[Any, Any]) -> Ask:
    async def ask(question: Question) -> str | None:
        result = await context.session.elicit_form(visible(question.text), _form(question), context.request_id)
        return _chosen(result, question)

    return ask


class _Answers:
    """The answers sent with a call, by the digest of the question."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._given: dict[str, str | None] = json.loads(context.request_state or "{}")
        self._asked = self._given.pop(ASKED, None)
        self._new = (context.input_responses or {}).get(CHOICE)

    async def ask(self, question: Question) -> str | None:
        """Return the answer. Raises InputRequired if there is none yet."""
        digest = _digest(question)
        if self._asked == digest and isinstance(self._new, ElicitResult):
            self._given[digest] = _chosen(self._new, question)
        if digest in self._given:
            return self._given[digest]
        request = ElicitRequest(
            params=ElicitRequestFormParams(message=visible(question.text), requested_schema=_form(question))
        )
        state = json.dumps(self._given | {ASKED: digest})
        raise InputRequired(InputRequiredResult(input_requests={CHOICE: request}, request_state=state))


def _digest(question: Question) -> str:
    text = json.dumps([question.text, question.argument, dict(question.choices)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _form(question: Question) -> dict[str, Any]:
    options = [{"const": shown, "title": visible(question.choices[value])} for shown, value in _shown(question).items()]
    field = {"type": "string", "title": "Your choice", "oneOf": options}
    return {"type": "object", "properties": {CHOICE: field}, "required": [CHOICE]}


def _chosen(result: ElicitResult, question: Question) -> str | None:
    """Return the user's choice, or None if they declined or gave anything other than one of the choices."""
    chosen = (result.content or {}).get(CHOICE) if result.action == "accept" else None
    return _shown(question).get(cast("str", chosen))


def _shown(question: Question) -> dict[str, str]:
    """Map each choice as the form sends it to the choice. A name with hidden characters is sent in quotes."""
    return {value if visible(value) == value else in_quotes(value, None): value for value in question.choices}
