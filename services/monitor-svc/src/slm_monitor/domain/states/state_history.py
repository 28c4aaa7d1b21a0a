"""The state facts of one indicator, kept sorted as they arrive, so that an evaluation need not sort them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.recovery import ServiceRecovery, read_recovery_from_fact
from slm_monitor.domain.states.timeline import (
    UNOBSERVED,
    StateChange,
    StateTimeline,
    read_outage_from_fact,
    read_state_change_from_fact,
)

BEFORE_ALL_WINDOWS = -(2**62)
"""An instant before every window: the states change from the beginning."""


class StateHistory:
    """The state facts of one indicator. Of several facts with the same key the one with the highest rank is valid."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self.facts: dict[str, Fact] = {fact.key: fact for fact in facts}
        self._changes: list[StateChange] = sorted(
            change for fact in self.facts.values() if (change := read_state_change_from_fact(fact)) is not None
        )
        self._outages: list[Interval] = sorted(
            outage for fact in self.facts.values() if (outage := read_outage_from_fact(fact)) is not None
        )
        self._united: list[Interval] | None = None
        self._recoveries: list[ServiceRecovery] = sorted(
            recovery for fact in self.facts.values() if (recovery := read_recovery_from_fact(fact)) is not None
        )

    def __len__(self) -> int:
        return len(self.facts)

    def add(self, fact: Fact) -> tuple[bool, int | None]:
        """Add a fact, unless a fact with the same key and the same or a higher rank is held.

        Return (whether the fact was added, instant from which states change).
        That instant is None if no state changes.
        """
        before = self.facts.get(fact.key)
        if before is not None and fact.rank <= before.rank:
            return False, None
        both = [fact] if before is None else [fact, before]
        # The old and the new fact may affect different instants: ask before and after the replacement, and take the
        # earlier.
        earlier = self._changed_since(both)
        if before is not None:
            self._remove(before)
        self.facts[fact.key] = fact
        self._insert(fact)
        return True, None if earlier is None else min(earlier, self._changed_since(both) or BEFORE_ALL_WINDOWS)

    def drop(self, key: str) -> UtcMicroseconds | None:
        """Remove the fact under a key; return the instant from which the states change, None if none changes."""
        fact = self.facts.pop(key, None)
        earlier = None if fact is None else self._changed_since([fact])
        if fact is None or earlier is None:
            return None
        self._remove(fact)
        return min(earlier, self._changed_since([fact]) or BEFORE_ALL_WINDOWS)

    def timeline(self, initial_state: str, stale_after: int | None = None) -> StateTimeline:
        """Return the timeline by the facts known now. The timeline shares this history's lists, so it must not be used
        after another fact is added.

        The state becomes unknown ``stale_after`` microseconds after the last measurement; None: it never does.
        """
        if self._united is None:
            self._united = intervals.union(self._outages)
        return StateTimeline(initial_state, self._changes, self._united, stale_after, self._recoveries)

    @property
    def last_signal(self) -> UtcMicroseconds | None:
        """The last instant for which the indicator has a measurement; None if it has no measurement."""
        ends = [each[-1][0] for each in (self._changes, self._recoveries) if each]
        if self._outages:
            united = intervals.union(self._outages) if self._united is None else self._united
            ends.append(united[-1][1] if united else self._outages[-1][1])
        return max(ends, default=None)

    def _changed_since(self, both: Sequence[Fact]) -> UtcMicroseconds | None:
        """Return the earliest instant from which these facts, added or removed, change the states; None if they change
        none.

        * A state change acts from its own instant on.
        * The first state change acts from the beginning, because its ``previous`` names the state before it.
        * A state change whose ``previous`` says that nobody was watching acts from the state change before it.
        * The first fact, and the removal of the only fact, act from the beginning: they change how much is known of
          every window.
        """
        changes = [change for each in both if (change := read_state_change_from_fact(each)) is not None]
        outages = [outage for each in both if (outage := read_outage_from_fact(each)) is not None]
        recoveries = [recovery for each in both if (recovery := read_recovery_from_fact(each)) is not None]
        found = [change.at for change in changes] + [start for start, _ in outages]
        found += [recovery.restored for recovery in recoveries]
        if not found:
            return None
        since = min(found)
        if (changes or outages) and not self._changes and not self._outages:
            return BEFORE_ALL_WINDOWS
        if changes:
            first = min(change.at for change in changes)
            if not self._changes or first <= self._changes[0].at:
                return BEFORE_ALL_WINDOWS
            since = min(since, *(self._last_word_before(change) for change in changes))
        return since

    def _last_word_before(self, change: StateChange) -> UtcMicroseconds:
        position = bisect_left(self._changes, change.at, key=lambda held: held.at)
        following = bisect_right(self._changes, change.at, key=lambda held: held.at)
        around = (change, *self._changes[position : following + 1])
        if position and any(each.previous == UNOBSERVED for each in around):
            return self._changes[position - 1].at
        return change.at

    def _insert(self, fact: Fact) -> None:
        change, outage, recovery = (
            read_state_change_from_fact(fact),
            read_outage_from_fact(fact),
            read_recovery_from_fact(fact),
        )
        if recovery is not None:
            insort(self._recoveries, recovery)
        if change is not None:
            insort(self._changes, change)
        if outage is not None:
            insort(self._outages, outage)
            if self._united is not None and (not self._united or outage[0] > self._united[-1][1]):
                if outage[1] > outage[0]:
                    self._united.append(outage)
            else:
                self._united = None

    def _remove(self, fact: Fact) -> None:
        change, outage, recovery = (
            read_state_change_from_fact(fact),
            read_outage_from_fact(fact),
            read_recovery_from_fact(fact),
        )
        if recovery is not None:
            del self._recoveries[bisect_left(self._recoveries, recovery)]
        if change is not None:
            del self._changes[bisect_left(self._changes, change)]
        if outage is not None:
            del self._outages[bisect_left(self._outages, outage)]
            self._united = None
