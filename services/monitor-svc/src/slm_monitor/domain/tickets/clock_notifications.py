"""Notifications of a running clock: warnings, which open risks; escalations; and moved deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_events import clocks
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.clocks import assignments, clock_warnings
from slm_monitor.domain.clocks.clock_state import BREACHED, PAUSED, RUNNING, TicketClockState
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.target_state import (
    EvaluationChanges,
    EvaluationMoment,
    PublishedClock,
    Risk,
    TicketClock,
)
from slm_monitor.domain.terms.clock_terms import EscalationStep
from slm_monitor.domain.terms.terms import ClockTarget
from slm_monitor.domain.tickets import clock_events

ELAPSED = "elapsed"


@dataclass(frozen=True, slots=True)
class ClockNotifications:
    """The notifications that a clock will publish if no further event arrives, in the order of their instants.

    ``warnings`` are (percent, instant).
    """

    warnings: Sequence[tuple[str, int]]
    escalations: Sequence[tuple[int, EscalationStep, int]]
    """(position among the escalations of the terms, escalation, instant)."""

    def next_after(self, instant: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the instant of the first notification after ``instant``, for a timer; None if there is none."""
        ahead = [at for _, at in self.warnings] + [at for _, _, at in self.escalations]
        return min((at for at in ahead if at > instant), default=None)


NONE = ClockNotifications((), ())


def schedule_clock_notifications(clock: TicketClockState) -> ClockNotifications:
    """Return all warnings and escalations of a running clock, and all escalations of a breached clock.

    A clock in any other state has no notifications. A clock whose breach would not be published has none either.
    """
    if clock.state not in (RUNNING, BREACHED) or not clock.is_notified:
        return NONE
    running = clock.state == RUNNING
    warnings = [
        (format_percentage(share), at)
        for share, at in clock_warnings.compute_warning_instants(clock)
        if at < clock.deadline_at
    ]
    escalations = [(place, *each) for place, each in enumerate(clock_warnings.compute_escalation_instants(clock))]
    return ClockNotifications(warnings if running else (), escalations)


def format_percentage(share: Fraction) -> str:
    """Return a share, given in percent (75, not 3/4), as the text that is published: ``75`` or ``62.5``."""
    return str(share.numerator) if share.denominator == 1 else f"{float(share):g}"


