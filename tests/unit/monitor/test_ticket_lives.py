"""Ticket lives as a state machine: events in any order, repeated and corrected, against a count minute by minute."""

from __future__ import annotations

import random
from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from slm_monitor.domain.clocks import clock_replay, clock_state
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.tickets import ticket_target
from tests.support.counted_tickets import Walk
from tests.support.monitor import MINUTE, at, line_of, resolved

FRIDAY = at("2026-11-06T06:00")
RANKS = {"opened": 0, "cancelled": 1, "resolved": 2, "closed": 2, "reopened": 4}

often = ["state_changed", "state_changed", "resolved", "reopened", "priority_changed"]
kinds = st.sampled_from([*often, *often, *often, "closed", "closed", "first_response", "first_response", "cancelled"])
STOPS = {
    "resolution": (None, ("resolved", "closed")),
    "response": (None, ("first_response", "resolved", "closed")),
    "answer": ("first_response", ("first_response",)),
    "solution": ("resolved", ("resolved",)),
}
"""Clock → the stop that its terms write, and what that means; nothing written is the default."""
# Few, so that events meet each other, opening and closing hours, and the weekend.
minutes = st.sampled_from([120, 180, 240, 300, 360, 420, 480, 600, 660, 720, 780, 840, 1440, 4440, 4500, 4800])
states = st.sampled_from([None, "active", "waiting", "waiting"])
priorities = st.sampled_from(["P1", "P1", "P2", "P2", "P3"])


