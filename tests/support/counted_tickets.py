"""An independent implementation of ticket clocks, which counts minute by minute and uses no code of the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ENDS = ("resolved", "closed")
"""The events that end a ticket, apart from ``cancelled``."""
TARGETS = {"P1": (240, True), "P2": (480, False)}
"""Priority → minutes allowed, and whether only minutes in business hours count. Other priorities have no target."""


def is_open(minute: int) -> bool:
    """Whether a minute is in business hours, Monday to Friday, 08:00 to 18:00. Minute 0 is 06:00 on a Friday."""
    of_week = minute + 4 * 1440 + 360
    return of_week // 1440 % 7 < 5 and 480 <= of_week % 1440 < 1080


@dataclass
class Naive:
    """A ticket clock that counts every minute one by one."""

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
    answered: bool = False
    """Whether an event other than the end of the ticket stopped the clock, or would have stopped it since."""

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
    """The clocks of a ticket, computed from its events. ``only``: one target, whatever the ticket's priority."""

    def __init__(
        self, on_reopen: str, on_change: str, only: str | None = None, stops: tuple[str, ...] = ("resolved",)
    ) -> None:
        self.on_reopen, self.on_change, self.only, self.stops = on_reopen, on_change, only, stops
        self.end: str | None = None
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
        leaves = event["event"] in (*ENDS, "cancelled", "reopened")
        if event["event"] in (*ENDS, "cancelled"):
            self.end = self.end if event["event"] == "resolved" and self.end else event["event"]
        elif event["event"] == "reopened":
            self.end = None
        self.state = event.get("state") or (None if leaves else self.state)
        self.opened = self.opened or event["event"] == "opened"
        clock = self.clock
        if clock is None:
            self.attach(event)
        elif clock.cancelled is not None:
            return
        elif clock.stopped is not None:
            if event["event"] == "reopened" and not clock.answered:
                self.reopen(clock, event)
            elif event["event"] in self.stops and event["event"] not in ENDS:
                clock.answered = True
        elif not self.change(event):
            self.happen(clock, event)

    def happen(self, clock: Naive, event: dict[str, Any]) -> None:
        if event["event"] == "cancelled":
            clock.cancelled, clock.waits = event["at"], False
        elif event["event"] in self.stops or event["event"] == "closed":
            clock.stopped, clock.waits = event["at"], False
            clock.answered = event["event"] not in ENDS
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
        """Return the clock of ``target`` as if it had always applied, up to and without the minute ``now``."""
        walk = Walk(self.on_reopen, self.on_change, target, self.stops)
        walk.run(events, now)
        return walk.clock if walk.clock is not None and not walk.clock.over else None

    def attach(self, event: dict[str, Any]) -> None:
        target, tried, self.tried = self.target(), self.tried, self.target()
        if target is None:
            return
        is_over = self.end is not None and (self.end != "resolved" or "resolved" in self.stops)
        if is_over and event["event"] != "opened":
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
        """Switch to the target of the ticket's new priority; return False if the target stays the same."""
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
