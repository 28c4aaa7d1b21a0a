"""A pure look at one window of a target: what its figure is, whether it is breached, and what puts it at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_monitor.domain import births, burn_rate, figures
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.series import Series
from slm_monitor.domain.terms import ServiceLevelTarget


@dataclass(frozen=True, slots=True)
class RiskFinding:
    """A warning that holds. ``at`` may lie ahead: then a timer has to look again."""

    cause: str
    threshold: str
    at: int
    consumed: Fraction | None = None
    burn: Fraction | None = None
    projected_breach_at: int | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A level that is missed for certain from ``at`` on, if nothing changes; it may lie ahead."""

    level: str
    at: int
    figure: Fraction | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a window came to. ``missed``: the levels of its promise that are breached, or will be.

    ``scheduled``: whether the window has any service time at all.
    """

    figure: Fraction | None
    good: int
    total: int
    met: bool
    missed: tuple[Missed, ...] = ()
    risks: tuple[RiskFinding, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    scheduled: bool = True
    again: int | None = None
    """When time alone may end a warning that holds."""

    @property
    def breached_at(self) -> int | None:
        """The instant of certainty of the promise itself."""
        return next((each.at for each in self.missed if each.level == births.OBJECTIVE), None)


def of_share(
    good: int, total: int, terms: ServiceLevelTarget, end: int, as_of: int, burning: Sequence[RiskFinding]
) -> Finding:
    """A calendar window of counts: breached at its close, at risk while below the objective."""
    assert terms.objective is not None
    figure = Fraction(good, total) if total else None
    assert terms.promise is not None
    met = figure is None or terms.promise.is_kept(figure)
    closed = end + terms.closing_delay <= as_of
    consumed = burn_rate.of(total - good, total, terms.objective)
    risks = list(burning)
    if not met:
        risks.append(RiskFinding("below_objective", "objective", min(as_of, end), consumed, consumed, end))
    return Finding(
        figure=figure,
        good=good,
        total=total,
        met=met,
        missed=tuple(
            Missed(level, end, figure)
            for level, promised in terms.levels
            if closed and figure is not None and not promised.is_kept(figure)
        ),
        risks=tuple(risks),
        detail={"consumed_percent": figures.exact(figures.percent(consumed)), "bad": total - good},
        evidence={"good": good, "total": total},
    )


def burning(series: Series, terms: ServiceLevelTarget, minute: int) -> list[RiskFinding]:
    """The burn rate pairs of which both windows, ending with ``minute``, are strictly above the factor."""
    assert terms.objective is not None and terms.threshold is not None
    found = []
    for pair in terms.warn_at.pairs:
        # The short window first: it is soon summed, and without it the long one cannot warn.
        if _burn(series, terms, minute, pair.short) <= pair.factor:
            continue
        rate = _burn(series, terms, minute, pair.long)
        if rate > pair.factor:
            found.append(RiskFinding("burn_rate", pair.name, minute * MINUTE, None, rate, None))
    return found


def _burn(series: Series, terms: ServiceLevelTarget, minute: int, length: int) -> Fraction:
    assert terms.objective is not None
    good, total = counted(series, terms, minute - length // MINUTE + 1, minute)
    all_good, all_total = int(good.sum()), int(total.sum())
    return burn_rate.of(all_total - all_good, all_total, terms.objective)


def counted(series: Series, terms: ServiceLevelTarget, first: int, last: int) -> tuple[Any, Any]:
    """(good, total) of each minute in service hours; a minute belongs to them by its start, others count as empty."""
    assert terms.threshold is not None
    good, total = series.minutes(terms.threshold, first, last)
    if terms.hours.always_open:
        return good, total
    good, total = good.copy(), total.copy()
    for index in range(len(total)):
        if total[index] and not terms.hours.is_open((first + index) * MINUTE):
            good[index] = total[index] = 0
    return good, total
