"""The document of a credit schedule: reading it and reporting every error, and writing it with every default."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from slm_calendar.errors import CalendarError
from slm_calendar.iso_durations import from_iso, to_iso
from slm_calendar.service_hours import parse_service_hours
from slm_credits import band_order, schedule
from slm_credits.errors import CreditError, Finding, finding
from slm_credits.exact_numbers import number_to_text, read_number
from slm_credits.schedule import Band, ChronicFailure, CreditCap, Schedule, UnitRate

CLOSED = ("left", "right")
_FIELDS = (
    "currency",
    "minor_unit",
    "measure",
    "closed",
    "bands",
    "cap_per_period",
    "cap_per_year",
    "minimum_payout",
    "earn_back",
    "chronic_failure",
    "clause",
)
_MINOR_UNITS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
}
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_BANDS, _MOST_RATES, _MOST_WINDOWS = 100, 20, 120
_RIGHT_LASTS = "P90D"
_LONGEST_CLAUSE = 1000
_UNREADABLE = Fraction(0)


def parse_schedule(document: Any, timezone: str = "UTC") -> Schedule:
    """Return the schedule that a document defines; raises CreditError that names every wrong field.

    If bands leave a gap or overlap, the error names a value that is in no band or in two. ``timezone`` is the IANA zone
    in which prices for some hours of the week are meant.
    """
    return _Reader(document, timezone).read()


def write_schedule(defined: Schedule) -> dict[str, Any]:
    """Return the document of a schedule with every default written out. Parsing it gives an equal schedule."""
    document: dict[str, Any] = {
        "currency": defined.currency,
        "minor_unit": defined.places,
        "measure": defined.measure,
        "bands": [_band_document(band) for band in defined.bands],
        "cap_per_period": _cap_document(defined.cap_per_period),
        "cap_per_year": _cap_document(defined.cap_per_year),
        "minimum_payout": number_to_text(defined.least),
        "earn_back": None if defined.earn_back is None else {"met_windows": defined.earn_back},
        "chronic_failure": None,
        "clause": defined.clause,
    }
    if (failure := defined.chronic_failure) is not None:
        lasts = to_iso(failure.lasts)
        document["chronic_failure"] = {"breached": failure.breached, "of": failure.of, "lasts": lasts}
    return document


def _band_document(band: Band) -> dict[str, Any]:
    paid: dict[str, Any] = {band.formula: True if band.formula == schedule.NOTHING else number_to_text(band.rate)}
    if band.rates:
        paid["rates"] = [{"weekly": dict(each.weekly), "rate": number_to_text(each.rate)} for each in band.rates]
    return {
        "from": None if band.start is None else number_to_text(band.start),
        "to": None if band.end is None else number_to_text(band.end),
        "closed": CLOSED[band.is_right_closed],
        **paid,
        "reward": band.is_reward,
        "clause": band.clause,
    }


def _cap_document(cap: CreditCap | None) -> dict[str, str] | None:
    if cap is None:
        return None
    return {schedule.PERCENT_OF_CHARGE if cap.is_percent else "amount": number_to_text(cap.amount)}


class _Reader:
    def __init__(self, document: object, timezone: str) -> None:
        self.errors: list[Finding] = []
        self.timezone = timezone
        if not isinstance(document, Mapping):
            self.refuse("schedule", document, 'write an object with "currency" and "bands"')
        self.document: Mapping[str, Any] = document if isinstance(document, Mapping) else {}

    def refuse(self, field: str, value: object, remedy: str) -> None:
        self.errors.append(finding(field, value, remedy))

    def read(self) -> Schedule:
        self.stop_at_errors()
        self.only(self.document, _FIELDS, "schedule")
        currency, places = self.currency()
        measure = self.choice(self.document, "measure", tuple(schedule.SCALES), schedule.ATTAINED, "measure")
        written = self.bands()
        self.stop_at_errors()
        bands = band_order.arrange_bands(written, schedule.SCALES[measure])
        read = Schedule(
            currency=currency,
            places=places,
            measure=measure,
            bands=bands,
            cap_per_period=self.cap("cap_per_period"),
            cap_per_year=self.cap("cap_per_year"),
            least=self.number(self.document.get("minimum_payout"), "minimum_payout", "0"),
            earn_back=self.earn_back(),
            chronic_failure=self.chronic_failure(),
            clause=self.clause(self.document, "clause"),
        )
        self.stop_at_errors()
        return read

    def stop_at_errors(self) -> None:
        if self.errors:
            raise CreditError(self.errors)

    def only(self, written: Mapping[str, Any], known: Sequence[str], field: str) -> None:
        for name in written:
            if name not in known:
                self.refuse(f"{field}.{name}", written[name], f"leave it out; known are {', '.join(known)}")

    def choice(self, written: Mapping[str, Any], name: str, options: Sequence[str], default: str, field: str) -> str:
        value = written.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value in options:
            return value
        self.refuse(field, value, f"write one of: {', '.join(options)}")
        return default

    def number(self, value: object, field: str, default: str | None = None, *, signed: bool = False) -> Fraction:
        number = read_number(default if value is None else value)
        if number is not None and (signed or number >= 0):
            return number
        least = "" if signed else ", not below zero"
        self.refuse(field, value, f'write an exact number as text{least}, such as "99.9"')
        return _UNREADABLE

    def whole(self, value: object, field: str, most: int, example: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
            return value
        self.refuse(field, value, f"write a whole number from 1 to {most}, such as {example}")
        return 1

    def clause(self, written: Mapping[str, Any], field: str) -> str:
        value = written.get("clause") or ""
        if isinstance(value, str) and len(value) <= _LONGEST_CLAUSE:
            return value
        self.refuse(field, value, f"write text of up to {_LONGEST_CLAUSE} characters")
        return ""

    def currency(self) -> tuple[str, int]:
        currency = self.document.get("currency")
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            self.refuse("currency", currency, "write an ISO 4217 code, such as EUR")
            currency = ""
        places = self.document.get("minor_unit")
        if places is None:
            places = _MINOR_UNITS.get(currency, 2)
        if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= 6:
            self.refuse("minor_unit", places, "write the number of decimals of its smallest unit, such as 2")
            places = 2
        return currency, places

    def bands(self) -> list[Band]:
        written = self.document.get("bands")
        closed = self.choice(self.document, "closed", CLOSED, CLOSED[0], "closed")
        if not isinstance(written, Sequence) or isinstance(written, str) or not 0 < len(written) <= _MOST_BANDS:
            remedy = f'write 1 to {_MOST_BANDS} bands, such as [{{"from": "0", "percent_of_charge": "10"}}, …]'
            self.refuse("bands", written, remedy)
            return []
        return [self.band(each, f"bands[{place}]", closed) for place, each in enumerate(written)]

    def band(self, written: object, field: str, closed: str) -> Band:
        if not isinstance(written, Mapping):
            self.refuse(field, written, 'write an object with "from" and a formula')
            return Band(None, None, schedule.NOTHING)
        self.only(written, ("from", "to", "closed", "reward", "clause", "rates", *schedule.FORMULAS), field)
        formula = self.formula(written, field)
        start, end = self.edge(written, "from", field), self.edge(written, "to", field)
        if start is not None and end is not None and end <= start and not self.is_top(start, end):
            self.refuse(f"{field}.to", written["to"], 'write a number above "from"')
        reward = written.get("reward")
        if not isinstance(reward, bool | None):
            self.refuse(f"{field}.reward", reward, "write true or false")
        rate = _UNREADABLE
        if formula != schedule.NOTHING:
            rate = self.number(written.get(formula), f"{field}.{formula}")
        side = self.choice(written, "closed", CLOSED, closed, f"{field}.closed")
        clause = self.clause(written, f"{field}.clause")
        return Band(
            start, end, formula, rate, reward is True, side == CLOSED[1], clause, self.rates(written, formula, field)
        )

    def edge(self, written: Mapping[str, Any], name: str, field: str) -> Fraction | None:
        value = written.get(name)
        signed = self.document.get("measure") == schedule.VALUE
        return None if value is None else self.number(value, f"{field}.{name}", signed=signed)

    def is_top(self, start: Fraction, end: Fraction) -> bool:
        """Whether a band holds the highest value of the scale and nothing else."""
        scale = schedule.SCALES.get(str(self.document.get("measure") or schedule.ATTAINED))
        return start == end and scale is not None and end == scale.most

    def formula(self, written: Mapping[str, Any], field: str) -> str:
        named = [name for name in schedule.FORMULAS if written.get(name) is not None]
        if len(named) != 1 or (named == [schedule.NOTHING] and written[schedule.NOTHING] is not True):
            remedy = f"write exactly one of: {', '.join(schedule.FORMULAS)} (nothing: true)"
            self.refuse(field, dict(written), remedy)
            return schedule.NOTHING
        return named[0]

    def rates(self, written: Mapping[str, Any], formula: str, field: str) -> tuple[UnitRate, ...]:
        listed = written.get("rates")
        if listed is None:
            return ()
        example = '[{"weekly": {"mon-fri": [["08:00", "18:00"]]}, "rate": "50"}]'
        if formula not in schedule.OF_UNITS:
            self.refuse(f"{field}.rates", listed, f"leave it out: it prices units; {formula} has none")
        elif not isinstance(listed, list | tuple) or not 0 < len(listed) <= _MOST_RATES:
            self.refuse(f"{field}.rates", listed, f"write 1 to {_MOST_RATES} rates, such as {example}")
        else:
            return tuple(self.unit_rate(each, f"{field}.rates[{place}]") for place, each in enumerate(listed))
        return ()

    def unit_rate(self, written: object, field: str) -> UnitRate:
        entry: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
        if set(entry) != {"weekly", "rate"}:
            self.refuse(field, written, 'write an object with "weekly" and "rate"')
            entry = {"weekly": {}, "rate": "0"}
        try:
            hours = parse_service_hours({"timezone": self.timezone, "weekly": entry["weekly"]})
        except CalendarError as problem:
            for each in problem.errors:
                self.refuse(f"{field}.{each['field']}", each["value"], each["remedy"])
            hours = parse_service_hours("24x7")
        weekly = entry["weekly"] if hours.always_open else hours.to_document().get("weekly", {})
        return UnitRate(weekly, hours, self.number(entry["rate"], f"{field}.rate"))

    def cap(self, name: str) -> CreditCap | None:
        written = self.document.get(name)
        if written is None:
            return None
        for key in (schedule.PERCENT_OF_CHARGE, "amount"):
            if isinstance(written, Mapping) and set(written) == {key}:
                amount = self.number(written[key], f"{name}.{key}")
                return CreditCap(amount, is_percent=key == schedule.PERCENT_OF_CHARGE)
        self.refuse(name, written, 'write {"percent_of_charge": "30"} or {"amount": "1000"}')
        return None

    def part(self, name: str, known: Sequence[str], example: str) -> Mapping[str, Any] | None:
        written = self.document.get(name)
        if written is None:
            return None
        if not isinstance(written, Mapping):
            self.refuse(name, written, f"write an object such as {example}")
            return None
        self.only(written, known, name)
        return written

    def earn_back(self) -> int | None:
        written = self.part("earn_back", ("met_windows",), '{"met_windows": 3}')
        return (
            None
            if written is None
            else self.whole(written.get("met_windows"), "earn_back.met_windows", _MOST_WINDOWS, 3)
        )

    def chronic_failure(self) -> ChronicFailure | None:
        example = '{"breached": 3, "of": 12}'
        written = self.part("chronic_failure", ("breached", "of", "lasts"), example)
        if written is None:
            return None
        of = self.whole(written.get("of"), "chronic_failure.of", _MOST_WINDOWS, 12)
        breached = self.whole(written.get("breached"), "chronic_failure.breached", of, min(3, of))
        lasts = 0
        try:
            lasts = from_iso(written.get("lasts") or _RIGHT_LASTS, "chronic_failure.lasts")
        except CalendarError as problem:
            self.errors += problem.errors
        else:
            if lasts <= 0:
                self.refuse("chronic_failure.lasts", written.get("lasts"), "write a duration above zero, such as P90D")
        return ChronicFailure(breached, of, lasts)
