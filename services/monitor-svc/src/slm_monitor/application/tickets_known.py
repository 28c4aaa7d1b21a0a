"""Tickets whose clocks ended in a window, as was known at an instant, or as draft terms would have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from slm_calendar.intervals import Interval
from slm_monitor.application.ports import AgreementTerms
from slm_monitor.domain import births, clocks, ticket_rules, ticket_target
from slm_monitor.domain.clocks import Clock, Unjudgeable
from slm_monitor.domain.facts import Fact
from slm_monitor.domain.lines import lines_of
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.ticket_rules import Book


@dataclass(frozen=True, slots=True)
class TicketEnded:
    """A ticket of which a clock ended: it is met if all of its clocks were."""

    ticket: str
    ended_at: int
    is_met: bool


class Tickets(Protocol):
    """The part of the record that tickets are in."""

    async def overturned(self, breach_ids: Sequence[str], known_at: int | None) -> Iterable[str]: ...

    async def tickets_ended(self, target_ids: Sequence[str], span: Interval, as_of: int) -> Sequence[TicketEnded]: ...

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]: ...

    async def tickets_changed(self, owner_party_id: str, known_at: int) -> Mapping[str, Sequence[Fact]]: ...


@dataclass(slots=True)
class Walked:
    """A ticket worked out from its events. ``missed``: the breaches of its clocks, as a dispute may overturn one."""

    ticket: str
    ended_at: int
    met: int = 0
    missed: list[str] = field(default_factory=list)


def walk(
    ticket: str, facts: Iterable[Fact], book: Book, target_ids: Sequence[str], span: Interval,
    present: int,
) -> Walked | None:  # fmt: skip
    """What a ticket's events come to at ``present``; None where no clock of these targets ended in the span."""
    events = ticket_target.events_of(facts)
    failed: list[Unjudgeable] = []
    found: Walked | None = None
    for clock in clocks.by_rules(events, book, present, failed.append):
        if clock.target.target_id not in target_ids:
            continue
        standing = clock.as_of(present)
        at = _ended_at(standing)
        if at is None or not span[0] <= at < span[1] or at > present:
            continue
        found = found or Walked(ticket, at)
        found.ended_at = max(found.ended_at, at)
        if standing.state == clocks.MET:
            found.met += 1
        else:
            window_id = ticket.split("/", 1)[1]
            found.missed.append(births.breach_id(clock.target, window_id, births.OBJECTIVE, clock.ordinal))
    return found


def _ended_at(clock: Clock) -> int | None:
    if clock.state == clocks.MET:
        return clock.stopped_at
    return clock.breached_at if clock.state != clocks.CANCELLED else None


async def ended(
    record: Tickets, terms: ServiceLevelTarget, target_ids: Sequence[str], span: Interval, as_of: int,
    known_at: int | None,
) -> Sequence[TicketEnded]:  # fmt: skip
    """The tickets whose clocks of these targets ended in a span, in the order of their names. ``terms``: a target of
    the agreement that the targets are of.

    A ticket of which nothing was received since ``known_at`` was then what it is now; the others are worked out anew.
    """
    as_it_is = await record.tickets_ended(target_ids, span, as_of)
    if known_at is None:
        return as_it_is
    changed: set[str] = set()
    walked: list[Walked] = []
    for owner in sorted(terms.ticket_owners):
        facts_of = await record.tickets_changed(owner, known_at)
        agreements = await record.agreements_of(owner) if facts_of else []
        book = ticket_rules.book_of(line for each in agreements for line in lines_of(each.versions, each.ended_at))
        found = (walk(ticket, facts, book, target_ids, span, known_at) for ticket, facts in facts_of.items())
        walked += [each for each in found if each is not None and each.ended_at <= as_of]
        changed |= facts_of.keys()
    overturned = set(await record.overturned([each for one in walked for each in one.missed], known_at))
    then = [TicketEnded(one.ticket, one.ended_at, overturned.issuperset(one.missed)) for one in walked]
    now = [each for each in as_it_is if each.ticket not in changed]
    return sorted([*now, *then], key=lambda each: each.ticket)
