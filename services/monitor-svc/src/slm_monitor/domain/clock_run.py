"""A ticket's clock while its events are walked: it starts, pauses, stops, reopens, and is handed to another target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slm_calendar import durations
from slm_events import instants
from slm_monitor.domain.clock_state import CANCELLED, COMPLETED_LATE, MET, PAUSED, RUNNING, Clock
from slm_monitor.domain.clock_terms import ClockTerms
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.tickets import TicketEvent

UPDATE = "update"
"""The clock that runs once for each exchange: from the customer's first unanswered message to an agent's answer."""
_ANSWERS = frozenset({"agent_replied", "first_response", "resolved", "fulfilled", "closed"})


class Run:
    """A clock while it is being walked; ``attributes`` are the ticket's, for a deadline that stands in one of them."""

    def __init__(
        self, target: ServiceLevelTarget, terms: ClockTerms, started_at: int, attributes: Mapping[str, Any]
    ) -> None:
        self.target = target
        self.terms = terms
        self._started_at = started_at
        self._original = durations.deadline(terms.within, started_at, target.hours, _dates(terms, attributes))
        self._stops = _ANSWERS if terms.clock == UPDATE else frozenset({terms.stop})
        self._pauses: list[tuple[int, int]] = []
        self._paused_since: int | None = None
        self._stopped_at: int | None = None
        self._cancelled_at: int | None = None
        self._changed_at = started_at
        self._measured_from = started_at
        self._carried = (0, 0)

    @property
    def over(self) -> bool:
        return self._stopped_at is not None or self._cancelled_at is not None

    @property
    def stopped(self) -> bool:
        return self._stopped_at is not None and self._cancelled_at is None

    def pause_from(self, at: int, state: str | None) -> None:
        """Pause at once if the ticket's state is one that pauses."""
        if state in self.terms.pause and at < self._deadline():
            self._paused_since = self._changed_at = at

    def take(self, event: TicketEvent) -> None:
        if event.event == "cancelled":
            if not self.over:
                self._leave_pause(event.at)
                self._cancelled_at = self._changed_at = event.at
        elif event.event in self._stops:
            if not self.over:
                self._leave_pause(event.at)
                self._stopped_at = self._changed_at = event.at
        elif self._cancelled_at is None and self._stopped_at is not None:
            if event.event == "reopened":
                self._reopen(event)
        elif event.state is not None and not self.over:
            self._turn(event)

    def _turn(self, event: TicketEvent) -> None:
        paused = event.state in self.terms.pause
        if paused and self._paused_since is None:
            self.pause_from(event.at, event.state)
        elif not paused and self._paused_since is not None:
            self._leave_pause(event.at)
            self._changed_at = event.at

    def _reopen(self, event: TicketEvent) -> None:
        """``resume``: the resolved gap is a pause; ``resume_counting_gap``: it is not."""
        assert self._stopped_at is not None
        stopped, self._stopped_at = self._stopped_at, None
        self._changed_at = event.at
        if self.terms.on_reopen == "resume" and stopped < self._deadline():
            self._pauses.append((stopped, event.at))
        self.pause_from(event.at, event.state)

    def _leave_pause(self, at: int) -> None:
        if self._paused_since is not None:
            if at > self._paused_since:
                self._pauses.append((self._paused_since, at))
            self._paused_since = None

    def _deadline(self) -> int:
        within, hours = self.terms.within, self.target.hours
        paused = sum(durations.elapsed(within, start, end, hours) for start, end in self._pauses)
        return durations.extended(within, self._original, paused, hours)

    def clock(self) -> Clock:
        deadline = self._deadline()
        until = self._stopped_at or self._cancelled_at
        state, breached_at = self._verdict(deadline)
        clock = Clock(
            self.target, self._started_at, deadline, state, self._changed_at, self._stopped_at, breached_at,
            tuple(self._pauses), original_deadline_at=self._original, measured_from=self._measured_from,
            carried=self._carried,
        )  # fmt: skip
        if until is None:
            return clock
        calendar, service = clock.elapsed_by(until)
        return replace(clock, elapsed_calendar=calendar, elapsed_service=service)

    def _verdict(self, deadline: int) -> tuple[str, int | None]:
        if self._cancelled_at is not None:
            return CANCELLED, deadline if deadline < self._cancelled_at else None
        if self._stopped_at is not None:
            return (MET, None) if self._stopped_at <= deadline else (COMPLETED_LATE, deadline)
        return (PAUSED, None) if self._paused_since is not None else (RUNNING, deadline)

    def cancelled(self, at: int) -> Clock:
        """The clock of a target that no longer applies. A breach before the change stands."""
        self._leave_pause(at)
        self._cancelled_at = self._changed_at = at
        return self.clock()

    def carried(
        self, target: ServiceLevelTarget, terms: ClockTerms, at: int, state: str | None, attributes: Mapping[str, Any]
    ) -> Run:
        """The clock of the target that applies from ``at`` on, by its policy of priority changes. It has ended."""
        policy = terms.on_priority_change
        run = Run(target, terms, at if policy == "restart" else self._started_at, attributes)
        run._changed_at = at
        if policy == "carry_elapsed" and terms.within.kind in ("calendar", "service_time"):
            # Elapsed time is carried as an amount: it was measured by the hours in which it passed.
            run._carried, run._measured_from = self.clock().elapsed_by(at), at
            run._original = run._deadline_with_carried(at)
        elif policy != "restart" and (policy == "carry_elapsed" or terms.carry_pauses):
            # A duration in days has no amount to carry: its pauses are, and move the deadline as before.
            run._pauses = list(self._pauses)
        run.pause_from(at, state)
        return run

    def _deadline_with_carried(self, at: int) -> int:
        within = self.terms.within
        if within.kind == "calendar":
            return at + int(within.amount) - self._carried[0]
        return self.target.hours.add(at, int(within.amount) - self._carried[1])


def _dates(terms: ClockTerms, attributes: Mapping[str, Any]) -> dict[str, int]:
    """The ticket's field that holds the deadline, as an instant; nothing where it is missing or no date."""
    if terms.within.kind != "due_at":
        return {}
    field = str(terms.within.amount)
    try:
        return {field: instants.from_text(str(attributes[field]))}
    except (KeyError, ValueError):
        return {}
