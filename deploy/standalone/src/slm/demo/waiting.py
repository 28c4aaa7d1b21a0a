"""Waiting for an expected answer of the installation by polling until a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from slm.demo.negotiation import Unavailable
from slm_chassis.clock import Clock

T = TypeVar("T")
_PAUSE_SECONDS = 0.1


class ResultNotSeen(Exception):
    """An expected result did not appear in time; the text says which one."""


class ResultWaiter:
    """Waits for results. If a result is more than ``seconds`` real seconds overdue, the wait for it fails."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds

    def now(self) -> int:
        """Return the installation's present instant, microseconds UTC."""
        return self._clock.now()

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, due: int | None = None) -> T:
        """Call ``look`` repeatedly and return its first result that is not None.

        ``due`` is the instant by the installation's clock (microseconds UTC) at which the result is expected; None
        means now. If there is no result ``seconds`` after that, raises ResultNotSeen, whose text contains ``what``.
        Raises ApiProblem.
        """
        ahead = 0.0 if due is None else self._clock.real_seconds(due - self._clock.now())
        give_up_at = time.monotonic() + max(0.0, ahead) + self.seconds
        trouble = ""
        while True:
            try:
                seen = await look()
                if seen is not None:
                    return seen
                trouble = ""
            except (Unavailable, httpx.TransportError) as error:
                trouble = f" ({type(error).__name__} {error})"
            if time.monotonic() > give_up_at:
                raise ResultNotSeen(f"not seen within {self.seconds:g} s: {what}{trouble}")
            await asyncio.sleep(_PAUSE_SECONDS)
