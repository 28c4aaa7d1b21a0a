"""What of an indicator has to be judged anew."""

from __future__ import annotations

from dataclasses import dataclass

from slm_monitor.domain.facts.facts import MINUTE

FACT = "fact"


@dataclass(slots=True)
class Invalidation:
    """What of an indicator has to be judged anew: windows from ``since`` on, minutes touched, or all of it."""

    since: int | None = None
    minutes: tuple[int, int] | None = None
    cause: str = FACT
    """What is told of it where a closed window changes."""

    def touch(self, at: int, cause: str | None = None) -> None:
        if cause is not None:
            self.cause = cause
        self.since = at if self.since is None else min(self.since, at)

    def within(self, begins_at: int | None) -> Invalidation:
        """As far as the record reaches back."""
        if begins_at is None:
            return self
        since = None if self.since is None else max(self.since, begins_at)
        first = -(-begins_at // MINUTE)
        minutes = None if self.minutes is None else (max(self.minutes[0], first), max(self.minutes[1], first))
        return Invalidation(since, minutes, self.cause)

    def touch_minutes(self, first: int, last: int) -> None:
        before = self.minutes or (first, last)
        self.minutes = (min(before[0], first), max(before[1], last))
