"""Builders of the events of ticket clocks."""

from __future__ import annotations

from typing import Any

from slm_events import clocks
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.lifecycle.target_state import TicketClock
from slm_monitor.domain.terms.terms import ClockTarget

_MOVES: dict[str, type[clocks.TicketClockEvent]] = {
    "paused": clocks.ClockPaused,
    "cancelled": clocks.ClockCancelled,
    "resumed": clocks.ClockResumed,
}


def build_clock_transition_event(entry: TicketClock, move: str, *, now: UtcMicroseconds) -> clocks.TicketClockEvent:
    """Build the event of a transition. ``move``: started | paused | resumed | stopped | cancelled."""
    clock = entry.clock
    fields = build_clock_event_fields(entry, clock.started_at if move == "started" else clock.changed_at, now)
    if move == "stopped":
        return clocks.ClockStopped(
            **fields,
            elapsed_calendar_seconds=clock.elapsed_calendar // 1_000_000,
            elapsed_service_seconds=clock.elapsed_service // 1_000_000,
            net_calendar_seconds=clock.net_calendar // 1_000_000,
            net_service_seconds=clock.net_service // 1_000_000,
        )
    if move == "started":
        return clocks.ClockStarted(**fields, past_due=clock.past_due)
    return _MOVES[move](**fields)


def build_clock_event_fields(entry: TicketClock, at: UtcMicroseconds, now: UtcMicroseconds) -> dict[str, Any]:
    """Return the fields that every event of a clock has."""
    clock = entry.clock
    return {
        **_identity_fields(clock.target, entry.key),
        "state": clock.state,
        "deadline_at": to_text(clock.deadline_at),
        "at": to_text(at),
        "published_at": to_text(now),
    }


def sender_of(terms: ClockTarget, ticket: str) -> str:
    """Return the party whose source sent the ticket, as events name the party: ``provider`` | ``customer``."""
    return "provider" if ticket.split("/", 1)[0] == terms.provider_party_id else "customer"


def _identity_fields(terms: ClockTarget, key: tuple[str, str, int]) -> dict[str, Any]:
    _, ticket, ordinal = key
    _, source, number = ticket.split("/", 2)
    return {
        "agreement_id": terms.agreement_id,
        "agreement_version": terms.version,
        "target_id": terms.target_id,
        "target_key": terms.key,
        "service_id": terms.service_id,
        "provider_party_id": terms.provider_party_id,
        "customer_party_id": terms.customer_party_id,
        "source": source,
        "ticket": number,
        "clock": terms.clock.clock,
        "ordinal": ordinal,
        "sent_by": sender_of(terms, ticket),
    }


def build_clock_cancelled_event(
    terms: ClockTarget, key: tuple[str, str, int], *, now: UtcMicroseconds
) -> clocks.ClockCancelled:
    """Build the event that cancels a published clock, because later facts show that the clock never existed.

    ``key``: (target, ticket, ordinal of the clock).
    """
    return clocks.ClockCancelled(
        **_identity_fields(terms, key),
        state="cancelled",
        deadline_at=None,
        at=to_text(now),
        published_at=to_text(now),
    )
