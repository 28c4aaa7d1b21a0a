"""Service credits and rewards of a period, with the figure and clause of each; amounts are rounded once for
each line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from slm_report.domain import credit_bands, figures
from slm_report.domain.credit_bands import Band, InvalidSchedule, Schedule

CREDIT, REWARD, NONE = "credit", "reward", "none"


@dataclass(frozen=True, slots=True)
class Attainment:
    """The result of a target in the period, with the values that a credit schedule needs.

    ``attained`` and ``objective`` are percents; ``missed_units`` is a count, for example of late tickets or of minutes
    beyond a limit.
    """

    target: str
    attained: Fraction | None = None
    objective: Fraction | None = None
    missed_units: Fraction | None = None


@dataclass(frozen=True, slots=True)
class CreditLine:
    """The credit or reward of one target.

    ``exact`` is the amount before rounding and caps, in the currency. ``amount`` is the amount after rounding and caps,
    in the currency's minor unit.
    """

    target: str
    kind: str
    band: Band
    value: Fraction
    exact: Fraction
    amount: int
    capped_by: str | None
    reckoning: str
    clause: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """The credits and rewards of a period, in the currency's minor unit.

    ``payout`` is 0 if the credits are below the minimum.
    """

    schedule: Schedule
    lines: tuple[CreditLine, ...]
    credits: int
    rewards: int
    payout: int

    @property
    def is_below_minimum(self) -> bool:
        """Whether the credits of the period are too small to be paid out."""
        return self.credits > 0 and self.payout == 0


def compute_credits(
    schedule: Schedule, attained: Sequence[Attainment], charge: Fraction, credited_this_year: Fraction = Fraction(0)
) -> Settlement:
    """Return the credits and rewards of a period. Caps are used up in the order of the lines.

    Raises InvalidSchedule if a result lacks a value that the schedule needs.
    """
    caps: dict[str, int] = {}
    if schedule.cap_per_period is not None:
        caps["cap_per_period"] = _whole_units(schedule.cap_per_period.of(charge), schedule)
    if schedule.cap_per_year is not None:
        left = max(Fraction(0), schedule.cap_per_year.of(charge) - credited_this_year)
        caps["cap_per_year"] = _whole_units(left, schedule)
    lines = []
    for place, each in enumerate(attained):
        line = _credit_line(schedule, each, charge, caps, f"figures[{place}]")
        if line.kind == CREDIT:
            caps = {name: left - line.amount for name, left in caps.items()}
        lines.append(line)
    credits = sum(line.amount for line in lines if line.kind == CREDIT)
    rewards = sum(line.amount for line in lines if line.kind == REWARD)
    pays = Fraction(credits, 10**schedule.places) >= schedule.least
    return Settlement(schedule, tuple(lines), credits, rewards, credits if pays else 0)


def money_to_text(amount: int, schedule: Schedule) -> str:
    """Return an amount in minor units as text, such as ``250.00``."""
    return str(Decimal(amount).scaleb(-schedule.places)) if schedule.places else str(amount)


def _credit_line(
    schedule: Schedule, attained: Attainment, charge: Fraction, caps: Mapping[str, int], field: str
) -> CreditLine:
    value = _measured(schedule, attained, field)
    band = schedule.band_of(value)
    exact, reckoning = _reckoned(band, attained, charge, field)
    kind = NONE if band.formula == "nothing" or not exact else REWARD if band.is_reward else CREDIT
    amount = _half_up(exact * 10**schedule.places)
    capped_by = None
    for name, left in caps.items() if kind == CREDIT else ():
        if amount > left:
            amount, capped_by = left, name
    return CreditLine(
        attained.target, kind, band, value, exact, amount, capped_by, reckoning, band.clause or schedule.clause
    )


def _measured(schedule: Schedule, attained: Attainment, field: str) -> Fraction:
    if schedule.measure == credit_bands.MISSED_UNITS:
        return _given(attained.missed_units, f"{field}.missed_units")
    if schedule.measure == credit_bands.MISSED_PERCENT:
        return _missed_percent(attained, field)
    return _given(attained.attained, f"{field}.attained")


def _reckoned(band: Band, attained: Attainment, charge: Fraction, field: str) -> tuple[Fraction, str]:
    """Return the exact amount of a band for a result, and its calculation in words."""
    rate = figures.display_bound(band.rate)
    if band.formula == "nothing":
        return Fraction(0), "nothing is due in this band"
    if band.formula == "flat":
        return band.rate, f"a flat {rate}"
    if band.formula == "percent_of_charge":
        return charge * band.rate / 100, f"{rate} % of the charge of {figures.display_bound(charge)}"
    if band.formula == "per_missed_percent":
        missed = _missed_percent(attained, field)
        return band.rate * missed, f"{rate} × {figures.display_bound(missed)} percent missed"
    units = _given(attained.missed_units, f"{field}.missed_units")
    return band.rate * units, f"{rate} × {figures.display_bound(units)} units missed"


def _missed_percent(attained: Attainment, field: str) -> Fraction:
    """Return by how many percentage points the figure misses its objective; 0 if it meets it."""
    objective = _given(attained.objective, f"{field}.objective")
    return max(Fraction(0), objective - _given(attained.attained, f"{field}.attained"))


def _given(value: Fraction | None, field: str) -> Fraction:
    if value is None:
        raise InvalidSchedule(field, None, "write it: the schedule needs it")
    return value


def _half_up(units: Fraction) -> int:
    """Round to the nearest whole number, halves up. Amounts are never negative."""
    return math.floor(units + Fraction(1, 2))


def _whole_units(amount: Fraction, schedule: Schedule) -> int:
    """Return a cap in minor units, rounded down so that no amount exceeds it."""
    return math.floor(amount * Fraction(10) ** schedule.places)
