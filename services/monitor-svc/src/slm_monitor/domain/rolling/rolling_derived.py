"""Rolling windows of derived targets: composites of verdicts, and compliance of tickets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from slm_calendar import intervals
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun
from slm_monitor.domain.rolling.rolling_windows import (
    Flags,
    RollingWindows,
    RollingWindowValue,
    SpanCountedInWindows,
    find_next_span_boundary,
    sum_spans_into_windows,
)
from slm_monitor.domain.series.classifiers import Counts
from slm_monitor.domain.terms.composite_terms import CompositeTerms
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import FigureTarget


class EndedClock(NamedTuple):
    """A ticket clock that was stopped or breached at ``at`` (microseconds), and whether it met its deadline."""

    ticket: str
    at: UtcMicroseconds
    is_met: bool


class RollingTicketSource:
    """Gives the rolling windows of a target about compliance of tickets.

    A ticket counts in a window in which at least one of its clocks ended. In this window the ticket is met if all its
    clocks that ended in the window were met.
    """

    def __init__(self, ended: Iterable[EndedClock], length: int) -> None:
        ends: dict[str, list[EndedClock]] = {}
        for each in ended:
            ends.setdefault(each.ticket, []).append(each)
        minutes = length // MINUTE
        self._things: list[SpanCountedInWindows] = []
        for clocks in ends.values():
            counted = intervals.union(_span(each, minutes) for each in clocks)
            missed = intervals.union(_span(each, minutes) for each in clocks if not each.is_met)
            self._things += [SpanCountedInWindows(start, end - 1, False) for start, end in missed]
            self._things += [SpanCountedInWindows(start, end - 1) for start, end in intervals.subtract(counted, missed)]

    def windows(self, terms: FigureTarget, first: int, last: int) -> RollingWindows:
        return sum_spans_into_windows(terms, self._things, first, last)

    def risks(self, terms: FigureTarget, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, terms: FigureTarget, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        return find_next_span_boundary(self._things, minute)


def _span(ended: EndedClock, minutes: int) -> intervals.Interval:
    """Return the minutes ``[first, after the last)`` whose windows contain the instant at which a clock ended."""
    return ended.at // MINUTE, ended.at // MINUTE + minutes


@dataclass(frozen=True, slots=True)
class RollingVerdictSource:
    """Gives the rolling windows of a composite of verdicts. A window is missed while too few members meet their
    objective.

    ``runs`` are the minutes in which each member missed its objective; ``silent`` are the members without data now.
    """

    compositions: Mapping[int, CompositeTerms]
    runs: Mapping[str, Sequence[MissedMinuteRun]]
    silent: Collection[str]

    def windows(self, terms: FigureTarget, first: int, last: int) -> RollingVerdictWindows:
        made = self.compositions[terms.version]
        members = made.target_ids
        things = [SpanCountedInWindows(*run) for member in members for run in self.runs.get(member, ())]
        missed = sum_spans_into_windows(terms, things, first, last).total
        return RollingVerdictWindows(first, missed, made.needed, len(members), len(set(members) & set(self.silent)))

    def risks(self, terms: FigureTarget, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, terms: FigureTarget, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        """Return None: the composite changes only with its members, and each change of a member causes a new
        evaluation.
        """
        return None


@dataclass(frozen=True, slots=True)
class RollingVerdictWindows:
    """The verdicts of a composite's members at each minute.

    ``missing[k]`` is how many members miss their objective at minute ``first`` + k, ``silent`` how many have no data
    now. Which members had no data at past minutes is not stored: ``missed`` counts these members as met.
    """

    first: int
    missing: Counts
    needed: int
    members: int
    silent: int

    def missed(self, promised: Objective) -> Flags:
        result: Flags = np.asarray(self.members - self.missing < self.needed)
        return result

    def value_at(self, minute: int) -> RollingWindowValue:
        """Return the value of the window that ends with a minute, which is numbered since 1970.

        The figure is the share of members that meet their objectives, among those with a verdict. It is None while the
        members without data could still decide whether enough members are met.
        """
        missing = int(self.missing[minute - self.first])
        if self.members - missing < self.needed:
            return self._value(self.members - missing, self.members)
        met = max(0, self.members - missing - self.silent)
        if met < self.needed:
            # The silent members may still decide the verdict either way.
            counts = {"needed": self.needed, "kept": met, "members": self.members}
            return RollingWindowValue(None, met, met + missing, dict(counts), dict(counts))
        return self._value(met, met + missing)

    def _value(self, kept: int, decided: int) -> RollingWindowValue:
        counts = {"needed": self.needed, "kept": kept, "members": self.members}
        return RollingWindowValue(Fraction(kept, decided), kept, decided, dict(counts), dict(counts))
