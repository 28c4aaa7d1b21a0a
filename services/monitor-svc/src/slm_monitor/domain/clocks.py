"""A ticket's clocks: when they start, pause and stop, their deadline, and whether it was kept.

Met iff stopped at or before the deadline; elapsed time never decides. A pause moves the deadline by its length in the
clock's own measure; only a pause that begins before the deadline, as moved so far, counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_calendar import durations
from slm_monitor.domain import tickets
from slm_monitor.domain.terms import ClockTerms, ServiceLevelTarget, TermsLine
from slm_monitor.domain.tickets import TicketEvent

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

    def as_of(self, instant: int) -> Clock:
        """The state at an instant: a running clock past its deadline is breached."""
        if self.state == RUNNING and self.breached_at is not None and self.breached_at <= instant:
            return replace(self, state=BREACHED, changed_at=self.breached_at)
        return self


def of_ticket(events: Sequence[TicketEvent], lines: Iterable[TermsLine]) -> list[Clock]:
    """Every clock the ticket has had, one for each target that came to apply to it; ``events`` in order.

    Per clock (response, resolution …) the lines are tried in the order given and the first match wins.
    """
    by_clock: dict[str, list[TermsLine]] = {}
    for line in lines:
        terms = line.latest.clock
        if terms is not None:
            by_clock.setdefault(terms.clock, []).append(line)
    return [clock for group in by_clock.values() for clock in _numbered(_Walk(group).over(events))]


def _numbered(clocks: Iterable[Clock]) -> Iterable[Clock]:
    seen: Counter[str] = Counter()
    for clock in clocks:
        yield replace(clock, ordinal=seen[clock.target.target_id])
        seen[clock.target.target_id] += 1


def _first_match(lines: Sequence[TermsLine], at: int, attributes: Mapping[str, Any]) -> ServiceLevelTarget | None:
    for line in lines:
        target = line.at(at)
        if target is not None and target.clock is not None and tickets.applies(target.clock.applies_to, attributes):
            return target
    return None


class _Walk:
    """One pass over a ticket's events for one kind of clock."""

    def __init__(self, lines: Sequence[TermsLine]) -> None:
        self._lines = lines
        self._attributes: dict[str, Any] = {}
        self._ended: list[Clock] = []
        self._run: _Run | None = None
        self._opened_at: int | None = None
        self._state: str | None = None
        self._openings: frozenset[str] = frozenset()

    def over(self, events: Sequence[TicketEvent]) -> list[Clock]:
        self._openings = frozenset(event.event for event in events) & {"opened"}
        for event in events:
            self._attributes.update(event.attributes)
            self._take(event)
        if self._run is not None:
            self._ended.append(self._run.clock())
        return self._ended

    def _take(self, event: TicketEvent) -> None:
        if self._opened_at is None and (event.event == "opened" or not self._openings):
            self._opened_at = event.at
        if self._run is None:
            self._start(event)
        elif not self._run.over:
            self._rematch(event)
        if self._run is not None:
            self._run.take(event)
        self._state = event.state or self._state

    def _start(self, event: TicketEvent) -> None:
        # A ticket keeps the terms of its opening, also where another event is what starts the clock.
        if self._opened_at is None:
            return
        target = _first_match(self._lines, self._opened_at, self._attributes)
        if target is None or target.clock is None:
            return
        start, stop = target.clock.start, target.clock.stop
        # Some sources never send an opening: then whatever is heard first of a ticket opens it.
        stands_in = start == "opened" and not self._openings and event.event not in (stop, "closed", "cancelled")
        if event.event == start or stands_in:
            self._run = _Run(target, target.clock, event.at)

    def _rematch(self, event: TicketEvent) -> None:
        run = self._run
        assert run is not None and self._opened_at is not None
        target = _first_match(self._lines, self._opened_at, self._attributes)
        if target is not None and target.target_id == run.target.target_id:
            return
        self._ended.append(run.cancelled(event.at))
        self._run = None
        if target is not None and target.clock is not None:
            self._run = run.carried(target, target.clock, event.at, self._state)


