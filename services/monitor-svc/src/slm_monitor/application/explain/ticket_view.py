"""The current view of a ticket: its clocks, computed from its events and terms by the evaluator's functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from slm_events.instants import to_text
from slm_monitor.domain.clocks import assignments, clock_replay, clock_warnings
from slm_monitor.domain.clocks.clock_replay import Clock, FailedClock
from slm_monitor.domain.clocks.target_matching import RuleBook
from slm_monitor.domain.clocks.ticket_scope import WHOLE
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.lifecycle.target_state import TicketState
from slm_monitor.domain.tickets import ticket_state, ticket_target
from slm_monitor.domain.tickets.clock_notifications import percent_text

SECOND = 1_000_000


@dataclass(frozen=True)
class TicketWithClocks:
    """A ticket with its clocks at an instant."""

    events: Sequence[TicketEvent]
    clocks: Sequence[Clock]
    state: TicketState
    unjudgeable: Sequence[FailedClock]
    as_of: int
    unmatched_cause: str | None = None
    inconsistent: str | None = None


def ticket_with_clocks(ticket: str, facts: Iterable[Fact], book: RuleBook, as_of: int) -> TicketWithClocks:
    """Compute the view of a ticket at an instant."""
    events = ticket_target.ordered_events(facts)
    failed: list[FailedClock] = []
    found = [clock.as_of(as_of) for clock in clock_replay.replay_by_rules(events, book, as_of, failed.append)]
    evaluated_by = {clock.target.agreement_id for clock in found} | {each.agreement_id for each in failed}
    because = book.matching(events, evaluated_by).unmatched_cause
    contradicting = ticket_events.inconsistency(events)
    shown = found if contradicting is None else []
    return TicketWithClocks(
        events, shown, ticket_state.state_of_ticket(ticket, events), failed, as_of, because, contradicting
    )


@dataclass(frozen=True)
class TicketReader:
    """The reader of a ticket. ``is_sender``: whether its party's source sent the ticket. ``sees``: ``whole`` |
    ``projected``."""

    is_sender: bool
    sees: str
    agreements: frozenset[str] | None
    """The agreements to which the reader is a party; None: all of them."""

    def may_see(self, agreement_id: str) -> bool:
        return self.agreements is None or agreement_id in self.agreements


def ticket_document(ticket: TicketWithClocks, reader: TicketReader) -> dict[str, Any]:
    """A ticket as its reader may see it, with the clocks of the reader's agreements."""
    state = ticket.state
    is_whole = reader.sees == WHOLE
    is_shown = [clock for clock in ticket.clocks if reader.may_see(clock.target.agreement_id)]
    return {
        "type": state.type if is_whole else None,
        "priority": state.priority,
        "state": state.state,
        "held_by": state.held_by if is_whole else state.team,
        "opened_at": instant_text(state.opened_at),
        "last_event_at": instant_text(state.last_at),
        "ended_at": instant_text(state.ended_at),
        "unmatched": reader.is_sender and ticket.unmatched_cause is not None,
        "unmatched_cause": ticket.unmatched_cause if reader.is_sender else None,
        "unjudgeable": [
            {"clock": each.clock, "reason": each.reason}
            for each in ticket.unjudgeable
            if reader.may_see(each.agreement_id)
        ],
        "inconsistent": ticket.inconsistent,
        "as_of": to_text(ticket.as_of),
        "clocks": [clock_document(clock, ticket) for clock in is_shown],
        "exchanges": exchanges(is_shown),
    }


