"""Evaluation of a ticket: its clocks are replayed from its events and compared with what was published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slm_events import monitor
from slm_events.instants import to_text
from slm_monitor.domain.clocks import assignments, clock_replay, clock_warnings
from slm_monitor.domain.clocks.clock_replay import UnevaluableClock
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.clocks.target_matching import TicketRuleBook
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.lifecycle import breach_reconciliation, target_events
from slm_monitor.domain.lifecycle.target_state import (
    Breach,
    EvaluationChanges,
    EvaluationMoment,
    InconsistentTicket,
    PublishedClock,
    TicketClock,
)
from slm_monitor.domain.terms.terms import ClockTarget
from slm_monitor.domain.tickets import clock_events, clock_notifications, ticket_state
from slm_monitor.domain.tickets.clock_notifications import ClockNotifications

INCONSISTENT = "inconsistent_ticket"
"""The cause of withdrawing a breach whose ticket turns out to have events that contradict each other."""
States = Mapping[tuple[str, str, int], PublishedClock]
"""(target, ticket, ordinal) → what was last published of the clock."""


def convert_fact_to_ticket_event(fact: Fact) -> TicketEvent:
    body = fact.body
    return TicketEvent(
        fact.key, fact.at, body["event"], body.get("sequence"), body.get("state"), body.get("attributes") or {}
    )


def convert_facts_to_ticket_events(facts: Iterable[Fact]) -> list[TicketEvent]:
    """Return a ticket's events in the order in which they are evaluated."""
    return ticket_events.sort_ticket_events([convert_fact_to_ticket_event(fact) for fact in facts])


def evaluate_ticket(
    ticket: str,
    facts: Iterable[Fact],
    book: TicketRuleBook,
    states: States,
    breaches: dict[str, Breach],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
    overturned: Collection[str] = (),
) -> tuple[int | None, bool]:
    """Evaluate a ticket (``<owner>/<source>/<number>``) and add to ``changes`` the events and states that have changed.

    ``facts``: all facts of the ticket, in any order. ``book``: the rules of the ticket's owner. ``states``: the last
    published states of the ticket's clocks. ``breaches``: breach id → published breach of the ticket; new breaches are
    added to it. ``overturned``: the ids of breaches that the decision on a dispute annulled.

    Return (timer, waits). The timer is the instant (microseconds UTC) at which the ticket must be evaluated again
    although no event arrives; None if there is none. ``waits``: whether part of the ticket is not evaluated yet,
    because an import is loading the time before ``moment.through``.
    """
    owner, source, number = ticket.split("/", 2)
    events = convert_facts_to_ticket_events(facts)
    failed: list[UnevaluableClock] = []
    wanted_breaches: set[str] = set()
    held: set[tuple[str, str, int]] = set()
    dues: list[int | None] = []
    found = clock_replay.replay_clocks_by_rules(events, book, moment.as_of, failed.append)
    evaluated_by = {clock.target.agreement_id for clock in found} | {each.agreement_id for each in failed}
    contradicting = detect_inconsistent_ticket(events, found)
    for clock in found if contradicting is None else ():
        clock_now = clock.as_of(moment.as_of)
        notices = clock_notifications.schedule_clock_notifications(clock_now)
        entry = _entry(owner, source, number, clock_now, notices, moment)
        if _is_past(entry, breaches, moment):
            held.add(entry.key)
            wanted_breaches.add(_breach_id(entry))
            continue
        published = states.get(entry.key)
        _publish_moves(entry, published, moment, changes)
        if overturned and _breach_id(entry) in overturned:
            # The decision of a dispute annulled this breach: if it is still published, it is withdrawn below.
            entry = replace(entry, excused=True)
        else:
            wanted_breaches |= _settle_breach(entry, events, breaches, moment, changes)
        changes.clocks[entry.key] = clock_notifications.publish_due_notifications(
            entry, published, notices, events, moment, changes
        )
        dues.append(entry.due_at)
    withdrawing = moment if contradicting is None else replace(moment, cause=INCONSISTENT)
    waits = _withdraw(breaches, wanted_breaches, book.latest, withdrawing, changes)
    waits = _undo(states, held, book.latest, moment, changes) or waits
    if any(entry.clock.is_open for entry in changes.clocks.values()) or not changes.clocks:
        dues.append(book.next_change(moment.as_of))
    due = min((each for each in dues if each is not None), default=None)
    matching = book.matching(events, evaluated_by)
    changes.tickets[ticket] = replace(
        ticket_state.derive_ticket_state(ticket, events),
        due_at=due,
        unmatched_cause=matching.unmatched_cause,
        unjudgeable=tuple((each.clock, each.reason, each.agreement_id) for each in failed),
        readers=book.agreements.readers(owner, matching.evaluated_by),
        inconsistent=contradicting,
    )
    return due, waits or bool(held)


