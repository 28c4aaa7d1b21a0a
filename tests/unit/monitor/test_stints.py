"""Stints: every assignment to a team has a clock of its own, counted against a list of who held the ticket when."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from slm_monitor.domain.clocks import clock_replay
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.ticket_events import TicketEvent
from tests.support.monitor import HOUR, at, line_of, resolved, ticket_event

OPENED = at("2026-11-23T08:00")
MEANT = ("a", "b")
OWNERSHIP = {
    **resolved("PT2H", clock="ownership", start={"event": "assigned", "team": list(MEANT)}, stop=None, pause=None),
    "key": "own",
    "applies_to": {"type": "incident"},
}
BY_TEAM = {**OWNERSHIP, "start": None, "applies_to": {"type": "incident", "team": list(MEANT)}}
happenings = st.sampled_from(["a", "a", "b", "c", "person", "resolved", "reopened", "closed"])
steps = st.lists(st.tuples(happenings, st.integers(0, 3)), max_size=12)


def life(written: list[tuple[str, int]]) -> list[TicketEvent]:
    events = [ticket_event("2026-11-23T08:00", "opened", type="incident")]
    now = OPENED
    for number, (what, hours) in enumerate(written):
        now += (hours + 1) * HOUR
        name = what if what in ("resolved", "reopened", "closed") else "assigned"
        said: dict[str, Any] = {"assignee": str(number)} if what == "person" else {"team": what}
        events.append(TicketEvent(f"{number:03}", now, name, number, None, said if name == "assigned" else {}))
    return ticket_events.sort_ticket_events(events)


def counted(events: list[TicketEvent]) -> list[tuple[int, int | None]]:
    """Start and stop of every stint, read off who held the ticket."""
    found: list[tuple[int, int | None]] = []
    team: str | None = None
    is_over = is_assigned = False

    def end(instant: int) -> None:
        if found and found[-1][1] is None:
            found[-1] = (found[-1][0], instant)

    for event in events:
        if event.event in ("resolved", "closed"):
            end(event.at)
            is_over = True
        elif event.event == "reopened":
            if is_over and is_assigned and team in MEANT:
                found.append((event.at, None))
            is_over = False
        elif event.event == "assigned":
            new = event.attributes.get("team", team)
            if new != team or not is_assigned:
                end(event.at)
                if new in MEANT and not is_over:
                    found.append((event.at, None))
            team, is_assigned = new, True
    return found


@settings(max_examples=300, deadline=None, derandomize=True)
@given(steps, st.sampled_from([OWNERSHIP, BY_TEAM]))
def test_every_assignment_to_a_meant_team_is_a_clock_of_its_own(
    written: list[tuple[str, int]], target: dict[str, Any]
) -> None:
    events = life(written)
    now = events[-1].at + HOUR
    found = clock_replay.replay_ticket_clocks(events, [line_of(target)], now)
    assert [(clock.started_at, clock.stopped_at) for clock in found] == counted(events)
    assert [clock.ordinal for clock in found] == list(range(len(found)))
    for clock in found:
        until = now if clock.stopped_at is None else clock.stopped_at
        deadline = clock.started_at + 2 * HOUR
        is_late = until > deadline if clock.stopped_at is not None else now >= deadline
        assert (clock.as_of(now).state in ("breached", "completed_late")) == is_late
