"""The minute sums of an indicator as one target counts them, and the burn rates computed from these sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
import numpy.typing as npt

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import CLEARING_SHARE, RiskEvaluation
from slm_monitor.domain.series.classifiers import Counts, RowClassifier
from slm_monitor.domain.terms import burn_rate
from slm_monitor.domain.terms.terms import FigureTarget


class MinuteSumsProvider(Protocol):
    """Anything that has the sums of good events and of all events by minute."""

    def minutes(self, measure: RowClassifier, first: int, last: int) -> tuple[Counts, Counts]:
        """Return (good, total) of the minutes ``first`` to ``last`` inclusive, numbered since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class TargetMinuteCounts:
    """The minute sums ``sums`` as a target with these terms counts them, by its classifier.

    ``excluded`` are intervals of minutes ``[first, after the last)``, sorted and disjoint.
    """

    sums: MinuteSumsProvider
    terms: FigureTarget
    classifier: RowClassifier
    excluded: Sequence[Interval] = ()

    def minutes(self, first: int, last: int, begins_at: UtcMicroseconds | None = None) -> tuple[Counts, Counts]:
        """Return (good, total) of the minutes ``first`` to ``last`` inclusive, numbered since 1970.

        Both are 0 for minutes that start outside service hours, before ``begins_at`` (None: no limit) or in removed
        exclusions. In excused exclusions, all events count as good.
        """
        good, total = self.sums.minutes(self.classifier, first, last)
        kept = self.kept(first, last, begins_at)
        is_excused = self.terms.planned_downtime == "excused" and bool(self.excluded)
        if kept is None and not is_excused:
            return good, total
        good, total = good.copy(), total.copy()
        if kept is not None:
            good[~kept] = total[~kept] = 0
        for start, after in self.excluded if is_excused else ():
            cut = slice(max(0, start - first), max(0, after - first))
            good[cut] = total[cut]
        return good, total

    def kept(self, first: int, last: int, begins_at: UtcMicroseconds | None = None) -> npt.NDArray[np.bool_] | None:
        """Return a mask of the minutes that count for the target; None if all minutes count.

        If ``begins_at`` is given, minutes before it do not count.
        """
        hours = self.terms.hours
        is_cut = begins_at is not None and begins_at > first * MINUTE
        removed = () if self.terms.planned_downtime == "excused" else self.excluded
        if hours.always_open and not removed and not is_cut:
            return None
        counts = np.ones(last - first + 1, dtype=np.bool_)
        if not hours.always_open:
            counts[:] = False
            for start, end in hours.intervals(first * MINUTE, (last + 1) * MINUTE):
                counts[-(-start // MINUTE) - first : -(-end // MINUTE) - first] = True
        if is_cut:
            assert begins_at is not None
            counts[: -(-begins_at // MINUTE) - first] = False
        for start, after in removed:
            counts[max(0, start - first) : max(0, after - first)] = False
        return counts


class BurnRateLookback:
    """The burn rates of one target over several windows that all end with the same minute.

    The minutes are read once for all windows.
    """

    def __init__(self, counted: TargetMinuteCounts, begins_at: UtcMicroseconds, minute: int) -> None:
        self._terms, self._minute = counted.terms, minute
        self._good = self._total = np.zeros(1, dtype=np.int64)
        longest = compute_warning_lookback_minutes(counted.terms)
        if longest:
            good, total = counted.minutes(minute - longest + 1, minute, begins_at)
            self._good = np.concatenate((self._good, np.cumsum(good)))
            self._total = np.concatenate((self._total, np.cumsum(total)))

    def lost(self, length: int, since: UtcMicroseconds | None = None) -> int:
        """Return the number of bad events in the last ``length`` microseconds, without events before ``since`` (None:
        no limit).
        """
        if since is not None:
            length = min(length, (self._minute + 1) * MINUTE - since)
        return self._counts(length)[0] if length >= MINUTE else 0

    def _counts(self, length: int) -> tuple[int, int]:
        """Return the numbers of bad events and of all events in the last ``length`` microseconds."""
        promised, first = self._terms.promise, len(self._total) - 1 - length // MINUTE
        assert promised is not None
        total = int(self._total[-1] - self._total[first])
        return promised.bad(int(self._good[-1] - self._good[first]), total), total

    def burn_rate_risks(self) -> list[RiskEvaluation]:
        """Return the burn rate warnings of all pairs of windows.

        A pair warns if the burn rates of both windows are above the factor. If both reach nine tenths of the factor,
        but not both are above the factor, the returned warning only keeps an open warning open.
        """
        found = []
        for pair in self._terms.warn_at.pairs:
            short = self._burn_rate_over(pair.short)
            if short < CLEARING_SHARE * pair.factor:
                continue
            rate = self._burn_rate_over(pair.long)
            if (
                rate
                and rate >= CLEARING_SHARE * pair.factor
                and self._counts(pair.long)[1] >= self._terms.warn_at.min_events
            ):
                keeps = min(short, rate) <= pair.factor
                found.append(RiskEvaluation("burn_rate", pair.name, self._minute * MINUTE, None, rate, None, keeps))
        return found

    def _burn_rate_over(self, length: int) -> Fraction:
        return burn_rate.compute_burn_rate(*self._counts(length), 1 - self._terms.promise.allowed) or Fraction(0)

    def may_rise_at(self) -> int | None:
        """Return the first minute at which a burn rate warning may open without new events; None if none can.

        As time passes, the oldest events leave a window, so its share of bad events may rise. The minute is computed as
        if no bad event ever left the window, so no warning can open before it.
        """
        found = []
        for pair in self._terms.warn_at.pairs:
            steps = [self._steps(length, pair.factor) for length in (pair.short, pair.long)]
            if None not in steps:
                found.append(max(step for step in steps if step is not None))
        return self._minute + max(1, min(found)) if found else None

    def _steps(self, length: int, factor: Fraction) -> int | None:
        bad, total = self._counts(length)
        if not bad:
            return None
        first = len(self._total) - 1 - length // MINUTE
        left = self._total[first + 1 :] - self._total[first]
        return count_minutes_until_share_exceeded(left, total, bad, self._terms.promise.allowed * factor)


def compute_warning_lookback_minutes(terms: FigureTarget) -> int:
    """Return how many minutes burn rates and budget drops look back; 0 if the terms have neither."""
    looks = [length for pair in terms.warn_at.pairs for length in (pair.long, pair.short)]
    looks += [within for _, within in terms.warn_at.drops]
    return max(looks, default=0) // MINUTE


def count_minutes_until_share_exceeded(left: Counts, total: int, bad: int, share: Fraction) -> int:
    """Return in how many minutes the bad events first exceed a share of the window's events, if no events arrive.

    The window holds ``total`` events, ``bad`` (at least 1) of them bad. It slides on, and its oldest events leave:
    after k + 1 minutes ``left[k]`` events have left. ``bad`` is taken as constant, as if no bad event left. The result
    is the smallest n at which bad > share × (events that remain after n minutes); 0 if this holds already.
    """
    if not share:
        return 0
    least = total - -(-bad // share) + 1
    return 0 if least <= 0 else int(np.searchsorted(left, least)) + 1
