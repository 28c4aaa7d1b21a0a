"""Where one clock of one ticket stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slm_calendar import durations
from slm_calendar.durations import Duration
from slm_calendar.service_hours import ServiceHours
from slm_monitor.domain.terms.terms import ServiceLevelTarget

RUNNING, PAUSED, MET, BREACHED, COMPLETED_LATE, CANCELLED = (
    "running",
    "paused",
    "met",
    "breached",
    "completed_late",
    "cancelled",
)
ENDED = frozenset({MET, COMPLETED_LATE, CANCELLED})
Span = tuple[int, int]


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
    pauses: tuple[Span, ...] = ()
    elapsed_calendar: int = 0
    elapsed_service: int = 0
    ordinal: int = 0
    original_deadline_at: int = 0
    """The deadline as if nothing had paused the clock."""
    measured_from: int = 0
    carried: Span = (0, 0)
    attached_at: int = 0
    """When its target came to apply: later than its start where the ticket was another's before."""
    past_due: bool = False
    """Whether its deadline had passed by then."""
    deadlines: tuple[int, ...] = ()
    """By each of the service hours that match at once; the earliest is the deadline."""
    late_pauses: tuple[Span, ...] = ()
    """Waiting that began after the deadline, which moves nothing."""
    late_since: int | None = None
    """Since when it waits so."""
    carried_net: Span = (0, 0)
    net_calendar: int = 0
    net_service: int = 0
    """Elapsed time without any waiting, also that after the deadline."""
    passed_over: tuple[tuple[str, str], ...] = ()
    """Targets of the same clock that come before this one and do not apply: (key, why not)."""

    @property
    def within(self) -> Duration:
        assert self.target.clock is not None
        return self.target.clock.within

    @property
    def hours(self) -> tuple[ServiceHours, ...]:
        """All service hours that it runs by."""
        terms = self.target.clock
        return (self.target.hours, *terms.also_hours) if terms is not None else (self.target.hours,)

    @property
    def is_open(self) -> bool:
        return self.state not in ENDED

    @property
    def is_notified(self) -> bool:
        """Whether its breach is told to anyone."""
        return not self.past_due or (self.target.clock is not None and self.target.clock.notify_past_due)

    @property
    def ended_at(self) -> int | None:
        """When it was stopped or cancelled."""
        return self.changed_at if self.state in ENDED else None

    def as_of(self, instant: int) -> Clock:
        """The state at an instant: a running clock past its deadline is breached."""
        if self.state == RUNNING and self.breached_at is not None and self.breached_at <= instant:
            return replace(self, state=BREACHED, changed_at=self.breached_at)
        return self

    def pauses_by(self, instant: int) -> list[Span]:
        """The pauses up to an instant, one that still lasts included."""
        lasting = [(self.changed_at, instant)] if self.state == PAUSED and instant > self.changed_at else []
        return [(start, min(end, instant)) for start, end in self.pauses if start < instant] + lasting

    def elapsed_by(self, instant: int) -> Span:
        """Calendar and service time from the start to an instant, pauses left out."""
        pauses = self.pauses_by(instant)
        calendar = instant - self.measured_from - sum(end - start for start, end in pauses)
        service = max(_open(hours, self.measured_from, instant, pauses) for hours in self.hours)
        return self.carried[0] + max(0, calendar), self.carried[1] + max(0, service)

    def late_by(self, instant: int) -> list[Span]:
        """The waiting after the deadline up to an instant."""
        lasting = [(self.late_since, instant)] if self.late_since is not None and instant > self.late_since else []
        return [(start, min(end, instant)) for start, end in self.late_pauses if start < instant] + lasting

    def net_by(self, instant: int) -> Span:
        """Calendar and service time from the start to an instant, all waiting left out."""
        waits = [*self.pauses_by(instant), *self.late_by(instant)]
        calendar = instant - self.measured_from - sum(end - start for start, end in waits)
        service = max(_open(hours, self.measured_from, instant, waits) for hours in self.hours)
        return self.carried_net[0] + max(0, calendar), self.carried_net[1] + max(0, service)

    def shown_deadline(self, instant: int) -> int:
        """The deadline as people are shown it: of a paused clock it moves along with the pause."""
        if self.state != PAUSED:
            return self.deadline_at
        return min(
            durations.extended(self.within, due, durations.elapsed(self.within, self.changed_at, instant, hours), hours)
            for due, hours in zip(self.deadlines or (self.deadline_at,), self.hours, strict=False)
        )

    def left_by(self, instant: int) -> int:
        """Time left to the deadline in the clock's own measure, the least of all its hours; negative past it."""
        until = self.changed_at if self.state in ENDED else instant
        due = self.shown_deadline(until)
        if until <= due:
            return min(durations.elapsed(self.within, until, due, hours) for hours in self.hours)
        return -max(durations.elapsed(self.within, due, until, hours) for hours in self.hours)


def _open(hours: ServiceHours, start: int, end: int, pauses: Sequence[Span]) -> int:
    return hours.open_time(start, end) - sum(hours.open_time(*pause) for pause in pauses)
