"""The HTTP client that asks tools: bounded in time and size, without redirects, and only to allowed addresses."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import httpx

from slm_chassis.asked_waits import asked_wait
from slm_chassis.clock import SECOND, real_now
from slm_chassis.outgoing import (
    AddressRefused,
    AddressRules,
    GuardedTransport,
    Resolve,
    checked_addresses,
    system_resolve,
)
from slm_mappings.pull_recipes import PullRecipe
from slm_monitor.domain.pulls.dialects import ToolAnswer, ToolRequest
from slm_monitor.domain.pulls.pulls import ClaimedPull, ToolTrouble

LARGEST = 16 << 20
"""The most bytes of an answer."""
_LARGE = 65_536
_RESOLVE_SECONDS = 5.0
_MOST_TOKENS = 256
_LONGEST_SAID = 300
_EARLY_SECONDS = 30
"""A token is replaced this many seconds before it expires, so that it does not expire during a request."""
_HEADERS = {
    "accept": "application/json",
    "user-agent": "slm-pulls/1",
    # No compressed answers are asked for: a small compressed answer could unpack to a huge one.
    "accept-encoding": "identity",
}


class WebTools:
    """Asks tools over HTTP. A request, from resolving the name to reading the answer, takes at most ``seconds``."""

    def __init__(
        self,
        rules: AddressRules,
        seconds: float,
        recipes: Mapping[str, PullRecipe],
        *,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._seconds = seconds
        self._recipes = recipes
        self._tokens: OrderedDict[tuple[str, int], tuple[str, int]] = OrderedDict()
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(rules, resolve=resolve), timeout=seconds, follow_redirects=False, trust_env=False
        )

    async def check(self, url: str) -> str | None:
        """Return why no request may go to this address, as a text to show to people; None if requests may go there."""
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                await checked_addresses(url, self._rules, self._resolve)
        except AddressRefused as refused:
            return str(refused)
        except (OSError, UnicodeError):
            return "the name of the host cannot be resolved"
        return None

    async def ask(self, claim: ClaimedPull, request: ToolRequest) -> ToolAnswer:
        """Send a request and return the answer. Raises ToolTrouble.

        If the tool rejects an OAuth token, the request is sent once more with a new token.
        """
        for is_last in (False, True):
            proof = await self._proof(claim)
            status, headers, body = await self._send(claim, request, proof)
            if status == 401 and claim.pull.authentication.kind == "oauth" and not is_last:
                self._tokens.pop(_key(claim), None)
                continue
            break
        if status == 304 and "if-none-match" in request.headers:
            return ToolAnswer(None, headers, is_unchanged=True)
        _check(status, headers, body)
        return ToolAnswer(await _parse_answer(body), headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _proof(self, claim: ClaimedPull) -> str:
        """Return the value of the header ``Authorization``; empty if the tool needs no authentication."""
        way = claim.pull.authentication
        if way.kind == "none":
            return ""
        if way.kind == "basic":
            return "Basic " + base64.b64encode(f"{way.user}:{claim.secret}".encode()).decode()
        if way.kind == "token":
            return f"Token token={claim.secret}"
        return f"Bearer {claim.secret if way.kind == 'bearer' else await self._token(claim)}"

    async def _token(self, claim: ClaimedPull) -> str:
        token, ends_at = self._tokens.get(_key(claim), ("", 0))
        if real_now() < ends_at:
            return token
        way = self._recipes[claim.pull.connector].ways["oauth"]
        form = {
            "grant_type": "client_credentials",
            "client_id": claim.pull.authentication.user,
            "client_secret": claim.secret,
        }
        url = claim.pull.address + way.token_path
        status, headers, body = await self._request("POST", url, data=form, headers=_HEADERS)
        if status in (400, 401, 403):
            raise ToolTrouble(f"The tool gives no token for this client and secret (status {status}).")
        _check(status, headers)
        document = await _parse_answer(body)
        token = document.get("access_token", "") if isinstance(document, dict) else ""
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise ToolTrouble("The tool's answer to the question for a token has no `access_token`.")
        lasts = document.get("expires_in")
        lasts = lasts if isinstance(lasts, int) and 0 < lasts < 10_000_000 else 300
        self._tokens[_key(claim)] = (token, real_now() + max(1, lasts - _EARLY_SECONDS) * SECOND)
        while len(self._tokens) > _MOST_TOKENS:
            self._tokens.popitem(last=False)
        return token

    async def _send(self, claim: ClaimedPull, request: ToolRequest, proof: str) -> tuple[int, Mapping[str, str], bytes]:
        headers = {**_HEADERS, **request.headers, **({"authorization": proof} if proof else {})}
        url = claim.pull.address + request.path
        if request.body is not None:
            return await self._request("POST", url, json=request.body, headers=headers)
        return await self._request("GET", url, params=request.parameters, headers=headers)

    async def _request(self, method: str, url: str, **given: Any) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and body of the answer. Raises ToolTrouble if there is none."""
        try:
            async with asyncio.timeout(self._seconds), self._client.stream(method, url, **given) as answer:
                body = bytearray()
                async for chunk in answer.aiter_raw():
                    body += chunk
                    if len(body) > LARGEST:
                        raise ToolTrouble(f"The tool's answer is larger than {LARGEST >> 20} MiB.", is_too_much=True)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status_code, headers, bytes(body)
        except AddressRefused as refused:
            raise ToolTrouble(f"Not asked: {refused}.") from refused
        except (TimeoutError, httpx.TimeoutException):
            raise ToolTrouble(f"No answer within {self._seconds:g} seconds.", is_too_much=True) from None
        except httpx.ConnectError:
            raise ToolTrouble("No connection: the tool is away, its name or its certificate is wrong.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise ToolTrouble(f"The connection broke ({type(error).__name__}).") from error


def _key(claim: ClaimedPull) -> tuple[str, int]:
    return claim.pull.pull_id, claim.pull.version


def _check(status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
    """Raise ToolTrouble for a status other than 2xx. If the tool refuses the request, its error text is quoted."""
    if 200 <= status < 300:
        return
    wait = asked_wait(headers, real_now())
    if status == 429:
        raise ToolTrouble("The tool has had too many requests (status 429).", wait=wait, is_limit=True)
    if status in (401, 403):
        raise ToolTrouble(f"The tool does not accept the account, or does not let it read this (status {status}).")
    if 300 <= status < 400:
        raise ToolTrouble(f"The tool answered with status {status}: redirects are not followed.")
    if status >= 500:
        raise ToolTrouble(f"The tool failed (status {status}).", wait=wait, is_too_much=status == 503 and wait is None)
    problem = f"The tool does not accept the question (status {status}){_said(body)}."
    raise ToolTrouble(problem, is_question=True, is_too_much=status in (413, 422))


def _said(body: bytes) -> str:
    """Return the text in an answer's field ``error``, in which a Prometheus explains errors; empty if there is none."""
    try:
        document = json.loads(body[:_LARGE])
    except (ValueError, RecursionError):
        return ""
    said = document.get("error") if isinstance(document, dict) else None
    if not isinstance(said, str) or not said:
        return ""
    return ": " + "".join(each if each.isprintable() else " " for each in said[:_LONGEST_SAID]).strip(" .")


async def _parse_answer(body: bytes) -> Any:
    """Return the JSON of an answer. A large answer is read in a thread, so that other requests are not held up."""
    return await asyncio.to_thread(_json, body) if len(body) > _LARGE else _json(body)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ToolTrouble("The tool's answer is not JSON: is the address that of the tool itself?") from None
