"""The HTTP client that changes tickets in tools: it follows no redirects and connects only to allowed addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from slm_chassis.asked_waits import asked_wait
from slm_chassis.clock import real_now
from slm_chassis.outgoing import AddressRules, Resolve, system_resolve
from slm_mappings.ticket_writing import TicketWriting
from slm_notification.adapters.guarded_client import GuardedClient
from slm_notification.application import tool_requests
from slm_notification.application.tool_requests import ToolRequest
from slm_notification.domain.attempts import SHOWN_OF_ANSWER, AttemptAnswer
from slm_notification.domain.ticket_writers import DueWrite, WriterClaim

MOST_BYTES = 2_000_000
"""The most bytes of an answer that are read."""
_HEADERS = {
    "content-type": "application/json",
    "accept": "application/json",
    "user-agent": "slm-ticket-writer/1",
    # No compressed answers are asked for: a small compressed answer could unpack to a huge one.
    "accept-encoding": "identity",
}
_TOO_LONG = "The answer is too long to be read."
_NOT_UNDERSTOOD = "The answer to the search for tickets is not understood: is the address that of the tool?"


class HttpToolCourier:
    """Sends requests to tools over HTTP. A request takes at most ``attempt_seconds``."""

    def __init__(self, rules: AddressRules, attempt_seconds: float, *, resolve: Resolve = system_resolve) -> None:
        self._client = GuardedClient(rules, attempt_seconds, "tool", resolve)

    async def check(self, url: str) -> str | None:
        """Return the reason why nothing may be sent to this URL, in words for the user who entered it; None if the URL
        is allowed.
        """
        return await self._client.check(url)

    async def find(
        self, claim: WriterClaim, writing: TicketWriting, numbers: Sequence[str]
    ) -> tuple[AttemptAnswer, Mapping[str, Mapping[str, str]]]:
        """Ask the tool for its own ids of these tickets. A failure is returned, never raised."""
        assert writing.find is not None
        request = tool_requests.search_request(writing.find, claim.writer.address, numbers)
        answer, text = await self._send(claim, request)
        if not answer.is_success:
            return answer, {}
        try:
            return answer, tool_requests.found_references(writing.find, text, numbers)
        except (ValueError, RecursionError):
            return AttemptAnswer(None, _NOT_UNDERSTOOD, answer.excerpt), {}

    async def change(self, claim: WriterClaim, writing: TicketWriting, write: DueWrite) -> AttemptAnswer:
        """Write the figures of one ticket once. A failure is returned, never raised."""
        answer, text = await self._send(claim, tool_requests.change_request(writing, claim.writer, write))
        if not answer.is_success:
            return answer
        unknown = tool_requests.unknown_fields(writing, claim.writer, text)
        if unknown:
            problem = f"The tool accepted the request, but its ticket has no field {', '.join(unknown)}."
            return AttemptAnswer(answer.status, problem, answer.excerpt)
        return answer

    async def _send(self, claim: WriterClaim, request: ToolRequest) -> tuple[AttemptAnswer, str]:
        writer = claim.writer
        proof = tool_requests.authorization_of(writer.credential_kind, writer.user, claim.secret)
        secrets = (claim.secret, proof.partition(" ")[2])
        done = await self._client.ask(
            (request.method, request.url),
            None if request.body is None else request.body.encode(),
            {**_HEADERS, "authorization": proof},
            lambda answer: _answer_of(answer, secrets),
        )
        return (done, "") if isinstance(done, AttemptAnswer) else done


async def _answer_of(answer: httpx.Response, secrets: Sequence[str]) -> tuple[AttemptAnswer, str]:
    read = bytearray()
    async for chunk in answer.aiter_raw():
        read += chunk
        if len(read) > MOST_BYTES:
            break
    text = read.decode("utf-8", "replace")
    excerpt = text.replace("\x00", "�")
    # A tool that repeats what it was sent must not show the secret to everybody who may read the list of writes.
    for secret in secrets:
        excerpt = excerpt.replace(secret, "…")
    excerpt = excerpt[:SHOWN_OF_ANSWER]
    status = answer.status_code
    if len(read) > MOST_BYTES:
        return AttemptAnswer(None, _TOO_LONG, excerpt), ""
    problem = "" if 200 <= status < 300 else f"Answered with status {status}."
    if status in (401, 403):
        problem = f"Answered with status {status}: the account is not accepted, or may not change the ticket."
    if 300 <= status < 400:
        problem = f"Answered with status {status}: redirects are not followed."
    return AttemptAnswer(status, problem, excerpt, asked_wait(answer.headers, real_now())), text
