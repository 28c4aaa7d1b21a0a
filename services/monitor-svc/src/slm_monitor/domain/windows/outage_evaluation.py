"""Evaluation of outages in one calendar window: how many became long enough to count, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from slm_calendar import durations, intervals
from slm_calendar.errors import CalendarError
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.lifecycle import coverage
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.states import excluded_time, outages
from slm_monitor.domain.states.availability import StateCountingPolicy
from slm_monitor.domain.states.outages import Outage
from slm_monitor.domain.states.timeline import DOWN, UNKNOWN, StateProvider
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import AT_MOST
from slm_monitor.domain.terms.terms import FigureTarget, TermsNotEvaluable

DAY = 86_400_000_000
_AHEAD = 32 * DAY
"""The time, in microseconds, for which an ongoing outage is followed into the future to find when it is long enough to
count.
"""
_TOLD = 20


def check_outage_terms(terms: FigureTarget) -> None:
    """Raise TermsNotEvaluable if a target on outages has terms that are not valid."""
    try:
        is_countable = get_shortest_counted_outage(terms) >= 0
    except (CalendarError, KeyError, TypeError):
        is_countable = False
    if not is_countable or any(promised.comparison != AT_MOST for _, promised in terms.levels):
        remedy = 'write {"outages": {"at_least": "PT5M"}}, and an objective of at_most'
        raise TermsNotEvaluable(f"target {terms.key}: {remedy}")


def get_shortest_counted_outage(terms: FigureTarget) -> int:
    """Return the service time, in microseconds, that an outage must last to count."""
    return durations.from_iso(terms.parameters["at_least"], "aggregation.outages.at_least")


def evaluate_outages(
    states: StateProvider,
    terms: FigureTarget,
    start: UtcMicroseconds,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
    excluded: Sequence[Interval] = (),
) -> WindowEvaluation:
    """Evaluate the outages that start in ``[start, end)`` and are long enough to count by ``as_of``.

    A level that allows N outages is missed when outage N + 1 becomes long enough.
    """
    length = get_shortest_counted_outage(terms)
    until = max(end, as_of + length) + _AHEAD if _is_down(states, terms, as_of) else max(end, as_of)
    reached = _reached(states, terms, start, end, until, excluded, length)
    counted = [(at, outage) for at, outage in reached if at <= as_of]
    scheduled = terms.hours.intervals(start, end)
    stated = states.segments(start, min(end, max(as_of, start + 1)))
    known = any(each.state != UNKNOWN for each in stated)
    out = excluded_time.measure_excluded_service_time(scheduled, excluded)
    unknown = [(each.start, each.end) for each in stated if each.state == UNKNOWN]
    # If unknown time counts as down, only the outages that were reported withstand it.
    sure = reached
    if terms.unknown == DOWN:
        sure = _reached(states, replace(terms, unknown="up"), start, end, until, excluded, length)
    missed = tuple(
        MissedObjectiveLevel(
            level,
            at,
            Fraction(int(promised.value) + 1),
            {"outages": build_outage_evidence(reached[: int(promised.value) + 1])},
            withstands_unknown=len(sure) > promised.value,
        )
        for level, promised in terms.levels
        if len(reached) > promised.value
        for at in (reached[int(promised.value)][0],)
    )
    raw = (
        counted
        if not excluded
        else [each for each in _reached(states, terms, start, end, until, (), length) if each[0] <= as_of]
    )
    ahead = [at for at, _ in reached if at > as_of]
    finding = WindowEvaluation(
        figure=Fraction(len(counted)) if known or counted else None,
        good=len(counted),
        total=len(counted),
        met=all(promised.is_kept(Fraction(len(counted))) for _, promised in terms.levels[:1]),
        missed=missed,
        detail={
            "raw_figure": figures.format_exact_fraction(Fraction(len(raw))),
            "excluded": out,
            "service_time": intervals.total_length(scheduled) - out,
            "unknown": excluded_time.measure_excluded_service_time(
                intervals.subtract(scheduled, list(excluded)), unknown
            ),
            "allowed": str(terms.levels[0][1].value),
        },
        evidence={"outages": build_outage_evidence(counted)},
        scheduled=bool(scheduled),
        again=min(ahead, default=None),
    )
    return coverage.add_coverage(finding, _measure_coverage(states, terms, (start, min(end, as_of)), excluded))


def _measure_coverage(
    states: StateProvider, terms: FigureTarget, span: Interval, excluded: Sequence[Interval]
) -> Fraction | None:
    """Return the known share of the service time in ``span``; None if there is no service time.

    Removed exclusions are no service time.
    """
    if span[0] >= span[1]:
        return None
    segments, counted = excluded_time.apply_exclusions_to_states(
        states.segments(*span), terms.hours.intervals(*span), excluded, terms
    )
    passed = intervals.total_length(counted)
    if not passed or not states.is_measured_before(span[1]):
        return Fraction(0) if passed else None
    unknown = [(each.start, each.end) for each in segments if each.state == UNKNOWN]
    return 1 - Fraction(intervals.total_length(intervals.intersect(counted, unknown)), passed)


def find_outages_reaching_length(
    states: StateProvider,
    terms: FigureTarget,
    start: UtcMicroseconds,
    as_of: UtcMicroseconds,
    excluded: Sequence[Interval] = (),
) -> list[tuple[int, Outage]]:
    """Return (instant, outage) of the outages that begin at or after ``start`` and become long enough to count.

    The instant is when the outage is just long enough. For an ongoing outage it may lie in the future.
    """
    length = get_shortest_counted_outage(terms)
    # Facts may be later than the instant up to which all facts have arrived.
    until = as_of + length + _AHEAD
    policy = StateCountingPolicy(terms.unknown, terms.degraded)
    if not any(policy.counts_as(each.state) == DOWN for each in states.segments(as_of, until)):
        until = as_of
    return _reached(states, terms, start, until, until, excluded, length) if start < until else []


def _reached(
    states: StateProvider,
    terms: FigureTarget,
    start: UtcMicroseconds,
    end: UtcMicroseconds,
    until: UtcMicroseconds,
    excluded: Sequence[Interval],
    length: int,
) -> list[tuple[int, Outage]]:
    """Return (instant, outage) of the outages that reach ``length`` by ``until``, in the order of the instants."""
    policy = StateCountingPolicy(terms.unknown, terms.degraded)
    scheduled = terms.hours.intervals(start, until)
    segments, evaluated_hours = excluded_time.apply_exclusions_to_states(
        states.segments(start, until), scheduled, excluded, terms
    )
    began_before = _is_down(states, terms, start - 1)
    found = [
        (at, outage)
        for outage in outages.find_outages(segments, evaluated_hours, policy)
        if outage.start < end and not (began_before and outage.start == start)
        if (at := outages.find_instant_of_outage_length(outage, evaluated_hours, length)) is not None
    ]
    return sorted(found)


def _is_down(states: StateProvider, terms: FigureTarget, instant: UtcMicroseconds) -> bool:
    policy = StateCountingPolicy(terms.unknown, terms.degraded)
    return any(policy.counts_as(each.state) == DOWN for each in states.segments(instant, instant + 1))


def find_ongoing_outage_start(
    states: StateProvider, terms: FigureTarget, begins_at: UtcMicroseconds, as_of: UtcMicroseconds
) -> UtcMicroseconds | None:
    """Return when the downtime that lasts at ``as_of`` began, but at the earliest ``begins_at``.

    None if the indicator is not down at ``as_of``.
    """
    if not _is_down(states, terms, as_of):
        return None
    policy = StateCountingPolicy(terms.unknown, terms.degraded)
    since = as_of
    for each in reversed(states.segments(min(begins_at, as_of), as_of + 1)):
        if policy.counts_as(each.state) != DOWN:
            break
        since = each.start
    return since


def build_outage_evidence(counted: Sequence[tuple[int, Outage]]) -> list[dict[str, str]]:
    """Return the latest of the counted outages as documents: when each began, and when it became long enough."""
    return [{"from": to_text(outage.start), "reached_at": to_text(at)} for at, outage in counted[-_TOLD:]]
