"""The HTTP client that sends webhooks and alerts: it follows no redirects, and connects only to allowed addresses."""

from __future__ import annotations

import httpx

from slm_chassis.asked_waits import asked_wait
from slm_chassis.clock import SECOND, real_now
from slm_chassis.outgoing import AddressRules, Resolve, system_resolve
from slm_notification.adapters.guarded_client import GuardedClient
from slm_notification.domain import channels, tool_messages
from slm_notification.domain.attempts import SHOWN_OF_ANSWER, AttemptAnswer, ClaimedDelivery
from slm_notification.domain.signatures import signature_headers

_READ_BYTES = 4 * SHOWN_OF_ANSWER
_HEADERS = {
    "content-type": "application/cloudevents+json",
    "user-agent": "slm-webhooks/1",
    # No compressed answers are asked for: a small compressed answer could unpack to a huge one.
    "accept-encoding": "identity",
}


class WebCourier:
    """Sends webhooks and alerts over HTTP. An attempt takes at most ``attempt_seconds``, including resolving the name
    and reading the answer.

    ``console_url``: the address of the console. If it is empty, the messages have no links to the console.
    """

    def __init__(
        self,
        rules: AddressRules,
        attempt_seconds: float,
        *,
        resolve: Resolve = system_resolve,
        console_url: str = "",
    ) -> None:
        self._console = console_url.rstrip("/")
        self._client = GuardedClient(rules, attempt_seconds, "receiver", resolve)

    async def check(self, url: str) -> str | None:
        """Return the reason why nothing may be sent to this URL, in words for the user who entered it; None if the URL
        is allowed.
        """
        return await self._client.check(url)

    async def send(self, claim: ClaimedDelivery) -> AttemptAnswer:
        """Send a delivery once, and return how the attempt ended. A failure is returned, never raised."""
        headers, body = self._request_of(claim)
        return await self._client.ask(("POST", claim.url), body, headers, lambda answer: _answer_of(answer, claim))

    def _request_of(self, claim: ClaimedDelivery) -> tuple[dict[str, str], bytes]:
        if claim.kind == "webhook":
            body = claim.body.encode()
            return {**_HEADERS, **signature_headers(claim.secrets, claim.delivery_id, real_now() // SECOND, body)}, body
        message = tool_messages.message_of(claim, self._console, real_now())
        return {**_HEADERS, **message.headers}, message.body


async def _answer_of(answer: httpx.Response, claim: ClaimedDelivery) -> AttemptAnswer:
    read = bytearray()
    async for chunk in answer.aiter_raw():
        read += chunk
        if len(read) >= _READ_BYTES:
            break
    excerpt = read[:_READ_BYTES].decode("utf-8", "replace").replace("\x00", "�")
    # Some tools repeat in a refusal what they were sent.
    excerpt = channels.without_secrets(excerpt, claim.secrets)[:SHOWN_OF_ANSWER]
    status = answer.status_code
    problem = "" if 200 <= status < 300 else f"Answered with status {status}."
    if 300 <= status < 400:
        problem = f"Answered with status {status}: redirects are not followed."
    if status == 204 and claim.kind == "apprise":
        problem = "Answered with status 204: the Apprise server knows no addresses under this key."
    return AttemptAnswer(status, problem, excerpt, asked_wait(answer.headers, real_now()))
