"""Clocks, passed in as parameters. This is the only module that reads the system's time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from slm_events import instants
from slm_events.instants import UtcMicroseconds

SECOND = 1_000_000
"""Microseconds. Every instant and length of time in the product is an integer number of them."""


class Clock(Protocol):
    """The time of an installation, the same in all its processes. It may run faster than real time."""

    def now(self) -> UtcMicroseconds:
        """Return the present instant in microseconds UTC."""
        ...

    def of_real(self, real: UtcMicroseconds) -> UtcMicroseconds:
        """Convert an instant of real time, such as the timestamp of a database or broker, to installation time."""
        ...

    def real_seconds(self, microseconds: int) -> float:
        """Return how many real seconds a length of installation time takes."""
        ...


def real_now() -> UtcMicroseconds:
    """Return real time in microseconds UTC, for leases and timeouts, which an accelerated clock must not shorten."""
    return time.time_ns() // 1_000


class SystemClock:
    """A clock that shows real time."""

    def now(self) -> UtcMicroseconds:
        """Return real time in microseconds UTC."""
        return real_now()

    def of_real(self, real: UtcMicroseconds) -> UtcMicroseconds:
        """Return the instant unchanged: installation time is real time."""
        return real

    def real_seconds(self, microseconds: int) -> float:
        """Convert microseconds to seconds."""
        return microseconds / SECOND


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """A clock that shows ``origin + rate × (real − start)``, the same in all processes with these three numbers."""

    origin: UtcMicroseconds
    start: UtcMicroseconds
    rate: Fraction

    def now(self) -> UtcMicroseconds:
        """Return the accelerated time in microseconds UTC."""
        return self.of_real(real_now())

    def of_real(self, real: UtcMicroseconds) -> UtcMicroseconds:
        """Convert an instant of real time to accelerated time."""
        return self.origin + int(self.rate * (real - self.start))

    def real_seconds(self, microseconds: int) -> float:
        """Return how many real seconds a length of accelerated time takes."""
        return float(Fraction(microseconds, SECOND) / self.rate)


class ManualClock:
    """A clock that shows the same instant until ``move_to`` is called: for answers as of one instant, and for tests."""

    def __init__(self, at: UtcMicroseconds) -> None:
        self._at = at

    def now(self) -> UtcMicroseconds:
        """Return the instant that ``move_to`` set last."""
        return self._at

    def of_real(self, real: UtcMicroseconds) -> UtcMicroseconds:
        """Return the instant that ``move_to`` set last, whatever the real instant."""
        return self._at

    def real_seconds(self, microseconds: int) -> float:
        """Return 0: nobody waits for a clock that only a test moves."""
        return 0.0

    def move_to(self, at: UtcMicroseconds) -> None:
        """Show this instant from now on."""
        self._at = at


def parse_clock(text: str | None) -> Clock:
    """Return the clock that the value of ``SLM_CLOCK`` describes.

    Empty means real time; ``origin,start,rate`` (RFC 3339, RFC 3339, number) means an accelerated clock. Raises
    ValueError that names the wrong part.
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


def _instant(part: str, text: str) -> UtcMicroseconds:
    try:
        return instants.from_text(text)
    except (ValueError, OverflowError):
        raise ValueError(f"SLM_CLOCK has {part} {text!r}; write an instant like 2026-11-01T00:00:00Z") from None


async def sleep_until(clock: Clock, at: UtcMicroseconds) -> None:
    """Sleep until the clock shows ``at``; return at once if that instant is past."""
    delay = clock.real_seconds(at - clock.now())
    await asyncio.sleep(max(0.0, delay))
