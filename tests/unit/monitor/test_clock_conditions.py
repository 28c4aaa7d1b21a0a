"""Ticket clocks with conditions of their own: start, stop, reset and cancel; targets that come to apply late."""

from __future__ import annotations

from typing import Any

import pytest

from slm_monitor.domain.clocks import assignments, clock_replay, clock_warnings
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms.terms_history import ClockHistory, create_terms_history
from tests.support.monitor import HOUR, MINUTE, at, line_of, opened, resolved, terms_of, ticket_event


def walked(*events: TicketEvent, until: str | None = None, **terms: Any) -> list[TicketClockState]:
    line = line_of(resolved(**terms))
    return clock_replay.replay_ticket_clocks(
        ticket_events.sort_ticket_events(events), [line], None if until is None else at(until)
    )


def only(*events: TicketEvent, **terms: Any) -> TicketClockState:
    (clock,) = walked(*events, **terms)
    return clock


def assigned(instant: str, team: str, **more: Any) -> TicketEvent:
    return ticket_event(instant, "assigned", team=team, **more)


TEAM_CLOCK: dict[str, Any] = {
    "start": {"event": "assigned", "team": "network"},
    "clock": "ownership",
    "stop": "resolved",
    "cancel": [{"event": "assigned", "team": ["desk", "database"]}],
}


def test_an_operational_agreements_clock_starts_when_the_team_gets_the_ticket() -> None:
    clock = only(opened("2026-11-02T09:00", team="desk"), assigned("2026-11-02T10:00", "network"), **TEAM_CLOCK)
    assert (clock.started_at, clock.deadline_at) == (at("2026-11-02T10:00"), at("2026-11-02T14:00"))


def test_a_teams_clock_ends_with_the_assignment_and_begins_anew_on_return() -> None:
    first, second = walked(
        opened("2026-11-02T09:00"),
        assigned("2026-11-02T10:00", "network"),
        assigned("2026-11-02T11:00", "desk"),
        assigned("2026-11-02T12:00", "network"),
        **TEAM_CLOCK,
    )
    assert (first.state, second.state) == (clock_replay.CANCELLED, clock_replay.RUNNING)
    assert (second.started_at, second.ordinal) == (at("2026-11-02T12:00"), 1)


def test_a_reset_ends_a_clock_and_begins_another() -> None:
    first, second = walked(opened("2026-11-02T09:00"), assigned("2026-11-02T10:00", "network"), reset="assigned")
    assert (first.state, first.breached_at) == (clock_replay.CANCELLED, None)
    assert second.deadline_at == at("2026-11-02T14:00")


def test_a_breach_before_the_reset_stands() -> None:
    first, _ = walked(opened("2026-11-02T09:00"), assigned("2026-11-02T15:00", "network"), reset="assigned")
    assert first.breached_at == at("2026-11-02T13:00")


def test_a_clock_may_start_and_stop_by_state_and_resume_after_it() -> None:
    events = (
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "state_changed", "active"),
        ticket_event("2026-11-02T11:00", "state_changed", "done"),
        ticket_event("2026-11-02T12:00", "state_changed", "active"),
    )
    own: dict[str, Any] = {"start": {"state": "active"}, "stop": {"state": "done"}}
    assert only(*events[:3], **own).state == clock_replay.MET
    clock = only(*events, **own)
    assert (clock.state, clock.started_at, clock.deadline_at) == (
        clock_replay.RUNNING,
        at("2026-11-02T10:00"),
        at("2026-11-02T15:00"),
    )


def test_a_field_of_the_ticket_may_pause_a_clock() -> None:
    clock = only(
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "state_changed", on_hold=True),
        ticket_event("2026-11-02T11:00", "state_changed", on_hold=False),
        pause=["waiting", {"on_hold": True}],
    )
    assert clock.deadline_at == at("2026-11-02T14:00")


