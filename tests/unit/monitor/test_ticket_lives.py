"""Ticket lives as a state machine: events in any order, repeated and corrected, against a count minute by minute."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from slm_monitor.domain import clocks, ticket_target, tickets
from slm_monitor.domain.facts import Fact
from tests.support.monitor import MINUTE, at, line_of, resolved

FRIDAY = at("2026-11-06T06:00")
RANKS = {"opened": 0, "cancelled": 1, "resolved": 2, "reopened": 4}
TARGETS = {"P1": (240, True), "P2": (480, False)}
"""Priority → minutes, and whether only those in business hours count. Any other priority has no target."""


def is_open(minute: int) -> bool:
    """Monday to Friday, 08:00 to 18:00; minute 0 is a Friday's 06:00."""
    of_week = minute + 4 * 1440 + 360
    return of_week // 1440 % 7 < 5 and 480 <= of_week % 1440 < 1080


@dataclass
class Naive:
    """A clock that is counted down a minute at a time."""

    priority: str
    start: int
    left: int
    since: int
    calendar: int = 0
    service: int = 0
    due: int | None = None
    waits: bool = False
    waited: set[int] = field(default_factory=set)
    stopped: int | None = None
    cancelled: int | None = None
    overdrawn: bool = False

    @property
    def over(self) -> bool:
        return self.stopped is not None or self.cancelled is not None

    def pass_minute(self, minute: int) -> None:
        if self.waits:
            self.waited.add(minute)
            return
        opened, in_hours = is_open(minute), TARGETS[self.priority][1]
        self.calendar, self.service = self.calendar + 1, self.service + (opened if in_hours else 1)
        if self.due is None and (opened or not in_hours):
            self.left -= 1
            if self.left == 0:
                self.due = minute + 1

    def wait_if(self, waiting: bool) -> None:
        self.waits = waiting and (self.waits or self.due is None)

    def told(self, now: int) -> tuple[Any, ...]:
        late = self.due is not None and (self.stopped is None or self.stopped > self.due)
        if self.cancelled is not None:
            state = "cancelled"
        elif self.stopped is not None:
            state = "completed_late" if late else "met"
        elif self.waits:
            state = "paused"
        else:
            state = "breached" if self.due is not None and self.due <= now else "running"
        return (f"{self.priority.lower()}-resolution", state, self.stopped, self.calendar, self.service)


class Walk:
    """The clocks of a ticket by its events in order; ``only``: one target, whatever the priority."""

    def __init__(self, on_reopen: str, on_change: str, only: str | None = None) -> None:
        self.on_reopen, self.on_change, self.only = on_reopen, on_change, only
        self.ended: list[Naive] = []
        self.clock: Naive | None = None
        self.priority: str | None = None
        self.state: str | None = None
        self.opened = False
        self.tried: str | None = None
        self.seen: list[dict[str, Any]] = []

    def run(self, events: list[dict[str, Any]], until: int) -> list[Naive]:
        minute = events[0]["at"] if events else until
        waiting = list(events)
        while minute <= until:
            while waiting and waiting[0]["at"] == minute:
                self.take(waiting.pop(0))
            if minute < until and self.clock is not None and not self.clock.over:
                self.clock.pass_minute(minute)
            minute += 1
        return [*self.ended, *([self.clock] if self.clock else [])]

    def target(self) -> str | None:
        if not self.opened:
            return None
        return self.only or (self.priority if self.priority in TARGETS else None)

    def take(self, event: dict[str, Any]) -> None:
        self.seen.append(event)
        self.priority = event.get("priority") or self.priority
        leaves = event["event"] in ("resolved", "cancelled", "reopened")
        self.state = event.get("state") or (None if leaves else self.state)
        self.opened = self.opened or event["event"] == "opened"
        clock = self.clock
        if clock is None:
            self.attach(event)
        elif clock.cancelled is not None:
            return
        elif clock.stopped is not None:
            if event["event"] == "reopened":
                self.reopen(clock, event)
        elif not self.change(event):
            self.happen(clock, event)

    def happen(self, clock: Naive, event: dict[str, Any]) -> None:
        if event["event"] == "cancelled":
            clock.cancelled, clock.waits = event["at"], False
        elif event["event"] == "resolved":
            clock.stopped, clock.waits = event["at"], False
        else:
            clock.wait_if(self.state == "waiting")

    def reopen(self, clock: Naive, event: dict[str, Any]) -> None:
        if self.on_reopen == "new_clock":
            self.ended.append(clock)
            self.clock = self.begin(clock.priority, event["at"])
            self.clock.wait_if(self.state == "waiting")
            self.happen(self.clock, event)
            return
        stopped, clock.stopped = clock.stopped, None
        assert stopped is not None
        late = clock.due is not None
        for minute in range(stopped, event["at"]):
            clock.waits = self.on_reopen == "resume" and not late
            clock.pass_minute(minute)
        clock.waits = False
        clock.wait_if(self.state == "waiting")
        self.change(event)

    @staticmethod
    def begin(priority: str, start: int) -> Naive:
        return Naive(priority, start, TARGETS[priority][0], start)

    def alone(self, target: str, events: list[dict[str, Any]], now: int) -> Naive | None:
        """The clock if this target had always applied, up to (and without) the minute ``now``."""
        walk = Walk(self.on_reopen, self.on_change, target)
        walk.run(events, now)
        return walk.clock if walk.clock is not None and not walk.clock.over else None

    def attach(self, event: dict[str, Any]) -> None:
        target, tried, self.tried = self.target(), self.tried, self.target()
        if target is None:
            return
        if event["event"] == "opened" and not any(each["event"] == "opened" for each in self.seen[:-1]):
            self.clock = self.begin(target, event["at"])
            self.clock.wait_if(self.state == "waiting")
        elif self.only is None and (target != tried or event["event"] == "reopened"):
            found = self.alone(target, self.seen, event["at"])
            if found is not None and self.on_change == "restart":
                found = self.begin(target, event["at"])
                found.wait_if(self.state == "waiting")
            self.clock = found

    def change(self, event: dict[str, Any]) -> bool:
        """Another target applies."""
        clock, target, now = self.clock, self.target(), event["at"]
        assert clock is not None
        if target == clock.priority:
            return False
        clock.cancelled, clock.waits = now, False
        self.ended.append(clock)
        self.clock, self.tried = None, target
        if target is None:
            return True
        alone = self.alone(target, self.seen[:-1], now) or self.alone(target, self.seen, now)
        if alone is None:
            return True
        if self.on_change == "restart":
            new = self.begin(target, now)
        elif self.on_change == "carry_elapsed":
            new = self.begin(target, clock.start)
            new.calendar, new.service = clock.calendar, clock.service
            new.left -= clock.service if TARGETS[target][1] else clock.calendar
            new.overdrawn = new.left < 0
            if new.left <= 0:
                new.due = now
        else:
            new = self.begin(target, alone.start)
            for minute in range(alone.start, now):
                begins = minute in clock.waited and minute - 1 not in clock.waited
                if minute not in clock.waited:
                    new.waits = False
                elif begins or minute == alone.start:
                    new.waits = new.due is None
                new.pass_minute(minute)
            new.waits = False
        self.clock = new
        new.wait_if(self.state == "waiting")
        self.happen(new, event)
        return True


