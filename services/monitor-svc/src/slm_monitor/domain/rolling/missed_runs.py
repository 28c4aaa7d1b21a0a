"""Rolling windows of minutes: where the figure is below the objective, as runs of minutes.

A rolling figure stands at every minute m and covers the minutes (m − length, m]. Minutes in which it misses the
objective join into runs; a run is one breach, named by its first minute, and ends in a recovery. So the breaches of a
target follow from its buckets alone, whatever the order in which they were filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT, Objective

Counts = npt.NDArray[np.int64]


class MissedRun(NamedTuple):
    """Minutes ``first`` to ``last`` (inclusive, minutes since 1970) in which the objective was missed."""

    first: int
    last: int


def sliding_sums(per_minute: Counts, length: int) -> Counts:
    """Sums over the last ``length`` minutes at each minute from index ``length − 1`` on."""
    total = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(per_minute)))
    result: Counts = total[length:] - total[:-length]
    return result


def missed_minutes(good: Counts, total: Counts, promised: Objective) -> npt.NDArray[np.bool_]:
    """Where a window misses the promise, exactly. Of a share: good ÷ total < objective is good·d < n·total, in Python
    integers where 64 bits could overflow. Of a count: by the number of events itself."""
    if promised.unit != PERCENT:
        is_most = promised.comparison == AT_MOST
        limit = promised.value.__floor__() if is_most else promised.value.__ceil__()
        result: npt.NDArray[np.bool_] = total > limit if is_most else total < limit
        return result
    if promised.comparison == AT_MOST:
        return missed_minutes(total - good, total, Objective(AT_LEAST, 1 - promised.value))
    numerator, denominator = promised.value.numerator, promised.value.denominator
    top = max(int(total.max(initial=0)), 1)
    if top * max(numerator, denominator) >= 2**62:
        pairs = zip(good.tolist(), total.tolist(), strict=True)
        return np.array([g * denominator < numerator * t for g, t in pairs], dtype=np.bool_)
    result = good * denominator < total * numerator
    return result


def runs_of(flags: npt.NDArray[np.bool_], first_minute: int) -> list[MissedRun]:
    """The runs of true flags, the first flag standing at ``first_minute``."""
    padded = np.concatenate(([False], flags, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [
        MissedRun(first_minute + int(start), first_minute + int(end) - 1)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def splice_runs(old: Sequence[MissedRun], first: int, last: int, judged: Iterable[MissedRun]) -> list[MissedRun]:
    """The runs once minutes ``first`` to ``last`` were judged anew: the rest stays, what touches is one run."""
    pieces = [MissedRun(run.first, min(run.last, first - 1)) for run in old if run.first < first]
    pieces += judged
    pieces += [MissedRun(max(run.first, last + 1), run.last) for run in old if run.last > last]
    joined: list[MissedRun] = []
    for run in sorted(pieces):
        if joined and run.first <= joined[-1].last + 1:
            joined[-1] = MissedRun(joined[-1].first, max(joined[-1].last, run.last))
        else:
            joined.append(run)
    return joined
