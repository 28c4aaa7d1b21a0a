"""Time as something that is passed in: the only place of the product where a clock is read."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from slm_events import instants

SECOND = 1_000_000
"""Microseconds; every instant and length in the product is an integer of them."""


class Clock(Protocol):
    """An installation's time. All its processes agree on it, also where it runs faster than real time."""

    def now(self) -> int:
        """The present instant, microseconds UTC."""
        ...

    def of_real(self, real: int) -> int:
        """The installation's instant at a real one, e.g. a database's or broker's time stamp."""
        ...

    def real_seconds(self, microseconds: int) -> float:
        """How long a length of installation time lasts in real seconds."""
        ...


def real_now() -> int:
    """Real time, microseconds UTC: for leases and time-outs, which an accelerated clock must not shorten."""
    return time.time_ns() // 1_000


class SystemClock:
    """Installation time is real time."""

    def now(self) -> int:
        return real_now()

    def of_real(self, real: int) -> int:
        return real

    def real_seconds(self, microseconds: int) -> float:
        return microseconds / SECOND


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """``origin + rate × (real − start)``: one accelerated time for all processes given the same three numbers."""

    origin: int
    start: int
    rate: Fraction

    def now(self) -> int:
        return self.of_real(real_now())

    def of_real(self, real: int) -> int:
        return self.origin + int(self.rate * (real - self.start))

    def real_seconds(self, microseconds: int) -> float:
        return float(Fraction(microseconds, SECOND) / self.rate)


class ManualClock:
    """Stands still until a test moves it."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        return self._at

    def of_real(self, real: int) -> int:
        return self._at

    def real_seconds(self, microseconds: int) -> float:
        return 0.0

    def move_to(self, at: int) -> None:
        self._at = at


def clock_from(text: str | None) -> Clock:
    """``SLM_CLOCK``: empty → real time; ``origin,start,rate`` (RFC 3339, RFC 3339, number) → an accelerated clock.

    Raises ValueError that says which part is wrong.
    """
    if not text:
        return SystemClock()
    parts = text.split(",")
    if len(parts) != 3:
        raise ValueError(f"SLM_CLOCK is {text!r}; write origin,start,rate like 2026-11-01T00:00:00Z,{{real start}},60")
    try:
        rate = Fraction(parts[2])
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"SLM_CLOCK has rate {parts[2]!r}; give a number above 0 like 60") from None
    if rate <= 0:
        raise ValueError(f"SLM_CLOCK has rate {parts[2]}; a clock runs forward, give a rate above 0")
    return ScaledClock(_instant("origin", parts[0]), _instant("start", parts[1]), rate)


def _instant(part: str, text: str) -> int:
    try:
        return instants.from_text(text)
    except (ValueError, OverflowError):
        raise ValueError(f"SLM_CLOCK has {part} {text!r}; write an instant like 2026-11-01T00:00:00Z") from None


async def sleep_until(clock: Clock, at: int) -> None:
    """Sleep until the clock shows ``at``; returns at once if it is past."""
    delay = clock.real_seconds(at - clock.now())
    await asyncio.sleep(max(0.0, delay))
