"""The next period for which an agreement's review cadence demands a review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slm_calendar import windows
from slm_events.instants import UtcMicroseconds
from slm_review.domain.agreements import Agreement


@dataclass(frozen=True, slots=True)
class Period:
    """A period to review: a calendar window in the agreement's zone, cut at the agreement's end.

    [start_at, end_at) in microseconds UTC.
    """

    period_id: str
    start_at: UtcMicroseconds
    end_at: UtcMicroseconds


def latest_end_of(versions: Sequence[Agreement]) -> UtcMicroseconds | None:
    """Return the latest end of the versions, microseconds UTC; None if one of them has no end, or there is no
    version.
    """
    ends = [version.term_ends_at for version in versions]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


def next_period(versions: Sequence[Agreement], after: UtcMicroseconds) -> tuple[Agreement, Period] | None:
    """Return the first period to review that has not ended at ``after``, and the version whose cadence demands it.

    If several versions demand it, the newest is returned. None if no version in force at or after ``after`` has a
    cadence.
    """
    last = latest_end_of(versions)
    asked = [(agreement, period) for agreement in versions if (period := _period(agreement, after, last))]
    return min(asked, key=lambda each: (each[1].start_at, -each[0].version), default=None)


def _period(agreement: Agreement, after: UtcMicroseconds, last: UtcMicroseconds | None) -> Period | None:
    start = max(agreement.effective_at, after)
    end = agreement.term_ends_at
    kind = next((kind for kind in windows.KINDS if kind == agreement.review.get("cadence")), None)
    if kind is None or (end is not None and start >= end):
        return None
    window = windows.window_at(kind, agreement.timezone, start)
    return Period(window.id, window.start, window.end if last is None else min(window.end, last))