class TicketLives(RuleBasedStateMachine):
    """State machine: the events that a service desk may send about one ticket."""

    messages = Bundle("messages")

    @initialize(
        target=messages,
        on_reopen=st.sampled_from(["resume", "resume_counting_gap", "new_clock"]),
        on_change=st.sampled_from(["carry_elapsed", "restart", "from_opening"]),
        minute=st.sampled_from([0, 120, 180, 600]),
        priority=priorities,
        clock=st.sampled_from(sorted(STOPS)),
        state=st.sampled_from([None, None, None, "waiting", "Closed"]),
    )
    def open(
        self, on_reopen: str, on_change: str, minute: int, priority: str, clock: str, state: str | None
    ) -> dict[str, Any]:
        self.on_reopen, self.on_change, self.deadline = on_reopen, on_change, 360
        self.sent: list[dict[str, Any]] = []
        stop, self.stops = STOPS[clock]
        kind = "response" if clock in ("response", "answer") else "resolution"
        more: dict[str, Any] = {
            "on_reopen": on_reopen,
            "on_priority_change": on_change,
            "pause": ["waiting"],
            "clock": kind,
            "stop": stop,
        }
        p2 = {**resolved("PT8H", "P2", **more), "objective": {"within": {"calendar": "PT8H"}}}
        self.lines = [line_of(resolved("PT4H", service_hours="business", **more)), line_of(p2)]
        self.luck = random.Random(0)
        opening = {"id": "a", "event": "opened", "at": minute, "priority": priority, "type": "incident"}
        return self.tell({**opening, "state": state})

    def tell(self, message: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(message)
        return message

    @rule(target=messages, event=kinds, minute=minutes, state=states, priority=priorities)
    def happen(self, event: str, minute: int, state: str | None, priority: str) -> dict[str, Any]:
        more = {"priority": priority} if event == "priority_changed" else {}
        return self.tell({"id": f"e{len(self.sent):03d}", "event": event, "at": minute, "state": state, **more})

    @rule(target=messages, minute=minutes, priority=priorities)
    def change_priority(self, minute: int, priority: str) -> Any:
        return self.happen("priority_changed", minute, None, priority)

    @rule(target=messages, event=kinds, state=states, after=st.sampled_from([0, 0, 1, -1]))
    def happen_as_time_runs_out(self, event: str, state: str | None, after: int) -> Any:
        return self.happen(event, max(0, min(5000, self.deadline + after)), state, "P2")

    @rule(message=messages)
    def repeat(self, message: dict[str, Any]) -> None:
        self.tell(dict(message))

    @rule(target=messages, message=consumes(messages), minute=minutes, state=states)
    def correct(self, message: dict[str, Any], minute: int, state: str | None) -> Any:
        latest = max((each for each in self.sent if each["id"] == message["id"]), key=lambda each: each.get("rev", 0))
        # A ticket is opened once: its opening may be corrected, not be taken back.
        return multiple(self.tell({**message, "at": minute, "state": state, "rev": latest.get("rev", 0) + 1}))

    @invariant()
    def as_counted(self) -> None:
        if not getattr(self, "sent", None):
            return
        heard = list(self.sent)
        self.luck.shuffle(heard)
        facts: dict[str, Fact] = {}
        for message in heard:
            fact = _fact(message)
            if fact.key not in facts or fact.rank > facts[fact.key].rank:
                facts[fact.key] = fact
        events = ticket_events.sort_ticket_events(
            [ticket_target.convert_fact_to_ticket_event(fact) for fact in facts.values()]
        )
        now = max(event.at for event in events) + self.luck.choice([0, 1, 29, 700, 4000]) * MINUTE
        found = [clock.as_of(now) for clock in clock_replay.replay_ticket_clocks(events, self.lines, now)]
        self.deadline = _minute(found[-1].deadline_at) if found else 360
        counted = Walk(self.on_reopen, self.on_change, stops=self.stops).run(self.by_hand(), _minute(now))
        assert [_told(clock, now) for clock in found] == [naive.told(_minute(now)) for naive in counted]
        for clock, naive in zip(found, counted, strict=True):
            if naive.due is not None and not naive.overdrawn and naive.due <= _minute(now):
                assert naive.due == _minute(clock.deadline_at)
            assert clock.past_due == (naive.overdrawn or (naive.due is not None and naive.due < _attached(clock)))

    def by_hand(self) -> list[dict[str, Any]]:
        """The valid events among those sent, in order."""
        latest: dict[str, dict[str, Any]] = {}
        for message in self.sent:
            before = latest.get(message["id"])
            if before is None or message.get("rev", 0) > before.get("rev", 0):
                latest[message["id"]] = message
        ordered = sorted(latest.values(), key=lambda each: (each["at"], RANKS.get(each["event"], 3), each["id"]))
        told = [[each, {**each, "event": "closed"}] if _is_over(each) else [each] for each in ordered]
        return [each for some in told for each in some]


def _is_over(message: dict[str, Any]) -> bool:
    """A ticket that is opened in an ended state is ended at once."""
    return message["event"] == "opened" and message["state"] == "Closed"


def _fact(message: dict[str, Any]) -> Fact:
    attributes = {name: message[name] for name in ("priority", "type") if name in message}
    body = {"event": message["event"], "state": message.get("state"), "attributes": attributes}
    instant = FRIDAY + message["at"] * MINUTE
    return Fact("p/desk/1", f"desk\x1f{message['id']}", instant, body, message.get("rev", 0))


def _minute(instant: int) -> int:
    return (instant - FRIDAY) // MINUTE


def _attached(clock: clock_state.TicketClockState) -> int:
    return _minute(clock.attached_at)


def _told(clock: clock_state.TicketClockState, now: int) -> tuple[Any, ...]:
    calendar, service = clock.elapsed_by(clock.ended_at or now)
    stopped = None if clock.stopped_at is None else _minute(clock.stopped_at)
    return (clock.target.key, clock.state, stopped, calendar // MINUTE, service // MINUTE)


TicketLives.TestCase.settings = settings(
    max_examples=200, stateful_step_count=15, deadline=None, derandomize=True, phases=[Phase.generate]
)
test_every_life_of_a_ticket_is_judged_as_counted_minute_by_minute = TicketLives.TestCase
