"""A credit schedule: bands without gap or overlap, and what each of them pays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from slm_report.domain import figures

FORMULAS = ("nothing", "flat", "percent_of_charge", "per_missed_percent", "per_missed_unit")
ATTAINED, MISSED_PERCENT, MISSED_UNITS = "attained", "missed_percent", "missed_units"
MEASURES: Mapping[str, Fraction | None] = {ATTAINED: Fraction(100), MISSED_PERCENT: Fraction(100), MISSED_UNITS: None}
"""The values that the bands of a schedule can measure → the highest value of the scale, which is itself allowed. None:
the scale has no highest value.
"""
_MINOR_UNITS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
}
_CURRENCY = re.compile(r"[A-Z]{3}")
NUMBER = r"\d{1,30}(\.\d{1,30}|/[1-9]\d{0,29})?"
"""The pattern of an exact number of at least 0, as text."""
_MOST_BANDS = 100


class InvalidSchedule(ValueError):
    """A credit schedule is not valid. The error names the field, its value and what to write instead."""

    def __init__(self, field: str, value: Any, remedy: str) -> None:
        super().__init__(f"{field}: {remedy}")
        self.field, self.value, self.remedy = field, value, remedy


@dataclass(frozen=True, slots=True)
class Band:
    """A band ``[start, end)`` of a credit schedule, and what it pays.

    The last band includes its end. ``rate`` is the number in the band's formula.
    """

    start: Fraction
    end: Fraction | None
    formula: str
    rate: Fraction = Fraction(0)
    is_reward: bool = False
    clause: str = ""


@dataclass(frozen=True, slots=True)
class CreditCap:
    """A cap on credits: an amount of money, or a percentage of the charge."""

    amount: Fraction
    is_percent: bool

    def of(self, charge: Fraction) -> Fraction:
        """Return the cap as an exact amount of money."""
        return charge * self.amount / 100 if self.is_percent else self.amount


@dataclass(frozen=True, slots=True)
class Schedule:
    """A credit schedule: the bands of the measured value, the caps and the currency.

    ``places`` are the decimals of the currency's minor unit. Credits of a period below ``least`` are not paid out.
    """

    currency: str
    places: int
    measure: str
    bands: tuple[Band, ...]
    cap_per_period: CreditCap | None = None
    cap_per_year: CreditCap | None = None
    least: Fraction = Fraction(0)
    clause: str = ""

    def band_of(self, value: Fraction) -> Band:
        """Return the band in which a value lies; raises InvalidSchedule if it is outside the scale."""
        end = MEASURES[self.measure]
        if value < 0 or (end is not None and value > end):
            raise InvalidSchedule(
                self.measure, str(value), f"write a number from 0{f' to {end}' if end else ' upwards'}"
            )
        return next(band for band in reversed(self.bands) if band.start <= value)


def parse_schedule(document: Any) -> Schedule:
    """Return the schedule that a document defines; raises InvalidSchedule.

    If bands leave a gap or overlap, the error names a value that is in no band or in two.
    """
    if not isinstance(document, Mapping):
        raise InvalidSchedule("schedule", document, 'write an object with "currency" and "bands"')
    known = ("currency", "minor_unit", "measure", "bands", "cap_per_period", "cap_per_year", "minimum_payout", "clause")
    _only(document, known, "schedule")
    currency = document.get("currency")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise InvalidSchedule("currency", currency, "write an ISO 4217 code, such as EUR")
    places = document.get("minor_unit", _MINOR_UNITS.get(currency, 2))
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= 6:
        raise InvalidSchedule("minor_unit", places, "write the number of decimals of its smallest unit, such as 2")
    measure = document.get("measure", ATTAINED)
    if not isinstance(measure, str) or measure not in MEASURES:
        raise InvalidSchedule("measure", measure, f"write one of: {', '.join(MEASURES)}")
    return Schedule(
        currency=currency,
        places=places,
        measure=measure,
        bands=_bands(document.get("bands"), MEASURES[measure]),
        cap_per_period=_limit(document, "cap_per_period"),
        cap_per_year=_limit(document, "cap_per_year"),
        least=parse_exact_number(document.get("minimum_payout", "0"), "minimum_payout"),
        clause=str(document.get("clause") or ""),
    )


def parse_exact_number(value: Any, field: str) -> Fraction:
    """Return a value (text such as ``"99.9"``, or an int) as an exact number of at least 0.

    Raises InvalidSchedule, which names ``field``, for any other value.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(NUMBER, text):
        raise InvalidSchedule(field, value, 'write an exact number as text, not below zero, such as "99.9"')
    return Fraction(text)