class _Run:
    """A clock while it is being walked."""

    def __init__(self, target: ServiceLevelTarget, terms: ClockTerms, started_at: int) -> None:
        self.target = target
        self._terms = terms
        self._started_at = started_at
        self._original = durations.deadline(terms.within, started_at, target.hours)
        self._pauses: list[tuple[int, int]] = []
        self._paused_since: int | None = None
        self._stopped_at: int | None = None
        self._cancelled_at: int | None = None
        self._changed_at = started_at
        self._carried = (0, 0)

    @property
    def over(self) -> bool:
        return self._stopped_at is not None or self._cancelled_at is not None

    def take(self, event: TicketEvent) -> None:
        if event.event == "cancelled":
            if not self.over:
                self._leave_pause(event.at)
                self._cancelled_at = self._changed_at = event.at
        elif event.event == self._terms.stop:
            if not self.over:
                self._leave_pause(event.at)
                self._stopped_at = self._changed_at = event.at
        elif self._cancelled_at is None and self._stopped_at is not None:
            if event.event == "reopened":
                self._reopen(event)
        elif event.state is not None and not self.over:
            self._turn(event)

    def _turn(self, event: TicketEvent) -> None:
        paused = event.state in self._terms.pause
        if paused and self._paused_since is None:
            if event.at < self._deadline():
                self._paused_since = self._changed_at = event.at
        elif not paused and self._paused_since is not None:
            self._leave_pause(event.at)
            self._changed_at = event.at

    def _reopen(self, event: TicketEvent) -> None:
        """``resume``: the resolved gap is a pause; ``resume_counting_gap``: it is not."""
        assert self._stopped_at is not None
        stopped, self._stopped_at = self._stopped_at, None
        self._changed_at = event.at
        if self._terms.on_reopen == "resume" and stopped < self._deadline():
            self._pauses.append((stopped, event.at))
        if event.state in self._terms.pause and event.at < self._deadline():
            self._paused_since = event.at

    def _leave_pause(self, at: int) -> None:
        if self._paused_since is not None:
            if at > self._paused_since:
                self._pauses.append((self._paused_since, at))
            self._paused_since = None

    def _deadline(self) -> int:
        within, hours = self._terms.within, self.target.hours
        paused = sum(durations.elapsed(within, start, end, hours) for start, end in self._pauses)
        return durations.extended(within, self._original, paused, hours)

    def clock(self) -> Clock:
        deadline = self._deadline()
        until = self._stopped_at or self._cancelled_at
        state, breached_at = self._verdict(deadline)
        elapsed = (0, 0) if until is None else self._elapsed(until)
        return Clock(
            self.target, self._started_at, deadline, state, self._changed_at, self._stopped_at, breached_at,
            tuple(self._pauses), *elapsed,
        )  # fmt: skip

    def _verdict(self, deadline: int) -> tuple[str, int | None]:
        if self._cancelled_at is not None:
            return CANCELLED, deadline if deadline < self._cancelled_at else None
        if self._stopped_at is not None:
            return (MET, None) if self._stopped_at <= deadline else (COMPLETED_LATE, deadline)
        return (PAUSED, None) if self._paused_since is not None else (RUNNING, deadline)

    def _elapsed(self, until: int) -> tuple[int, int]:
        """Calendar and service time from the start, pauses left out."""
        calendar = until - self._started_at - sum(end - start for start, end in self._pauses)
        hours = self.target.hours
        service = hours.open_time(self._started_at, until) - sum(hours.open_time(*pause) for pause in self._pauses)
        return max(0, calendar), max(0, service)

    def cancelled(self, at: int) -> Clock:
        """The clock of a target that no longer applies. A breach before the change stands."""
        self._leave_pause(at)
        self._cancelled_at = self._changed_at = at
        return self.clock()

    def carried(self, target: ServiceLevelTarget, terms: ClockTerms, at: int, state: str | None) -> _Run:
        """The clock of the target that applies from ``at`` on, by its policy of priority changes. It has ended."""
        run = _Run(target, terms, at if terms.on_priority_change == "restart" else self._started_at)
        run._changed_at = at
        if terms.on_priority_change == "from_opening":
            run._pauses = list(self._pauses)
        elif terms.on_priority_change == "carry_elapsed":
            # Elapsed time is carried as an amount: it was measured by the hours in which it passed.
            run._carried = self._elapsed(at)
            run._original = run._deadline_with_carried(at)
        if state in terms.pause and at < run._deadline():
            run._paused_since = at
        return run

    def _deadline_with_carried(self, at: int) -> int:
        within = self._terms.within
        if within.kind == "calendar":
            return at + int(within.amount) - self._carried[0]
        if within.kind == "service_time":
            return self.target.hours.add(at, int(within.amount) - self._carried[1])
        return self._original
