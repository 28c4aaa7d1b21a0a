"""When too much is set aside it is not the data that is bad: the limit that stops a consumer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from slm_chassis.workers import Halt

IN_A_ROW = 100
SHARE = 0.05
WINDOW_SECONDS = 60.0
FEWEST = 400
"""Below this many records in a minute the share says nothing: one bad record among two is no bad deployment."""


class PoisonLimit:
    """Counts records handled and set aside. ``time_of`` gives seconds that only go forward."""

    def __init__(self, time_of: Callable[[], float] = time.monotonic) -> None:
        self._time_of = time_of
        self._in_a_row = 0
        self._counts: deque[tuple[float, int, int]] = deque()

    def handled(self, records: int) -> None:
        if records:
            self._in_a_row = 0
            self._count(records, 0)

    def set_aside(self) -> None:
        self._in_a_row += 1
        self._count(0, 1)

    def check(self, reason: str) -> None:
        """Before setting one more aside. Raises Halt where that would be one too many."""
        if self._in_a_row >= IN_A_ROW:
            raise Halt(f"{self._in_a_row} records in a row could not be handled; the last: {reason}")
        handled = sum(count[1] for count in self._counts)
        aside = sum(count[2] for count in self._counts)
        if handled + aside >= FEWEST and aside > SHARE * (handled + aside):
            raise Halt(f"{aside} of {handled + aside} records within a minute could not be handled; the last: {reason}")

    def _count(self, handled: int, aside: int) -> None:
        now = self._time_of()
        self._counts.append((now, handled, aside))
        while self._counts[0][0] < now - WINDOW_SECONDS:
            self._counts.popleft()