def _is_past(entry: TicketClock, breaches: Mapping[str, Breach], moment: EvaluationMoment) -> bool:
    """Whether a clock is not evaluated yet, because an import is loading the time in which it ended.

    A clock waits, too, if its deadline passed in that time, unless a breach with this deadline is published.
    """
    clock, through = entry.clock, moment.through
    if through is None:
        return False
    if clock.ended_at is not None and clock.ended_at <= through:
        return True
    if clock.breached_at is None or clock.breached_at > min(through, moment.as_of):
        return False
    published = breaches.get(_breach_id(entry))
    return published is None or not published.standing or published.certain_at != clock.breached_at


def detect_inconsistent_ticket(
    events: Sequence[TicketEvent], found: Sequence[TicketClockState]
) -> InconsistentTicket | None:
    """Return the contradiction in a ticket's events; None if there is none. ``found`` are the clocks that the ticket
    would have.
    """
    reason = ticket_events.explain_ticket_contradiction(events)
    if reason is None:
        return None
    ended = next((event.at for event in reversed(events) if event.event in ticket_events.ENDS), None)
    at = ended if ended is not None else events[-1].at
    return InconsistentTicket(reason, at, tuple(sorted({clock.target.target_id for clock in found})))


def _entry(
    owner: str, source: str, number: str, clock: TicketClockState, notices: ClockNotifications, moment: EvaluationMoment
) -> TicketClock:
    """Return the clock with its ticket and its next timer.

    A clock that stopped late has a timer at its deadline, because its breach is published only when all facts up to the
    deadline have arrived.
    """
    ahead = [notices.next_after(moment.as_of), clock.breached_at]
    due = min((at for at in ahead if at is not None and at > moment.as_of), default=None)
    risky = None
    if clock.state == clock_replay.RUNNING:
        # Warnings are in ascending order, so the clock is at risk from the first one.
        risky = notices.warnings[0][1] if notices.warnings else clock_warnings.find_first_warning_instant(clock)
    return TicketClock(owner, source, number, clock, due, at_risk_at=risky)


def _breach_id(entry: TicketClock) -> str:
    return _breach_key(entry).derive_id(entry.clock.target)


def _breach_key(entry: TicketClock) -> breach_reconciliation.BreachKey:
    return breach_reconciliation.BreachKey(f"{entry.source}/{entry.ticket}", entry.clock.ordinal)


_ENDS = {clock_replay.MET: "stopped", clock_replay.COMPLETED_LATE: "stopped", clock_replay.CANCELLED: "cancelled"}


def _publish_moves(
    entry: TicketClock, published: PublishedClock | None, moment: EvaluationMoment, changes: EvaluationChanges
) -> None:
    """Publish one event for each transition of the clock since the clock was last published."""
    state, before = entry.clock.state, None if published is None else published.state
    moves = [] if before is not None else ["started"]
    if state in _ENDS:
        if before is None or before not in _ENDS or _ENDS[before] != _ENDS[state]:
            moves.append(_ENDS[state])
    elif state == clock_replay.PAUSED and before != clock_replay.PAUSED:
        moves.append("paused")
    elif state == clock_replay.RUNNING and before not in (None, clock_replay.RUNNING):
        moves.append("resumed")
    elif state == clock_replay.BREACHED and before in _ENDS:
        # A clock that had ended runs again, and its deadline has passed.

        moves.append("resumed")
    for move in moves:
        event = clock_events.build_clock_transition_event(entry, move, now=moment.now)
        changes.publish(event, entry.clock.started_at if move == "started" else entry.clock.changed_at)
    if published is not None and not moves and state not in _ENDS and published.deadline_at != entry.clock.deadline_at:
        clock_notifications.publish_deadline_moved(entry, published, moment, changes)


