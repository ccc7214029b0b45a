"""Questions to the person, as the protocol of either era puts them.

Since 2026-07-28 a call that needs an answer ends with the question, and the client sends it again with the answer; what
was answered before travels along, sealed by the SDK. Before, the question is a request of the server's own.
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

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

    from tools.answers.asking import Ask
    from tools.answers.errors import Question

# The first protocol in which a question ends the call.
QUESTIONS_END_CALLS = "2026-07-28"

# The name of the one field of the form, and of the one question that is put at a time.
CHOICE = "choice"


# Under this name the state of a call says which question was put last.
ASKED = "asked"


class InputRequired(Exception):
    """The call ends with a question."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__()
        self.result = result


def asker(context: Context[Any, Any]) -> Ask | None:
    """What puts questions to the person behind this call, or None where the client can't."""
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return None
    if context.protocol_version and is_version_at_least(context.protocol_version, QUESTIONS_END_CALLS):
        return _Answers(context).ask
    return _by_request(context) if context.session.can_send_request else None


def _by_request(context: Context[Any, Any]) -> Ask:
    async def ask(question: Question) -> str | None:
        result = await context.session.elicit_form(question.text, _form(question), context.request_id)
        return _chosen(result, question)

    return ask


class _Answers:
    """The answers that came along with a call, each kept under a digest of the very question that was put."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._given: dict[str, str | None] = json.loads(context.request_state or "{}")
        self._asked = self._given.pop(ASKED, None)
        self._new = (context.input_responses or {}).get(CHOICE)

    async def ask(self, question: Question) -> str | None:
        """Raises InputRequired where it was not answered yet."""
        digest = _digest(question)
        if self._asked == digest and isinstance(self._new, ElicitResult):
            self._given[digest] = _chosen(self._new, question)
        if digest in self._given:
            return self._given[digest]
        request = ElicitRequest(params=ElicitRequestFormParams(message=question.text, requested_schema=_form(question)))
        state = json.dumps(self._given | {ASKED: digest})
        raise InputRequired(InputRequiredResult(input_requests={CHOICE: request}, request_state=state))


def _digest(question: Question) -> str:
    text = json.dumps([question.text, question.argument, dict(question.choices)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _form(question: Question) -> dict[str, Any]:
    options = [{"const": value, "title": words} for value, words in question.choices.items()]
    field = {"type": "string", "title": "Your choice", "oneOf": options}
    return {"type": "object", "properties": {CHOICE: field}, "required": [CHOICE]}


def _chosen(result: ElicitResult, question: Question) -> str | None:
    """What the person chose; whatever is none of the choices counts as no."""
    chosen = (result.content or {}).get(CHOICE) if result.action == "accept" else None
    return cast("str", chosen) if chosen in question.choices else None