def clock_document(clock: Clock, ticket: TicketWithClocks) -> dict[str, Any]:
    """One clock as a document: its deadline, what is left and what has passed, in whole seconds."""
    terms, events, as_of = clock.target, ticket.events, ticket.as_of
    until = clock.ended_at or as_of
    calendar, service = clock.elapsed_by(until)
    net = clock.net_by(until)
    pauses = clock.pauses_by(until)
    return {
        "target_id": terms.target_id,
        "target_key": terms.key,
        "target_title": terms.title,
        "agreement_id": terms.agreement_id,
        "version": terms.version,
        "clock": terms.clock.clock if terms.clock is not None else "",
        "ordinal": clock.ordinal,
        "state": clock.state,
        "within": clock.within.to_document(),
        "started_at": to_text(clock.started_at),
        "attached_at": to_text(clock.attached_at),
        "deadline_at": to_text(clock.shown_deadline(until)),
        "original_deadline_at": to_text(clock.original_deadline_at),
        "changed_at": to_text(clock.changed_at),
        "stopped_at": instant_text(clock.stopped_at),
        "breached_at": instant_text(_certain(clock, as_of)),
        "past_due": clock.past_due,
        "time_left_seconds": clock.left_by(as_of) // SECOND,
        "elapsed_calendar_seconds": calendar // SECOND,
        "elapsed_service_seconds": service // SECOND,
        "net_calendar_seconds": net[0] // SECOND,
        "net_service_seconds": net[1] // SECOND,
        "paused_calendar_seconds": sum(end - start for start, end in pauses) // SECOND,
        "pauses": [[to_text(start), to_text(end)] for start, end in pauses],
        "warnings": [
            _warning(percent_text(share), at, clock, as_of) for share, at in clock_warnings.warning_instants(clock)
        ],
        "escalations": [
            {
                "level": each.level,
                "to": each.to,
                "offset": each.offset.to_document(),
                "at": to_text(at),
                "reached": _is_reached(at, clock, as_of),
            }
            for each, at in clock_warnings.escalation_instants(clock)
        ],
        "held": [
            {"by": each.by, "calendar_seconds": each.calendar // SECOND, "service_seconds": each.service // SECOND}
            for each in assignments.holder_times(clock, events, until)
        ],
        "held_by_at_breach": _held_at_breach(clock, ticket),
    }


def _certain(clock: Clock, as_of: int) -> int | None:
    return clock.breached_at if clock.breached_at is not None and clock.breached_at <= as_of else None


def _held_at_breach(clock: Clock, ticket: TicketWithClocks) -> str | None:
    at = _certain(clock, ticket.as_of)
    return None if at is None else assignments.holder_at(ticket.events, at, assignments.names_for(clock.target))


def _warning(percent: str, at: int, clock: Clock, as_of: int) -> dict[str, Any]:
    return {"threshold": percent, "at": to_text(at), "reached": _is_reached(at, clock, as_of)}


def _is_reached(at: int, clock: Clock, as_of: int) -> bool:
    return at <= as_of and (clock.ended_at is None or at <= clock.ended_at)


def exchanges(found: Iterable[Clock]) -> list[dict[str, Any]]:
    """For each update target its answered exchanges. The ticket meets the target if every exchange does."""
    by_target: dict[str, list[Clock]] = {}
    for clock in found:
        if clock.target.clock is not None and clock.target.clock.clock == "update":
            by_target.setdefault(clock.target.target_id, []).append(clock)
    return [_exchanges(target_id, of_one) for target_id, of_one in by_target.items()]


def _exchanges(target_id: str, of_one: Sequence[Clock]) -> dict[str, Any]:
    lengths = [clock.elapsed_service for clock in of_one if clock.stopped_at is not None]
    late = any(clock.state in (clock_replay.BREACHED, clock_replay.COMPLETED_LATE) for clock in of_one)
    return {
        "target_id": target_id,
        "answered": len(lengths),
        "open": sum(clock.is_open for clock in of_one),
        "mean_seconds": sum(lengths) // len(lengths) // SECOND if lengths else None,
        "longest_seconds": max(lengths) // SECOND if lengths else None,
        "met": not late,
    }


def instant_text(instant: int | None) -> str | None:
    return None if instant is None else to_text(instant)


def event_documents(facts: Iterable[tuple[Fact, int]]) -> list[dict[str, Any]]:
    """A ticket's events as they were received, with the instant of receipt, in the order in which they are
    evaluated."""
    ordered = sorted(facts, key=lambda each: ticket_target.event_of(each[0]).order)
    return [
        {"at": to_text(fact.at), "received_at": to_text(received_at), "id": ticket_events.own_id(fact.key), **fact.body}
        for fact, received_at in ordered
    ]