often = ["state_changed", "state_changed", "resolved", "reopened", "priority_changed"]
kinds = st.sampled_from([*often, *often, *often, "cancelled"])
# Few, so that events meet each other, opening and closing hours, and the weekend.
minutes = st.sampled_from([120, 180, 240, 300, 360, 420, 480, 600, 660, 720, 780, 840, 1440, 4440, 4500, 4800])
states = st.sampled_from([None, "active", "waiting", "waiting"])
priorities = st.sampled_from(["P1", "P1", "P2", "P2", "P3"])


class TicketLives(RuleBasedStateMachine):
    """What a desk may send of one ticket."""

    messages = Bundle("messages")

    @initialize(
        target=messages, on_reopen=st.sampled_from(["resume", "resume_counting_gap", "new_clock"]),
        on_change=st.sampled_from(["carry_elapsed", "restart", "from_opening"]),
        minute=st.sampled_from([0, 120, 180, 600]), priority=priorities,
    )  # fmt: skip
    def open(self, on_reopen: str, on_change: str, minute: int, priority: str) -> dict[str, Any]:
        self.on_reopen, self.on_change, self.deadline = on_reopen, on_change, 360
        self.sent: list[dict[str, Any]] = []
        more: dict[str, Any] = {"on_reopen": on_reopen, "on_priority_change": on_change, "pause": ["waiting"]}
        p2 = {**resolved("PT8H", "P2", **more), "objective": {"within": {"calendar": "PT8H"}}}
        self.lines = [line_of(resolved("PT4H", service_hours="business", **more)), line_of(p2)]
        self.luck = random.Random(0)
        return self.tell({"id": "a", "event": "opened", "at": minute, "priority": priority, "type": "incident"})

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
        events = tickets.in_order([ticket_target.event_of(fact) for fact in facts.values()])
        now = max(event.at for event in events) + self.luck.choice([0, 1, 29, 700, 4000]) * MINUTE
        found = [clock.as_of(now) for clock in clocks.of_ticket(events, self.lines, now)]
        self.deadline = _minute(found[-1].deadline_at) if found else 360
        counted = Walk(self.on_reopen, self.on_change).run(self.by_hand(), _minute(now))
        assert [_told(clock, now) for clock in found] == [naive.told(_minute(now)) for naive in counted]
        for clock, naive in zip(found, counted, strict=True):
            if naive.due is not None and not naive.overdrawn and naive.due <= _minute(now):
                assert naive.due == _minute(clock.deadline_at)
            assert clock.past_due == (naive.overdrawn or (naive.due is not None and naive.due < _attached(clock)))

    def by_hand(self) -> list[dict[str, Any]]:
        """What holds of what was sent, in its order."""
        latest: dict[str, dict[str, Any]] = {}
        for message in self.sent:
            before = latest.get(message["id"])
            if before is None or message.get("rev", 0) > before.get("rev", 0):
                latest[message["id"]] = message
        return sorted(latest.values(), key=lambda each: (each["at"], RANKS.get(each["event"], 3), each["id"]))


def _fact(message: dict[str, Any]) -> Fact:
    attributes = {name: message[name] for name in ("priority", "type") if name in message}
    body = {"event": message["event"], "state": message.get("state"), "attributes": attributes}
    instant = FRIDAY + message["at"] * MINUTE
    return Fact("p/desk/1", f"desk\x1f{message['id']}", instant, body, message.get("rev", 0))


def _minute(instant: int) -> int:
    return (instant - FRIDAY) // MINUTE


def _attached(clock: clocks.Clock) -> int:
    return _minute(clock.attached_at)


def _told(clock: clocks.Clock, now: int) -> tuple[Any, ...]:
    calendar, service = clock.elapsed_by(clock.ended_at or now)
    stopped = None if clock.stopped_at is None else _minute(clock.stopped_at)
    return (clock.target.key, clock.state, stopped, calendar // MINUTE, service // MINUTE)


TicketLives.TestCase.settings = settings(
    max_examples=200, stateful_step_count=15, deadline=None, derandomize=True, phases=[Phase.generate]
)
test_every_life_of_a_ticket_is_judged_as_counted_minute_by_minute = TicketLives.TestCase
