"""The credit of a closed window: a pure function of its figure, the schedule of its target, and the period's charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_calendar import intervals
from slm_credits import schedule
from slm_credits.cuts import BEFORE, start_cut
from slm_credits.errors import CreditError, refusal
from slm_credits.exact_numbers import number_to_text, round_half_up
from slm_credits.objectives import Objective
from slm_credits.schedule import Band, Schedule
from slm_events.instants import UtcMicroseconds

CREDIT, REWARD, NONE, NO_FIGURE, CHARGE_MISSING = "credit", "reward", "none", "no_figure", "charge_missing"
_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class MissedUnits:
    """Units that were missed: ``count`` units at the instant ``at`` or, if ``until`` is given, the minutes from ``at``
    to ``until``.
    """

    at: UtcMicroseconds
    until: UtcMicroseconds | None = None
    count: Fraction = Fraction(1)

    @property
    def total(self) -> Fraction:
        """The number of units, or of minutes."""
        return self.count if self.until is None else Fraction(self.until - self.at, _MINUTE)


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """The result of a target in a closed window, with the values that a credit schedule may need.

    ``figure`` is None if the window has no verdict: no data, never scheduled, or too little coverage. ``missed_units``
    is a count, for example of late tickets or of minutes beyond a limit; ``missed`` gives the same units with their
    instants. ``is_breached`` is the verdict at close; None: it follows from the figure and the objective.
    """

    target: str
    window: str = ""
    figure: Fraction | None = None
    objective: Objective | None = None
    missed_units: Fraction | None = None
    missed: tuple[MissedUnits, ...] = ()
    is_breached: bool | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the window met its objective; None if it has no verdict."""
        if self.is_breached is not None:
            return not self.is_breached
        if self.figure is None or self.objective is None:
            return None
        return self.objective.meets(self.figure)

    @property
    def units(self) -> Fraction | None:
        """How many units are missed; None if that is not known."""
        if self.missed_units is not None or not self.missed:
            return self.missed_units
        return sum((each.total for each in self.missed), Fraction(0))


@dataclass(frozen=True, slots=True)
class CreditLine:
    """The credit or reward of one window of a target, with the figures and the clause behind it.

    ``exact`` is the amount before rounding and caps, in the currency. ``amount`` is the amount after rounding and caps,
    in the currency's minor unit; None if the charge that it depends on is missing. ``band`` and ``value`` are None for
    a window without a figure.
    """

    window: ClosedWindow
    kind: str
    band: Band | None
    value: Fraction | None
    exact: Fraction | None
    amount: int | None
    reckoning: str
    clause: str
    capped_by: str | None = None


def credit_of_window(
    defined: Schedule, window: ClosedWindow, charge: Fraction | None, field: str = "window"
) -> CreditLine:
    """Return the credit of a closed window, rounded once, half up; caps are not applied.

    ``charge`` None: the charge of the period is not known. An amount that depends on the charge is then
    ``charge_missing``, never zero. Raises CreditError if the window lacks another value that the schedule needs; the
    error names the place of this value within ``field``.
    """
    value = _measured(defined, window, field)
    if value is None:
        return CreditLine(window, NO_FIGURE, None, None, None, None, "the window has no figure", defined.clause)
    band = band_of(defined, value, field)
    clause = band.clause or defined.clause
    if band.formula in schedule.OF_CHARGE and band.pays and charge is None:
        reckoning = f"{number_to_text(band.rate)} % of a charge that is missing"
        return CreditLine(window, CHARGE_MISSING, band, value, None, None, reckoning, clause)
    exact, reckoning = _reckoned(band, window, charge or Fraction(0), field)
    kind = NONE if not exact else REWARD if band.is_reward else CREDIT
    return CreditLine(window, kind, band, value, exact, round_half_up(exact, defined.places), reckoning, clause)


def band_of(defined: Schedule, value: Fraction, field: str = "window") -> Band:
    """Return the band in which a value lies. Raises CreditError, which names a place within ``field``, if no band has
    the value.
    """
    scale = schedule.SCALES[defined.measure]
    if not scale.contains(value):
        most = "upwards" if scale.most is None else f"to {number_to_text(scale.most)}"
        raise refusal(f"{field}.{defined.measure}", number_to_text(value), f"write a number from 0 {most}")
    # Of the bands that begin before the value, the last one holds it.
    return next((band for band in reversed(defined.bands[1:]) if start_cut(band) <= (value, BEFORE)), defined.bands[0])


