"""The limit of dead letters, beyond which a consumer stops, because the cause is then the program and not the data."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from slm_chassis.workers import Halt

IN_A_ROW = 100
SHARE = 0.05
WINDOW_SECONDS = 60.0
ENOUGH = 400
"""The least number of records at which more than one dead letter in twenty cannot be a coincidence."""
LONGEST_SECONDS = 3_600.0
"""The greatest age of counts that are used when the last minute has fewer than ``ENOUGH`` records."""


class PoisonLimit:
    """Counts the handled records and the dead letters of a consumer, and raises Halt if there are too many dead
    letters.

    ``time_of`` returns seconds that never go backward.
    """

    def __init__(self, time_of: Callable[[], float] = time.monotonic) -> None:
        self._time_of = time_of
        self._in_a_row = 0
        self._counts: deque[tuple[float, int, int]] = deque()
        self._handled = 0
        self._aside = 0

    def handled(self, records: int) -> None:
        """Count records that were handled."""
        if records:
            self._in_a_row = 0
            self._count(records, 0)

    def set_aside(self) -> None:
        """Count one record that became a dead letter."""
        self._in_a_row += 1
        self._count(0, 1)

    def check(self, reason: str) -> None:
        """Raise Halt if too many records have become dead letters. Called before a record becomes a dead letter for
        ``reason``.
        """
        if self._in_a_row >= IN_A_ROW:
            raise Halt(f"{self._in_a_row} records in a row could not be handled; the last: {reason}")
        self._forget()
        total = self._handled + self._aside
        if self._aside > _tolerated(total):
            raise Halt(f"{self._aside} of the last {total} records could not be handled; the last: {reason}")

    def _count(self, handled: int, aside: int) -> None:
        self._counts.append((self._time_of(), handled, aside))
        self._handled += handled
        self._aside += aside
        self._forget()

    def _forget(self) -> None:
        """Drop counts older than a minute as long as enough records remain, and all counts older than an hour."""
        now = self._time_of()
        while self._counts:
            at, handled, aside = self._counts[0]
            is_spared = self._handled + self._aside - handled - aside < ENOUGH and at >= now - LONGEST_SECONDS
            if at >= now - WINDOW_SECONDS or is_spared:
                return
            self._counts.popleft()
            self._handled -= handled
            self._aside -= aside


def _tolerated(total: int) -> float:
    """Return how many of ``total`` records may become dead letters: all of the first ``IN_A_ROW`` records, and the
    share ``SHARE`` of ``ENOUGH`` or more records.

    Between the two, the allowed number changes evenly with ``total``.
    """
    few = IN_A_ROW - (total - IN_A_ROW) * (IN_A_ROW - SHARE * ENOUGH) / (ENOUGH - IN_A_ROW)
    return max(SHARE * total, min(IN_A_ROW, few))
