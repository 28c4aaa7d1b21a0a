"""Which period an agreement's review cadence asks to review next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slm_calendar import windows
from slm_review.domain.agreements import Agreement


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar window of the agreement's zone, cut where the agreement ends; microseconds UTC, [start, end)."""

    period_id: str
    start_at: int
    end_at: int


def ends_at(versions: Sequence[Agreement]) -> int | None:
    """Where the last version's term ends; None while one has no end."""
    ends = [version.term_ends_at for version in versions]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


def next_period(versions: Sequence[Agreement], after: int) -> tuple[Agreement, Period] | None:
    """The first period not over at ``after``, and the version whose cadence asks for it (the newest where several do).

    None where no version that is in force at or beyond ``after`` has a cadence.
    """
    last = ends_at(versions)
    asked = [(agreement, period) for agreement in versions if (period := _period(agreement, after, last))]
    return min(asked, key=lambda each: (each[1].start_at, -each[0].version), default=None)


def _period(agreement: Agreement, after: int, last: int | None) -> Period | None:
    start = max(agreement.effective_at, after)
    end = agreement.term_ends_at
    kind = next((kind for kind in windows.KINDS if kind == agreement.review.get("cadence")), None)
    if kind is None or (end is not None and start >= end):
        return None
    window = windows.window_at(kind, agreement.timezone, start)
    return Period(window.id, window.start, window.end if last is None else min(window.end, last))
