"""Requests to a Worker: sent on kept connections, and again if the answer doesn't arrive."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx2

from database.d1_address import PROTOCOL
from database.d1_errors import Unsettled, failure, refusal
from database.d1_values import encode_request
from database.errors import DatabaseUnavailable, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from database.d1_address import Address
    from database.engine import Statement

    Attempt = Callable[[], Awaitable[dict[str, Any]]]

logger = logging.getLogger("voygen.d1")

# Seconds to connect, and to wait for an answer. The host stops a batch after 30.
CONNECT, ANSWER = 10.0, 45.0

# Seconds after which a connection that was never made is given up.
OPENING = 10.0

# An answer that was lost is asked for at least this often, even if waiting for it used up all patience.
LEAST_TRIES = 3


@dataclass(frozen=True)
class Reply:
    """The Worker's answer: results by statement, the bookmark after them, and the size of the answer in bytes.

    `more` is True if the rows of a cut read go on.
    """

    results: list[dict[str, Any]]
    bookmark: str | None
    more: bool
    size: int


class Worker:
    """A connection to one Worker. `patience` is the time in seconds after which a failing request is given up."""

    def __init__(self, address: Address, token: str, *, patience: float, answer: float = ANSWER) -> None:
        self._label = address.label
        self._patience = patience
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs each request otherwise
        self._client = httpx2.AsyncClient(
            base_url=address.url + "/",
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            timeout=httpx2.Timeout(answer, connect=min(CONNECT, answer)),
            trust_env=not address.local,  # a proxy can't reach this machine
            verify=address.url.startswith("https:"),  # reading certificates takes 0.1 s, and plain HTTP uses none
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def require_protocol(self) -> None:
        """Raise DatabaseUnavailable if the address has no Worker of ours, or one that speaks another protocol."""
        health = await self._insist(
            lambda: self._ask("GET", "healthz", None), repeatable=True, writes=False, patience=OPENING
        )
        if health.get("voygen") != "d1":
            raise DatabaseUnavailable(f"{self._label} is not a voygen Worker: check the address.")
        if health.get("protocol") != PROTOCOL:
            raise DatabaseUnavailable(
                f"{self._label} speaks protocol {health.get('protocol')} and this program protocol {PROTOCOL}: "
                "deploy the Worker that comes with this version of voygen."
            )

    async def read(self, queries: Sequence[Statement], *, cut: int | None = None) -> Reply:
        """Run queries on one snapshot. With `cut`, there is one query, whose rows end before this many bytes."""
        options = {} if cut is None else {"cut": cut}
        body = encode_request(self._label, queries, mode="read", **options)
        return await self._batch(body, repeatable=True, writes=False)

    async def write(self, statements: Sequence[Statement], identifier: str | None) -> Reply:
        """Run a batch once. Raises SentBefore if it is stored, but its answer was lost.

        Without an identifier, a lost answer raises OutcomeUnknown.
        """
        options = {} if identifier is None else {"id": identifier}
        body = encode_request(self._label, statements, mode="write", **options)
        return await self._batch(body, repeatable=identifier is not None, writes=True)

    async def _batch(self, body: bytes, *, repeatable: bool, writes: bool) -> Reply:
        answer = await self._insist(lambda: self._ask("POST", "v1/batch", body), repeatable=repeatable, writes=writes)
        return Reply(answer["results"], answer["bookmark"], answer.get("more", False), answer["size"])

    async def _insist(
        self, attempt: Attempt, *, repeatable: bool, writes: bool, patience: float = math.inf
    ) -> dict[str, Any]:
        """Repeat the request while it fails in a way that may not happen again, for `patience` seconds at most."""
        deadline = time.monotonic() + min(self._patience, patience)
        pause, tries, may_have_run = 0.05, 0, False
        while True:
            tries += 1
            try:
                return await attempt()
            except Unsettled as failed:
                may_have_run = may_have_run or failed.may_have_run
                hopeless = time.monotonic() + failed.pause > deadline and tries >= LEAST_TRIES
                if hopeless or (may_have_run and not repeatable):
                    if writes and may_have_run:
                        raise OutcomeUnknown(f"{failed.error} The change may be stored or not.") from failed
                    raise failed.error from failed
                await asyncio.sleep(max(failed.pause, random.uniform(pause / 2, pause)))  # noqa: S311 - jitter
                pause = min(pause * 2, 2.0)

    async def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        """Send one request and return the answer's JSON, with its `size`."""
        try:
            response = await self._client.request(method, path, content=body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            unreachable = DatabaseUnavailable(f"{self._label} cannot be reached: check the address and the network.")
            raise Unsettled(unreachable, may_have_run=False) from error
        except httpx2.TimeoutException as error:
            raise Unsettled(DatabaseUnavailable(f"{self._label} did not answer in time."), may_have_run=True) from error
        except httpx2.HTTPError as error:
            broken = DatabaseUnavailable(f"The connection to {self._label} broke.")
            raise Unsettled(broken, may_have_run=True) from error
        size = len(response.content)
        logger.debug(
            "%s %s: %s", method, path, response.status_code, extra={"sent": len(body or b""), "received": size}
        )
        answer = _object(response.content)
        if response.is_success and answer and ("results" in answer or method == "GET"):
            return answer | {"size": size}
        if response.is_success and method == "GET":
            raise DatabaseUnavailable(f"{self._label} is not a voygen Worker: check the address.")
        if answer and "code" in answer:
            raise refusal(self._label, response.status_code, answer)
        raise failure(self._label, response.status_code, response.headers.get("retry-after"))


def _object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object, or None for anything else, such as half of one."""
    try:
        parsed: object = json.loads(content)
    except ValueError:
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
