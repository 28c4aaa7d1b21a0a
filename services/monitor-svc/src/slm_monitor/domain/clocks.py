"""A ticket's clocks: when they start, pause and stop, their deadline, and whether it was kept.

Met iff stopped at or before the deadline; elapsed time never decides. A pause moves the deadline by its length in the
clock's own measure; only a pause that begins before the deadline, as moved so far, counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slm_monitor.domain import tickets
from slm_monitor.domain.clock_run import UPDATE, Run
from slm_monitor.domain.clock_state import (
    BREACHED,
    CANCELLED,
    COMPLETED_LATE,
    ENDED,
    MET,
    PAUSED,
    RUNNING,
    Clock,
)
from slm_monitor.domain.clock_terms import ClockTerms
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.tickets import TicketEvent

__all__ = ["BREACHED", "CANCELLED", "COMPLETED_LATE", "ENDED", "MET", "PAUSED", "RUNNING", "Clock", "of_ticket"]


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
        self._run: Run | None = None
        self._opened_at: int | None = None
        self._state: str | None = None
        self._openings: frozenset[str] = frozenset()
        self._answered = False

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
        if self._run is not None and self._run.over and self._begins_anew(self._run, event):
            self._ended.append(self._run.clock())
            self._run = self._new_run(self._run.target, self._run.terms, event)
        elif self._run is None:
            self._start(event)
        elif not self._run.over:
            self._rematch(event)
        if self._run is not None:
            self._run.take(event)
        self._state = event.state or self._state
        self._answered = self._answered or event.event in ("first_response", "agent_replied")

    def _begins_anew(self, run: Run, event: TicketEvent) -> bool:
        """A further clock of the same target: the next exchange, or a reopened ticket's ``new_clock``."""
        if run.terms.clock == UPDATE:
            return run.stopped and event.event == "customer_replied"
        return run.stopped and event.event == "reopened" and run.terms.on_reopen == "new_clock"

    def _new_run(self, target: ServiceLevelTarget, terms: ClockTerms, event: TicketEvent) -> Run:
        run = Run(target, terms, event.at, self._attributes)
        run.pause_from(event.at, event.state or self._state)
        return run

    def _start(self, event: TicketEvent) -> None:
        # A ticket keeps the terms of its opening, also where another event is what starts the clock.
        if self._opened_at is None:
            return
        target = _first_match(self._lines, self._opened_at, self._attributes)
        if target is None or target.clock is None:
            return
        if self._starts(target.clock, event):
            self._run = self._new_run(target, target.clock, event)

    def _starts(self, terms: ClockTerms, event: TicketEvent) -> bool:
        if terms.clock == UPDATE and (terms.after_first_response or event.event == "customer_replied"):
            return event.event == "customer_replied" and (self._answered or not terms.after_first_response)
        # Some sources never send an opening: then whatever is heard first of a ticket opens it.
        ends = (terms.stop, "closed", "cancelled")
        stands_in = terms.start == "opened" and not self._openings and event.event not in ends
        return event.event == terms.start or stands_in

    def _rematch(self, event: TicketEvent) -> None:
        run = self._run
        assert run is not None and self._opened_at is not None
        target = _first_match(self._lines, self._opened_at, self._attributes)
        if target is not None and target.target_id == run.target.target_id:
            return
        self._ended.append(run.cancelled(event.at))
        self._run = None
        if target is not None and target.clock is not None:
            self._run = run.carried(target, target.clock, event.at, self._state, self._attributes)
