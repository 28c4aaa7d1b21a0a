"""Evaluation of availability in one calendar window: figure, budget, missed levels and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import Evaluation, MissedLevel, RiskEvaluation
from slm_monitor.domain.states import availability, excluded_time
from slm_monitor.domain.states.availability import Crossing, Meter, StatePolicy
from slm_monitor.domain.states.timeline import Segment, StateProvider
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import state_warnings

_WHOLE = Fraction(1)


@dataclass(slots=True)
class WindowProgress:
    """A window measured up to ``upto``: the time before it need not be measured again unless a fact changes it."""

    terms: ServiceLevelTarget
    span: Interval
    excluded: Sequence[Interval]
    scheduled: list[Interval]
    evaluated_hours: list[Interval]
    """The service time to evaluate: without exclusions, unless they are excused."""
    excluded_time: int
    upto: int
    """The instant up to which ``agreed`` and ``raw`` have passed; at most the instant up to which all facts are
    known."""
    agreed: Meter
    raw: Meter | None
    """The meter that ignores exclusions; None if there are none."""
    ahead_upto: int
    """The instant up to which ``ahead`` has passed: the last state change known, which may be later than ``upto``."""
    ahead: Meter

    def holds(self, terms: ServiceLevelTarget, span: Interval, excluded: Sequence[Interval], since: int | None) -> bool:
        """Whether an evaluation may continue from here: same terms, span and exclusions, and no change before ``upto``.

        ``since`` is the earliest instant whose states have changed; None if none has.
        """
        same = self.terms is terms and self.span == span and self.excluded is excluded
        return same and (since is None or since >= self.upto)


def evaluate_availability(
    states: StateProvider,
    terms: ServiceLevelTarget,
    start: int,
    end: int,
    as_of: int,
    burning: Sequence[RiskEvaluation] = (),
    excluded: Sequence[Interval] = (),
) -> Evaluation:
    """Evaluate ``[start, end)`` as known at ``as_of``. Breach and warnings are dated at the instant their budget is
    spent.

    ``burning`` are burn rate warnings, ``excluded`` the approved exclusions in any order.
    """
    return evaluate_progress(states, begin_window(terms, (start, end), excluded), as_of, burning)[0]


def begin_window(terms: ServiceLevelTarget, span: Interval, excluded: Sequence[Interval]) -> WindowProgress:
    """Return the progress of a window of which nothing has been measured."""
    assert terms.objective is not None
    start, end = span
    scheduled = terms.hours.intervals(start, end)
    _, evaluated_hours = excluded_time.apply_exclusions([Segment(start, end, "")], scheduled, excluded, terms)
    policy = StatePolicy(terms.unknown, terms.degraded)
    service_time = sum(to - since for since, to in evaluated_hours)
    wanted = [(promised.value, _WHOLE) for _, promised in terms.levels]
    wanted += [(terms.objective, share) for share in terms.warn_at.budget_consumed]
    crossings = [Crossing(objective, service_time, share, policy.weight) for objective, share in wanted]
    raw = Meter(policy, []) if excluded else None
    left_out = excluded_time.excluded_service_time(scheduled, excluded)
    meter = Meter(policy, crossings)
    return WindowProgress(terms, span, excluded, scheduled, evaluated_hours, left_out, start, meter, raw, start, meter)


def evaluate_progress(
    states: StateProvider,
    passed: WindowProgress,
    as_of: int,
    burning: Sequence[RiskEvaluation] = (),
    since: int | None = None,
    lately: UptimeSums | None = None,
) -> tuple[Evaluation, WindowProgress]:
    """Evaluate a window from where it was measured to; return the evaluation and the new progress.

    ``since`` is the earliest instant whose states have changed; the next facts will mostly be later than that.
    ``lately`` are the sums of the time before ``as_of``, if they are known.
    """
    terms, (start, end) = passed.terms, passed.span
    known_to = max(passed.upto, min(as_of, end))
    # One microsecond more, to include the state that begins at that very instant.
    stated, evaluated_hours = _evaluated_segments(states, passed, passed.upto, min(known_to + 1, end))
    upto = _settled(stated, as_of, passed.upto)
    agreed, raw = _passed(passed.agreed, evaluated_hours, passed.evaluated_hours, upto), None
    known = _passed(agreed, _from(evaluated_hours, upto), passed.evaluated_hours, known_to)
    unexcluded = known
    if passed.raw is not None:
        raw = _passed(passed.raw, stated, passed.scheduled, upto)
        unexcluded = _passed(raw, _from(stated, upto), passed.scheduled, known_to)
    ahead_upto, ahead = passed.ahead_upto, passed.ahead
    if ahead_upto < upto or (since is not None and since < ahead_upto):
        ahead_upto, ahead = upto, agreed
    rest, rest_hours = _evaluated_segments(states, passed, ahead_upto, end)
    reached = _settled(rest, as_of if since is None else max(as_of, since), ahead_upto)
    ahead = _passed(ahead, rest_hours, passed.evaluated_hours, reached)
    whole = _passed(ahead, _from(rest_hours, reached), passed.evaluated_hours, end)
    kept = replace(passed, upto=upto, agreed=agreed, raw=raw, ahead_upto=reached, ahead=ahead)
    sudden: list[RiskEvaluation] = []
    if terms.warn_at.drops and start <= as_of < end:
        lately = lately or state_warnings.uptime_sums_until(states, terms, start, as_of, passed.excluded)
        sudden = state_warnings.downtime_drops(lately, terms, start, as_of, _budget(passed, known))
    to_come = _evaluated_segments(states, passed, upto, end)[1] if terms.warn_at.projected else []
    return _finding(kept, known, whole, unexcluded, to_come, as_of, (*burning, *sudden)), kept


def _evaluated_segments(
    states: StateProvider, passed: WindowProgress, start: int, end: int
) -> tuple[list[Segment], list[Segment]]:
    """Return the states of ``[start, end)``, as they are and with excused exclusions counted as up."""
    stated = states.segments(start, end)
    if passed.terms.planned_downtime != "excused":
        return stated, stated
    return stated, excluded_time.apply_exclusions(stated, [], passed.excluded, passed.terms)[0]


def _passed(meter: Meter, segments: Sequence[Segment], open_intervals: Sequence[Interval], end: int) -> Meter:
    """Return a copy of the meter that has passed the segments up to ``end``."""
    on = meter.copied()
    cut = [each._replace(end=min(each.end, end)) for each in segments if each.start < end]
    for piece in availability.inside(cut, open_intervals):
        on.advance(piece)
    return on


def _budget(passed: WindowProgress, known: Meter) -> Fraction:
    assert passed.terms.objective is not None
    service_time = sum(to - since for since, to in passed.evaluated_hours)
    return (1 - passed.terms.objective) * (service_time - known.removed)


def _settled(stated: Sequence[Segment], as_of: int, before: int) -> int:
    """Return the start of the state at ``as_of``, or ``before``: later facts mostly concern the time after it."""
    return max((each.start for each in stated if each.start <= as_of), default=before)


def _from(segments: Sequence[Segment], start: int) -> list[Segment]:
    return [each._replace(start=max(each.start, start)) for each in segments if each.end > start]


def _finding(
    passed: WindowProgress,
    known: Meter,
    whole: Meter,
    raw: Meter,
    segments: Sequence[Segment],
    as_of: int,
    burning: Sequence[RiskEvaluation],
) -> Evaluation:
    """Return the evaluation of a window from its meters.

    ``known`` is the time up to ``as_of``, ``whole`` the window to its end if the last known state lasts, ``raw`` the
    known time without exclusions. ``segments`` are the states from ``passed.upto`` on, for the projection.
    """
    terms, (start, end) = passed.terms, passed.span
    assert terms.objective is not None
    service_time = sum(to - since for since, to in passed.evaluated_hours)
    up, down = known.up, known.down
    figure = _share(known)
    budget = _budget(passed, known)
    consumed = Fraction(down) / budget if budget > 0 else None
    has_budget = terms.objective < 1
    levels = terms.levels
    crossed, warned = whole.crossings[: len(levels)], whole.crossings[len(levels) :]
    missed = tuple(
        MissedLevel(level, crossing.at, crossing.figure, _breach_evidence(crossing, promised.value, service_time))
        for (level, promised), crossing in zip(levels, crossed, strict=True)
        if crossing.at is not None
    )
    exhausted = crossed[0]
    ahead = state_warnings.WindowForecast(
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
        segments,
        passed.evaluated_hours,
    )
    projected = ahead.projected_at()
    risks = [
        RiskEvaluation("budget_consumed", f"{float(crossing.share * 100):g}", crossing.at, consumed, None, projected)
        for crossing in warned
        if crossing.at is not None
    ]
    # If facts or exclusions have reduced the consumption, a warning stays open until it is a tenth below its threshold.
    nearly = evaluation.budget_risks(terms.warn_at.budget_consumed, consumed, min(as_of, end), None, projected)
    risks += [each for each in nearly if each.keeps]
    others, again = state_warnings.warnings_ahead(ahead)
    rate = burn_rate.burn_rate_of(down, up + down, terms.objective)
    risks += [
        replace(risk, consumed=consumed, burn=risk.burn or rate, projected_breach_at=projected)
        for risk in (*others, *burning)
    ]
    said = [each.at for each in missed] + [each.at for each in risks]
    detail: dict[str, Any] = {
        "raw_figure": figures.exact(terms.shown(_share(raw))),
        "service_time": service_time,
        "down": int(down),
        "excluded": passed.excluded_time,
        "unknown": known.unknown,
        "budget": figures.exact(budget) if has_budget else None,
        "consumed_percent": figures.exact(figures.percent(consumed)),
        "burn_rate": figures.exact(rate),
        "exhausted_at": None if exhausted.at is None else to_text(exhausted.at),
        "projected_at": None if projected is None else to_text(projected),
    }
    return Evaluation(
        figure=figure,
        good=int(up),
        total=int(up + down),
        met=figure is None or figure >= terms.objective,
        missed=missed,
        risks=tuple(risks),
        detail=detail,
        evidence=_evidence(known.downs if exhausted.at is None else exhausted.downs, budget)
        if min(said, default=as_of + 1) <= as_of
        else {},
        scheduled=service_time > 0,
        again=again,
    )


def state_coverage(states: StateProvider, finding: Evaluation) -> str | None:
    """Return the exact percentage of service time (after exclusions) in which the state is known.

    0 if the indicator was never measured and its state only assumed; None for an evaluation that counts no time.
    """
    service_time = finding.detail.get("service_time")
    if not isinstance(service_time, int) or service_time <= 0:
        return None
    known = service_time - finding.detail.get("unknown", 0) if states.is_measured else 0
    return figures.exact(Fraction(100 * known, service_time))


def _share(meter: Meter) -> Fraction | None:
    up, down = meter.up, meter.down
    return Fraction(up) / (up + down) if up + down else None


def _breach_evidence(crossing: Crossing, objective: Fraction, service_time: int) -> dict[str, Any]:
    """Return the evidence of a breach: the last intervals of downtime before it, and the budget that they exceeded."""
    return _evidence(crossing.downs, (1 - objective) * (service_time - crossing.removed))


def _evidence(downs: Iterable[Interval], budget: Fraction) -> dict[str, Any]:
    """Return the evidence as a document. An objective of 100 percent has no budget."""
    return {
        "down": [{"from": to_text(start), "to": to_text(end)} for start, end in downs],
        "budget_microseconds": figures.exact(budget) if budget else None,
    }
