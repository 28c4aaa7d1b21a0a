"""Ticket clocks: deadlines, pauses, reopening, changes of priority; met iff stopped in time."""

from __future__ import annotations

from typing import Any

import pytest

from slm_monitor.domain.clocks import clock_replay
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from tests.support.monitor import HOUR, MINUTE, at, line_of, opened, resolved, ticket_event


def walked(*events: TicketEvent, **terms: Any) -> list[TicketClockState]:
    return clock_replay.replay_ticket_clocks(ticket_events.sort_ticket_events(events), [line_of(resolved(**terms))])


def only(*events: TicketEvent, **terms: Any) -> TicketClockState:
    (clock,) = walked(*events, **terms)
    return clock


def test_a_ticket_resolved_at_the_deadline_is_met() -> None:
    clock = only(opened("2026-11-02T09:00"), ticket_event("2026-11-02T13:00", "resolved"))
    assert (clock.state, clock.deadline_at) == (clock_replay.MET, at("2026-11-02T13:00"))


def test_one_second_later_it_is_completed_late_and_breached_at_its_deadline() -> None:
    clock = only(opened("2026-11-02T09:00"), ticket_event("2026-11-02T13:00:01", "resolved"))
    assert (clock.state, clock.breached_at) == (clock_replay.COMPLETED_LATE, at("2026-11-02T13:00"))


def test_service_time_stops_at_night_and_at_the_weekend() -> None:
    clock = only(opened("2026-11-06T16:00"), service_hours="business")
    assert clock.deadline_at == at("2026-11-09T10:00")


def test_a_running_clock_past_its_deadline_is_breached_by_time_alone() -> None:
    clock = only(opened("2026-11-02T09:00"))
    assert clock.as_of(at("2026-11-02T12:59:59")).state == clock_replay.RUNNING
    assert clock.as_of(at("2026-11-02T13:00")).state == clock_replay.BREACHED


def test_a_pause_moves_the_deadline_by_its_length() -> None:
    clock = only(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-02T11:30", "state_changed", "active"),
    )
    assert clock.deadline_at == at("2026-11-02T14:30")


def test_a_paused_clock_cannot_breach() -> None:
    clock = only(opened("2026-11-02T09:00"), ticket_event("2026-11-02T10:00", "state_changed", "awaiting_customer"))
    assert clock.as_of(at("2027-11-02T10:00")).state == clock_replay.PAUSED


def test_a_pause_overnight_counts_service_time_only() -> None:
    clock = only(
        opened("2026-11-02T16:00"),
        ticket_event("2026-11-02T17:00", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-03T09:00", "state_changed", "active"),
        service_hours="business",
    )
    # 16–17 and then 3 h from 09:00; the pause is 17–18 and 08–09.
    assert clock.deadline_at == at("2026-11-03T12:00")


def test_a_pause_that_begins_after_the_deadline_changes_nothing() -> None:
    clock = only(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T13:30", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-02T15:00", "resolved"),
    )
    assert (clock.state, clock.breached_at) == (clock_replay.COMPLETED_LATE, at("2026-11-02T13:00"))


def test_reopening_resumes_and_the_resolved_gap_does_not_count() -> None:
    events = (
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "resolved"),
        ticket_event("2026-11-02T20:00", "reopened"),
    )
    assert only(*events).deadline_at == at("2026-11-02T23:00")
    assert only(*events, on_reopen="resume_counting_gap").deadline_at == at("2026-11-02T13:00")


def test_a_cancelled_ticket_is_neither_met_nor_breached() -> None:
    clock = only(opened("2026-11-02T09:00"), ticket_event("2026-11-02T10:00", "cancelled"))
    assert (clock.state, clock.breached_at) == (clock_replay.CANCELLED, None)


def test_closing_after_resolution_changes_nothing() -> None:
    clock = only(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "resolved"),
        ticket_event("2026-11-09T10:00", "closed"),
    )
    assert (clock.state, clock.stopped_at) == (clock_replay.MET, at("2026-11-02T10:00"))


def test_a_ticket_that_no_target_speaks_of_has_no_clock() -> None:
    assert walked(opened("2026-11-02T09:00", priority="P3")) == []


def test_the_first_matching_target_wins() -> None:
    lines = [line_of(resolved("PT4H")), line_of({**resolved("PT8H"), "target_id": "other"})]
    (clock,) = clock_replay.replay_ticket_clocks([opened("2026-11-02T09:00")], lines)
    assert clock.target.target_id == lines[0].target_id