def test_nothing_is_attached_where_the_stop_holds_already() -> None:
    events = (opened("2026-11-02T09:00", "P3"), ticket_event("2026-11-02T10:00", "resolved"))
    raised = ticket_event("2026-11-02T11:00", "priority_changed", priority="P1")
    assert walked(*events, raised) == []


def test_a_target_that_begins_to_apply_counts_from_opening_unless_it_restarts() -> None:
    events = (opened("2026-11-02T09:00", "P3"), ticket_event("2026-11-02T11:00", "priority_changed", priority="P1"))
    clock = only(*events)
    assert (clock.started_at, clock.attached_at, clock.deadline_at) == (
        at("2026-11-02T09:00"),
        at("2026-11-02T11:00"),
        at("2026-11-02T13:00"),
    )
    assert only(*events, on_priority_change="restart").deadline_at == at("2026-11-02T15:00")


def test_a_clock_attached_past_due_is_marked_and_notifies_nobody() -> None:
    events = (opened("2026-11-02T09:00", "P3"), ticket_event("2026-11-02T15:00", "priority_changed", priority="P1"))
    clock = only(*events).as_of(at("2026-11-02T15:00"))
    assert (clock.state, clock.past_due, clock.is_notified) == (clock_replay.BREACHED, True, False)
    assert only(*events, notify_past_due=True).is_notified
    assert not only(opened("2026-11-02T09:00")).as_of(at("2026-11-02T15:00")).past_due


def test_a_ticket_that_no_target_fits_any_more_has_its_clock_cancelled() -> None:
    clock = only(opened("2026-11-02T09:00"), ticket_event("2026-11-02T10:00", "priority_changed", priority="P5"))
    assert clock.state == clock_replay.CANCELLED


def test_an_incident_resolved_as_its_priority_changes_follows_the_new_one() -> None:
    lines = [line_of(resolved()), line_of(resolved("PT8H", "P2"))]
    events = [opened("2026-11-02T09:00"), ticket_event("2026-11-02T15:00", "resolved", priority="P2")]
    assert [clock.state for clock in clock_replay.replay_ticket_clocks(events, lines)] == [
        clock_replay.CANCELLED,
        clock_replay.MET,
    ]


def amended(policy: str, within: str = "PT8H") -> ClockHistory:
    later = terms_of(resolved(within, on_terms_change=policy), version=2, effective_at="2026-11-02T11:00:00Z")
    return create_terms_history([*terms_of(resolved()), *later])


