"""The intake of events about ticket clocks: stores the clocks of parties' own tickets, and the figures that ticket
writers have yet to write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from slm_chassis.clock import SECOND, real_now
from slm_events.clocks import TicketClockEvent
from slm_events.envelope import Envelope
from slm_events.instants import UtcMicroseconds, from_text, to_text
from slm_events.monitor import BreachWithdrawn, TargetBreached
from slm_notification.application.writing_ports import HeardBreach, HeardClock, TicketKey, WriterLedger
from slm_notification.domain.ticket_figures import TicketFigures, figures_of, has_open_clock
from slm_notification.domain.ticket_writers import TicketWriter

SETTLE = SECOND
"""Real microseconds until a change is written. A change that follows within this time goes into the same request."""


async def keep_clocks(ledger: WriterLedger, envelopes: Sequence[Envelope]) -> None:
    """Store clocks and breaches of tickets, and the figures that ticket writers have yet to write because of them.

    The clocks are stored even if the party has no writer, so that a new writer knows the open tickets. A clock is
    stored only if the party itself made the promise, and only if the ticket came from a source of the party: the number
    of another party's ticket means nothing to the party's own tool.
    """
    clocks: dict[tuple[str, ...], HeardClock] = {}
    breaches: dict[str, HeardBreach] = {}
    withdrawn: set[str] = set()
    for each in envelopes:
        event = each.data
        if isinstance(event, TicketClockEvent):
            if event.sent_by == "provider" and event.ordinal is not None:
                clock = _clock(event)
                clocks[(clock.party_id, clock.source, clock.ticket, clock.target_id, str(clock.ordinal))] = clock
        elif isinstance(event, TargetBreached):
            # Breaches that were published before events said so have no sender.
            if event.ticket is not None and event.sent_by in ("provider", None):
                breaches[event.breach_id] = _breach(event)
                withdrawn.discard(event.breach_id)
        elif isinstance(event, BreachWithdrawn):
            breaches.pop(event.breach_id, None)
            withdrawn.add(event.breach_id)
    if not (clocks or breaches or withdrawn):
        return
    await ledger.begin_hearing()
    # In one order everywhere, so that no two transactions wait for each other.
    await ledger.put_clocks([clocks[key] for key in sorted(clocks)])
    await ledger.put_breaches([breaches[key] for key in sorted(breaches)])
    touched = {(each.party_id, each.source, each.ticket) for each in clocks.values()}
    touched |= {(each.party_id, each.source, each.ticket) for each in breaches.values()}
    touched |= set(await ledger.withdraw_breaches(sorted(withdrawn)))
    await _want(ledger, touched)


async def _want(ledger: WriterLedger, touched: Collection[TicketKey]) -> None:
    by_source: dict[tuple[str, str], list[str]] = defaultdict(list)
    for party_id, source, ticket in touched:
        by_source[party_id, source].append(ticket)
    for writer in await ledger.writers_of(sorted(by_source)):
        await want_figures(ledger, writer, by_source[writer.party_id, writer.source], real_now() + SETTLE)


async def want_figures(
    ledger: WriterLedger, writer: TicketWriter, tickets: Iterable[str], due_at: UtcMicroseconds
) -> None:
    """Let a writer write the present figures of these tickets, due at ``due_at`` (real time).

    If all clocks of a ticket have ended, the ticket is written only if the writer has had to write it before. So a
    closed ticket does not change if it was imported as history, or is older than the writer.
    """
    numbers = sorted(set(tickets))
    known = await ledger.known_writes(writer.writer_id, numbers)
    wanted = {}
    for number, clocks in (await ledger.clocks_of(writer.party_id, writer.source, numbers)).items():
        figures = figures_of(clocks, writer.clocks)
        if figures is not None and (number in known or has_open_clock(clocks, writer.clocks)):
            wanted[number] = wanted_of(writer, figures)
    await ledger.want(writer, wanted, due_at)


def wanted_of(writer: TicketWriter, figures: TicketFigures) -> Mapping[str, Any]:
    """Return the figures that the writer writes, as they are stored."""
    values = {
        "due_at": None if figures.due_at is None else to_text(figures.due_at),
        "state": figures.state,
        "breached": figures.is_breached,
    }
    return {name: value for name, value in values.items() if name in writer.fields}


def _clock(event: TicketClockEvent) -> HeardClock:
    return HeardClock(
        party_id=event.provider_party_id,
        source=event.source,
        ticket=event.ticket,
        target_id=event.target_id,
        ordinal=event.ordinal or 0,
        clock=event.clock,
        state=event.state,
        deadline_at=None if event.deadline_at is None else from_text(event.deadline_at),
    )


def _breach(event: TargetBreached) -> HeardBreach:
    assert event.ticket is not None
    return HeardBreach(
        breach_id=event.breach_id,
        party_id=event.provider_party_id,
        source=str(event.ticket["source"]),
        ticket=str(event.ticket["number"]),
        target_id=event.target_id,
        ordinal=event.ordinal,
    )
