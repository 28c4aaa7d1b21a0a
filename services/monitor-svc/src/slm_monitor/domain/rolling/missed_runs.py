"""Runs of missed minutes: consecutive minutes at which a rolling window misses its objective.

The rolling figure at minute m covers the minutes (m − length, m]. Consecutive minutes at which it misses the objective
form a run. A run is one breach, identified by its first minute, and ends in a recovery. The breaches of a target
therefore follow from its minute sums alone, in whatever order these were filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT, Objective

Counts = npt.NDArray[np.int64]


class MissedMinuteRun(NamedTuple):
    """The minutes ``first`` to ``last`` (inclusive, numbered since 1970) at which the objective was missed."""

    first: int
    last: int


def compute_sliding_sums(per_minute: Counts, length: int) -> Counts:
    """Return the sums over the last ``length`` minutes, at each minute from index ``length − 1`` on."""
    total = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(per_minute)))
    result: Counts = total[length:] - total[:-length]
    return result


def find_missed_minutes(good: Counts, total: Counts, promised: Objective) -> npt.NDArray[np.bool_]:
    """Return at which minutes the window misses the objective, exactly, as a mask.

    A share is missed if good·d < n·total for the objective n/d; this is computed in Python integers where 64 bits could
    overflow. For an objective on a count, ``total`` itself is compared.
    """
    if promised.unit != PERCENT:
        is_most = promised.comparison == AT_MOST
        limit = promised.value.__floor__() if is_most else promised.value.__ceil__()
        result: npt.NDArray[np.bool_] = total > limit if is_most else total < limit
        return result
    if promised.comparison == AT_MOST:
        return find_missed_minutes(total - good, total, Objective(AT_LEAST, 1 - promised.value))
    numerator, denominator = promised.value.numerator, promised.value.denominator
    top = max(int(total.max(initial=0)), 1)
    if top * max(numerator, denominator) >= 2**62:
        pairs = zip(good.tolist(), total.tolist(), strict=True)
        return np.array([g * denominator < numerator * t for g, t in pairs], dtype=np.bool_)
    result = good * denominator < total * numerator
    return result


def find_runs_of_true(flags: npt.NDArray[np.bool_], first_minute: int) -> list[MissedMinuteRun]:
    """Return the runs of consecutive true flags; ``first_minute`` is the minute of the first flag."""
    padded = np.concatenate(([False], flags, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [
        MissedMinuteRun(first_minute + int(start), first_minute + int(end) - 1)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def splice_reevaluated_runs(
    old: Sequence[MissedMinuteRun], first: int, last: int, judged: Iterable[MissedMinuteRun]
) -> list[MissedMinuteRun]:
    """Return the runs of missed minutes after the minutes ``first`` to ``last`` were evaluated again.

    ``judged`` are the new runs within these minutes. Old runs outside them stay; runs that touch become one.
    """
    pieces = [MissedMinuteRun(run.first, min(run.last, first - 1)) for run in old if run.first < first]
    pieces += judged
    pieces += [MissedMinuteRun(max(run.first, last + 1), run.last) for run in old if run.last > last]
    joined: list[MissedMinuteRun] = []
    for run in sorted(pieces):
        if joined and run.first <= joined[-1].last + 1:
            joined[-1] = MissedMinuteRun(joined[-1].first, max(joined[-1].last, run.last))
        else:
            joined.append(run)
    return joined