def _bands(written: Any, scale_end: Fraction | None) -> tuple[Band, ...]:
    if not isinstance(written, Sequence) or isinstance(written, str) or not 0 < len(written) <= _MOST_BANDS:
        remedy = f'write 1 to {_MOST_BANDS} bands, such as [{{"from": "0", "percent_of_charge": "10"}}, …]'
        raise InvalidSchedule("bands", written, remedy)
    bands = sorted((_band(each, f"bands[{place}]") for place, each in enumerate(written)), key=lambda band: band.start)
    if bands[0].start > 0:
        raise _gap(Fraction(0), bands[0].start)
    for lower, upper in pairwise(bands):
        if lower.start == upper.start or (lower.end is not None and lower.end > upper.start):
            value = figures.display_bound(upper.start)
            raise InvalidSchedule(
                "bands", value, f'bands overlap: {value} is in two of them; "to" is not part of its band'
            )
        if lower.end is not None and lower.end < upper.start:
            raise _gap(lower.end, upper.start)
    last = bands[-1]
    if scale_end is not None and last.start > scale_end:
        value = figures.display_bound(last.start)
        raise InvalidSchedule("bands", value, f"no figure can be in this band: the scale ends at {scale_end}")
    if last.end is not None and (scale_end is None or last.end < scale_end):
        raise _gap(last.end, scale_end)
    if last.end is not None and last.end != scale_end:
        raise InvalidSchedule(
            "bands", figures.display_bound(last.end), f'write {scale_end}, where the scale ends, or leave "to" out'
        )
    ends = [band.start for band in bands[1:]] + [scale_end]
    return tuple(
        Band(band.start, end, band.formula, band.rate, band.is_reward, band.clause)
        for band, end in zip(bands, ends, strict=True)
    )


def _gap(start: Fraction, end: Fraction | None) -> InvalidSchedule:
    value = figures.display_bound(start)
    upto = "upwards" if end is None else f"to below {figures.display_bound(end)}"
    remedy = f'no band contains {value}: write one for figures from {value} {upto}, such as {{"nothing": true}}'
    return InvalidSchedule("bands", value, remedy)


def _band(written: Any, field: str) -> Band:
    if not isinstance(written, Mapping):
        raise InvalidSchedule(field, written, 'write an object with "from" and a formula')
    _only(written, ("from", "to", "reward", "clause", *FORMULAS), field)
    named = [name for name in FORMULAS if written.get(name) is not None]
    if len(named) != 1 or (named == ["nothing"] and written["nothing"] is not True):
        raise InvalidSchedule(field, dict(written), f"write exactly one of: {', '.join(FORMULAS)} (nothing: true)")
    start = parse_exact_number(written.get("from", "0"), f"{field}.from")
    end = None if written.get("to") is None else parse_exact_number(written["to"], f"{field}.to")
    if end is not None and end <= start:
        raise InvalidSchedule(f"{field}.to", written["to"], 'write a number above "from": "to" is not part of its band')
    rate = Fraction(0) if named == ["nothing"] else parse_exact_number(written[named[0]], f"{field}.{named[0]}")
    reward = written.get("reward", False)
    if not isinstance(reward, bool):
        raise InvalidSchedule(f"{field}.reward", reward, "write true or false")
    return Band(start, end, named[0], rate, reward, str(written.get("clause") or ""))


def _limit(document: Mapping[str, Any], name: str) -> CreditCap | None:
    written = document.get(name)
    if written is None:
        return None
    if isinstance(written, Mapping) and set(written) == {"percent_of_charge"}:
        return CreditCap(parse_exact_number(written["percent_of_charge"], f"{name}.percent_of_charge"), True)
    if isinstance(written, Mapping) and set(written) == {"amount"}:
        return CreditCap(parse_exact_number(written["amount"], f"{name}.amount"), False)
    raise InvalidSchedule(name, written, 'write {"percent_of_charge": "30"} or {"amount": "1000"}')


def _only(written: Mapping[str, Any], known: Sequence[str], field: str) -> None:
    unknown = next((name for name in written if name not in known), None)
    if unknown is not None:
        raise InvalidSchedule(f"{field}.{unknown}", written[unknown], f"leave it out; known are {', '.join(known)}")
