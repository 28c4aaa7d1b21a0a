"""The HTTP client for all requests to the outside: it follows no redirects, and connects only to allowed addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import httpx

from slm_chassis.outgoing import (
    AddressRefused,
    AddressRules,
    GuardedTransport,
    Resolve,
    checked_addresses,
    system_resolve,
)
from slm_notification.domain.attempts import AttemptAnswer

T = TypeVar("T")
_RESOLVE_SECONDS = 5.0


class GuardedClient:
    """An HTTP client for requests to addresses that users entered.

    A request takes at most ``seconds``, including resolving the name and reading the answer. ``whom``: who receives the
    requests, in words for the user.
    """

    def __init__(self, rules: AddressRules, seconds: float, whom: str, resolve: Resolve = system_resolve) -> None:
        self._rules = rules
        self._seconds = seconds
        self._whom = whom
        self._resolve = resolve
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(rules, resolve=resolve),
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
        )

    async def check(self, url: str) -> str | None:
        """Return the reason why nothing may be sent to this URL, in words for the user who entered it; None if the URL
        is allowed.
        """
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                await checked_addresses(url, self._rules, self._resolve)
        except AddressRefused as refused:
            return str(refused)
        except (OSError, UnicodeError):
            return "the name of the host cannot be resolved"
        return None

    async def ask(
        self,
        address: tuple[str, str],
        content: bytes | None,
        headers: Mapping[str, str],
        read: Callable[[httpx.Response], Awaitable[T]],
    ) -> T | AttemptAnswer:
        """Send a request to ``address`` (method, URL), and return the result of ``read`` for the answer.

        If no answer comes, return an AttemptAnswer with the reason. Nothing is raised.
        """
        method, url = address
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(method, url, content=content, headers=headers) as answer,
            ):
                return await read(answer)
        except AddressRefused as refused:
            return AttemptAnswer(None, f"Not sent: {refused}.")
        except (TimeoutError, httpx.TimeoutException):
            return AttemptAnswer(None, f"No answer within {self._seconds:g} seconds.")
        except httpx.ConnectError:
            problem = f"No connection: the {self._whom} is away, its name or its certificate is wrong."
            return AttemptAnswer(None, problem)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return AttemptAnswer(None, f"The connection broke ({type(error).__name__}).")
