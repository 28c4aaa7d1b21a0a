"""The current view of a ticket: its clocks, calculated from its events and terms with the evaluator's functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.clocks import assignments, clock_replay, clock_warnings
from slm_monitor.domain.clocks.clock_replay import UnevaluableClock
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.clocks.target_matching import TicketRuleBook
from slm_monitor.domain.clocks.ticket_scope import WHOLE
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.lifecycle.target_state import TicketState
from slm_monitor.domain.tickets import ticket_state, ticket_target
from slm_monitor.domain.tickets.clock_notifications import format_percentage

SECOND = 1_000_000


@dataclass(frozen=True)
class TicketWithClocks:
    """A ticket with its clocks as of one instant."""

    events: Sequence[TicketEvent]
    clocks: Sequence[TicketClockState]
    state: TicketState
    unjudgeable: Sequence[UnevaluableClock]
    as_of: UtcMicroseconds
    unmatched_cause: str | None = None
    inconsistent: str | None = None


def compute_ticket_with_clocks(
    ticket: str, facts: Iterable[Fact], book: TicketRuleBook, as_of: UtcMicroseconds
) -> TicketWithClocks:
    """Calculate a ticket's clocks as of an instant, from its events."""
    events = ticket_target.convert_facts_to_ticket_events(facts)
    failed: list[UnevaluableClock] = []
    found = [clock.as_of(as_of) for clock in clock_replay.replay_clocks_by_rules(events, book, as_of, failed.append)]
    evaluated_by = {clock.target.agreement_id for clock in found} | {each.agreement_id for each in failed}
    because = book.matching(events, evaluated_by).unmatched_cause
    contradicting = ticket_events.explain_ticket_contradiction(events)
    shown = found if contradicting is None else []
    return TicketWithClocks(
        events, shown, ticket_state.derive_ticket_state(ticket, events), failed, as_of, because, contradicting
    )


@dataclass(frozen=True)
class TicketViewer:
    """The reader of a ticket.

    ``is_sender``: whether the ticket belongs to the reader's party. ``sees``: ``whole`` | ``projected`` (without type
    and persons).
    """

    is_sender: bool
    sees: str
    agreements: frozenset[str] | None
    """The agreements to which the reader is a party; None: all of them."""
    party_id: str | None = None
    """Id of the reader's party; None: an operator, who may see everything."""

    def may_see(self, agreement_id: str) -> bool:
        return self.agreements is None or agreement_id in self.agreements


def build_ticket_document(ticket: TicketWithClocks, reader: TicketViewer) -> dict[str, Any]:
    """Return a ticket as JSON, with the fields that its reader may see and the clocks of the reader's agreements."""
    state = ticket.state
    is_whole = reader.sees == WHOLE
    is_shown = [clock for clock in ticket.clocks if reader.may_see(clock.target.agreement_id)]
    return {
        "type": state.type if is_whole else None,
        "priority": state.priority,
        "state": state.state,
        "held_by": state.held_by if is_whole else state.team,
        "opened_at": format_instant(state.opened_at),
        "last_event_at": format_instant(state.last_at),
        "ended_at": format_instant(state.ended_at),
        "unmatched": reader.is_sender and ticket.unmatched_cause is not None,
        "unmatched_cause": ticket.unmatched_cause if reader.is_sender else None,
        "unjudgeable": [
            {"clock": each.clock, "reason": each.reason}
            for each in ticket.unjudgeable
            if reader.may_see(each.agreement_id)
        ],
        "inconsistent": ticket.inconsistent,
        "as_of": to_text(ticket.as_of),
        "clocks": [build_clock_document(clock, ticket, reader.party_id) for clock in is_shown],
        "exchanges": summarize_update_exchanges(is_shown),
    }