@pytest.mark.parametrize(
    ("policy", "version", "deadline"),
    [
        ("keep", 1, "2026-11-02T14:00"),
        # An hour had passed and an hour been paused when eight hours took the place of four.
        ("carry_elapsed", 2, "2026-11-02T18:00"),
        ("from_opening", 2, "2026-11-02T18:00"),
    ],
)
def test_terms_edited_while_a_clock_runs_follow_their_policy(policy: str, version: int, deadline: str) -> None:
    events = [
        opened("2026-11-02T09:00"),
        ticket_event("2026-11-02T10:00", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-02T11:00", "state_changed", "active"),
    ]
    (clock,) = clock_replay.replay_ticket_clocks(events, [amended(policy)], at("2026-11-02T12:00"))
    assert (clock.target.version, clock.deadline_at, clock.ordinal) == (version, at(deadline), 0)


def test_terms_that_have_yet_to_take_effect_change_nothing() -> None:
    (clock,) = clock_replay.replay_ticket_clocks(
        [opened("2026-11-02T09:00")], [amended("from_opening")], at("2026-11-02T10:59")
    )
    assert clock.deadline_at == at("2026-11-02T13:00")


def test_edited_terms_judge_neither_stopped_nor_breached_clocks_again() -> None:
    line = amended("from_opening", "PT1H")
    events = [opened("2026-11-02T09:00"), ticket_event("2026-11-02T10:30", "resolved")]
    (stopped,) = clock_replay.replay_ticket_clocks(events, [line], at("2026-11-02T20:00"))
    assert (stopped.state, stopped.target.version) == (clock_replay.MET, 1)
    (late,) = clock_replay.replay_ticket_clocks(
        [opened("2026-11-02T06:00")], [amended("from_opening")], at("2026-11-02T20:00")
    )
    assert (late.breached_at, late.target.version) == (at("2026-11-02T10:00"), 1)


@pytest.mark.parametrize(("policy", "deadline"), [("keep", "2026-11-02T13:00"), ("from_opening", "2026-11-02T12:00")])
def test_an_edited_opening_date_moves_a_clock_only_if_terms_allow(policy: str, deadline: str) -> None:
    edited = ticket_event("2026-11-02T10:00", "state_changed", opened_at="2026-11-02T08:00:00Z")
    assert only(opened("2026-11-02T09:00"), edited, on_terms_change=policy).deadline_at == at(deadline)


def test_a_deadline_that_is_a_date_follows_it_until_it_passed() -> None:
    def dated(instant: str, date: str) -> TicketEvent:
        return ticket_event(instant, "state_changed", due=f"{date}:00Z")

    line = line_of({**resolved(), "objective": {"within": {"due_at": "due"}}})
    events = [opened("2026-11-02T09:00", due="2026-11-02T12:00:00Z"), dated("2026-11-02T10:00", "2026-11-02T11:00")]
    (moved,) = clock_replay.replay_ticket_clocks(events, [line])
    assert moved.deadline_at == at("2026-11-02T11:00")
    (passed,) = clock_replay.replay_ticket_clocks([*events, dated("2026-11-02T11:30", "2026-11-02T15:00")], [line])
    assert passed.deadline_at == at("2026-11-02T11:00")


def test_working_days_are_moved_by_the_service_time_of_their_pauses() -> None:
    def judged(within: dict[str, int], *events: TicketEvent) -> TicketClockState:
        line = line_of({**resolved(service_hours="business"), "objective": {"within": within}})
        return clock_replay.replay_ticket_clocks([opened("2026-11-02T09:00"), *events], [line])[0]

    paused = ticket_event("2026-11-02T17:00", "state_changed", "awaiting_customer")
    resumed = ticket_event("2026-11-03T08:30", "state_changed", "active")
    assert judged({"business_days": 1}, paused, resumed).deadline_at == at("2026-11-03T10:30")
    assert judged({"business_days_end": 1}).deadline_at == at("2026-11-03T18:00")


def test_of_several_service_hours_the_earliest_deadline_and_the_longest_time_count() -> None:
    both = only(opened("2026-11-02T16:00"), service_hours=["business", "24x7"])
    assert both.deadline_at == at("2026-11-02T20:00")
    assert both.elapsed_by(at("2026-11-02T19:00")) == (3 * HOUR, 3 * HOUR)
    assert both.shown_deadline(at("2026-11-02T19:00")) == at("2026-11-02T20:00")
    later = only(opened("2026-11-02T16:00"), service_hours="business")
    assert (later.deadline_at, later.left_by(at("2026-11-02T19:00"))) == (at("2026-11-03T10:00"), 2 * HOUR)


def test_warnings_come_at_shares_of_the_duration_but_never_during_a_pause() -> None:
    clock = only(opened("2026-11-02T09:00"), warn_at={"elapsed": [50, "75", 90]})
    assert [instant for _, instant in clock_warnings.compute_warning_instants(clock)] == [
        at("2026-11-02T11:00"),
        at("2026-11-02T12:00"),
        at("2026-11-02T12:36"),
    ]
    waiting = only(opened("2026-11-02T09:00"), ticket_event("2026-11-02T11:30", "state_changed", "awaiting_customer"))
    assert [str(share) for share, _ in clock_warnings.compute_warning_instants(waiting)] == ["50"]
    assert clock_warnings.compute_warning_instants(only(opened("2026-11-02T09:00"), warn_at=None)) == []


def test_escalations_stand_at_offsets_of_any_meaning_from_the_deadline() -> None:
    clock = only(
        opened("2026-11-02T13:00"),
        service_hours="business",
        escalations=[
            {"level": "functional", "to": "network", "at": {"service_time": "-PT1H"}},
            {"level": "hierarchical", "at": {"calendar": "PT0S"}},
            {"level": "hierarchical", "to": "director", "at": {"business_days": 1}},
        ],
    )
    found = [(each.level, each.to, instant) for each, instant in clock_warnings.compute_escalation_instants(clock)]
    assert found == [
        ("functional", "network", at("2026-11-02T16:00")),
        ("hierarchical", None, at("2026-11-02T17:00")),
        ("hierarchical", "director", at("2026-11-03T17:00")),
    ]


def test_the_time_of_each_team_adds_up_to_the_clocks_time() -> None:
    events = [
        opened("2026-11-02T09:00", team="desk"),
        assigned("2026-11-02T10:00", "network"),
        ticket_event("2026-11-02T10:30", "state_changed", "awaiting_customer"),
        ticket_event("2026-11-02T11:00", "state_changed", "active"),
        assigned("2026-11-02T12:00", "desk"),
        ticket_event("2026-11-02T12:15", "resolved"),
    ]
    clock = only(*events)
    held = assignments.sum_clock_time_by_holder(clock, events, clock.changed_at)
    assert [(each.by, each.service // MINUTE) for each in held] == [("desk", 75), ("network", 90)]
    assert sum(each.calendar for each in held) == clock.elapsed_calendar
    assert assignments.find_ticket_holder_at(events, clock.deadline_at - 2 * HOUR) == "network"


def test_the_explanation_names_the_rules_passed_over_and_why() -> None:
    lines = [line_of(resolved()), line_of({**resolved("PT8H", "P2"), "applies_to": {"type": ["incident"]}})]
    (clock,) = clock_replay.replay_ticket_clocks([opened("2026-11-02T09:00", "P3")], lines)
    assert clock.passed_over == (("p1-resolution", "priority is P3, not P1"),)


def test_a_clock_that_fails_is_named_and_the_others_are_evaluated() -> None:
    never = {**resolved(clock="response", stop="first_response"), "service_hours": "never", "target_id": "never"}
    closed = {"never": {"timezone": "UTC", "weekly": {}}, "24x7": "24x7"}
    lines = [line_of(resolved()), line_of(never, service_hours=closed)]
    failed: list[clock_replay.UnevaluableClock] = []
    (clock,) = clock_replay.replay_ticket_clocks([opened("2026-11-02T09:00")], lines, None, failed.append)
    assert (clock.state, [each.clock for each in failed]) == (clock_replay.RUNNING, ["response"])
    assert "NeverOpen" in failed[0].reason


def test_what_a_team_owes_runs_beside_what_is_owed_to_the_customer() -> None:
    owed = line_of(resolved())
    internal = create_terms_history(terms_of(resolved("PT2H", **TEAM_CLOCK), agreement_id="ola"))
    found = clock_replay.replay_ticket_clocks(
        [opened("2026-11-02T09:00"), assigned("2026-11-02T10:00", "network")], [owed, internal]
    )
    assert [clock.deadline_at for clock in found] == [at("2026-11-02T13:00"), at("2026-11-02T12:00")]


def test_time_used_up_as_the_target_changes_waits_for_opening_hours() -> None:
    lines = [line_of(resolved(service_hours="business")), line_of(resolved("PT8H", "P2"))]
    events = [opened("2026-11-06T16:00", "P2"), ticket_event("2026-11-06T20:00", "priority_changed", priority="P1")]
    _, clock = clock_replay.replay_ticket_clocks(events, lines)
    assert clock.deadline_at == at("2026-11-06T20:00")
