"""Evaluation of availability in one calendar window: figure, budget, missed levels and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.lifecycle import coverage, evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, RiskEvaluation, WindowEvaluation
from slm_monitor.domain.states import availability, excluded_time
from slm_monitor.domain.states.availability import BudgetCrossing, ServiceTimeMeter, StateCountingPolicy
from slm_monitor.domain.states.short_outages import LabelledStates, StretchedStates, UnknownAsUp
from slm_monitor.domain.states.timeline import StateProvider, StateSegment
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import state_warnings

_WHOLE = Fraction(1)
_FOR_EVER = 2**62


@dataclass(slots=True)
class AvailabilityProgress:
    """How far a window has been measured. The next evaluation continues from here: it need not measure the time before
    ``upto`` again.

    ``scheduled`` are the service hours in the window. ``excluded_time`` is the excluded part of the service hours, in
    microseconds.
    """

    terms: FigureTarget
    span: Interval
    excluded: Sequence[Interval]
    scheduled: list[Interval]
    evaluated_hours: list[Interval]
    """The service hours to evaluate. Removed exclusions are cut out of them; excused exclusions are not."""
    excluded_time: int
    upto: UtcMicroseconds
    """The instant up to which the meters ``agreed`` and ``raw`` have measured; not after the instant up to which all
    facts have arrived.
    """
    agreed: ServiceTimeMeter
    raw: ServiceTimeMeter | None
    """The meter of the time without regard to exclusions; None if there are no exclusions."""
    ahead_upto: UtcMicroseconds
    """The instant up to which the meter ``ahead`` has measured. It is the instant of the last known state change, which
    may be later than ``upto``.
    """
    ahead: ServiceTimeMeter

    def holds(
        self, terms: FigureTarget, span: Interval, excluded: Sequence[Interval], since: UtcMicroseconds | None
    ) -> bool:
        """Whether an evaluation may continue from this progress: same terms, span and exclusions, and no change before
        ``upto``.

        ``since`` is the earliest instant whose state has changed; None if no state has changed.
        """
        same = self.terms is terms and self.span == span and self.excluded is excluded
        return same and (since is None or since >= self.upto)


def evaluate_availability(
    states: StateProvider,
    terms: FigureTarget,
    start: UtcMicroseconds,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
    burning: Sequence[RiskEvaluation] = (),
    excluded: Sequence[Interval] = (),
) -> WindowEvaluation:
    """Evaluate the window ``[start, end)`` by the facts up to ``as_of``.

    ``as_of`` may lie beyond the end: an outage that lasts over the end may become long enough to count only then.
    A breach is dated at the instant at which the budget is exceeded. A budget warning is dated at the instant at which
    its share of the budget is exceeded.
    ``burning`` are burn rate warnings, ``excluded`` the approved exclusions in any order.
    """
    return continue_availability_progress(
        states, begin_availability_progress(terms, (start, end), excluded), as_of, burning
    )[0]


def begin_availability_progress(
    terms: FigureTarget, span: Interval, excluded: Sequence[Interval]
) -> AvailabilityProgress:
    """Return the progress of a window of which nothing has been measured yet."""
    start, end = span
    scheduled = terms.hours.intervals(start, end)
    _, evaluated_hours = excluded_time.apply_exclusions_to_states(
        [StateSegment(start, end, "")], scheduled, excluded, terms
    )
    policy = StateCountingPolicy(terms.unknown, terms.degraded)
    service_time = sum(to - since for since, to in evaluated_hours)
    wanted = [(promised.value, _WHOLE) for _, promised in terms.levels]
    wanted += [(terms.objective, share) for share in terms.warn_at.budget_consumed]
    crossings = [BudgetCrossing(objective, service_time, share, policy.weight) for objective, share in wanted]
    raw = ServiceTimeMeter(policy, []) if excluded else None
    left_out = excluded_time.measure_excluded_service_time(scheduled, excluded)
    meter = ServiceTimeMeter(policy, crossings)
    return AvailabilityProgress(
        terms, span, excluded, scheduled, evaluated_hours, left_out, start, meter, raw, start, meter
    )


def continue_availability_progress(
    states: StateProvider,
    passed: AvailabilityProgress,
    as_of: UtcMicroseconds,
    burning: Sequence[RiskEvaluation] = (),
    since: UtcMicroseconds | None = None,
    lately: UptimeSums | None = None,
) -> tuple[WindowEvaluation, AvailabilityProgress]:
    """Evaluate a window from where the last evaluation stopped; return the evaluation and the new progress.

    ``passed``: the progress of the last evaluation. ``since``: the earliest instant whose state has changed since the
    last evaluation; None: no state has changed. The next facts are expected to change only states after ``since``.
    ``lately``: uptime sums of the time before ``as_of``, if the caller has them.
    """
    terms, (start, end) = passed.terms, passed.span
    known_to = max(passed.upto, min(as_of, end))
    agreed_states, raw_states = _stretched_states(states, passed)
    # One microsecond more, to include the state that begins at that very instant.
    until = min(known_to + 1, end)
    stated = _evaluated_states(agreed_states, passed, passed.upto, until)
    upto = _find_settled_instant(
        (agreed_states, raw_states), _settled(stated.segments, as_of, passed.upto), passed.upto
    )
    agreed, raw = _passed(passed.agreed, stated, passed.evaluated_hours, (passed.upto, upto), upto), None
    known = _passed(agreed, stated, passed.evaluated_hours, (upto, known_to), as_of)
    unexcluded = known
    if passed.raw is not None:
        unexcused = raw_states.label(passed.upto, until)
        raw = _passed(passed.raw, unexcused, passed.scheduled, (passed.upto, upto), upto)
        unexcluded = _passed(raw, unexcused, passed.scheduled, (upto, known_to), as_of)
    ahead_upto, ahead = passed.ahead_upto, passed.ahead
    if ahead_upto < upto or (since is not None and since < ahead_upto):
        ahead_upto, ahead = upto, agreed
    rest = _evaluated_states(agreed_states, passed, ahead_upto, end)
    reached = _settled(rest.segments, as_of if since is None else max(as_of, since), ahead_upto)
    reached = _find_settled_instant((agreed_states,), reached, ahead_upto)
    ahead = _passed(ahead, rest, passed.evaluated_hours, (ahead_upto, reached), reached)
    whole = _passed(ahead, rest, passed.evaluated_hours, (reached, end), _FOR_EVER)
    kept = replace(passed, upto=upto, agreed=agreed, raw=raw, ahead_upto=reached, ahead=ahead)
    sudden: list[RiskEvaluation] = []
    if terms.warn_at.drops and start <= as_of < end:
        lately = lately or state_warnings.build_uptime_sums_until(states, terms, start, as_of, passed.excluded)
        sudden = state_warnings.evaluate_downtime_budget_drops(lately, terms, start, as_of, _budget(passed, known))
    is_forecast = terms.warn_at.projected or terms.ignore_outages_shorter_than is not None
    to_come = _evaluated_states(agreed_states, passed, upto, end) if is_forecast else LabelledStates([])
    finding = _finding(kept, known, whole, unexcluded, to_come, as_of, (*burning, *sudden))
    surely_down = _measure_sure_downtime(states, passed, known_to, as_of) if finding.missed else Fraction(0)
    return _add_coverage(finding, terms, known, states.is_measured_before(known_to), surely_down), kept


def _stretched_states(states: StateProvider, passed: AvailabilityProgress) -> tuple[StretchedStates, StretchedStates]:
    """Return the states with their stretches of downtime twice: with the exclusions, and as if there were none."""
    agreed = StretchedStates(states, passed.terms, passed.excluded)
    return agreed, agreed if passed.raw is None else StretchedStates(states, passed.terms, ())


def _evaluated_states(
    stretched: StretchedStates, passed: AvailabilityProgress, start: UtcMicroseconds, end: UtcMicroseconds
) -> LabelledStates:
    """Return the states of ``[start, end)``, with all time in excused exclusions set to up."""
    labelled = stretched.label(start, end)
    if passed.terms.planned_downtime != "excused":
        return labelled
    segments, _ = excluded_time.apply_exclusions_to_states(labelled.segments, [], passed.excluded, passed.terms)
    return replace(labelled, segments=segments)


def _find_settled_instant(
    both: Sequence[StretchedStates], instant: UtcMicroseconds, earliest: UtcMicroseconds
) -> UtcMicroseconds:
    """Return the latest instant up to ``instant`` before which later facts change no label; at the least ``earliest``.

    An outage with exclusions may begin within an outage without them, so that both are asked until they agree.
    """
    found = instant
    while (earlier := min(each.find_unsettled_start(found) for each in both)) < found:
        found = earlier
    return max(found, earliest)


def _passed(
    meter: ServiceTimeMeter,
    stated: LabelledStates,
    open_intervals: Sequence[Interval],
    span: Interval,
    as_of: UtcMicroseconds,
) -> ServiceTimeMeter:
    """Return a copy of the meter that has also measured the states within ``span``.

    Pending downtime counts if its outage is long enough by ``as_of``.
    """
    on, (start, end) = meter.copied(), span
    cut = [
        each._replace(start=max(each.start, start), end=min(each.end, end))
        for each in stated.segments
        if each.start < end and each.end > start
    ]
    reached = [at for at in reversed(stated.reached) if at <= as_of]
    for piece in availability.clip_segments_to_service_hours(cut, open_intervals):
        while reached and reached[-1] <= piece.start:
            on.reach(reached.pop())
        on.advance(piece)
    while reached:
        on.reach(reached.pop())
    return on


def _budget(passed: AvailabilityProgress, known: ServiceTimeMeter) -> Fraction:
    service_time = sum(to - since for since, to in passed.evaluated_hours)
    return (1 - passed.terms.objective) * (service_time - known.removed)


def _settled(stated: Sequence[StateSegment], as_of: UtcMicroseconds, before: UtcMicroseconds) -> UtcMicroseconds:
    """Return the start of the state that lasts at ``as_of``; ``before`` if no segment has started by then.

    Later facts mostly concern the time after this start.
    """
    return max((each.start for each in stated if each.start <= as_of), default=before)


def _finding(
    passed: AvailabilityProgress,
    known: ServiceTimeMeter,
    whole: ServiceTimeMeter,
    raw: ServiceTimeMeter,
    to_come: LabelledStates,
    as_of: UtcMicroseconds,
    burning: Sequence[RiskEvaluation],
) -> WindowEvaluation:
    """Return the evaluation of a window from its meters.

    * ``known`` has measured the window up to ``as_of``.
    * ``whole`` has measured the window up to its end, as if the last known state lasts.
    * ``raw`` has measured the window up to ``as_of``, as if there were no exclusions.

    ``to_come`` are the states from ``passed.upto`` on, for the projection.
    """
    terms, (start, end) = passed.terms, passed.span
    service_time = sum(to - since for since, to in passed.evaluated_hours)
    up, down = known.up, known.down
    figure = _share(known)
    budget = _budget(passed, known)
    consumed = Fraction(down) / budget if budget > 0 else None
    has_budget = terms.objective < 1
    levels = terms.levels
    crossed, warned = whole.crossings[: len(levels)], whole.crossings[len(levels) :]
    missed = tuple(
        MissedObjectiveLevel(
            level, crossing.at, crossing.figure, _breach_evidence(crossing, promised.value, service_time)
        )
        for (level, promised), crossing in zip(levels, crossed, strict=True)
        if crossing.at is not None
    )
    exhausted = crossed[0]
    grows_at = min((at for at in to_come.reached if at > as_of), default=None)
    ahead = state_warnings.AvailabilityForecast(
        terms,
        start,
        end,
        as_of,
        up,
        down,
        budget,
        # An outage that is too short so far warns of nothing. It is evaluated again when it is long enough.
        None if grows_at is not None and exhausted.at is not None and exhausted.at >= grows_at else exhausted.at,
        passed.upto,
        passed.agreed.up,
        passed.agreed.down,
        _cut_segments(to_come.as_of(as_of), grows_at),
        passed.evaluated_hours,
    )
    projected = ahead.projected_at()
    risks = [
        RiskEvaluation("budget_consumed", f"{float(crossing.share * 100):g}", crossing.at, consumed, None, projected)
        for crossing in warned
        if crossing.at is not None
    ]
    # If facts or exclusions have reduced the consumption, a warning stays open until it is a tenth below its threshold.
    nearly = evaluation.evaluate_budget_risks(terms.warn_at.budget_consumed, consumed, min(as_of, end), None, projected)
    risks += [each for each in nearly if each.keeps]
    others, again = state_warnings.forecast_availability_warnings(ahead)
    again = min((at for at in (again, grows_at) if at is not None), default=None)
    rate = burn_rate.compute_burn_rate(down, up + down, terms.objective)
    risks += [
        replace(risk, consumed=consumed, burn=risk.burn or rate, projected_breach_at=projected)
        for risk in (*others, *burning)
    ]
    said = [each.at for each in missed] + [each.at for each in risks]
    detail: dict[str, Any] = {
        "raw_figure": figures.format_exact_fraction(terms.shown(_share(raw))),
        "service_time": service_time,
        "down": int(down),
        "excluded": passed.excluded_time,
        "unknown": known.unknown,
        **({} if terms.ignore_outages_shorter_than is None else {"ignored": known.ignored}),
        "budget": figures.format_exact_fraction(budget) if has_budget else None,
        "consumed_percent": figures.format_exact_fraction(figures.convert_share_to_percent(consumed)),
        "burn_rate": figures.format_exact_fraction(rate),
        "exhausted_at": None if exhausted.at is None else to_text(exhausted.at),
        "projected_at": None if projected is None else to_text(projected),
    }
    return WindowEvaluation(
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


def _cut_segments(segments: Sequence[StateSegment], end: UtcMicroseconds | None) -> list[StateSegment]:
    """Return the part of the segments before ``end``; all of them if it is None."""
    if end is None:
        return list(segments)
    return [each._replace(end=min(each.end, end)) for each in segments if each.start < end]


def _measure_sure_downtime(
    states: StateProvider, passed: AvailabilityProgress, known_to: UtcMicroseconds, as_of: UtcMicroseconds
) -> int | Fraction:
    """Return the microseconds that would be down if the service was up in all unknown time, which then ends outages."""
    span = (passed.span[0], known_to)
    stated = _evaluated_states(StretchedStates(UnknownAsUp(states), passed.terms, passed.excluded), passed, *span)
    meter = ServiceTimeMeter(passed.agreed.policy, ())
    return _passed(meter, stated, passed.evaluated_hours, span, as_of).down


def _add_coverage(
    finding: WindowEvaluation,
    terms: FigureTarget,
    known: ServiceTimeMeter,
    is_measured: bool,
    surely_down: int | Fraction,
) -> WindowEvaluation:
    """Return the evaluation with its coverage: the known share of the service time so far.

    Removed exclusions are no service time. Before the first measurement of an indicator its state is only assumed, so
    the coverage is 0. ``withstands_unknown`` is set on each level that would be missed even if the service was up in
    all unknown time.
    """
    passed = sum(known.spent.values())
    if not passed:
        return finding
    if not is_measured:
        return coverage.add_coverage(finding, Fraction(0))
    counted = passed - known.removed + (known.unknown if terms.unknown == "removed" else 0)
    promises = dict(terms.levels)
    missed = tuple(
        replace(each, withstands_unknown=surely_down > promises[each.level].allowed * counted)
        for each in finding.missed
    )
    return coverage.add_coverage(replace(finding, missed=missed), Fraction(passed - known.unknown, passed))


def _share(meter: ServiceTimeMeter) -> Fraction | None:
    up, down = meter.up, meter.down
    return Fraction(up) / (up + down) if up + down else None


def _breach_evidence(crossing: BudgetCrossing, objective: Fraction, service_time: int) -> dict[str, Any]:
    """Return the evidence of a breach: the last intervals of downtime before the crossing, and the budget that downtime
    exceeded.
    """
    return _evidence(crossing.downs, (1 - objective) * (service_time - crossing.removed))


def _evidence(downs: Iterable[Interval], budget: Fraction) -> dict[str, Any]:
    """Return intervals of downtime and a budget as the document of the evidence. An objective of 100 percent has no
    budget.
    """
    return {
        "down": [{"from": to_text(start), "to": to_text(end)} for start, end in downs],
        "budget_microseconds": figures.format_exact_fraction(budget) if budget else None,
    }
