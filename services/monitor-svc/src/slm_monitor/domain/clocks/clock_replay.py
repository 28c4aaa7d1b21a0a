"""The replay of a ticket's events into clocks: start, pauses, stop, deadline, and whether the deadline was met.

A clock is met if and only if it stopped at or before its deadline; elapsed time does not decide. A pause that begins
before the deadline moves the deadline by the length of the pause, in service time or wall time as the target counts.
Pauses are applied in order: each pause is compared with the deadline that the earlier pauses have already moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks import target_matching
from slm_monitor.domain.clocks.clock_machine import TicketClockMachine, read_instant_from_field
from slm_monitor.domain.clocks.clock_state import (
    BREACHED,
    CANCELLED,
    COMPLETED_LATE,
    ENDED,
    MET,
    PAUSED,
    RUNNING,
    TicketClockState,
)
from slm_monitor.domain.clocks.ticket_scope import TicketScope
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms import conditions
from slm_monitor.domain.terms.clock_terms import UPDATE, TicketClockTerms
from slm_monitor.domain.terms.terms import ClockTarget
from slm_monitor.domain.terms.terms_history import ClockHistory

__all__ = ["BREACHED", "CANCELLED", "COMPLETED_LATE", "ENDED", "MET", "PAUSED", "RUNNING", "replay_ticket_clocks"]


@dataclass(frozen=True, slots=True)
class UnevaluableClock:
    """A kind of clock, such as ``response``, that cannot be evaluated for a ticket, and the reason."""

    clock: str
    reason: str
    agreement_id: str = ""


def replay_ticket_clocks(
    events: Sequence[TicketEvent],
    lines: Sequence[ClockHistory],
    until: UtcMicroseconds | None = None,
    failed: Callable[[UnevaluableClock], None] | None = None,
) -> list[TicketClockState]:
    """Return every clock that a ticket has had under these terms histories.

    ``lines`` are the terms histories of targets in order: the first that matches the ticket applies. ``until`` and
    ``failed`` are passed to ``replay_clocks_by_rules``.
    """
    return replay_clocks_by_rules(events, target_matching.TicketRuleBook(lines), until, failed)


def replay_clocks_by_rules(
    events: Sequence[TicketEvent],
    book: target_matching.TicketRuleBook,
    until: UtcMicroseconds | None = None,
    failed: Callable[[UnevaluableClock], None] | None = None,
) -> list[TicketClockState]:
    """Return every clock that a ticket has had under the rules in ``book``.

    ``until``: also apply amendments that took effect after the last event, up to this instant; None: no such amendment.
    ``failed`` is called with each clock that cannot be evaluated; without ``failed`` the error is raised.
    """
    found: list[TicketClockState] = []
    scope = book.scope_of(events)
    covering = scope.ever(events)
    for kind, rules in book.kinds:
        if rules.agreement_id not in covering:
            continue
        try:
            found += _numbered(_Walk(rules, scope).over(events, until))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if failed is None:
                raise
            failed(UnevaluableClock(kind, f"{type(error).__name__}: {error}", rules.agreement_id))
    return found


def _numbered(clocks: Iterable[TicketClockState]) -> Iterable[TicketClockState]:
    seen: Counter[str] = Counter()
    for clock in clocks:
        ordinal = seen[clock.target.target_id]
        yield replace(clock, ordinal=ordinal) if ordinal else clock
        seen[clock.target.target_id] += 1


class _Walk:
    """One pass over a ticket's events for one kind of clock in one agreement."""

    def __init__(
        self, rules: target_matching.ClockKindRules | target_matching.SingleTargetRule, scope: TicketScope | None = None
    ) -> None:
        self._rules = rules
        self._scope = scope
        """Decides whether the agreement covers the ticket; None: it always does."""
        self._attributes: dict[str, Any] = {}
        self._ended: list[TicketClockState] = []
        self._run: TicketClockMachine | None = None
        self._opened_at: UtcMicroseconds | None = None
        self._state: str | None = None
        self._has_opening = False
        self._answered = False
        self._has_ended: str | None = None
        """The event that ended the ticket, until the ticket is reopened."""
        self._is_asked = False
        """Whether the customer has written since the ticket ended, and the ticket was not reopened since."""
        self._team: Any = None
        """The team to which the ticket was last assigned."""
        self._is_assigned = self._is_handed_on = False
        self._seen: list[TicketEvent] = []
        self._tried: ClockTarget | None = None
        self._amended_to: UtcMicroseconds | None = None
        self._matched: ClockTarget | None = None
        self._is_matched = False
        """Whether ``_matched`` is still valid: neither attributes nor terms have changed since."""

    def over(self, events: Sequence[TicketEvent], until: UtcMicroseconds | None = None) -> list[TicketClockState]:
        self.walk(events, until)
        if self._run is not None:
            self._ended.append(self._run.clock())
        return self._ended

    def walk(self, events: Sequence[TicketEvent], until: UtcMicroseconds | None = None) -> TicketClockMachine | None:
        """Apply the events; return the machine of the last clock, None if there is none."""
        self._has_opening = any(event.event == "opened" for event in events)
        for event in events:
            self._amend_by(event.at)
            self._learn(event.attributes)
            self._apply(event)
        if until is not None:
            self._amend_by(until)
        return self._run

    def _learn(self, attributes: Mapping[str, Any]) -> None:
        known = self._attributes
        if any(name not in known or known[name] != value for name, value in attributes.items()):
            known.update(attributes)
            self._is_matched = False

    # -- events ---------------------------------------------------------------------------------------------------

    def _apply(self, event: TicketEvent) -> None:
        if self._opened_at is None and (event.event == "opened" or not self._has_opening):
            self._opened_at = self._amended_to = event.at
            self._is_matched = False
        self._state = ticket_events.derive_ticket_state_after_event(event, self._state)
        self._seen.append(event)
        self._note_end(event)
        self._note_team(event)
        run = self._run
        if run is None:
            self._attach(event)
        elif run.terms.each_assignment and (run.over or self._hands_on(run, event)):
            self._next_stint(run, event)
        elif run.over:
            self._after_the_end(run, event)
        elif not self._rematch(run, event.at):
            self._let_run(run, event)
        self._answered = self._answered or event.event in ("first_response", "agent_replied")

    def _note_end(self, event: TicketEvent) -> None:
        if event.event in ticket_events.ENDS:
            # A later close or cancellation replaces a resolution: it also ends clocks that run on after resolution.
            self._has_ended = (
                self._has_ended if event.event in conditions.EQUIVALENT_END_EVENTS and self._has_ended else event.event
            )
        elif event.event == "reopened":
            self._has_ended = None

    def _may_begin(self, terms: TicketClockTerms) -> bool:
        """Whether a clock may begin now. If the ticket has ended, the terms must let clocks run after resolution."""
        return self._has_ended is None or (
            self._has_ended in conditions.EQUIVALENT_END_EVENTS and terms.keeps_after_resolution
        )

    def _let_run(self, run: TicketClockMachine, event: TicketEvent) -> None:
        edited = self._edited_opening(run, event)
        if edited is not None:
            self._run = run = run.reopened_at(edited, event.at, self._attributes)
        run.apply(event, self._state, self._attributes)
        if not run.over and self._holds(run.terms.reset, event):
            self._ended.append(run.cancelled(event.at))
            self._run = self._new_run(run.target, run.terms, event)

    def _edited_opening(self, run: TicketClockMachine, event: TicketEvent) -> UtcMicroseconds | None:
        """Return the corrected opening that an event names, if the terms restart the clock from it; otherwise None."""
        follows = run.terms.on_terms_change == "from_opening" and run.terms.starts_at_opening
        if not follows or event.event == "opened" or "opened_at" not in event.attributes:
            return None
        edited = read_instant_from_field(event.attributes["opened_at"])
        return edited if edited != run.started_at and edited is not None and edited <= event.at else None

    def _after_the_end(self, run: TicketClockMachine, event: TicketEvent) -> None:
        """Apply an event to a clock that is over. The event may begin another clock of the same target.

        An ``update`` clock begins at a customer's message. With ``on_reopen: new_clock`` a clock begins at a reopening.
        If the terms cancelled the last clock, the next clock begins at an event that starts clocks.
        """
        terms = run.terms
        if not run.stopped:
            begins = event.event not in ("opened", "cancelled") and self._holds(terms.start, event)
            begins = begins and not self._holds((*terms.cancel, *terms.stop), event)
        elif terms.clock == UPDATE and not (event.event == "reopened" and run.can_reopen):
            begins = self._is_asked_anew(event)
        else:
            begins = event.event == "reopened" and terms.on_reopen == "new_clock" and run.can_reopen
        begins = begins and self._may_begin(terms)
        if begins:
            self._ended.append(run.clock())
            self._run = run = self._new_run(run.target, terms, event)
        run.apply(event, self._state, self._attributes)
        if not run.over and not begins:
            # Another target may have come to apply while no clock ran.
            self._rematch(run, event.at)

    def _is_asked_anew(self, event: TicketEvent) -> bool:
        """Whether the event is a customer's message, or reopens a ticket that got such a message after its end."""
        if event.event == "customer_replied":
            self._is_asked = self._has_ended is not None
            return True
        is_asked, self._is_asked = self._is_asked, self._is_asked and event.event != "reopened"
        return event.event == "reopened" and is_asked

    # -- one clock per assignment to a team -----------------------------------------------------------------------

    def _note_team(self, event: TicketEvent) -> None:
        """Record whether an event assigns the ticket to another team, and not just to a person of the same team."""
        team = self._attributes.get("team")
        self._is_handed_on = event.event == "assigned" and not (self._is_assigned and team == self._team)
        if event.event == "assigned":
            self._is_assigned, self._team = True, team

    def _hands_on(self, run: TicketClockMachine, event: TicketEvent) -> bool:
        """Stop the clock if the event assigns the ticket to another team; return whether the clock was stopped.

        This is done before targets are matched: if ``applies_to`` names the team, the clock is stopped, not cancelled.
        """
        if not self._is_handed_on or self._holds(run.terms.cancel, event):
            return False
        run.stop(event)
        return True

    def _next_stint(self, run: TicketClockMachine, event: TicketEvent) -> None:
        """Begin the clock of the next assignment, under the same or another target, if the event starts this clock."""
        if self._match() is not run.target:
            self._ended.append(run.clock())
            self._run = self._tried = None
            self._attach(event)
        elif self._begins_a_stint(run.terms, event) and self._may_begin(run.terms):
            self._ended.append(run.clock())
            self._run = self._new_run(run.target, run.terms, event)
            self._run.apply(event, self._state, self._attributes)

    def _begins_a_stint(self, terms: TicketClockTerms, event: TicketEvent) -> bool:
        """Whether an event assigns the ticket to a team that the terms name, or reopens it while such a team has it."""
        if event.event == "reopened":
            return self._is_assigned and self._holds(terms.start, replace(event, event="assigned"))
        return self._is_handed_on and self._holds(terms.start, event)

    def _new_run(self, target: ClockTarget, terms: TicketClockTerms, event: TicketEvent) -> TicketClockMachine:
        run = TicketClockMachine(target, terms, event.at, self._attributes)
        run.passed_over = self._passed_over(target)
        run.pause_from(event.at, self._state, self._attributes)
        return run

    def _holds(self, wanted: conditions.Conditions, event: TicketEvent) -> bool:
        return conditions.does_any_condition_hold(wanted, event, self._state, self._attributes)

    def _starts(self, terms: TicketClockTerms, event: TicketEvent) -> bool:
        if terms.each_assignment:
            return self._begins_a_stint(terms, event)
        if terms.clock == UPDATE and (terms.after_first_response or event.event == "customer_replied"):
            return event.event == "customer_replied" and (self._answered or not terms.after_first_response)
        if self._holds(terms.start, event):
            return True
        # Some sources never send an opened event: then the first event of a ticket opens it.
        stands_in = terms.starts_at_opening and not self._has_opening
        return stands_in and event.event not in ("closed", "cancelled") and not self._holds(terms.stop, event)

    # -- which target applies -------------------------------------------------------------------------------------

    def _match(self) -> ClockTarget | None:
        # The terms at the ticket's opening apply to it, even if a later event starts the clock.
        if self._opened_at is None or self._amended_to is None:
            return None
        if not self._is_matched:
            is_covered = self._scope is None or self._rules.covers(self._scope, self._attributes)
            self._matched = (
                self._rules.first_match(self._opened_at, self._amended_to, self._attributes) if is_covered else None
            )
            self._is_matched = True
        return self._matched

    def _passed_over(self, target: ClockTarget) -> tuple[tuple[str, str], ...]:
        assert self._opened_at is not None and self._amended_to is not None
        return self._rules.passed_over(target, self._opened_at, self._amended_to, self._attributes)

    def _attach(self, event: TicketEvent) -> None:
        """Begin the clock of the target that matches, if this or an earlier event started it and no event ended it."""
        target, tried = self._match(), self._tried
        self._tried = target
        if target is None:
            return
        is_news = target is not tried or event.event == "reopened"
        if not self._may_begin(target.clock) and event.event != "opened":
            return
        if is_news and len(self._seen) > 1 and not self._rules.is_fixed:
            self._run = self._belated(target, target.clock, event.at)
        elif self._starts(target.clock, event) and not self._holds((*target.clock.cancel, *target.clock.stop), event):
            self._run = self._new_run(target, target.clock, event)
            self._run.apply(event, self._state, self._attributes)

    def _alone(self, target: ClockTarget, events: Sequence[TicketEvent]) -> TicketClockMachine | None:
        """Return the clock that a target would have if it had always applied; None if this clock would not run."""
        run = _Walk(target_matching.SingleTargetRule(target)).walk(events)
        return None if run is None or run.over else run

    def _belated(self, target: ClockTarget, terms: TicketClockTerms, at: UtcMicroseconds) -> TicketClockMachine | None:
        run = self._alone(target, self._seen)
        if run is not None:
            if terms.on_priority_change == "restart" and run.started_at < at:
                run = TicketClockMachine(target, terms, at, self._attributes)
                run.pause_from(at, self._state, self._attributes)
            run.attached_at, run.passed_over = at, self._passed_over(target)
        return run

    def _rematch(self, run: TicketClockMachine, at: UtcMicroseconds) -> bool:
        """Cancel the clock if its target changed, and begin the new target's clock; return whether it was cancelled."""
        target = self._match()
        if target is run.target:
            return False
        self._ended.append(run.cancelled(at))
        self._run, self._tried = None, target
        if target is not None:
            self._run = self._handed_over(run, target, target.clock, at, target.clock.on_priority_change)
        if self._run is not None and self._seen[-1].at == at:
            self._run.apply(self._seen[-1], self._state, self._attributes)
        return True

    def _handed_over(
        self,
        run: TicketClockMachine,
        target: ClockTarget,
        terms: TicketClockTerms,
        at: UtcMicroseconds,
        policy: str,
    ) -> TicketClockMachine | None:
        """Return the clock of the target that applies from ``at`` on; None if that clock would not be running."""
        # An event may both change the target and stop the clock. The clock is then stopped under the new target, so
        # that it gets a verdict instead of being cancelled.
        before = self._seen[:-1] if self._seen[-1].at == at else self._seen
        alone = self._alone(target, before) or self._alone(target, self._seen)
        if alone is None:
            return None
        if policy == "restart":
            new = TicketClockMachine(target, terms, at, self._attributes)
        elif policy == "carry_elapsed":
            new = run.carried(target, terms, at, self._attributes)
        else:
            new = TicketClockMachine(target, terms, alone.started_at, self._attributes)
            if terms.carry_pauses:
                new.take_pauses(run, at)
            new.changed(at)
        new.attached_at, new.passed_over = at, self._passed_over(target)
        new.pause_from(at, self._state, self._attributes)
        return new

    # -- amendments while a clock runs ----------------------------------------------------------------------------

    def _amend_by(self, instant: UtcMicroseconds) -> None:
        """Apply the amendments that took effect up to an instant and that change running clocks."""
        if self._opened_at is None or self._amended_to is None:
            return
        for effective_at in self._rules.changes(self._amended_to, instant):
            self._amended_to, self._is_matched = effective_at, False
            self._amend(effective_at)
        self._amended_to = max(self._amended_to, instant)

    def _amend(self, at: UtcMicroseconds) -> None:
        run, target = self._run, self._match()
        if run is None:
            if target is not None and target is not self._tried:
                self._run = self._belated(target, target.clock, at)
            self._tried = target
        elif not run.over and target is not run.target and not run.is_past(at):
            if target is None or target.target_id != run.target.target_id:
                self._rematch(run, at)
            else:
                self._run = self._handed_over(run, target, target.clock, at, target.clock.on_terms_change)
