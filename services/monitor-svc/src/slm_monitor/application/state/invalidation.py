"""Invalidations: which windows or minutes of an indicator must be evaluated again."""

from __future__ import annotations

from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE

FACT = "fact"


@dataclass(slots=True)
class DirtySpan:
    """The part of an indicator that must be evaluated again: windows from ``since`` (µs) on, a range of minutes, or
    both.

    If both are left out, only open windows are evaluated, as their results may change without new data.
    """

    since: UtcMicroseconds | None = None
    minutes: tuple[int, int] | None = None
    cause: str = FACT
    """The cause that a restatement names if a closed window changes."""

    def touch(self, at: UtcMicroseconds, cause: str | None = None) -> None:
        if cause is not None:
            self.cause = cause
        self.since = at if self.since is None else min(self.since, at)

    def within(self, begins_at: UtcMicroseconds | None) -> DirtySpan:
        """Return the part of this invalidation that lies at or after ``begins_at``, the instant from which the record
        of facts is complete. If ``begins_at`` is None, the record is complete from the beginning.
        """
        if begins_at is None:
            return self
        since = None if self.since is None else max(self.since, begins_at)
        first = -(-begins_at // MINUTE)
        minutes = None if self.minutes is None else (max(self.minutes[0], first), max(self.minutes[1], first))
        return DirtySpan(since, minutes, self.cause)

    def touch_minutes(self, first: int, last: int) -> None:
        before = self.minutes or (first, last)
        self.minutes = (min(before[0], first), max(before[1], last))
