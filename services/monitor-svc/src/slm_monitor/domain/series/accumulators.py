"""What the minutes of a window come to so far, one way of adding up for each kind of figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, Protocol

from slm_monitor.domain.facts.facts import CATEGORY, MINUTE
from slm_monitor.domain.facts.histograms import Histogram
from slm_monitor.domain.series import classifiers, slices
from slm_monitor.domain.series.series import Delta
from slm_monitor.domain.series.slices import SliceTerms
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT, Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget


class Accumulator(Protocol):
    """Sums of one window. ``document`` is what a checkpoint keeps of them; ``stale``: they have to be made anew.

    ``untold``: values of histograms that do not tell how they are counted.
    """

    stale: bool
    untold: int

    def add(self, delta: Delta, place: int) -> None:
        """Take in what came to a minute or left it, by the measure at ``place``."""

    def document(self) -> Any: ...


class ShareAccumulator:
    """Good and all events; ``bad``: the bad ones of each minute that has any, where a miss can be certain before the
    close: the agreement states a volume, or its objective of 100 percent has no budget."""

    def __init__(self, kept: Any = None, *, by_minute: bool = False) -> None:
        good, total, bad, *untold = kept or (0, 0, {})
        self.good, self.total, self.untold = int(good), int(total), sum(untold)
        self.bad: dict[int, int] | None = {int(minute): int(n) for minute, n in bad.items()} if by_minute else None
        self.stale = False

    def add(self, delta: Delta, place: int) -> None:
        good, total = delta.good[place], delta.total[place]
        self.good += good
        self.total += total
        self.untold += _untold(delta, place)
        if self.bad is not None and good != total:
            self.bad[delta.minute] = self.bad.get(delta.minute, 0) + total - good
            if not self.bad[delta.minute]:
                del self.bad[delta.minute]

    def document(self) -> Any:
        sums = [self.good, self.total, {str(minute): n for minute, n in (self.bad or {}).items()}]
        return [*sums, self.untold] if self.untold else sums


_NOTHING: tuple[str, int, None, None, dict[str, Any]] = ("0", 0, None, None, {})


class ValueAccumulator:
    """Sum, number and extremes of exact values; ``beyond``: per level of a promise that one value alone can break, how
    many of each minute's do."""

    def __init__(self, kept: Any = None, levels: Sequence[tuple[str, Objective]] = ()) -> None:
        total, number, low, high, beyond, *untold = kept or _NOTHING
        self.untold = sum(untold)
        self._levels = levels
        self.beyond = {
            level: {int(minute): int(n) for minute, n in beyond.get(level, {}).items()} for level, _ in levels
        }
        self.sum, self.number = Fraction(total), int(number)
        self.low = None if low is None else Fraction(low)
        self.high = None if high is None else Fraction(high)
        self.stale = False

    def add(self, delta: Delta, place: int) -> None:
        self.untold += _untold(delta, place)
        for value in delta.removed:
            self.sum -= value
            self.number -= 1
            # Which value is the extreme once this one is gone, only all of them can tell.
            self.stale = self.stale or value in (self.low, self.high)
        for level, promised in self._levels:
            broken = sum(not promised.is_kept(value) for value in delta.added)
            self._break(level, delta.minute, broken - sum(not promised.is_kept(value) for value in delta.removed))
        for each in delta.unmerged:
            self._merge(each, delta.minute, -1)
        for each in delta.merged:
            self._merge(each, delta.minute, 1)
        for value in delta.added:
            self.sum += value
            self.number += 1
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)

    def document(self) -> Any:
        low, high = (None if each is None else str(each) for each in (self.low, self.high))
        beyond = {level: {str(minute): n for minute, n in each.items()} for level, each in self.beyond.items()}
        sums = [str(self.sum), self.number, low, high, beyond]
        return [*sums, self.untold] if self.untold else sums

    def _merge(self, histogram: Histogram, minute: int, sign: int) -> None:
        total, low, high = (
            classifiers.exact_decimal(each or 0.0) for each in (histogram.sum, histogram.low, histogram.high)
        )
        if not histogram.total:
            return
        self.sum += sign * total
        self.number += sign * histogram.total
        for level, promised in self._levels:
            is_kept = promised.is_kept(high if promised.comparison == AT_MOST else low)
            self._break(level, minute, 0 if is_kept else sign)
        if sign < 0:
            self.stale = self.stale or low == self.low or high == self.high
        else:
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)

    def _break(self, level: str, minute: int, by: int) -> None:
        if by:
            held = self.beyond[level]
            held[minute] = held.get(minute, 0) + by
            if not held[minute]:
                del held[minute]

    def broken_at(self, level: str) -> int | None:
        """The start of the first minute with a value that breaks the level by itself."""
        minutes = self.beyond.get(level)
        return min(minutes) * MINUTE if minutes else None


