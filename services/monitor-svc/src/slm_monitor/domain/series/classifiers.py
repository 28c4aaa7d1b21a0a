"""Classifiers of measured rows: how a target separates good rows from bad rows."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from slm_monitor.domain.facts import rating_validation
from slm_monitor.domain.facts.facts import FAILED
from slm_monitor.domain.facts.histograms import Histogram

AT_MOST, COUNTS, OCCURRENCES, EXACT = "at_most", "counts", "occurrences", "exact"
AT_LEAST, PROMOTED, EACH = "at_least", "promoted", "each"
Rows = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class RowClassifier(NamedTuple):
    """The rule by which a target counts good rows and all rows.

    ``kind`` names the rule. ``at_most``: values of at most ``limit`` are good. ``at_least``: values of at least
    ``limit`` are good. ``counts``: each row is itself a number of good events and of all events. ``occurrences``: the
    value of each row is a number of occurrences. ``each``: each row counts as one occurrence. ``exact``: nothing is
    classified, because the target needs the exact values. ``promoted``: the good number is the number of promoters
    (scores of at least ``limit``) less the number of detractors (scores of at most ``lower``).
    """

    kind: str
    limit: float = 0.0
    lower: float = 0.0

    def counted(self, value: Rows, out_of: Rows | None) -> tuple[Counts, Counts]:
        """Return the numbers of good and of all events of each row.

        ``out_of`` has the number of all events for each row that counts good events out of all events, and NaN for each
        row with a plain value. It is None if all rows have plain values. A row of the form that the classifier does not
        count gets 0 good events and 0 events.
        """
        if self.kind == COUNTS:
            if out_of is None:
                nothing = np.zeros(len(value), dtype=np.int64)
                return nothing, nothing
            fits = ~np.isnan(out_of)
            return np.where(fits, value, 0).astype(np.int64), np.where(fits, out_of, 0).astype(np.int64)
        one = np.ones(len(value), dtype=np.int64) if out_of is None else np.isnan(out_of).astype(np.int64)
        got = value != FAILED
        if self.kind == AT_MOST:
            return (value <= self.limit) * one, one
        if self.kind == AT_LEAST:
            return ((value >= self.limit) & got) * one, one
        if self.kind == PROMOTED:
            return ((value >= self.limit) * 1 - (value <= self.lower)) * one, one
        if self.kind == EACH:
            return one, one
        if self.kind == OCCURRENCES:
            times = value.astype(np.int64) * one
            return times, times
        return np.zeros(len(value), dtype=np.int64), one * got

    def histogram_counts(self, histogram: Histogram) -> tuple[int, int, int]:
        """Return (good, total, unclassified): how many values of a histogram are good, how many there are, and how many
        cannot be classified.

        The values cannot be classified if the limit lies inside a bucket, or if exact values are needed and the
        histogram has no sum, minimum and maximum.
        """
        if self.kind not in (AT_MOST, AT_LEAST):
            is_classified = self.kind == EXACT and histogram.is_summed
            return (0, histogram.total, 0) if is_classified else (0, 0, histogram.total)
        ask = histogram.at_most if self.kind == AT_MOST else histogram.at_least
        good = ask(self.limit)
        return (0, 0, histogram.total) if good is None else (good, histogram.total, 0)


def parse_promoter_score_limits(parameters: Any) -> tuple[float, float]:
    """Return (least promoter score, greatest detractor score). Raises ValueError unless the second score is lower."""
    written = parameters or {}
    above = float(str(written.get("promoters", rating_validation.PROMOTERS)))
    below = float(str(written.get("detractors", rating_validation.DETRACTORS)))
    if not below < above:
        raise ValueError("nps: detractors score lower than promoters")
    return above, below


def to_exact_decimal(value: float) -> Fraction:
    """Return a floating-point number as an exact fraction: the shortest decimal that is read as this number. The sender
    wrote this decimal.
    """
    return Fraction(Decimal(repr(float(value))))
