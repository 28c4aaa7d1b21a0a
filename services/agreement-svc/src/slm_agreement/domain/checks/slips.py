"""A check for values that are valid but probably not intended, such as an objective of 0.999 percent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from slm_agreement.domain.errors import SLIP, WARNING, Finding
from slm_agreement.domain.terms import composites, objectives
from slm_agreement.domain.terms.reading import decimal_text

_LAST_MINUTE = "23:59"


def find_slips(document: Mapping[str, Any]) -> list[Finding]:
    """Return the slips of a document: probable mistakes in percentages and opening hours.

    Warnings about objectives that a single bad event breaches are included.
    """
    findings: list[Finding] = []
    for index, target in enumerate(document["targets"]):
        path = f"targets[{index}]"
        findings += _fractions(target, path)
        findings += _thin_budget(target, path)
    return [*findings, *_days_without_their_last_minute(document["service_hours"])]


def _fractions(target: Mapping[str, Any], path: str) -> Iterator[Finding]:
    """Yield a slip for each percentage between 0 and 1, which is probably a fraction: 0.999 instead of 99.9."""
    for level in ("objective", "unacceptable"):
        promised = target.get(level)
        if promised and promised.get("unit") == objectives.PERCENT:
            comparison = next(name for name in (objectives.AT_LEAST, objectives.AT_MOST) if name in promised)
            yield from _fraction(promised[comparison], f"{path}.{level}.{comparison}")
    warnings = target.get("warn_at") or {}
    for place, share in enumerate(warnings.get("budget_consumed") or ()):
        yield from _fraction(share, f"{path}.warn_at.budget_consumed[{place}]")
    for place, share in enumerate(warnings.get("elapsed") or ()):
        yield from _fraction(share, f"{path}.warn_at.elapsed[{place}]")
    for place, drop in enumerate(warnings.get("budget_drop") or ()):
        yield from _fraction(drop["by"], f"{path}.warn_at.budget_drop[{place}].by")


def _fraction(percent: str, field: str) -> Iterator[Finding]:
    if 0 < Fraction(percent) < 1:
        hundredfold = decimal_text(str(float(Fraction(percent) * 100))) or str(Fraction(percent) * 100)
        remedy = f"this is {percent} percent: write {hundredfold} if a share of {percent} is meant, or waive this"
        yield Finding(field, percent, remedy, "slip.fraction-for-percent", SLIP)


def _thin_budget(target: Mapping[str, Any], path: str) -> Iterator[Finding]:
    """Yield a warning if the objective allows less than one bad event among the expected number of events."""
    volume = target.get("expected_volume")
    allowed = _allowed(target) if volume else None
    if volume and allowed and volume * allowed < 1:
        least = -(-allowed.denominator // allowed.numerator)
        remedy = (
            f"of {volume} events less than one may be bad, so the first bad one is a breach: lower the "
            f"objective, expect {least} or more, or waive this"
        )
        yield Finding(f"{path}.expected_volume", str(volume), remedy, "budget.less-than-one-event", WARNING)


def _allowed(target: Mapping[str, Any]) -> Fraction | None:
    if composites.aggregation_name(target) == "quantile":
        return 1 - Fraction(target["aggregation"]["quantile"])
    return objectives.allowed_bad_share(target["objective"])


def _days_without_their_last_minute(hours: Mapping[str, Any]) -> Iterator[Finding]:
    for name, calendar in hours.items():
        if not isinstance(calendar, Mapping):
            continue
        days = [(f"weekly.{day}", pairs) for day, pairs in (calendar.get("weekly") or {}).items()]
        overrides = calendar.get("overrides") or ()
        days += [(f"overrides[{index}].intervals", each.get("intervals") or ()) for index, each in enumerate(overrides)]
        for place, pairs in days:
            for index, (_, closes) in enumerate(pairs):
                if str(closes).startswith(_LAST_MINUTE):
                    remedy = f"write 24:00: until {closes} leaves out the last minute of the day; or waive this"
                    field = f"service_hours.{name}.{place}[{index}]"
                    yield Finding(field, str(closes), remedy, "slip.day-ends-before-midnight", SLIP)
