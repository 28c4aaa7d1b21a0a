"""Where one clock of one ticket stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slm_calendar import durations
from slm_monitor.domain.terms import ServiceLevelTarget

RUNNING, PAUSED, MET, BREACHED, COMPLETED_LATE, CANCELLED = (
    "running", "paused", "met", "breached", "completed_late", "cancelled",
)  # fmt: skip
ENDED = frozenset({MET, COMPLETED_LATE, CANCELLED})


@dataclass(frozen=True, slots=True)
class Clock:
    """Where one clock of one ticket stands, by the facts known; lengths in microseconds.

    ``ordinal`` counts the clocks the same target has had on the ticket: a priority may leave and come back.

    ``deadline_at`` of a paused clock is the one before the pause: it will move by the pause's length.
    ``breached_at`` may lie ahead of now while the clock runs: then it is when a timer must look.
    ``carried`` is the (calendar, service) time taken over from the target that applied before ``measured_from``.
    """

    target: ServiceLevelTarget
    started_at: int
    deadline_at: int
    state: str
    changed_at: int
    stopped_at: int | None = None
    breached_at: int | None = None
    pauses: tuple[tuple[int, int], ...] = ()
    elapsed_calendar: int = 0
    elapsed_service: int = 0
    ordinal: int = 0
    original_deadline_at: int = 0
    """The deadline as if nothing had paused the clock."""
    measured_from: int = 0
    carried: tuple[int, int] = (0, 0)

    def as_of(self, instant: int) -> Clock:
        """The state at an instant: a running clock past its deadline is breached."""
        if self.state == RUNNING and self.breached_at is not None and self.breached_at <= instant:
            return replace(self, state=BREACHED, changed_at=self.breached_at)
        return self

    def pauses_by(self, instant: int) -> list[tuple[int, int]]:
        """The pauses up to an instant, one that still lasts included."""
        lasting = [(self.changed_at, instant)] if self.state == PAUSED and instant > self.changed_at else []
        return [(start, min(end, instant)) for start, end in self.pauses if start < instant] + lasting

    def elapsed_by(self, instant: int) -> tuple[int, int]:
        """Calendar and service time from the start to an instant, pauses left out."""
        hours, pauses = self.target.hours, self.pauses_by(instant)
        calendar = instant - self.measured_from - sum(end - start for start, end in pauses)
        service = hours.open_time(self.measured_from, instant) - sum(hours.open_time(*pause) for pause in pauses)
        return self.carried[0] + max(0, calendar), self.carried[1] + max(0, service)

    def shown_deadline(self, instant: int) -> int:
        """The deadline as people are shown it: of a paused clock it moves along with the pause."""
        terms = self.target.clock
        if terms is None or self.state != PAUSED:
            return self.deadline_at
        paused = durations.elapsed(terms.within, self.changed_at, instant, self.target.hours)
        return durations.extended(terms.within, self.deadline_at, paused, self.target.hours)
