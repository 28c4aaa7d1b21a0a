"""Waiting for what an installation will say: by asking again until a deadline, never by sleeping and hoping."""

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


class NotSeen(Exception):
    """What was waited for did not happen in time; the text says what."""


class Patience:
    """How long to wait: so many real seconds from the installation's instant on at which something is due."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds

    def now(self) -> int:
        """The installation's present instant."""
        return self._clock.now()

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, due: int | None = None) -> T:
        """What ``look`` sees once it sees something. Raises NotSeen, naming what was waited for; Declined."""
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
                raise NotSeen(f"not seen within {self.seconds:g} s: {what}{trouble}")
            await asyncio.sleep(_PAUSE_SECONDS)
