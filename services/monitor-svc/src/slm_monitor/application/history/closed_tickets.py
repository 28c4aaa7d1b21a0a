"""Tickets whose clocks ended in a window: as known at an instant, or as draft terms would evaluate them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from slm_calendar.intervals import Interval
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.clocks import clock_replay, target_matching
from slm_monitor.domain.clocks.clock_replay import Clock, FailedClock
from slm_monitor.domain.clocks.target_matching import RuleBook
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import lines_of
from slm_monitor.domain.tickets import ticket_target


@dataclass(frozen=True, slots=True)
class ClosedTicket:
    """A ticket with a clock that ended. It is met if all of its clocks were."""

    ticket: str
    ended_at: int
    is_met: bool


class TicketHistory(Protocol):
    """The part of the record that holds tickets."""

    async def overturned(self, breach_ids: Sequence[str], known_at: int | None) -> Iterable[str]: ...

    async def tickets_ended(self, target_ids: Sequence[str], span: Interval, as_of: int) -> Sequence[ClosedTicket]: ...

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]: ...

    async def tickets_inconsistent(self, target_ids: Sequence[str], span: Interval) -> int: ...

    async def tickets_changed(self, owner_party_id: str, known_at: int) -> Mapping[str, Sequence[Fact]]: ...


@dataclass(slots=True)
class TicketOutcome:
    """A ticket evaluated from its events. ``missed``: the ids of its clocks' breaches, each of which a dispute may
    overturn."""

    ticket: str
    ended_at: int
    met: int = 0
    missed: list[str] = field(default_factory=list)


def ticket_outcome(
    ticket: str,
    facts: Iterable[Fact],
    book: RuleBook,
    target_ids: Sequence[str],
    span: Interval,
    present: int,
) -> TicketOutcome | None:
    """Evaluate a ticket's events as of ``present``; None if no clock of these targets ended in the span."""
    events = ticket_target.ordered_events(facts)
    failed: list[FailedClock] = []
    if ticket_events.inconsistency(events) is not None:
        return None
    clocks = [
        clock.as_of(present)
        for clock in clock_replay.replay_by_rules(events, book, present, failed.append)
        if clock.target.target_id in target_ids and clock.state != clock_replay.CANCELLED
    ]
    found: TicketOutcome | None = None
    for clock, at in clock_ends(clocks, present):
        if not span[0] <= at < span[1]:
            continue
        found = found or TicketOutcome(ticket, at)
        found.ended_at = max(found.ended_at, at)
        if _is_met(clock, present):
            found.met += 1
        else:
            window_id = ticket.split("/", 1)[1]
            found.missed.append(
                target_events.breach_id(clock.target, window_id, target_events.OBJECTIVE, clock.ordinal)
            )
    return found


def clock_ends(clocks: Sequence[Clock], present: int) -> Iterable[tuple[Clock, int]]:
    """Clocks with the instants at which they count. The clocks of one target by assignment count together: at the
    instant of the first breach, or if there is none at the one at which the last of them stopped."""
    stints: dict[str, list[Clock]] = {}
    for clock in clocks:
        if clock.target.clock is not None and clock.target.clock.each_assignment:
            stints.setdefault(clock.target.target_id, []).append(clock)
        elif (
            at := clock.stopped_at if clock.state == clock_replay.MET else clock.breached_at
        ) is not None and at <= present:
            yield clock, at
    for of_one in stints.values():
        late = [clock for clock in of_one if not _is_met(clock, present)]
        if late:
            yield from ((clock, min(each.breached_at or 0 for each in late)) for clock in of_one)
        elif all(clock.stopped_at is not None for clock in of_one):
            yield from ((clock, max(each.stopped_at or 0 for each in of_one)) for clock in of_one)


def _is_met(clock: Clock, present: int) -> bool:
    """Whether a clock had no breach by an instant."""
    return clock.state == clock_replay.MET or clock.breached_at is None or clock.breached_at > present


async def ended_tickets(
    record: TicketHistory,
    terms: ServiceLevelTarget,
    target_ids: Sequence[str],
    span: Interval,
    as_of: int,
    known_at: int | None,
) -> Sequence[ClosedTicket]:
    """The tickets whose clocks of these targets ended in a span, by name. ``terms``: a target of the same agreement.

    The stored result holds for a ticket of which nothing was received since ``known_at``; other tickets are evaluated
    again by the facts known then.
    """
    as_it_is = await record.tickets_ended(target_ids, span, as_of)
    if known_at is None:
        return as_it_is
    changed: set[str] = set()
    walked: list[TicketOutcome] = []
    for owner in sorted(terms.ticket_owners):
        facts_of = await record.tickets_changed(owner, known_at)
        agreements = await record.agreements_of(owner) if facts_of else []
        book = target_matching.rule_book(line for each in agreements for line in lines_of(each.versions, each.ended_at))
        found = (ticket_outcome(ticket, facts, book, target_ids, span, known_at) for ticket, facts in facts_of.items())
        walked += [each for each in found if each is not None and each.ended_at <= as_of]
        changed |= facts_of.keys()
    overturned = set(await record.overturned([each for one in walked for each in one.missed], known_at))
    then = [ClosedTicket(one.ticket, one.ended_at, overturned.issuperset(one.missed)) for one in walked]
    now = [each for each in as_it_is if each.ticket not in changed]
    return sorted([*now, *then], key=lambda each: each.ticket)
