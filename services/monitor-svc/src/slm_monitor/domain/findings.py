"""A pure look at one window of a target: what its figure is, whether it is breached, and what puts it at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from slm_events.instants import to_text
from slm_monitor.domain import availability, births, burn_rate, exclusions, figures
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.series import Series
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import DOWN, Segment, States

_EVIDENCE_INTERVALS = 20


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

    @property
    def breached_at(self) -> int | None:
        """The instant of certainty of the promise itself."""
        return next((each.at for each in self.missed if each.level == births.OBJECTIVE), None)


def of_availability(
    timeline: States,
    terms: ServiceLevelTarget,
    start: int,
    end: int,
    as_of: int,
    burning: Sequence[RiskFinding] = (),
    excluded: Sequence[tuple[int, int]] = (),
) -> Finding:
    """Judge ``[start, end)`` as known at ``as_of``; breach and warnings at the instant their budget is spent.

    ``excluded``: the approved exclusions, in any order.
    """
    assert terms.objective is not None
    scheduled = terms.hours.intervals(start, end)
    stated = timeline.segments(start, end)
    segments, open_intervals = exclusions.applied(stated, scheduled, excluded, terms)
    policy = availability.Policy(terms.unknown, terms.degraded)
    seen = availability.measure(segments, open_intervals, as_of, terms.objective, policy, terms.warn_at.budget_consumed)
    missed = [
        Missed(level, at, availability.measure(segments, open_intervals, at, promised.value, policy).figure)
        for level, promised in terms.levels
        if (at := _exhausted(segments, open_intervals, as_of, promised.value, policy)) is not None
    ]
    projected = _projected(seen, start, end, as_of)
    risks = [
        RiskFinding("budget_consumed", f"{float(share * 100):g}", at, seen.consumed, None, projected)
        for share, at in seen.reached_at
    ]
    risks += [replace(risk, consumed=seen.consumed, projected_breach_at=projected) for risk in burning]
    raw = availability.measure(stated, scheduled, as_of, terms.objective, policy) if excluded else seen
    detail = {
        "raw_figure": figures.exact(terms.shown(raw.figure)),
        "service_time": seen.service_time,
        "down": seen.down,
        "excluded": exclusions.time_in(scheduled, excluded),
        "unknown": seen.unknown,
        "budget": figures.exact(seen.budget),
        "consumed_percent": figures.exact(figures.percent(seen.consumed)),
        "exhausted_at": None if seen.exhausted_at is None else to_text(seen.exhausted_at),
    }
    return Finding(
        figure=seen.figure,
        good=seen.up,
        total=seen.up + seen.down,
        met=seen.figure is None or seen.figure >= terms.objective,
        missed=tuple(missed),
        risks=tuple(risks),
        detail=detail,
        evidence={
            "down": _down(segments, seen.exhausted_at or as_of),
            "budget_microseconds": figures.exact(seen.budget),
        },
        scheduled=seen.service_time > 0,
    )


def _exhausted(
    segments: Sequence[Segment], open_intervals: Sequence[tuple[int, int]], as_of: int, objective: Fraction,
    policy: availability.Policy,
) -> int | None:  # fmt: skip
    return availability.measure(segments, open_intervals, as_of, objective, policy).exhausted_at


def burning_down(
    timeline: States, terms: ServiceLevelTarget, begins_at: int, as_of: int, excluded: Sequence[tuple[int, int]] = ()
) -> list[RiskFinding]:
    """The burn rate pairs that hold at ``as_of``: the share of downtime in both windows ÷ (1 − objective) is above the
    factor. Windows are clipped to the term."""
    found = []
    for pair in terms.warn_at.pairs:
        # The short window first: without it the long one cannot warn.
        if _rate_of_downtime(timeline, terms, max(begins_at, as_of - pair.short), as_of, excluded) <= pair.factor:
            continue
        rate = _rate_of_downtime(timeline, terms, max(begins_at, as_of - pair.long), as_of, excluded)
        if rate > pair.factor:
            found.append(RiskFinding("burn_rate", pair.name, as_of, None, rate, None))
    return found


def _rate_of_downtime(
    timeline: States, terms: ServiceLevelTarget, start: int, end: int, excluded: Sequence[tuple[int, int]]
) -> Fraction:
    assert terms.objective is not None
    segments, open_intervals = exclusions.applied(
        timeline.segments(start, end), terms.hours.intervals(start, end), excluded, terms
    )
    policy = availability.Policy(terms.unknown, terms.degraded)
    seen = availability.measure(segments, open_intervals, end, terms.objective, policy)
    return burn_rate.of(seen.down, seen.up + seen.down, terms.objective)


def _projected(seen: availability.AvailabilityFigure, start: int, end: int, as_of: int) -> int | None:
    """When the budget is spent: at the known instant, else at the pace of the window so far; None beyond its end."""
    if seen.exhausted_at is not None:
        return seen.exhausted_at
    if not seen.down or as_of <= start:
        return None
    at = start + int((as_of - start) * seen.budget / seen.down)
    return at if at < end else None


def _down(segments: Sequence[Segment], until: int) -> list[dict[str, str]]:
    """The last stretches of downtime before an instant: what a person looks at first."""
    down = [segment for segment in segments if segment.state == DOWN and segment.start <= until]
    return [{"from": to_text(each.start), "to": to_text(min(each.end, until))} for each in down[-_EVIDENCE_INTERVALS:]]


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
