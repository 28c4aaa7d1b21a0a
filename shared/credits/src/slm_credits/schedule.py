"""A credit schedule: the bands of a figure, what each of them pays, and the limits on the sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar.service_hours import ServiceHours

NOTHING, FLAT, PERCENT_OF_CHARGE = "nothing", "flat", "percent_of_charge"
PER_MISSED_PERCENT, PER_MISSED_UNIT, PERCENT_PER_UNIT = "per_missed_percent", "per_missed_unit", "percent_per_unit"
FORMULAS = (NOTHING, FLAT, PERCENT_OF_CHARGE, PER_MISSED_PERCENT, PER_MISSED_UNIT, PERCENT_PER_UNIT)
OF_CHARGE = frozenset({PERCENT_OF_CHARGE, PERCENT_PER_UNIT})
"""Formulas that need the charge of the period."""
OF_UNITS = frozenset({PER_MISSED_UNIT, PERCENT_PER_UNIT})
"""Formulas that need the number of missed units."""
ATTAINED, VALUE, MISSED_PERCENT, MISSED_UNITS = "attained", "value", "missed_percent", "missed_units"


@dataclass(frozen=True, slots=True)
class Scale:
    """The values that the bands of a schedule can measure, from ``least`` to ``most``, both included.

    If ``least`` is None, there is no lowest value, and the first band has no start. If ``most`` is None, there is no
    highest value, and the last band has no end.
    """

    least: Fraction | None
    most: Fraction | None

    def contains(self, value: Fraction) -> bool:
        """Return whether a value lies on the scale."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


SCALES: Mapping[str, Scale] = {
    ATTAINED: Scale(Fraction(0), Fraction(100)),
    VALUE: Scale(None, None),
    MISSED_PERCENT: Scale(Fraction(0), Fraction(100)),
    MISSED_UNITS: Scale(Fraction(0), None),
}
"""Measure → its scale: the figure in percent, the figure in the unit of its target, by how many percentage points it
misses the objective, and how many units are missed.
"""


@dataclass(frozen=True, slots=True)
class UnitRate:
    """The price of a missed unit or minute within some hours of the week."""

    weekly: Mapping[str, Any]
    hours: ServiceHours
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Band:
    """A band of a credit schedule, and what it pays.

    With ``is_right_closed`` the band holds its ``end`` and not its ``start``; otherwise it holds its ``start`` and not
    its ``end``. The end of the scale belongs to the band that reaches it. A ``start`` or ``end`` of None: the band is
    not limited there. ``rate`` is the number in the band's formula; ``rates`` are prices for some hours of the week;
    the first one whose hours contain the instant applies.
    """

    start: Fraction | None
    end: Fraction | None
    formula: str
    rate: Fraction = Fraction(0)
    is_reward: bool = False
    is_right_closed: bool = False
    clause: str = ""
    rates: tuple[UnitRate, ...] = ()

    @property
    def pays(self) -> bool:
        """Whether anything may be due for a figure in this band."""
        return self.formula != NOTHING and (self.rate > 0 or any(each.rate > 0 for each in self.rates))


@dataclass(frozen=True, slots=True)
class CreditCap:
    """A cap on credits: an amount of money, or a percentage of the charge."""

    amount: Fraction
    is_percent: bool

    def of(self, charge: Fraction | None) -> Fraction | None:
        """Return the cap as an exact amount of money; None if the cap is a share of the charge, and the charge is not
        known.
        """
        if not self.is_percent:
            return self.amount
        return None if charge is None else charge * self.amount / 100


@dataclass(frozen=True, slots=True)
class ChronicFailure:
    """The right to terminate if ``breached`` of the last ``of`` windows are breached. It lasts ``lasts``
    microseconds.
    """

    breached: int
    of: int
    lasts: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """A credit schedule: the bands of the measured value, the caps and the currency.

    ``places`` are the decimals of the currency's minor unit. Credits below ``least`` are carried to the next period.
    ``earn_back``: a credit is reversed if this number of windows after it are all met.
    """

    currency: str
    places: int
    measure: str
    bands: tuple[Band, ...]
    cap_per_period: CreditCap | None = None
    cap_per_year: CreditCap | None = None
    least: Fraction = Fraction(0)
    earn_back: int | None = None
    chronic_failure: ChronicFailure | None = None
    clause: str = ""

    @property
    def needs_charge(self) -> bool:
        """Whether any amount of this schedule is a share of the charge of a period."""
        caps = (self.cap_per_period, self.cap_per_year)
        return any(band.pays and band.formula in OF_CHARGE for band in self.bands) or any(
            cap is not None and cap.is_percent for cap in caps
        )
