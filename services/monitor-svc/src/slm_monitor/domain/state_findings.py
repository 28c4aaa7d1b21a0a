"""A pure look at one window of a target of states: its figure and budget, what is missed, and what puts it at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.domain import availability, burn_rate, exclusions, figures, state_warnings
from slm_monitor.domain.availability import Crossing, Meter, Policy
from slm_monitor.domain.findings import Finding, Missed, RiskFinding
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import Segment, States

_WHOLE = Fraction(1)


@dataclass(slots=True)
class Passed:
    """A window measured up to ``upto``: what lies before it need not be measured again while no fact changes it."""

    terms: ServiceLevelTarget
    span: Interval
    excluded: Sequence[Interval]
    scheduled: list[Interval]
    judged: list[Interval]
    """Service time without what is excluded."""
    excluded_time: int
    upto: int
    agreed: Meter
    raw: Meter | None
    """Without exclusions; None where there are none."""

    def holds(self, terms: ServiceLevelTarget, span: Interval, excluded: Sequence[Interval], since: int | None) -> bool:
        """Whether it still is what a judgement may begin with."""
        same = self.terms is terms and self.span == span and self.excluded is excluded
        return same and (since is None or since >= self.upto)


def of_availability(
    states: States,
    terms: ServiceLevelTarget,
    start: int,
    end: int,
    as_of: int,
    burning: Sequence[RiskFinding] = (),
    excluded: Sequence[Interval] = (),
) -> Finding:
    """Judge ``[start, end)`` as known at ``as_of``; breach and warnings at the instant their budget is spent.

    ``excluded``: the approved exclusions, in any order.
    """
    return look(states, begun(terms, (start, end), excluded), as_of, burning)[0]


def begun(terms: ServiceLevelTarget, span: Interval, excluded: Sequence[Interval]) -> Passed:
    """A window of which nothing has been measured."""
    assert terms.objective is not None
    start, end = span
    scheduled = terms.hours.intervals(start, end)
    _, judged = exclusions.applied([Segment(start, end, "")], scheduled, excluded, terms)
    policy = Policy(terms.unknown, terms.degraded)
    service_time = sum(to - since for since, to in judged)
    wanted = [(promised.value, _WHOLE) for _, promised in terms.levels]
    wanted += [(terms.objective, share) for share in terms.warn_at.budget_consumed]
    crossings = [Crossing(objective, service_time, share, policy.weight) for objective, share in wanted]
    raw = Meter(policy, []) if excluded else None
    excluded_time = exclusions.time_in(scheduled, excluded)
    return Passed(terms, span, excluded, scheduled, judged, excluded_time, start, Meter(policy, crossings), raw)


def look(states: States, passed: Passed, as_of: int, burning: Sequence[RiskFinding] = ()) -> tuple[Finding, Passed]:
    """Judge a window from where it was measured to; returns also how far it need not be measured again."""
    terms, end = passed.terms, passed.span[1]
    stated = states.segments(passed.upto, end)
    segments = stated
    if terms.planned_downtime == "excused":
        segments, _ = exclusions.applied(stated, [], passed.excluded, terms)
    upto = _settled(stated, as_of, passed.upto)
    agreed, raw = passed.agreed.copied(), None if passed.raw is None else passed.raw.copied()
    _pass(agreed, segments, passed.judged, passed.upto, upto)
    if raw is not None:
        _pass(raw, stated, passed.scheduled, passed.upto, upto)
    kept = replace(passed, upto=upto, agreed=agreed, raw=raw)
    known = agreed.copied()
    whole = availability.run(known, _from(segments, upto), passed.judged, as_of)
    unexcluded = known
    if raw is not None:
        unexcluded = raw.copied()
        availability.run(unexcluded, _from(stated, upto), passed.scheduled, as_of)
    sudden: list[RiskFinding] = []
    if terms.warn_at.drops and passed.span[0] <= as_of < end:
        sudden = state_warnings.drops(states, terms, passed.span[0], as_of, _budget(passed, known), passed.excluded)
    return _finding(kept, known, whole, unexcluded, segments, as_of, (*burning, *sudden)), kept


def _budget(passed: Passed, known: Meter) -> Fraction:
    assert passed.terms.objective is not None
    service_time = sum(to - since for since, to in passed.judged)
    return (1 - passed.terms.objective) * (service_time - known.removed)


def _settled(stated: Sequence[Segment], as_of: int, before: int) -> int:
    """Where the state that holds at ``as_of`` began: later facts mostly speak of what follows it."""
    return max((each.start for each in stated if each.start <= as_of), default=before)


def _pass(meter: Meter, segments: Sequence[Segment], open_intervals: Sequence[Interval], start: int, end: int) -> None:
    if end > start:
        cut = [each._replace(end=min(each.end, end)) for each in segments if each.start < end]
        for piece in availability.inside(cut, open_intervals):
            meter.advance(piece)


def _from(segments: Sequence[Segment], start: int) -> list[Segment]:
    return [each._replace(start=max(each.start, start)) for each in segments if each.end > start]


def _finding(
    passed: Passed, known: Meter, whole: Meter, raw: Meter, segments: Sequence[Segment], as_of: int,
    burning: Sequence[RiskFinding],
) -> Finding:  # fmt: skip
    terms, (start, end) = passed.terms, passed.span
    assert terms.objective is not None
    service_time = sum(to - since for since, to in passed.judged)
    up, down = known.up, known.down
    figure = _share(known)
    budget = _budget(passed, known)
    consumed = Fraction(down) / budget if budget > 0 else None
    levels = terms.levels
    promised, warned = whole.crossings[: len(levels)], whole.crossings[len(levels) :]
    missed = tuple(
        Missed(level, crossing.at, crossing.figure)
        for (level, _), crossing in zip(levels, promised, strict=True)
        if crossing.at is not None
    )
    exhausted = promised[0]
    ahead = state_warnings.Ahead(
        terms,
        start,
        end,
        as_of,
        up,
        down,
        budget,
        exhausted.at,
        passed.upto,
        passed.agreed.up,
        passed.agreed.down,
        _from(segments, passed.upto),
        passed.judged,
    )
    projected = ahead.projected_at()
    risks = [
        RiskFinding("budget_consumed", f"{float(crossing.share * 100):g}", crossing.at, consumed, None, projected)
        for crossing in warned
        if crossing.at is not None
    ]
    others, again = state_warnings.others(ahead)
    rate = burn_rate.of(down, up + down, terms.objective)
    risks += [
        replace(risk, consumed=consumed, burn=risk.burn or rate, projected_breach_at=projected)
        for risk in (*others, *burning)
    ]
    detail: dict[str, Any] = {
        "raw_figure": figures.exact(terms.shown(_share(raw))),
        "service_time": service_time,
        "down": int(down),
        "excluded": passed.excluded_time,
        "unknown": known.unknown,
        "budget": figures.exact(budget),
        "consumed_percent": figures.exact(figures.percent(consumed)),
        "burn_rate": figures.exact(rate),
        "exhausted_at": None if exhausted.at is None else to_text(exhausted.at),
        "projected_at": None if projected is None else to_text(projected),
    }
    return Finding(
        figure=figure,
        good=int(up),
        total=int(up + down),
        met=figure is None or figure >= terms.objective,
        missed=missed,
        risks=tuple(risks),
        detail=detail,
        evidence=_evidence(known, exhausted, budget) if missed or risks else {},
        scheduled=service_time > 0,
        again=again,
    )


def _share(meter: Meter) -> Fraction | None:
    up, down = meter.up, meter.down
    return Fraction(up) / (up + down) if up + down else None


def _evidence(known: Meter, exhausted: Crossing, budget: Fraction) -> dict[str, Any]:
    """The last stretches of downtime, up to the breach where there is one: what a person looks at first."""
    downs = known.downs if exhausted.at is None else exhausted.downs
    return {
        "down": [{"from": to_text(start), "to": to_text(end)} for start, end in downs],
        "budget_microseconds": figures.exact(budget),
    }
