"""A clock at real speed whose next hour can be played within a minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slm.demo.alder.script.timeline import HOUR, SECOND
from slm_chassis.clock import real_now

RATE = 60
"""How many times faster than real time the clock runs while an hour is played: a minute a second."""


@dataclass(frozen=True)
class _Pace:
    """The clock's rate from the real instant ``real`` on.

    At that instant the clock shows ``at``; then it advances ``rate`` times as fast as real time.
    """

    real: int
    at: int
    rate: int

    def of(self, real: int) -> int:
        return self.at + (real - self.real) * self.rate


class PlayedClock:
    """A clock that runs as fast as real time, but 60 times as fast while an hour is played.

    Each played hour puts it further ahead of real time.

    All instants are microseconds UTC. Like every ``Clock`` it never goes back, and all parts of the process see the
    same time.
    """

    def __init__(self, real: Callable[[], int] = real_now) -> None:
        self._real = real
        start = real()
        self._paces = [_Pace(start, start, 1)]

    def now(self) -> int:
        """Return the present instant."""
        return self.of_real(self._real())

    def of_real(self, real: int) -> int:
        """Convert a real instant to the clock's time. Before the clock began, that is the real instant."""
        return next((pace for pace in reversed(self._paces) if pace.real <= real), self._paces[0]).of(real)

    def real_seconds(self, microseconds: int) -> float:
        """Return how many real seconds it takes from now until the clock has advanced by ``microseconds``."""
        real = self._real()
        wanted, passed = self.of_real(real) + microseconds, real
        for pace, after in zip(self._paces, [*self._paces[1:], None], strict=True):
            if after is None or wanted < after.at:
                passed = max(pace.real, pace.real + -(-(wanted - pace.at) // pace.rate))
                break
        return (passed - real) / SECOND

    def play(self, length: int = HOUR) -> int:
        """Let the next ``length`` microseconds (whole minutes) pass 60 times as fast as real time.

        Return the instant, by this clock, at which the clock is back at real speed.

        A call while the clock is already playing adds nothing.
        """
        real = self._real()
        last = self._paces[-1]
        if last.real > real:
            return last.at
        begin = self.of_real(real)
        self._paces.append(_Pace(real, begin, RATE))
        self._paces.append(_Pace(real + length // RATE, begin + length, 1))
        return begin + length

    @property
    def is_playing(self) -> bool:
        """Whether the clock runs 60 times as fast as real time at present."""
        return self._paces[-1].real > self._real()
