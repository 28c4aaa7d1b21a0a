"""The state of one clock of one ticket, and its elapsed and remaining time at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slm_calendar import durations
from slm_calendar.durations import Duration
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.terms.terms import ClockTarget

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
class TicketClockState:
    """The state of one clock of one ticket, by the facts known. Instants and lengths are in microseconds.

    * ``ordinal`` numbers the clocks of the same target on the ticket. A target that applies again gets another clock.
    * ``deadline_at`` of a paused clock leaves out the present pause, which will move the deadline further.
    * ``breached_at`` of a running clock may be in the future. A timer is set for that instant.
    * ``carried`` is the (calendar, service) time taken over from the target that applied before ``measured_from``.
    """

    target: ClockTarget
    started_at: UtcMicroseconds
    deadline_at: UtcMicroseconds
    state: str
    changed_at: UtcMicroseconds
    stopped_at: UtcMicroseconds | None = None
    breached_at: UtcMicroseconds | None = None
    pauses: tuple[Span, ...] = ()
    elapsed_calendar: int = 0
    elapsed_service: int = 0
    ordinal: int = 0
    original_deadline_at: UtcMicroseconds = 0
    """The deadline without any pause."""
    measured_from: UtcMicroseconds = 0
    carried: Span = (0, 0)
    attached_at: UtcMicroseconds = 0
    """When the target began to apply to the ticket. It is later than the start if another target applied before."""
    past_due: bool = False
    """Whether the deadline had already passed when the target began to apply."""
    deadlines: tuple[int, ...] = ()
    """The deadline by each set of the target's service hours, in order; the earliest one applies."""
    late_pauses: tuple[Span, ...] = ()
    """Pauses that began after the deadline, and so do not move it."""
    late_since: UtcMicroseconds | None = None
    """The start of a pause after the deadline that has not ended; None if there is none."""
    carried_net: Span = (0, 0)
    net_calendar: int = 0
    net_service: int = 0
    """The elapsed service time less all pauses, including those after the deadline. ``net_calendar`` is the elapsed
    wall time less the same pauses.
    """
    passed_over: tuple[tuple[str, str], ...] = ()
    """Targets of the same kind of clock that come before this one in the agreement and do not apply to the ticket:
    (key, reason).
    """

    @property
    def within(self) -> Duration:
        return self.target.clock.within

    @property
    def hours(self) -> tuple[ServiceHours, ...]:
        """All sets of service hours by which the clock counts: the target's own hours, and the hours its terms add."""
        return (self.target.hours, *self.target.clock.also_hours)

    @property
    def is_open(self) -> bool:
        return self.state not in ENDED

    @property
    def is_notified(self) -> bool:
        """Whether a breach of this clock is published.

        If the deadline had passed before the target began to apply, the breach is published only if the terms ask for
        it.
        """
        return not self.past_due or self.target.clock.notify_past_due

    @property
    def ended_at(self) -> UtcMicroseconds | None:
        """The instant at which the clock was stopped or cancelled; None while it is open."""
        return self.changed_at if self.state in ENDED else None

    def as_of(self, instant: UtcMicroseconds) -> TicketClockState:
        """Return the clock as of an instant. A running clock becomes breached when its deadline has passed."""
        if self.state == RUNNING and self.breached_at is not None and self.breached_at <= instant:
            return replace(self, state=BREACHED, changed_at=self.breached_at)
        return self

    def pauses_by(self, instant: UtcMicroseconds) -> list[Span]:
        """Return the pauses (start, end) that move the deadline, as far as they lie before an instant.

        A pause that has not ended is returned with this instant as its end.
        """
        lasting = [(self.changed_at, instant)] if self.state == PAUSED and instant > self.changed_at else []
        return [(start, min(end, instant)) for start, end in self.pauses if start < instant] + lasting

    def elapsed_by(self, instant: UtcMicroseconds) -> Span:
        """Return (wall time, service time) elapsed by an instant, in microseconds, less the pauses that move the
        deadline.
        """
        pauses = self.pauses_by(instant)
        calendar = instant - self.measured_from - sum(end - start for start, end in pauses)
        service = max(_open(hours, self.measured_from, instant, pauses) for hours in self.hours)
        return self.carried[0] + max(0, calendar), self.carried[1] + max(0, service)

    def late_by(self, instant: UtcMicroseconds) -> list[Span]:
        """Return the pauses (start, end) that began at or after the deadline, as far as they lie before an instant.

        A pause that has not ended is returned with this instant as its end.
        """
        lasting = [(self.late_since, instant)] if self.late_since is not None and instant > self.late_since else []
        return [(start, min(end, instant)) for start, end in self.late_pauses if start < instant] + lasting

    def net_by(self, instant: UtcMicroseconds) -> Span:
        """Return (wall time, service time) elapsed by an instant, in microseconds, less all pauses before and after the
        deadline.
        """
        waits = [*self.pauses_by(instant), *self.late_by(instant)]
        calendar = instant - self.measured_from - sum(end - start for start, end in waits)
        service = max(_open(hours, self.measured_from, instant, waits) for hours in self.hours)
        return self.carried_net[0] + max(0, calendar), self.carried_net[1] + max(0, service)

    def shown_deadline(self, instant: UtcMicroseconds) -> UtcMicroseconds:
        """Return the deadline to show at an instant. A paused clock's deadline moves on for as long as the pause
        lasts.
        """
        if self.state != PAUSED:
            return self.deadline_at
        return min(
            durations.extend_deadline(
                self.within, due, durations.measure_elapsed_time(self.within, self.changed_at, instant, hours), hours
            )
            for due, hours in zip(self.deadlines or (self.deadline_at,), self.hours, strict=False)
        )

    def left_by(self, instant: UtcMicroseconds) -> int:
        """Return how many microseconds are left until the deadline; after the deadline the number is negative.

        Time is counted as the target counts it: service time or wall time. If the target has several sets of service
        hours, the least time left applies.
        """
        until = self.changed_at if self.state in ENDED else instant
        due = self.shown_deadline(until)
        if until <= due:
            return min(durations.measure_elapsed_time(self.within, until, due, hours) for hours in self.hours)
        return -max(durations.measure_elapsed_time(self.within, due, until, hours) for hours in self.hours)


def _open(hours: ServiceHours, start: UtcMicroseconds, end: UtcMicroseconds, pauses: Sequence[Span]) -> int:
    return hours.open_time(start, end) - sum(hours.open_time(*pause) for pause in pauses)
