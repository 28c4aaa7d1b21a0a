"""Ticket clocks by their further policies: exchanges, carried time, dates of the ticket, a deadline while paused."""

from __future__ import annotations

from typing import Any

from slm_monitor.domain.clocks import clock_replay
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from tests.support.monitor import HOUR, MINUTE, at, line_of, opened, resolved, ticket_event


def walked(*events: TicketEvent, **terms: Any) -> list[TicketClockState]:
    return clock_replay.replay_ticket_clocks(ticket_events.sort_ticket_events(events), [line_of(resolved(**terms))])


def test_an_update_clock_runs_once_for_each_exchange() -> None:
    found = walked(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T09:15", "agent_replied"),
        ticket_event("2026-11-02T10:00", "customer_replied"),
        ticket_event("2026-11-02T10:02", "customer_replied"),
        ticket_event("2026-11-02T10:05", "agent_replied"),
        ticket_event("2026-11-02T11:00", "agent_replied"),
        clock="update",
    )
    assert [(clock.started_at, clock.elapsed_service, clock.ordinal) for clock in found] == [
        (at("2026-11-02T09:00"), 15 * MINUTE, 0),
        (at("2026-11-02T10:00"), 5 * MINUTE, 1),
    ]


def test_an_update_clock_may_leave_the_opening_to_the_response_clock() -> None:
    found = walked(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T09:05", "customer_replied"),
        ticket_event("2026-11-02T09:15", "agent_replied"),
        ticket_event("2026-11-02T10:00", "customer_replied"),
        clock="update",
        after_first_response=True,
    )
    assert [clock.started_at for clock in found] == [at("2026-11-02T10:00")]


def test_a_reopened_ticket_may_begin_a_clock_of_its_own() -> None:
    first, second = walked(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T14:00", "resolved"),
        ticket_event("2026-11-03T09:00", "reopened"),
        on_reopen="new_clock",
    )
    assert (first.state, first.breached_at) == (clock_replay.COMPLETED_LATE, at("2026-11-02T13:00"))
    assert (second.started_at, second.deadline_at) == (at("2026-11-03T09:00"), at("2026-11-03T13:00"))


def test_a_deadline_may_be_a_date_of_the_ticket() -> None:
    line = line_of({**resolved(), "objective": {"within": {"due_at": "due_date"}}})
    (dated,) = clock_replay.replay_ticket_clocks([opened("2026-11-02T09:00", due_date="2026-11-05T12:00:00Z")], [line])
    (undated,) = clock_replay.replay_ticket_clocks([opened("2026-11-02T09:00")], [line])
    assert dated.deadline_at == at("2026-11-05T12:00")
    assert undated.deadline_at == at("2026-11-02T09:00:01")


def test_the_deadline_shown_moves_while_the_clock_is_paused() -> None:
    (clock,) = walked(
        opened("2026-11-02T09:00"), ticket_event("2026-11-02T10:00", "state_changed", "awaiting_customer")
    )
    assert clock.shown_deadline(at("2026-11-02T10:30")) == at("2026-11-02T13:30")
    assert clock.elapsed_by(at("2026-11-02T10:30")) == (HOUR, HOUR)


def test_time_carried_to_another_target_is_measured_once() -> None:
    lines = [line_of(resolved("PT8H", "P2")), line_of(resolved("PT4H", "P1"))]
    events = [
        opened("2026-11-02T09:00", priority="P2"),
        ticket_event("2026-11-02T10:00", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-02T11:00", "state_changed", "active"),
        ticket_event("2026-11-02T12:00", "priority_changed", priority="P1"),
        ticket_event("2026-11-02T13:00", "resolved"),
    ]
    first, second = clock_replay.replay_ticket_clocks(ticket_events.sort_ticket_events(events), lines)
    assert (first.state, first.elapsed_service) == (clock_replay.CANCELLED, 2 * HOUR)
    assert (second.carried, second.elapsed_service) == ((2 * HOUR, 2 * HOUR), 3 * HOUR)
    assert second.deadline_at == at("2026-11-02T14:00")