@pytest.mark.parametrize(
    ("policy", "deadline"),
    [
        # Two of four hours were used when the ticket became a P2 of eight hours.
        ("carry_elapsed", "2026-11-02T17:00"),
        ("from_opening", "2026-11-02T17:00"),
        ("restart", "2026-11-02T19:00"),
    ],
)
def test_a_change_of_priority_follows_the_policy(policy: str, deadline: str) -> None:
    lines = [line_of(resolved()), line_of(resolved("PT8H", "P2", on_priority_change=policy))]
    events = [opened("2026-11-02T09:00"), ticket_event("2026-11-02T11:00", "priority_changed", None, priority="P2")]
    first, second = clock_replay.replay_ticket_clocks(events, lines)
    assert first.state == clock_replay.CANCELLED
    assert (second.state, second.deadline_at) == (clock_replay.RUNNING, at(deadline))


@pytest.mark.parametrize(
    ("carries", "deadline"),
    [
        # Eight hours from the opening, and the hour for which the clock of the priority before was paused.
        ({}, "2026-11-02T18:00"),
        ({"carry_pauses": False}, "2026-11-02T17:00"),
    ],
)
def test_with_from_opening_what_paused_the_clock_before_pauses_this_one_too(
    carries: dict[str, bool], deadline: str
) -> None:
    lines = [line_of(resolved()), line_of(resolved("PT8H", "P2", on_priority_change="from_opening", **carries))]
    events = [
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-02T11:00", "state_changed", "in_progress"),
        ticket_event("2026-11-02T12:00", "priority_changed", None, priority="P2"),
    ]
    _, second = clock_replay.replay_ticket_clocks(events, lines)
    assert second.deadline_at == at(deadline)


def test_carried_time_is_measured_by_the_hours_in_which_it_passed() -> None:
    lines = [line_of(resolved(service_hours="business")), line_of(resolved("PT8H", "P2"))]
    events = [opened("2026-11-06T17:00"), ticket_event("2026-11-09T09:00", "priority_changed", None, priority="P2")]
    _, second = clock_replay.replay_ticket_clocks(events, lines)
    assert second.deadline_at == at("2026-11-09T09:00") + 6 * HOUR


def test_a_pause_moves_the_deadline_over_the_night_by_service_hours() -> None:
    clock = only(
        opened("2026-11-03T13:00"),
        ticket_event("2026-11-03T14:00", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-03T16:00", "state_changed", "in_progress"),
        service_hours="business",
    )
    assert clock.deadline_at == at("2026-11-04T09:00")


def test_a_ticket_that_pauses_exactly_at_its_deadline_is_breached() -> None:
    waiting = ticket_event("2026-11-02T13:00", "state_changed", "awaiting_customer")
    clock = only(opened("2026-11-02T09:00"), waiting)
    assert (clock.state, clock.breached_at) == (clock_replay.RUNNING, at("2026-11-02T13:00"))
    assert clock.as_of(at("2026-11-02T13:00")).state == clock_replay.BREACHED


def test_a_clock_keeps_the_terms_of_its_opening() -> None:
    line = line_of(resolved())
    assert clock_replay.replay_ticket_clocks([opened("2026-10-31T23:59")], [line]) == []
    (clock,) = clock_replay.replay_ticket_clocks([opened("2026-11-01T00:00")], [line])
    assert clock.target.version == 1


def test_events_of_one_instant_are_taken_in_a_fixed_order() -> None:
    first = [opened("2026-11-02T09:00"), ticket_event("2026-11-02T09:00", "resolved")]
    both = [
        clock_replay.replay_ticket_clocks(ticket_events.sort_ticket_events(order), [line_of(resolved())])
        for order in (first, first[::-1])
    ]
    assert both[0] == both[1]
    assert [clock.state for clock in both[0]] == [clock_replay.MET]


def test_elapsed_times_leave_pauses_out() -> None:
    clock = only(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-02T10:45", "state_changed", "active"),
        ticket_event("2026-11-02T12:00", "resolved"),
        service_hours="business",
    )
    assert (clock.elapsed_calendar, clock.elapsed_service) == (2 * HOUR + 15 * MINUTE, 2 * HOUR + 15 * MINUTE)


def test_an_event_older_than_the_opening_starts_no_clock() -> None:
    clock = only(
        ticket_event("2026-11-02T07:00", "assigned", type="incident", priority="P1"), opened("2026-11-02T09:00")
    )
    assert clock.started_at == at("2026-11-02T09:00")


def test_a_ticket_without_an_opening_begins_with_its_first_event() -> None:
    clock = only(ticket_event("2026-11-02T07:00", "assigned", type="incident", priority="P1"))
    assert clock.started_at == at("2026-11-02T07:00")