def _settle_breach(
    entry: TicketClock,
    events: Sequence[TicketEvent],
    breaches: dict[str, Breach],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> set[str]:
    """Publish the breach of a clock, or its next revision; return a set with the breach's id, empty if the clock is not
    breached.
    """
    clock = entry.clock
    if clock.breached_at is None or clock.breached_at > moment.as_of or not clock.is_notified:
        return set()
    key = _breach_key(entry)
    identity = key.derive_id(clock.target)
    breach = breaches.get(identity)
    if breach is not None and breach.standing:
        moved = _breached(entry, replace(breach, certain_at=clock.breached_at), events, moment)
        # Events of the ticket after its deadline do not change the breach.
        is_other = any(
            moved.evidence[name] != (breach.document.get("evidence") or {}).get(name) for name in _UP_TO_THE_BREACH
        )
        breach_reconciliation.publish_breach_revision(
            breach, clock.target, target_events.convert_event_to_document(moved), moment, changes, by_evidence=is_other
        )
        return {identity}
    breach = breach_reconciliation.create_breach(
        breaches,
        clock.target,
        key,
        clock.breached_at,
        entry.key[1],
        moment.now,
    )
    breach_reconciliation.publish_breach(breach, _breached(entry, breach, events, moment), moment.now, changes)
    return {identity}


_UP_TO_THE_BREACH = ("started_at", "deadline_at", "held_by", "held")
"""The fields of a breach's evidence that describe the time up to the breach."""


def _breached(
    entry: TicketClock, breach: Breach, events: Sequence[TicketEvent], moment: EvaluationMoment
) -> monitor.TargetBreached:
    clock = entry.clock
    details = target_events.BreachDetails(
        (clock.started_at, clock.deadline_at),
        _evidence(clock, events),
        moment.now,
        late=bool(breach.document.get("late")),
    )
    ticket = {"source": entry.source, "number": entry.ticket}
    event = target_events.build_clock_breached(clock.target, breach, ticket, details)
    return replace(event, sent_by=clock_events.sender_of(clock.target, entry.key[1]))


def _evidence(clock: TicketClockState, events: Sequence[TicketEvent]) -> dict[str, Any]:
    held = assignments.sum_clock_time_by_holder(clock, events, clock.deadline_at)
    return {
        "started_at": to_text(clock.started_at),
        "deadline_at": to_text(clock.deadline_at),
        "stopped_at": None if clock.stopped_at is None else to_text(clock.stopped_at),
        "pauses": [{"from": to_text(start), "to": to_text(end)} for start, end in clock.pauses],
        "held_by": assignments.find_ticket_holder_at(
            events, clock.deadline_at, assignments.list_holder_attribute_names(clock.target)
        ),
        "held": [
            {
                "by": each.by,
                "calendar_seconds": each.calendar // 1_000_000,
                "service_seconds": each.service // 1_000_000,
            }
            for each in held
        ],
    }


def _withdraw(
    breaches: Mapping[str, Breach],
    wanted: set[str],
    latest: Mapping[str, ClockTarget],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> bool:
    """Withdraw the published breaches that are not in ``wanted``.

    Return whether any of these breaches is not withdrawn yet, because it waits for the end of an import.
    """
    waits = False
    for identity, breach in sorted(breaches.items()):
        terms = latest.get(breach.target_id)
        if identity in wanted or not breach.standing or terms is None:
            continue
        if moment.through is not None and breach.certain_at <= moment.through:
            waits = True
            continue
        breach_reconciliation.withdraw_breach(breach, terms, None, (None, None), moment, changes)
    return waits


def _undo(
    states: States,
    held: Collection[tuple[str, str, int]],
    latest: Mapping[str, ClockTarget],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> bool:
    """Cancel the published clocks that an evaluation of all known facts no longer gives.

    Such a clock never existed; for example, an earlier opening of the ticket has arrived.
    Return whether any of these clocks is not cancelled yet, because it waits for the end of an import.
    """
    waits = False
    for key, published in sorted(states.items(), key=lambda each: each[0]):
        target_id, ticket, _ = key
        terms = latest.get(target_id)
        if key in changes.clocks or key in held or terms is None:
            continue
        if moment.through is not None:
            waits = True
            continue
        changes.dropped_clocks.add(key)
        _, source, number = ticket.split("/", 2)
        window_id = f"{source}/{number}"
        clock_notifications.clear_clock_risks(
            terms, window_id, published.risks, "averted", moment.as_of, (None, None), moment, changes
        )
        if published.state != clock_replay.CANCELLED:
            changes.publish(clock_events.build_clock_cancelled_event(terms, key, now=moment.now), moment.now)
    return waits