def publish_due_notifications(
    entry: TicketClock,
    before: PublishedClock | None,
    notices: ClockNotifications,
    events: Sequence[TicketEvent],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> TicketClock:
    """Publish the notifications that became due since the clock was last evaluated; return the clock with a record of
    them.

    Of several warnings that are due at once, only the highest is published.
    """
    published = before or PublishedClock()
    due = [(percent, at) for percent, at in notices.warnings if at <= moment.as_of and percent not in published.warned]
    risks = published.risks
    if due:
        percent, at = due[-1]
        _warn(entry, percent, at, events, moment, changes)
        risks = (*risks, (percent, _raise(entry, percent, at, moment, changes)))
    escalated = list(published.escalated)
    for place, escalation, at in notices.escalations:
        if at <= moment.as_of and place not in escalated:
            _escalate(entry, escalation, at, events, moment, changes)
            escalated.append(place)
    if risks and entry.clock.state not in (RUNNING, PAUSED):
        clock = entry.clock
        outcome = "averted" if clock.breached_at is None else "breached"
        span = (clock.started_at, clock.deadline_at)
        clear_clock_risks(clock.target, _window_id(entry), risks, outcome, clock.changed_at, span, moment, changes)
        risks = ()
    warned = (*published.warned, *(percent for percent, _ in due))
    now = PublishedClock(
        entry.clock.state, entry.clock.deadline_at, warned, tuple(escalated), risks, published.started_at
    )
    return replace(entry, published=now)


def publish_deadline_moved(
    entry: TicketClock, before: PublishedClock, moment: EvaluationMoment, changes: EvaluationChanges
) -> None:
    """Publish that the deadline of a clock has moved since the clock was last published (``before``)."""
    event = clocks.ClockDeadlineMoved(
        **clock_events.build_clock_event_fields(entry, moment.as_of, moment.now),
        previous_deadline_at=to_text(before.deadline_at),
    )
    changes.publish(event, moment.now)


def _warn(
    entry: TicketClock,
    percent: str,
    at: UtcMicroseconds,
    events: Sequence[TicketEvent],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    event = clocks.ClockWarned(
        **clock_events.build_clock_event_fields(entry, at, moment.now),
        threshold=percent,
        time_left_seconds=entry.clock.left_by(moment.as_of) // 1_000_000,
        held_by=_held_by(entry, events, at),
        hidden_from_party_id=None
        if entry.clock.target.customer_view.shows_risk(at, moment.now)
        else entry.clock.target.customer_party_id,
    )
    changes.publish(event, at, target_events.derive_event_id(_identity(entry), f"clock-warned-{percent}", 0))


def _escalate(
    entry: TicketClock,
    escalation: EscalationStep,
    at: UtcMicroseconds,
    events: Sequence[TicketEvent],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    event = clocks.ClockEscalated(
        **clock_events.build_clock_event_fields(entry, at, moment.now),
        level=escalation.level,
        to=escalation.to,
        offset=escalation.offset.to_document(),
        held_by=_held_by(entry, events, at),
    )
    changes.publish(event, at)


def _held_by(entry: TicketClock, events: Sequence[TicketEvent], at: UtcMicroseconds) -> str | None:
    return assignments.find_ticket_holder_at(events, at, assignments.list_holder_attribute_names(entry.clock.target))


def _identity(entry: TicketClock) -> str:
    """Return the id that a breach of the clock would have: the same for the same clock in every evaluation."""
    return target_events.derive_breach_id(
        entry.clock.target, _window_id(entry), target_events.OBJECTIVE, entry.clock.ordinal
    )


def _window_id(entry: TicketClock) -> str:
    return f"{entry.source}/{entry.ticket}"


def _raise(
    entry: TicketClock, percent: str, at: UtcMicroseconds, moment: EvaluationMoment, changes: EvaluationChanges
) -> str:
    clock, terms = entry.clock, entry.clock.target
    identity = target_events.derive_risk_id(terms, _window_id(entry), ELAPSED, percent, clock.ordinal)
    risk = _risk(identity, terms, _window_id(entry), percent, at)
    evidence: dict[str, Any] = {
        "ticket": {"source": entry.source, "number": entry.ticket},
        "started_at": to_text(clock.started_at),
    }
    measures = target_events.RiskMeasures(
        figure=None,
        consumed=Fraction(percent) / 100,
        burn=None,
        projected_breach_at=clock.deadline_at,
        evidence=evidence,
    )
    event = target_events.build_target_at_risk(
        terms,
        risk,
        measures,
        span=(clock.started_at, clock.deadline_at),
        at=at,
        now=moment.now,
    )
    risk.document = target_events.convert_event_to_document(event)
    changes.publish(event, at, target_events.derive_event_id(identity, "target-at-risk", 0))
    changes.risks[identity] = risk
    return identity


def _risk(identity: str, terms: ClockTarget, window_id: str, percent: str, at: UtcMicroseconds) -> Risk:
    return Risk(
        identity,
        terms.target_id,
        terms.agreement_id,
        window_id,
        ELAPSED,
        percent,
        at,
        terms.provider_party_id,
        terms.customer_party_id,
        terms.service_id,
    )


def clear_clock_risks(
    terms: ClockTarget,
    window_id: str,
    risks: Iterable[tuple[str, str]],
    outcome: str,
    at: UtcMicroseconds,
    span: tuple[int | None, int | None],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    """Clear the open risks of a clock, with the given outcome."""
    for percent, identity in risks:
        risk = changes.risks.get(identity) or _risk(identity, terms, window_id, percent, at)
        risk.standing, risk.cleared_at, risk.outcome = False, at, outcome
        event = target_events.build_risk_cleared(terms, risk, outcome=outcome, at=at, span=span, now=moment.now)
        changes.publish(event, moment.now, target_events.derive_event_id(identity, "risk-cleared", 0))
        changes.risks[identity] = risk
