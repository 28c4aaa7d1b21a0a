"""The state of an indicator at every instant, built from state changes and outages in any order of arrival."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from slm_calendar import intervals
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.recovery import Recovery, recovery_of

UP, DOWN, DEGRADED, UNKNOWN = "up", "down", "degraded", "unknown"
STATES = frozenset({UP, DOWN, DEGRADED, UNKNOWN})
UNOBSERVED = "none"
"""The ``previous`` of a state change before which nobody was watching."""


class StateChange(NamedTuple):
    """The indicator is in ``state`` from ``at`` on. Sorts by instant, then by fact key, not by order of arrival."""

    at: int
    fact_key: str
    state: str
    previous: str | None = None


class Segment(NamedTuple):
    """``[start, end)`` in one state, in microseconds."""

    start: int
    end: int
    state: str


class StateProvider(Protocol):
    """Anything that has a state at every instant: an indicator, or the members of a composite."""

    @property
    def is_measured(self) -> bool:
        """Whether it has any measurement; if not, all its states are the assumed initial state."""

    def segments(self, start: int, end: int) -> list[Segment]:
        """Return the states of ``[start, end)`` as adjoining segments, in order."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything known of one indicator's states. ``changes`` are sorted; ``outages`` are sorted and disjoint.

    Once the last measurement is ``stale_after`` microseconds old, the state is unknown; None: never.
    """

    initial_state: str
    changes: Sequence[StateChange]
    outages: Sequence[tuple[int, int]] = ()
    stale_after: int | None = None
    recoveries: Sequence[Recovery] = ()
    """The indicator's recoveries, sorted. They do not affect its states."""

    @property
    def is_measured(self) -> bool:
        return bool(self.changes or self.outages)

    def segments(self, start: int, end: int) -> list[Segment]:
        """Return the states of ``[start, end)`` as adjoining segments, in order. The last known state lasts
        to the end.
        """
        stated = list(self._stated(start, end))
        if self.stale_after is not None:
            stated = overlay_downtime(stated, self._silent(start, end, self.stale_after), UNKNOWN)
        down = intervals.clip(self._outages_within(start, end), start, end) if self.outages else []
        return overlay_downtime(stated, down, DOWN) if down else stated

    def _outages_within(self, start: int, end: int) -> Sequence[tuple[int, int]]:
        """Return the outages that overlap ``[start, end)``."""
        first = bisect_right(self.outages, start, key=lambda outage: outage[1])
        return self.outages[first : bisect_left(self.outages, end, key=lambda outage: outage[0])]

    def _silent(self, start: int, end: int, age: int) -> list[tuple[int, int]]:
        """Return the intervals in which the last measurement was older than ``age``. There is no silence before the
        first one.
        """
        begins = [self.changes[0].at] if self.changes else []
        begins += [self.outages[0][0]] if self.outages else []
        since = max(start, min(begins, default=end))
        if since >= end:
            return []
        first = bisect_left(self.changes, since - age, key=lambda change: change.at)
        last = bisect_left(self.changes, end, key=lambda change: change.at)
        heard = [(change.at, change.at + age) for change in self.changes[first:last]]
        heard += [(begun, ended + age) for begun, ended in self._outages_within(since - age, end)]
        return intervals.subtract([(since, end)], intervals.union(heard))

    def _stated(self, start: int, end: int) -> Iterable[Segment]:
        """Yield the states that the state changes give, without outages and staleness."""
        position = bisect_right(self.changes, start, key=lambda change: change.at)
        state = self._state_before(position)
        since = start
        for number in range(position, len(self.changes)):
            change = self.changes[number]
            if change.at >= end:
                break
            if change.at > since:
                yield Segment(since, change.at, UNKNOWN if change.previous == UNOBSERVED else state)
                since = change.at
            state = change.state
        if since < end:
            yield Segment(since, end, self._state_ahead(state, end))

    def _state_before(self, position: int) -> str:
        """Return the state after the changes up to ``position``; before the first change, the ``previous`` that it
        names.
        """
        if position:
            return self.changes[position - 1].state
        previous = self.changes[0].previous if self.changes else None
        return self.initial_state if previous is None else _observed(previous)

    def _state_ahead(self, state: str, end: int) -> str:
        """Return the state up to ``end``: unknown if the next change says that nobody was watching before it."""
        position = bisect_left(self.changes, end, key=lambda change: change.at)
        later = self.changes[position] if position < len(self.changes) else None
        return UNKNOWN if later is not None and later.previous == UNOBSERVED else state


def change_of(fact: Fact) -> StateChange | None:
    """Return the state change in a fact; None if it has none."""
    body = fact.body
    return StateChange(fact.at, fact.key, body["state"], body.get("previous")) if "state" in body else None


def outage_of(fact: Fact) -> tuple[int, int] | None:
    """Return the (start, end) of the outage in a fact; None if it has none."""
    return (fact.body["from"], fact.body["to"]) if "from" in fact.body else None


def timeline_of(facts: Iterable[Fact], initial_state: str, stale_after: int | None = None) -> Timeline:
    """Build the timeline of an indicator from its facts."""
    kept = list(facts)
    changes = sorted(change for fact in kept if (change := change_of(fact)) is not None)
    outages = [outage for fact in kept if (outage := outage_of(fact)) is not None]
    recoveries = sorted(recovery for fact in kept if (recovery := recovery_of(fact)) is not None)
    return Timeline(initial_state, changes, intervals.union(outages), stale_after, recoveries)


def _observed(previous: str) -> str:
    return UNKNOWN if previous == UNOBSERVED else previous


def overlay_downtime(stated: Sequence[Segment], down: Sequence[tuple[int, int]], state: str) -> list[Segment]:
    """Return the segments with the disjoint intervals ``down`` set to ``state``.

    An outage overrides the reported states, because it is evidence of harm whatever else was reported.
    """
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
