"""The facts that the shop's systems report in the demonstration.

They depend only on the instant at which the clock begins. Every fact has a fixed instant of the installation's time,
whenever it is sent, so that each run has the same breaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm.demo import terms
from slm_calendar import windows
from slm_calendar.windows import Window
from slm_events.instants import to_text

SECOND = 1_000_000
MINUTE = 60 * SECOND

EFFECTIVE = 8
"""The minute of the schedule in which the agreement takes effect."""
FIRST_OUTAGE = 9
FIRST_REPORTED = 11
"""The minute in which the first outage is reported, after it has ended."""
FACTS_WAIT_FROM = 13
"""The minute of the schedule whose facts are sent only once the demonstration has seen the first risk's action plan."""
SLOW = range(13, 15)
SECOND_OUTAGE = 13
SECOND_OVER = 16
LAST = 19
"""The last minute of the scripted facts. Everyday traffic follows."""

VALUES_A_MINUTE = 12
_HEALTHY_MILLISECONDS, _SPREAD_MILLISECONDS, _SLOW_MILLISECONDS = 110, 150, 480
_SPENT_FIRST = Fraction(6, 10)
"""Share of the month's error budget that the first outage uses: more than the warning at half, and no breach."""
_BUDGET = 1 - Fraction(terms.AVAILABILITY_PERCENT) / 100

INDICATORS: tuple[dict[str, Any], ...] = (
    {"key": terms.AVAILABILITY_INDICATOR, "kind": "availability", "initial_state": "up"},
    {"key": terms.LATENCY_INDICATOR, "kind": "value", "unit": "ms"},
)
TICKET_SOURCE = "servicenow"
PLAYED_TICKET = "INC0001"


@dataclass(frozen=True, slots=True)
class MinuteFacts:
    """The facts of one minute, as the bodies of the two intake requests."""

    measurements: list[dict[str, Any]]
    ticket_events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FactSchedule:
    """The plan of all facts, in minutes. ``base``: the whole minute that is minute 0, microseconds UTC."""

    base: int

    @classmethod
    def beginning(cls, origin: int) -> FactSchedule:
        """Return the schedule for a clock that begins at ``origin``, moved so that all of it lies within one month."""
        plan = cls(-(-origin // MINUTE) * MINUTE)
        month = plan.month
        return plan if plan.at(LAST + 1) <= month.end else cls(month.end - EFFECTIVE * MINUTE)

    @property
    def month(self) -> Window:
        """The monthly window that contains all scripted facts."""
        return windows.window_at("month", "UTC", self.effective_at)

    @property
    def effective_at(self) -> int:
        """The instant at which the agreement takes effect, microseconds UTC."""
        return self.at(EFFECTIVE)

    def at(self, minute: int, seconds: int = 0) -> int:
        """Return the instant of a minute of the schedule, microseconds UTC."""
        return self.base + minute * MINUTE + seconds * SECOND

    def minute_of(self, instant: int) -> int:
        """Return the minute of the schedule that contains an instant."""
        return (instant - self.base) // MINUTE

    def facts(self, minute: int) -> MinuteFacts:
        """Return the facts that are sent once this minute is over."""
        return MinuteFacts([*self._states(minute), *self._latencies(minute)], self._tickets(minute))

    @property
    def first_outage(self) -> tuple[int, int]:
        """Start and end (microseconds UTC) of the outage that puts the month's availability at risk."""
        budget = _BUDGET * (self.month.end - self.effective_at)
        start = self.at(FIRST_OUTAGE)
        return start, start + int(_SPENT_FIRST * budget) // SECOND * SECOND

    def _states(self, minute: int) -> list[dict[str, Any]]:
        indicator = {"indicator": terms.AVAILABILITY_INDICATOR}
        if minute == FIRST_REPORTED:
            start, end = self.first_outage
            return [{**indicator, "outage": {"from": to_text(start), "to": to_text(end)}}]
        state = {EFFECTIVE: "up", SECOND_OUTAGE: "down", SECOND_OVER: "up"}.get(minute) or _later_state(minute)
        return [{**indicator, "at": to_text(self.at(minute)), "state": state}] if state else []

    def _latencies(self, minute: int) -> list[dict[str, Any]]:
        slow = _slow_values(minute)
        return [
            {
                "indicator": terms.LATENCY_INDICATOR,
                "at": to_text(self.at(minute, number * 60 // VALUES_A_MINUTE)),
                "value": _latency(minute, number) + (_SLOW_MILLISECONDS if number < slow else 0),
                "unit": "ms",
            }
            for number in range(VALUES_A_MINUTE)
        ]

    def _tickets(self, minute: int) -> list[dict[str, Any]]:
        return [
            {
                "source": TICKET_SOURCE,
                "ticket": ticket,
                "id": str(number),
                "sequence": number,
                "at": to_text(self.at(minute)),
                "type": "incident",
                "priority": "P1",
                "service": terms.SERVICE["key"],
                **event,
            }
            for ticket, number, event in _ticket_steps(minute)
        ]


def _latency(minute: int, number: int) -> int:
    return _HEALTHY_MILLISECONDS + (minute * 37 + number * 53) % _SPREAD_MILLISECONDS


def _slow_values(minute: int) -> int:
    """Return how many of the 12 latency values of a minute are slow; ``minute`` counts from the schedule's start.

    In the minutes ``SLOW``, 6 are slow. After the minute ``LAST``, 6 are slow for 6 minutes and later for 20 minutes
    out of every 240 minutes. In every other minute, no value is slow.
    """
    if minute in SLOW:
        return VALUES_A_MINUTE // 2
    if minute <= LAST:
        return 0
    # Of each four hours two have no slow answers, one has a warning that passes, one a breach that recovers.
    slow_minutes = {90: 6, 200: 20}
    return next((6 for start, length in slow_minutes.items() if start <= minute % 240 < start + length), 0)


def _later_state(minute: int) -> str | None:
    if minute <= LAST:
        return None
    return {100: "degraded", 110: "up"}.get(minute % 120)


def _ticket_steps(minute: int) -> list[tuple[str, int, dict[str, Any]]]:
    """Return the ticket events of a minute, each as (ticket, sequence, event).

    They are about the incident of the first outage and, after the minute ``LAST``, about a new incident every 45
    minutes.
    """
    if minute <= LAST:
        return [(PLAYED_TICKET, *_PLAYED[minute])] if minute in _PLAYED else []
    steps = []
    for age, (number, event) in _LATER.items():
        opened = minute - age
        if opened > LAST and opened % 45 == 0:
            steps.append((f"INC{1 + opened // 45:04d}", number, event))
    return steps


_AWAITED = {"event": "state_changed", "state": "awaiting_vendor"}
_RESUMED = {"event": "state_changed", "state": "in_progress"}
_PLAYED: dict[int, tuple[int, dict[str, Any]]] = {
    FIRST_OUTAGE: (1, {"event": "opened"}),
    FIRST_OUTAGE + 1: (2, {"event": "assigned"}),
    FIRST_REPORTED: (3, _AWAITED),
    SECOND_OUTAGE: (4, _RESUMED),
    SECOND_OVER: (5, {"event": "resolved"}),
}
_LATER: dict[int, tuple[int, dict[str, Any]]] = {
    0: (1, {"event": "opened"}),
    4: (2, {"event": "assigned"}),
    20: (3, _AWAITED),
    50: (4, _RESUMED),
    95: (5, {"event": "resolved"}),
}
