"""The state machine of one ticket clock: start, pause, stop, reopening, and handover to another target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slm_calendar import durations, intervals
from slm_calendar.errors import CalendarError, finding
from slm_calendar.service_hours import ServiceHours
from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks.clock_state import (
    CANCELLED,
    COMPLETED_LATE,
    MET,
    PAUSED,
    RUNNING,
    Span,
    TicketClockState,
)
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms import conditions
from slm_monitor.domain.terms.clock_terms import CLOSURE, RESOLUTION, TicketClockTerms
from slm_monitor.domain.terms.terms import FOREVER, ClockTarget

Attributes = Mapping[str, Any]
_FIRST = -62_135_596_800_000_000
"""0001-01-01, in microseconds since 1970."""


class TicketClockMachine:
    """The state machine of one clock, to which the events of its ticket are applied in order.

    ``attributes`` are the ticket's attributes: one of them may hold the deadline.
    """

    def __init__(
        self, target: ClockTarget, terms: TicketClockTerms, started_at: UtcMicroseconds, attributes: Attributes
    ) -> None:
        self.target = target
        self.terms = terms
        self.started_at = started_at
        self.attached_at = started_at
        self.passed_over: tuple[tuple[str, str], ...] = ()
        self._hours = (target.hours, *terms.also_hours)
        self._dates = _dates(terms, attributes)
        self._originals = [
            durations.compute_deadline(terms.within, started_at, each, self._dates) for each in self._hours
        ]
        self._pauses: list[Span] = []
        self._paused_since: UtcMicroseconds | None = None
        self._late: list[Span] = []
        """Pauses that began after the deadline. They do not move it, and do not count in the net elapsed time."""
        self._late_since: UtcMicroseconds | None = None
        self._stopped_at: UtcMicroseconds | None = None
        self._stopped_for_good = False
        self._cancelled_at: UtcMicroseconds | None = None
        self._changed_at = started_at
        self._measured_from = started_at
        self._carried = (0, 0)
        self._carried_net = (0, 0)

    @property
    def over(self) -> bool:
        return self._stopped_at is not None or self._cancelled_at is not None

    @property
    def stopped(self) -> bool:
        return self._stopped_at is not None and self._cancelled_at is None

    @property
    def can_reopen(self) -> bool:
        """Whether a reopening of the ticket restarts the clock. It does so only if the ticket's end stopped the clock.

        For example, a clock that the first response stopped stays stopped.
        """
        return self.stopped and not self._stopped_for_good

    def is_past(self, at: UtcMicroseconds) -> bool:
        """Whether the deadline lies before an instant. False while the clock is paused, because the pause moves the
        deadline.
        """
        return self._paused_since is None and self._deadline() < at

    def pause_from(self, at: UtcMicroseconds, state: str | None, attributes: Attributes) -> None:
        """Pause the clock if a pause condition holds.

        A pause that begins at or after the deadline is recorded, but does not move the deadline.
        """
        if not conditions.does_any_condition_hold(self.terms.pause, None, state, attributes):
            return
        if at < self._deadline():
            self._leave_pause(at)
            self._paused_since = self._changed_at = at
        elif self._late_since is None:
            self._late_since = at

    def apply(self, event: TicketEvent, state: str | None, attributes: Attributes) -> None:
        """Apply an event. ``state`` (None: not known) and ``attributes`` are the state and attributes of the ticket
        after the event.

        The conditions for cancelling are checked first, then the conditions for stopping, then the conditions for
        pausing.
        """
        if self._cancelled_at is not None:
            return
        if self._stopped_at is not None:
            self._take_stopped(event, state, attributes)
        elif event.event == "cancelled" or conditions.does_any_condition_hold(
            self.terms.cancel, event, state, attributes
        ):
            self._leave_pause(event.at)
            self._cancelled_at = self._changed_at = event.at
        elif event.event == "closed" or conditions.does_any_condition_hold(self.terms.stop, event, state, attributes):
            self.stop(event)
        else:
            self._follow_date(event.at, attributes)
            self._turn(event.at, state, attributes)

    def stop(self, event: TicketEvent) -> None:
        """Stop the clock at an event. If the event ends the ticket, a reopening can restart the clock; otherwise the
        clock stays stopped.
        """
        self._leave_pause(event.at)
        self._stopped_at = self._changed_at = event.at
        is_the_end = event.event in ticket_events.ENDS or self.terms.clock in (RESOLUTION, CLOSURE)
        self._stopped_for_good = not is_the_end

    def _take_stopped(self, event: TicketEvent, state: str | None, attributes: Attributes) -> None:
        is_reopened = event.event == "reopened" and not self._stopped_for_good
        if is_reopened or self._left_its_stop(event, state, attributes):
            self._reopen(event, state, attributes)
        elif event.event not in ticket_events.ENDS and conditions.does_any_condition_hold(
            self.terms.stop, event, state, attributes
        ):
            # The ticket was answered after it had ended: if it is reopened later, this clock has nothing to wait for.
            self._stopped_for_good = True

    def _left_its_stop(self, event: TicketEvent, state: str | None, attributes: Attributes) -> bool:
        """Whether the clock must run again, because the ticket no longer has the state or attributes that stopped
        it.
        """
        return all(each.lasts for each in self.terms.stop) and not conditions.does_any_condition_hold(
            self.terms.stop, event, state, attributes
        )

    def _turn(self, at: UtcMicroseconds, state: str | None, attributes: Attributes) -> None:
        if not conditions.does_any_condition_hold(self.terms.pause, None, state, attributes):
            is_paused = self._paused_since is not None
            self._leave_pause(at)
            self._changed_at = at if is_paused else self._changed_at
        elif self._paused_since is None:
            self.pause_from(at, state, attributes)

    def _follow_date(self, at: UtcMicroseconds, attributes: Attributes) -> None:
        """Move the deadline if a date field of the ticket holds it and has changed, unless the old deadline is past."""
        if self.terms.within.kind != "due_at" or (dates := _dates(self.terms, attributes)) == self._dates:
            return
        if not self.is_past(at):
            self._dates = dates
            self._originals = [
                durations.compute_deadline(self.terms.within, self.started_at, hours, dates) for hours in self._hours
            ]

    def _reopen(self, event: TicketEvent, state: str | None, attributes: Attributes) -> None:
        """Restart the clock after a reopening of the ticket.

        With ``on_reopen: resume`` the time since the stop becomes a pause; with ``resume_counting_gap`` it counts as
        elapsed.
        """
        assert self._stopped_at is not None
        stopped, self._stopped_at = self._stopped_at, None
        self._changed_at = event.at
        if self.terms.on_reopen == "resume" and stopped < event.at:
            (self._pauses if stopped < self._deadline() else self._late).append((stopped, event.at))
        self.pause_from(event.at, state, attributes)

    def _leave_pause(self, at: UtcMicroseconds) -> None:
        for since, waits in ((self._paused_since, self._pauses), (self._late_since, self._late)):
            if since is not None and at > since:
                waits.append((since, at))
        self._paused_since = self._late_since = None

    def _moved(self) -> tuple[list[Span], list[UtcMicroseconds]]:
        """Return (pauses that move the deadlines, moved deadlines).

        There is one deadline for each set of the target's service hours. A pause moves all deadlines if it begins
        before the earliest deadline, as the earlier pauses have moved it.
        """
        within, dues = self.terms.within, list(self._originals)
        counted = []
        for start, end in self._pauses:
            if start < min(dues):
                counted.append((start, end))
                dues = [
                    durations.extend_deadline(
                        within, due, durations.measure_elapsed_time(within, start, end, hours), hours
                    )
                    for due, hours in zip(dues, self._hours, strict=True)
                ]
        return counted, dues

    def _deadline(self) -> UtcMicroseconds:
        return min(self._moved()[1])

    def clock(self) -> TicketClockState:
        """Return the present state of the clock. Raises CalendarError for a deadline outside the years 1 to 9999."""
        pauses, deadlines = self._moved()
        late = [pause for pause in self._pauses if pause not in pauses]
        deadline = min(deadlines)
        if not _FIRST <= deadline < FOREVER:
            raise CalendarError([finding("within", str(self.terms.within), "the deadline lies beyond the year 9999")])
        until = self._stopped_at or self._cancelled_at
        state, breached_at = self._verdict(deadline)
        clock = TicketClockState(
            self.target,
            self.started_at,
            deadline,
            state,
            self._changed_at,
            self._stopped_at,
            breached_at,
            tuple(pauses),
            original_deadline_at=min(self._originals),
            measured_from=self._measured_from,
            carried=self._carried,
            attached_at=self.attached_at,
            past_due=self._paused_since is None and deadline < self.attached_at,
            deadlines=tuple(deadlines),
            passed_over=self.passed_over,
            late_pauses=tuple(sorted([*late, *self._late])),
            late_since=self._late_since,
            carried_net=self._carried_net,
        )
        if until is None:
            return clock
        calendar, service = clock.elapsed_by(until)
        net = clock.net_by(until)
        return replace(
            clock, elapsed_calendar=calendar, elapsed_service=service, net_calendar=net[0], net_service=net[1]
        )

    def _verdict(self, deadline: UtcMicroseconds) -> tuple[str, int | None]:
        if self._cancelled_at is not None:
            return CANCELLED, deadline if deadline < self._cancelled_at else None
        if self._stopped_at is not None:
            return (MET, None) if self._stopped_at <= deadline else (COMPLETED_LATE, deadline)
        return (PAUSED, None) if self._paused_since is not None else (RUNNING, deadline)

    def cancelled(self, at: UtcMicroseconds) -> TicketClockState:
        """Cancel the clock at an instant, because its target no longer applies; return its state. A breach before that
        instant remains.
        """
        self._leave_pause(at)
        self._cancelled_at = self._changed_at = at
        return self.clock()

    # -- handover to other terms ----------------------------------------------------------------------------------

    def reopened_at(
        self, started_at: UtcMicroseconds, at: UtcMicroseconds, attributes: Attributes
    ) -> TicketClockMachine:
        """Return a copy of this clock that starts at ``started_at``, because the ticket's opening was edited at the
        instant ``at``.
        """
        run = TicketClockMachine(self.target, self.terms, started_at, attributes)
        run._pauses = [(max(start, started_at), end) for start, end in self._pauses if end > started_at]
        run._late = [(max(start, started_at), end) for start, end in self._late if end > started_at]
        run._paused_since, run._late_since = self._paused_since, self._late_since
        run._changed_at, run.passed_over = self._changed_at, self.passed_over
        # A breach that was certain before the edit must still be published.
        run.attached_at = self.attached_at if self.is_past(at) else at
        return run

    def carried(
        self, target: ClockTarget, terms: TicketClockTerms, at: UtcMicroseconds, attributes: Attributes
    ) -> TicketClockMachine:
        """Return a clock that continues this one under other terms from ``at`` on, with the time elapsed so far."""
        run = TicketClockMachine(target, terms, self.started_at, attributes)
        run._changed_at = run.attached_at = at
        if terms.within.kind in ("calendar", "service_time"):
            # Elapsed time is carried as an amount: it was measured by the service hours of the old target.
            run._carried, run._measured_from = self._elapsed_by(at), at
            run._carried_net = self.clock().net_by(at)
            run._originals = [run._with_carried(at, hours) for hours in run._hours]
        else:
            # A duration in days has no amount to carry. The pauses are carried instead, and move the new deadline.
            run._pauses, run._late = self._pauses_by(at), self.clock().late_by(at)
        return run

    def take_pauses(self, other: TicketClockMachine, at: UtcMicroseconds) -> None:
        """Replace this clock's pauses by the pauses of ``other`` that lie before the instant ``at``."""
        self._pauses = intervals.clip(other._pauses_by(at), self.started_at, at)
        self._late = intervals.clip(other.clock().late_by(at), self.started_at, at)

    def changed(self, at: UtcMicroseconds) -> None:
        """Set the instant from which the clock is in its present state."""
        self._changed_at = at

    def _elapsed_by(self, at: UtcMicroseconds) -> Span:
        return self.clock().elapsed_by(at)

    def _pauses_by(self, at: UtcMicroseconds) -> list[Span]:
        return self.clock().pauses_by(at)

    def _with_carried(self, at: UtcMicroseconds, hours: ServiceHours) -> UtcMicroseconds:
        within = self.terms.within
        if within.kind == "calendar":
            return at + int(within.amount) - self._carried[0]
        left = int(within.amount) - self._carried[1]
        # If no time is left, the deadline is now, not the instant at which service hours open again.
        return hours.add(at, left) if left else at


def _dates(terms: TicketClockTerms, attributes: Attributes) -> dict[str, int]:
    """Return {field: instant} for the ticket's field that holds the deadline; empty if it is missing or not a date."""
    if terms.within.kind != "due_at":
        return {}
    field = str(terms.within.amount)
    written = attributes.get(field)
    return {} if written is None or (at := read_instant_from_field(written)) is None else {field: at}


def read_instant_from_field(written: Any) -> UtcMicroseconds | None:
    """Read an instant (microseconds) from the value of a ticket's field; None if the value is not an instant."""
    try:
        return instants.from_text(str(written))
    except ValueError:
        return None