def build_clock_document(
    clock: TicketClockState, ticket: TicketWithClocks, party_id: str | None = None
) -> dict[str, Any]:
    """Return one clock as JSON: its deadline, and the time left and elapsed in whole seconds.

    ``party_id``: id of the reader's party. The customer of an agreement may see its warnings late or never. If
    ``party_id`` is None, all warnings are shown.
    """
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
        "clock": terms.clock.clock,
        "ordinal": clock.ordinal,
        "state": clock.state,
        "within": clock.within.to_document(),
        "started_at": to_text(clock.started_at),
        "attached_at": to_text(clock.attached_at),
        "deadline_at": to_text(clock.shown_deadline(until)),
        "original_deadline_at": to_text(clock.original_deadline_at),
        "changed_at": to_text(clock.changed_at),
        "stopped_at": format_instant(clock.stopped_at),
        "breached_at": format_instant(_certain(clock, as_of)),
        "past_due": clock.past_due,
        "time_left_seconds": clock.left_by(as_of) // SECOND,
        "elapsed_calendar_seconds": calendar // SECOND,
        "elapsed_service_seconds": service // SECOND,
        "net_calendar_seconds": net[0] // SECOND,
        "net_service_seconds": net[1] // SECOND,
        "paused_calendar_seconds": sum(end - start for start, end in pauses) // SECOND,
        "pauses": [[to_text(start), to_text(end)] for start, end in pauses],
        "warnings": _warnings(clock, as_of, party_id),
        "escalations": [
            {
                "level": each.level,
                "to": each.to,
                "offset": each.offset.to_document(),
                "at": to_text(at),
                "reached": _is_reached(at, clock, as_of),
            }
            for each, at in clock_warnings.compute_escalation_instants(clock)
        ],
        "held": [
            {"by": each.by, "calendar_seconds": each.calendar // SECOND, "service_seconds": each.service // SECOND}
            for each in assignments.sum_clock_time_by_holder(clock, events, until)
        ],
        "held_by_at_breach": _held_at_breach(clock, ticket),
    }


def _certain(clock: TicketClockState, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
    return clock.breached_at if clock.breached_at is not None and clock.breached_at <= as_of else None


def _held_at_breach(clock: TicketClockState, ticket: TicketWithClocks) -> str | None:
    at = _certain(clock, ticket.as_of)
    return (
        None
        if at is None
        else assignments.find_ticket_holder_at(ticket.events, at, assignments.list_holder_attribute_names(clock.target))
    )


def _warnings(clock: TicketClockState, as_of: UtcMicroseconds, party_id: str | None) -> list[dict[str, Any]]:
    """Return the warnings of a clock.

    For a customer, a warning counts as reached only after the agreed delay. The list is empty if the agreement shows
    customers no warnings.
    """
    terms = clock.target
    delay: int | None = 0
    if party_id is not None and party_id == terms.customer_party_id != terms.provider_party_id:
        delay = terms.customer_view.risks_after
    if delay is None:
        return []
    return [
        _warning(format_percentage(share), at, clock, as_of - delay)
        for share, at in clock_warnings.compute_warning_instants(clock)
    ]


def _warning(percent: str, at: UtcMicroseconds, clock: TicketClockState, as_of: UtcMicroseconds) -> dict[str, Any]:
    return {"threshold": percent, "at": to_text(at), "reached": _is_reached(at, clock, as_of)}


def _is_reached(at: UtcMicroseconds, clock: TicketClockState, as_of: UtcMicroseconds) -> bool:
    return at <= as_of and (clock.ended_at is None or at <= clock.ended_at)


def summarize_update_exchanges(found: Iterable[TicketClockState]) -> list[dict[str, Any]]:
    """Return one entry for each update target: how many messages of the customer were answered, and how fast.

    A ticket meets such a target if every message was answered in time.
    """
    by_target: dict[str, list[TicketClockState]] = {}
    for clock in found:
        if clock.target.clock.clock == "update":
            by_target.setdefault(clock.target.target_id, []).append(clock)
    return [_exchanges(target_id, of_one) for target_id, of_one in by_target.items()]


def _exchanges(target_id: str, of_one: Sequence[TicketClockState]) -> dict[str, Any]:
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


def format_instant(instant: UtcMicroseconds | None) -> str | None:
    return None if instant is None else to_text(instant)


def build_ticket_event_documents(facts: Iterable[tuple[Fact, int]]) -> list[dict[str, Any]]:
    """Return a ticket's events as JSON, with the instant of receipt, in the order of evaluation."""
    ordered = sorted(facts, key=lambda each: ticket_target.convert_fact_to_ticket_event(each[0]).order)
    return [
        {
            "at": to_text(fact.at),
            "received_at": to_text(received_at),
            "id": ticket_events.read_source_event_id(fact.key),
            **fact.body,
        }
        for fact, received_at in ordered
    ]
