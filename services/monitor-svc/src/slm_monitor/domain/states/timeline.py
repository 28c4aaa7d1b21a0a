"""The state of an indicator at every instant, built from state changes and outages in any order of arrival."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from slm_calendar import intervals
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.recovery import ServiceRecovery, read_recovery_from_fact

UP, DOWN, DEGRADED, UNKNOWN = "up", "down", "degraded", "unknown"
STATES = frozenset({UP, DOWN, DEGRADED, UNKNOWN})
UNOBSERVED = "none"
"""The value of ``previous`` in a state change before which nobody observed the state."""


class StateChange(NamedTuple):
    """The indicator is in ``state`` from ``at`` (microseconds) on. State changes sort by instant, then by fact key, not
    by order of arrival.
    """

    at: UtcMicroseconds
    fact_key: str
    state: str
    previous: str | None = None


class StateSegment(NamedTuple):
    """An interval ``[start, end)`` in one state, in microseconds."""

    start: UtcMicroseconds
    end: UtcMicroseconds
    state: str


class StateProvider(Protocol):
    """Anything that has a state at every instant: an indicator, or the members of a composite."""

    def is_measured_before(self, instant: UtcMicroseconds) -> bool:
        """Whether the states before this instant rest on any measurement; if not, all are the assumed initial state."""

    def segments(self, start: UtcMicroseconds, end: UtcMicroseconds) -> list[StateSegment]:
        """Return the states of ``[start, end)`` as adjoining segments, in order."""


@dataclass(frozen=True, slots=True)
class StateTimeline:
    """All states of one indicator by the facts known. ``changes`` are sorted; ``outages`` are sorted and disjoint.

    The state becomes unknown ``stale_after`` microseconds after the last measurement; never if ``stale_after`` is None.
    """

    initial_state: str
    changes: Sequence[StateChange]
    outages: Sequence[tuple[int, int]] = ()
    stale_after: int | None = None
    recoveries: Sequence[ServiceRecovery] = ()
    """The indicator's recoveries, sorted. They do not affect its states."""

    def is_measured_before(self, instant: UtcMicroseconds) -> bool:
        if self.outages and self.outages[0][0] < instant:
            return True
        # The first change may say which state was observed before it.
        return bool(self.changes) and (self.changes[0].at < instant or self.changes[0].previous is not None)

    def segments(self, start: UtcMicroseconds, end: UtcMicroseconds) -> list[StateSegment]:
        """Return the states of ``[start, end)`` as adjoining segments, in order. The last known state lasts
        to the end.
        """
        stated = list(self._stated(start, end))
        if self.stale_after is not None:
            stated = overlay_downtime_on_segments(stated, self._silent(start, end, self.stale_after), UNKNOWN)
        down = intervals.clip(self._outages_within(start, end), start, end) if self.outages else []
        return overlay_downtime_on_segments(stated, down, DOWN) if down else stated

    def _outages_within(self, start: UtcMicroseconds, end: UtcMicroseconds) -> Sequence[tuple[int, int]]:
        """Return the outages that overlap ``[start, end)``."""
        first = bisect_right(self.outages, start, key=lambda outage: outage[1])
        return self.outages[first : bisect_left(self.outages, end, key=lambda outage: outage[0])]

    def _silent(self, start: UtcMicroseconds, end: UtcMicroseconds, age: int) -> list[tuple[int, int]]:
        """Return the intervals in which the last measurement was older than ``age`` (microseconds). The time before the
        first measurement is not among them.
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

    def _stated(self, start: UtcMicroseconds, end: UtcMicroseconds) -> Iterable[StateSegment]:
        """Yield the states that follow from the state changes alone, without outages and staleness."""
        position = bisect_right(self.changes, start, key=lambda change: change.at)
        state = self._state_before(position)
        since = start
        for number in range(position, len(self.changes)):
            change = self.changes[number]
            if change.at >= end:
                break
            if change.at > since:
                yield StateSegment(since, change.at, UNKNOWN if change.previous == UNOBSERVED else state)
                since = change.at
            state = change.state
        if since < end:
            yield StateSegment(since, end, self._state_ahead(state, end))

    def _state_before(self, position: int) -> str:
        """Return the state after the first ``position`` state changes.

        Before the first change (``position`` 0) the state is the ``previous`` of that change; unknown if it is
        ``UNOBSERVED``. If that change has no ``previous``, or there are no changes, the state is the initial state.
        """
        if position:
            return self.changes[position - 1].state
        previous = self.changes[0].previous if self.changes else None
        return self.initial_state if previous is None else _observed(previous)

    def _state_ahead(self, state: str, end: UtcMicroseconds) -> str:
        """Return the state that lasts until ``end``: ``state``, but unknown if the next change says that nobody
        observed the state before it.
        """
        position = bisect_left(self.changes, end, key=lambda change: change.at)
        later = self.changes[position] if position < len(self.changes) else None
        return UNKNOWN if later is not None and later.previous == UNOBSERVED else state


def read_state_change_from_fact(fact: Fact) -> StateChange | None:
    """Return the state change in a fact; None if the fact has no state change."""
    body = fact.body
    return StateChange(fact.at, fact.key, body["state"], body.get("previous")) if "state" in body else None


def read_outage_from_fact(fact: Fact) -> tuple[int, int] | None:
    """Return the (start, end) of the outage in a fact; None if the fact has no outage."""
    return (fact.body["from"], fact.body["to"]) if "from" in fact.body else None


def build_state_timeline(facts: Iterable[Fact], initial_state: str, stale_after: int | None = None) -> StateTimeline:
    """Build the timeline of an indicator from its facts.

    The state becomes unknown ``stale_after`` microseconds after the last measurement; never if ``stale_after`` is None.
    """
    kept = list(facts)
    changes = sorted(change for fact in kept if (change := read_state_change_from_fact(fact)) is not None)
    outages = [outage for fact in kept if (outage := read_outage_from_fact(fact)) is not None]
    recoveries = sorted(recovery for fact in kept if (recovery := read_recovery_from_fact(fact)) is not None)
    return StateTimeline(initial_state, changes, intervals.union(outages), stale_after, recoveries)


def _observed(previous: str) -> str:
    return UNKNOWN if previous == UNOBSERVED else previous


def overlay_downtime_on_segments(
    stated: Sequence[StateSegment], down: Sequence[tuple[int, int]], state: str
) -> list[StateSegment]:
    """Return the segments with the intervals ``down`` set to ``state``: ``[start, end)`` in microseconds UTC.

    The intervals must be sorted and disjoint, and the segments sorted.
    A reported outage overrides the reported states, because it is evidence that the service failed.
    """
    result: list[StateSegment] = []
    position = 0
    for segment in stated:
        cursor = segment.start
        while position < len(down) and down[position][1] <= cursor:
            position += 1
        ahead = position
        while ahead < len(down) and down[ahead][0] < segment.end:
            start, end = max(down[ahead][0], cursor), min(down[ahead][1], segment.end)
            if start > cursor:
                result.append(StateSegment(cursor, start, segment.state))
            result.append(StateSegment(start, end, state))
            cursor = end
            if down[ahead][1] > segment.end:
                break
            ahead += 1
        if cursor < segment.end:
            result.append(StateSegment(cursor, segment.end, segment.state))
    return result
