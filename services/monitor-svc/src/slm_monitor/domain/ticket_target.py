"""Tickets judged: their clocks as the events tell them, compared with what was published of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slm_events.instants import to_text
from slm_monitor.domain import births, clocks, settling, tickets
from slm_monitor.domain.clocks import Clock
from slm_monitor.domain.facts import Fact
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.settling import Moment
from slm_monitor.domain.standing import Breach, Changes, TicketClock
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.tickets import TicketEvent

States = Mapping[tuple[str, str, int], str]
"""(target, ticket, ordinal) → the state last published."""


def event_of(fact: Fact) -> TicketEvent:
    body = fact.body
    return TicketEvent(
        fact.key, fact.at, body["event"], body.get("sequence"), body.get("state"), body.get("attributes") or {}
    )


def judge(
    ticket: str,
    facts: Iterable[Fact],
    lines: Sequence[TermsLine],
    states: States,
    breaches: dict[str, Breach],
    moment: Moment,
    changes: Changes,
) -> int | None:
    """Judge a ticket (``<owner>/<source>/<number>``); returns the next instant a timer must look at it, or None."""
    owner, source, number = ticket.split("/", 2)
    found = clocks.of_ticket(tickets.in_order([event_of(fact) for fact in facts]), lines)
    entries = [_entry(owner, source, number, clock.as_of(moment.as_of), moment) for clock in found]
    wanted_breaches: set[str] = set()
    for entry in entries:
        _publish_moves(entry, states.get(entry.key), moment, changes)
        changes.clocks[entry.key] = entry
        wanted_breaches |= _settle_breach(entry, breaches, moment, changes)
    latest = {line.latest.target_id: line.latest for line in lines}
    _withdraw(breaches, wanted_breaches, latest, moment, changes)
    _undo(states, latest, moment, changes)
    dues = [entry.due_at for entry in entries if entry.due_at is not None]
    return min(dues, default=None)


def _entry(owner: str, source: str, number: str, clock: Clock, moment: Moment) -> TicketClock:
    """Also a clock that has stopped late is due: its breach is told when all facts up to its deadline are in."""
    is_ahead = clock.breached_at is not None and clock.breached_at > moment.as_of
    return TicketClock(owner, source, number, clock, clock.breached_at if is_ahead else None)


_ENDS = {clocks.MET: "stopped", clocks.COMPLETED_LATE: "stopped", clocks.CANCELLED: "cancelled"}


def _publish_moves(entry: TicketClock, before: str | None, moment: Moment, changes: Changes) -> None:
    """One event for each turn of the clock since the last time it was published."""
    state = entry.clock.state
    moves = [] if before is not None else ["started"]
    if state in _ENDS:
        if before is None or before not in _ENDS or _ENDS[before] != _ENDS[state]:
            moves.append(_ENDS[state])
    elif state == clocks.PAUSED and before != clocks.PAUSED:
        moves.append("paused")
    elif state == clocks.RUNNING and before not in (None, clocks.RUNNING):
        moves.append("resumed")
    for move in moves:
        event = births.clock_moved(entry, move, now=moment.now)
        changes.publish(event, entry.clock.started_at if move == "started" else entry.clock.changed_at)


def _settle_breach(entry: TicketClock, breaches: dict[str, Breach], moment: Moment, changes: Changes) -> set[str]:
    clock = entry.clock
    if clock.breached_at is None or clock.breached_at > moment.as_of:
        return set()
    window_id = f"{entry.source}/{entry.ticket}"
    identity = births.breach_id(clock.target, window_id, births.OBJECTIVE, clock.ordinal)
    breach = breaches.get(identity)
    if breach is not None and breach.standing:
        breach.certain_at = clock.breached_at
        changes.breaches[identity] = breach
        return {identity}
    breach = settling.stand(
        breaches, clock.target, identity, window_id, clock.ordinal, clock.breached_at, entry.key[1], moment.now
    )
    event = births.target_breached(
        clock.target, breach, promised=None, figure=None, span=(clock.started_at, clock.deadline_at),
        evidence=_evidence(clock), now=moment.now, ticket={"source": entry.source, "number": entry.ticket},
    )  # fmt: skip
    settling.publish_breach(breach, event, moment.now, changes)
    return {identity}


def _evidence(clock: Clock) -> dict[str, Any]:
    return {
        "started_at": to_text(clock.started_at),
        "deadline_at": to_text(clock.deadline_at),
        "stopped_at": None if clock.stopped_at is None else to_text(clock.stopped_at),
        "pauses": [{"from": to_text(start), "to": to_text(end)} for start, end in clock.pauses],
    }


def _withdraw(
    breaches: Mapping[str, Breach],
    wanted: set[str],
    latest: Mapping[str, ServiceLevelTarget],
    moment: Moment,
    changes: Changes,
) -> None:
    for identity, breach in sorted(breaches.items()):
        terms = latest.get(breach.target_id)
        if identity in wanted or not breach.standing or terms is None:
            continue
        breach.standing = False
        event = births.breach_withdrawn(
            terms, breach, figure=None, span=(None, None), cause=moment.cause, now=moment.now
        )
        changes.publish(event, moment.now, births.event_id(identity, "breach-withdrawn", breach.revision))
        changes.breaches[identity] = breach


def _undo(states: States, latest: Mapping[str, ServiceLevelTarget], moment: Moment, changes: Changes) -> None:
    """Clocks that were told and, by what is known now, never were: an opening turned up that came before the terms."""
    for key, state in sorted(states.items()):
        target_id, ticket, _ = key
        terms = latest.get(target_id)
        if key in changes.clocks or terms is None:
            continue
        changes.dropped_clocks.add(key)
        if state != clocks.CANCELLED:
            _, source, number = ticket.split("/", 2)
            changes.publish(births.clock_undone(terms, source, number, now=moment.now), moment.now)
