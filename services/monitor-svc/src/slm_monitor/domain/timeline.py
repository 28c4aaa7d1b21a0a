"""The state of an indicator through time, from state changes and outages in any order of arrival."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from slm_calendar import intervals
from slm_monitor.domain.facts import Fact

UP, DOWN, DEGRADED, UNKNOWN = "up", "down", "degraded", "unknown"
STATES = frozenset({UP, DOWN, DEGRADED, UNKNOWN})
UNOBSERVED = "none"
"""As ``previous``: nobody was watching until now."""


class StateChange(NamedTuple):
    """From ``at`` on the indicator is in ``state``; sorts by instant, then by the fact's key: order of arrival is no
    part of it."""

    at: int
    fact_key: str
    state: str
    previous: str | None = None


class Segment(NamedTuple):
    """``[start, end)`` in one state."""

    start: int
    end: int
    state: str


class States(Protocol):
    """What has a state at every instant."""

    def segments(self, start: int, end: int) -> list[Segment]:
        """The states of ``[start, end)``, adjoining, in order."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything known of one indicator's state. ``changes`` sorted; ``outages`` any order, they are united."""

    initial_state: str
    changes: Sequence[StateChange]
    outages: Sequence[tuple[int, int]] = ()

    def segments(self, start: int, end: int) -> list[Segment]:
        """The states of ``[start, end)``, the last known one lasting to the end; adjoining, in order."""
        stated = list(self._stated(start, end))
        down = intervals.intersect(intervals.union(self.outages), [(start, end)]) if self.outages else []
        return overlaid(stated, down, DOWN)

    def _stated(self, start: int, end: int) -> Iterable[Segment]:
        position = bisect_right(self.changes, start, key=lambda change: change.at)
        state = self._state_before(position)
        since = start
        for change in islice(self.changes, position, None):
            if change.at >= end:
                break
            if change.at > since:
                yield Segment(since, change.at, UNKNOWN if change.previous == UNOBSERVED else state)
                since = change.at
            state = change.state
        if since < end:
            yield Segment(since, end, self._state_ahead(state, end))

    def _state_before(self, position: int) -> str:
        """The state that the changes up to ``position`` leave; before the first, what the first says was before it."""
        if position:
            return self.changes[position - 1].state
        previous = self.changes[0].previous if self.changes else None
        return self.initial_state if previous is None else _observed(previous)

    def _state_ahead(self, state: str, end: int) -> str:
        """The state up to ``end``: a later change that says nobody was watching takes its word back to the last one."""
        position = bisect_left(self.changes, end, key=lambda change: change.at)
        later = self.changes[position] if position < len(self.changes) else None
        return UNKNOWN if later is not None and later.previous == UNOBSERVED else state


def timeline_of(facts: Iterable[Fact], initial_state: str) -> Timeline:
    """The timeline that an indicator's state changes and outages make."""
    kept = list(facts)
    changes = sorted(
        StateChange(fact.at, fact.key, fact.body["state"], fact.body.get("previous"))
        for fact in kept
        if "state" in fact.body
    )
    outages = [(fact.body["from"], fact.body["to"]) for fact in kept if "from" in fact.body]
    return Timeline(initial_state, changes, outages)


def _observed(previous: str) -> str:
    return UNKNOWN if previous == UNOBSERVED else previous


def overlaid(stated: Sequence[Segment], down: Sequence[tuple[int, int]], state: str) -> list[Segment]:
    """The segments, but for the disjoint intervals, which are in ``state``: an outage wins over what was stated, for
    it is evidence of harm whatever else was reported."""
    result: list[Segment] = []
    position = 0
    for segment in stated:
        cursor = segment.start
        while position < len(down) and down[position][1] <= cursor:
            position += 1
        ahead = position
        while ahead < len(down) and down[ahead][0] < segment.end:
            start, end = max(down[ahead][0], cursor), min(down[ahead][1], segment.end)
            if start > cursor:
                result.append(Segment(cursor, start, segment.state))
            result.append(Segment(start, end, state))
            cursor = end
            if down[ahead][1] > segment.end:
                break
            ahead += 1
        if cursor < segment.end:
            result.append(Segment(cursor, segment.end, segment.state))
    return result
