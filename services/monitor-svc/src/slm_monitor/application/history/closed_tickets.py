"""Tickets whose clocks ended in a window: as known at an instant, or as draft terms would evaluate them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.clocks import clock_replay, target_matching
from slm_monitor.domain.clocks.clock_replay import UnevaluableClock
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.clocks.target_matching import TicketRuleBook
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import build_terms_histories
from slm_monitor.domain.tickets import ticket_target


@dataclass(frozen=True, slots=True)
class ClosedTicket:
    """A ticket of which at least one clock ended in a window; the ticket itself may still be open.

    It is met if each clock that ended in the window was met, or missed with a breach that a dispute overturned.
    """

    ticket: str
    ended_at: UtcMicroseconds
    is_met: bool


class TicketHistoryStore(Protocol):
    """The part of the record of facts that contains tickets."""

    async def overturned(self, breach_ids: Sequence[str], known_at: UtcMicroseconds | None) -> Iterable[str]: ...

    async def tickets_ended(
        self, target_ids: Sequence[str], span: Interval, as_of: UtcMicroseconds
    ) -> Sequence[ClosedTicket]: ...

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]: ...

    async def tickets_left_out(self, target_ids: Sequence[str], span: Interval) -> tuple[int, int]: ...

    async def tickets_changed(self, owner_party_id: str, known_at: UtcMicroseconds) -> Mapping[str, Sequence[Fact]]: ...


@dataclass(slots=True)
class TicketOutcome:
    """The result of evaluating a ticket from its events.

    ``missed``: the ids of its clocks' breaches, each of which a dispute may overturn.
    """

    ticket: str
    ended_at: UtcMicroseconds
    met: int = 0
    missed: list[str] = field(default_factory=list)


def evaluate_ticket_outcome(
    ticket: str,
    facts: Iterable[Fact],
    book: TicketRuleBook,
    target_ids: Sequence[str],
    span: Interval,
    present: UtcMicroseconds,
) -> TicketOutcome | None:
    """Evaluate a ticket's events as of ``present``; None if no clock of these targets ended in the span."""
    events = ticket_target.convert_facts_to_ticket_events(facts)
    failed: list[UnevaluableClock] = []
    if ticket_events.explain_ticket_contradiction(events) is not None:
        return None
    clocks = [
        clock.as_of(present)
        for clock in clock_replay.replay_clocks_by_rules(events, book, present, failed.append)
        if clock.target.target_id in target_ids and clock.state != clock_replay.CANCELLED
    ]
    found: TicketOutcome | None = None
    for clock, at in find_clock_end_instants(clocks, present):
        if not span[0] <= at < span[1]:
            continue
        found = found or TicketOutcome(ticket, at)
        found.ended_at = max(found.ended_at, at)
        if _is_met(clock, present):
            found.met += 1
        else:
            window_id = ticket.split("/", 1)[1]
            found.missed.append(
                target_events.derive_breach_id(clock.target, window_id, target_events.OBJECTIVE, clock.ordinal)
            )
    return found


def find_clock_end_instants(
    clocks: Sequence[TicketClockState], present: UtcMicroseconds
) -> Iterable[tuple[TicketClockState, int]]:
    """Return the clocks that have ended by ``present``, each with the instant (µs) of its end.

    A clock ends when it is met or breached. If a target gives each assignment a clock of its own, all clocks of the
    ticket for that target have the same end: their first breach or, without a breach, the last stop.
    """
    stints: dict[str, list[TicketClockState]] = {}
    for clock in clocks:
        if clock.target.clock.each_assignment:
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


def _is_met(clock: TicketClockState, present: UtcMicroseconds) -> bool:
    """Return whether a clock had no breach by an instant."""
    return clock.state == clock_replay.MET or clock.breached_at is None or clock.breached_at > present


async def find_tickets_ended_in_span(
    record: TicketHistoryStore,
    terms: ServiceLevelTarget,
    target_ids: Sequence[str],
    span: Interval,
    as_of: UtcMicroseconds,
    known_at: UtcMicroseconds | None,
) -> Sequence[ClosedTicket]:
    """Return the tickets of which a clock of these targets ended in a span, sorted by name.

    ``terms``: the terms of any target of the same agreement; they name the parties whose tickets count. ``known_at``
    None: the stored results are returned. Otherwise each ticket about which facts were received after ``known_at`` is
    evaluated again, from the facts known at that instant.
    """
    as_it_is = await record.tickets_ended(target_ids, span, as_of)
    if known_at is None:
        return as_it_is
    changed: set[str] = set()
    walked: list[TicketOutcome] = []
    for owner in sorted(terms.ticket_owners):
        facts_of = await record.tickets_changed(owner, known_at)
        agreements = await record.agreements_of(owner) if facts_of else []
        book = target_matching.build_ticket_rule_book(
            line for each in agreements for line in build_terms_histories(each.versions, each.ended_at)
        )
        found = (
            evaluate_ticket_outcome(ticket, facts, book, target_ids, span, known_at)
            for ticket, facts in facts_of.items()
        )
        walked += [each for each in found if each is not None and each.ended_at <= as_of]
        changed |= facts_of.keys()
    overturned = set(await record.overturned([each for one in walked for each in one.missed], known_at))
    then = [ClosedTicket(one.ticket, one.ended_at, overturned.issuperset(one.missed)) for one in walked]
    now = [each for each in as_it_is if each.ticket not in changed]
    return sorted([*now, *then], key=lambda each: each.ticket)
