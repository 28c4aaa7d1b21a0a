"""Price tables: for each candidate objective, how many closed windows it would have met, and the credits due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from slm_credits.credit_lines import CHARGE_MISSING, NONE, REWARD, ClosedWindow, credit_of_window
from slm_credits.errors import CreditError
from slm_credits.objectives import Objective
from slm_credits.schedule import SCALES, Band, Schedule
from slm_credits.settlements import Period, settle_periods


@dataclass(frozen=True, slots=True)
class Price:
    """The price of an objective: windows met and missed, and the credits due in the currency's minor unit.

    ``credits`` None: they cannot be computed, for the reason ``unknown``, or there is no schedule.
    """

    objective: Objective
    met: int
    missed: int
    credits: int | None
    unknown: str | None = None


def price_of_objective(
    defined: Schedule | None, agreed: Objective, candidate: Objective, periods: Sequence[Period]
) -> Price:
    """Return what a candidate objective would have cost in these periods.

    If two bands meet at the ``agreed`` objective, the limit between them moves to the candidate. All other limits stay.
    """
    priced = [replace(each, windows=_under(candidate, each.windows)) for each in periods]
    verdicts = [window.is_met for period in priced for window in period.windows]
    met, missed = sum(each is True for each in verdicts), sum(each is False for each in verdicts)
    if defined is None:
        return Price(candidate, met, missed, None)
    try:
        moved = move_limit(defined, agreed.limit, candidate.limit)
        settled = settle_periods(moved, [replace(each, windows=_paying(moved, each)) for each in priced])
    except CreditError as error:
        return Price(candidate, met, missed, None, "; ".join(each["remedy"] for each in error.errors))
    if any(line.kind == CHARGE_MISSING for each in settled for line in each.lines):
        return Price(candidate, met, missed, None, "write the charge of a period: the schedule pays a share of it")
    return Price(candidate, met, missed, sum(each.credits for each in settled))


def price_table(
    defined: Schedule | None, agreed: Objective, candidates: Iterable[Fraction], periods: Sequence[Period]
) -> list[Price]:
    """Return the price of the agreed objective and of each candidate, the strictest first."""
    limits = sorted({agreed.limit, *candidates}, reverse=agreed.is_at_least)
    return [price_of_objective(defined, agreed, replace(agreed, limit=limit), periods) for limit in limits]


def move_limit(defined: Schedule, agreed: Fraction, candidate: Fraction) -> Schedule:
    """Return a schedule in which the limit between two bands has moved from ``agreed`` to ``candidate``.

    Bands that the limit passes become shorter. Bands of which nothing is left are removed. If the schedule has no limit
    at ``agreed``, it is returned as it is. So is a schedule that measures what is missed, because its limits are
    relative to the objective.
    """
    place = next((number for number, band in enumerate(defined.bands) if number and band.start == agreed), None)
    if place is None or candidate == agreed or defined.measure.startswith("missed"):
        return defined
    most = SCALES[defined.measure].most
    below = [_cut(band, None, candidate) for band in defined.bands[:place]]
    above = [_cut(band, candidate, None) for band in defined.bands[place:]]
    lower = [band for band in below if _holds(band, most)] or [replace(below[0], end=candidate)]
    upper = [band for band in above if _holds(band, most)] or [replace(above[-1], end=most)]
    lower[-1] = replace(lower[-1], end=candidate)
    upper[0] = replace(upper[0], start=candidate)
    return replace(defined, bands=(*lower, *upper))


def _under(objective: Objective, windows: Iterable[ClosedWindow]) -> tuple[ClosedWindow, ...]:
    return tuple(replace(each, objective=objective, is_breached=None) for each in windows)


def _paying(defined: Schedule, period: Period) -> tuple[ClosedWindow, ...]:
    """Return the windows that count for the price of an objective.

    Left out are windows that meet the objective although they lie in a band that pays for misses: nothing is due for
    them.
    """
    lines = [credit_of_window(defined, each, period.charge) for each in period.windows]
    return tuple(each.window for each in lines if not each.window.is_met or each.kind in (NONE, REWARD))


def _cut(band: Band, start: Fraction | None, end: Fraction | None) -> Band:
    """Return the part of a band from ``start`` on, or up to ``end``."""
    if start is not None and band.start is not None:
        band = replace(band, start=max(band.start, start))
    if end is not None and band.end is not None:
        band = replace(band, end=min(band.end, end))
    return band


def _holds(band: Band, most: Fraction | None) -> bool:
    """Whether any value is left in a band that was cut. A band from ``most`` to ``most`` has the value ``most``."""
    if band.start is None or band.end is None:
        return True
    return band.start < band.end or (band.start == band.end == most and not band.is_right_closed)