def _measured(defined: Schedule, window: ClosedWindow, field: str) -> Fraction | None:
    """Return the value that the bands measure; None for a window without a figure."""
    if defined.measure == schedule.MISSED_UNITS:
        if window.units is None and window.figure is not None:
            raise _missing(f"{field}.missed_units")
        return window.units
    if window.figure is None or defined.measure != schedule.MISSED_PERCENT:
        return window.figure
    return _missed_percent(window, window.figure, field)


def _missed_percent(window: ClosedWindow, figure: Fraction, field: str) -> Fraction:
    """Return by how many percentage points the figure misses its objective; 0 if it meets it."""
    if window.objective is None:
        raise _missing(f"{field}.objective")
    return window.objective.missed(figure)


def _reckoned(band: Band, window: ClosedWindow, charge: Fraction, field: str) -> tuple[Fraction, str]:
    """Return the exact amount of a band for a window, and its calculation in words."""
    rate = number_to_text(band.rate)
    if band.formula == schedule.NOTHING:
        return Fraction(0), "nothing is due in this band"
    if band.formula == schedule.FLAT:
        return band.rate, f"a flat {rate}"
    if band.formula == schedule.PERCENT_OF_CHARGE:
        return charge * band.rate / 100, f"{rate} % of the charge of {number_to_text(charge)}"
    if band.formula == schedule.PER_MISSED_PERCENT:
        if window.figure is None:
            raise _missing(f"{field}.attained")
        missed = _missed_percent(window, window.figure, field)
        return band.rate * missed, f"{rate} × {number_to_text(missed)} percent missed"
    priced = _priced_units(band, window, field)
    total = sum((each * units for each, units in priced), Fraction(0))
    if band.formula == schedule.PER_MISSED_UNIT:
        return total, _units_in_words(priced)
    return charge * total / 100, f"{_units_in_words(priced, ' %')}, of the charge of {number_to_text(charge)}"


def _priced_units(band: Band, window: ClosedWindow, field: str) -> list[tuple[Fraction, Fraction]]:
    """Return the missed units as pairs of a rate and a number of units. If the rate depends on the hour of the week,
    units that were missed at different rates are in different pairs.
    """
    if window.is_met:
        # Whoever meets the objective pays for nothing, whatever was counted on the way.
        return [(band.rate, Fraction(0))]
    units = window.units
    if units is None:
        raise _missing(f"{field}.missed_units")
    if not band.rates:
        return [(band.rate, units)]
    if sum((each.total for each in window.missed), Fraction(0)) != units:
        raise refusal(f"{field}.missed", None, "write when each unit was missed: the rate depends on the hour")
    return [pair for each in window.missed for pair in _rated(band, each)]


def _rated(band: Band, missed: MissedUnits) -> Sequence[tuple[Fraction, Fraction]]:
    """Split units by the rates of a band. If the hours of rates overlap, the first rate applies."""
    if missed.until is None:
        rate = next((each.rate for each in band.rates if each.hours.is_open(missed.at)), band.rate)
        return [(rate, missed.count)]
    pairs: list[tuple[Fraction, Fraction]] = []
    rest = [(missed.at, missed.until)]
    for each in band.rates:
        inside = [open_ for start, end in rest for open_ in each.hours.intervals(start, end)]
        if inside:
            pairs.append((each.rate, Fraction(intervals.total_length(inside), _MINUTE)))
            rest = intervals.subtract(rest, inside)
    return [*pairs, (band.rate, Fraction(intervals.total_length(rest), _MINUTE))] if rest else pairs


def _units_in_words(priced: Sequence[tuple[Fraction, Fraction]], sign: str = "") -> str:
    sums: dict[Fraction, Fraction] = {}
    for rate, units in priced:
        sums[rate] = sums.get(rate, Fraction(0)) + units
    said = [f"{number_to_text(rate)}{sign} × {number_to_text(units)}" for rate, units in sums.items()]
    return f"{' + '.join(said)} units missed"


def _missing(field: str) -> CreditError:
    return refusal(field, None, "write it: the schedule needs it")