class OccurrenceAccumulator:
    """How many occurred in each minute that had any."""

    def __init__(self, kept: Any = None) -> None:
        self.by_minute = {int(minute): int(number) for minute, number in (kept or {}).items()}
        self.stale, self.untold = False, 0

    def add(self, delta: Delta, place: int) -> None:
        number = self.by_minute.get(delta.minute, 0) + delta.total[place]
        self.by_minute[delta.minute] = number
        if not number:
            del self.by_minute[delta.minute]

    @property
    def number(self) -> int:
        return sum(self.by_minute.values())

    def reached_at(self, number: int) -> int | None:
        """The start of the minute with the occurrence of that number; None where there are fewer."""
        minutes = sorted(self.by_minute)
        for minute, so_far in zip(minutes, accumulate(self.by_minute[each] for each in minutes), strict=True):
            if so_far >= number:
                return minute * MINUTE
        return None

    def document(self) -> Any:
        return {str(minute): number for minute, number in self.by_minute.items()}


class SliceAccumulator:
    """Good and all events of each slice of the window, by the slice's number."""

    def __init__(self, start: int, terms: SliceTerms, kept: Any = None) -> None:
        self.start, self.terms = start, terms
        self.sums = {int(number): [int(good), int(total)] for number, (good, total) in (kept or {}).items()}
        self.stale, self.untold = False, 0

    def add(self, delta: Delta, place: int) -> None:
        number = (delta.minute * MINUTE - self.start) // self.terms.width
        held = self.sums.setdefault(number, [0, 0])
        held[0] += delta.good[place]
        held[1] += delta.total[place]

    def document(self) -> Any:
        return {str(number): sums for number, sums in self.sums.items()}


def _untold(delta: Delta, place: int) -> int:
    return delta.untold[place] if delta.untold else 0


def accumulator_of(terms: ServiceLevelTarget) -> Callable[[int, Any], Accumulator]:
    """What makes the tally of a window (its start, what a checkpoint kept) under these terms."""
    if terms.aggregation in ("mean", "max", "min"):
        alone = {"max": AT_MOST, "min": AT_LEAST}.get(terms.aggregation)
        levels = [(level, promised) for level, promised in terms.levels if promised.comparison == alone]
        return lambda start, kept: ValueAccumulator(kept, levels)
    if terms.aggregation == "count":
        return lambda start, kept: OccurrenceAccumulator(kept)
    if terms.aggregation == "time_slices":
        parsed = slices.parse_slices(terms.parameters)
        return lambda start, kept: SliceAccumulator(start, parsed, kept)
    by_minute = terms.expected_volume is not None or has_no_budget(terms)
    return lambda start, kept: ShareAccumulator(kept, by_minute=by_minute)


def has_no_budget(terms: ServiceLevelTarget) -> bool:
    """Whether the first bad event is the breach: of a share that has to be all of them."""
    return any(
        promised.unit == PERCENT and promised.comparison == AT_LEAST and not promised.allowed
        for _, promised in terms.levels
    )


def wanted_labels(terms: ServiceLevelTarget) -> Mapping[str, str]:
    """The labels that a row must have to be counted: the category of a count, the group of an instance."""
    wanted = dict(terms.group)
    if terms.aggregation == "count" and terms.parameters is not None:
        category = terms.parameters["category"] if isinstance(terms.parameters, Mapping) else terms.parameters
        wanted[CATEGORY] = str(category)
    return wanted
