"""Explanation of a window's figure for a target of availability or outages. Every interval is listed with its cause."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from slm_calendar import durations, intervals
from slm_calendar.errors import CalendarError, refusal
from slm_calendar.intervals import Interval
from slm_events.aggregations import CALENDAR
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.explanations.window_result import (
    NO_BUDGET,
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
    name_fact_for_sender,
    settle_by_coverage,
)
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle import coverage
from slm_monitor.domain.states import excluded_time, outages
from slm_monitor.domain.states.availability import StateCountingPolicy
from slm_monitor.domain.states.short_outages import OutageStretch, StretchedStates
from slm_monitor.domain.states.timeline import DOWN, StateProvider, StateSegment
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.terms import EXCESS, FigureTarget
from slm_monitor.domain.windows import availability_evaluation, outage_evaluation

_MOST_IGNORED = 20


def explain_availability(
    target: FigureTarget, facts: KnownWindowFacts, states: StateProvider, *, brief: bool = False
) -> ExplainedWindow:
    """Explain availability = time up ÷ (time up + time down). ``brief``: without intervals."""
    start, end = facts.span
    as_of = _known_at(target, facts)
    finding = availability_evaluation.evaluate_availability(states, target, start, end, as_of, (), facts.excluded)
    finding = settle_by_coverage(target, finding, facts)
    detail = finding.detail
    objective = target.objective or Fraction(0)
    down = finding.total - finding.good
    means = outages.compute_reliability_mean_times(_outages_of(target, facts, states, end))
    budget = None if detail["budget"] is None else Fraction(detail["budget"])
    return ExplainedWindow(
        target,
        determine_verdict_at(target, finding, facts),
        finding.figure,
        "microseconds",
        budget,
        Fraction(down),
        {**detail, "up": finding.good, "down": down},
        find_instant_of_certain_miss(finding, facts.as_of),
        burn_rate.compute_burn_rate(down, finding.total, objective),
        () if brief else list_state_intervals(target, facts, states),
        {
            "reliability": {
                "outages": means.outages,
                "mtrs": figures.format_exact_fraction(means.mtrs),
                "mtbf": figures.format_exact_fraction(means.mtbf),
                "mtbsi": figures.format_exact_fraction(means.mtbsi),
            }
        },
        [*_arithmetic(finding.good, finding.total, objective, budget), *_ignored(target, facts, states)],
        finding.missed,
    )


def _known_at(target: FigureTarget, facts: KnownWindowFacts) -> UtcMicroseconds:
    """Return the instant up to which facts count.

    An outage that lasts over the end of a calendar window may become long enough to count after this end.
    """
    is_short_ignored = target.ignore_outages_shorter_than is not None and target.window_kind == CALENDAR
    return facts.as_of if is_short_ignored else min(facts.as_of, facts.span[1])


def _arithmetic(up: int | Fraction, counted: int | Fraction, objective: Fraction, budget: Fraction | None) -> list[str]:
    lines = [f"figure = up ÷ (up + down) = {up} µs ÷ {counted} µs"] if counted else ["figure: no time counts"]
    if budget is None:
        return [*lines, NO_BUDGET]
    if objective < 1:
        product = f"{1 - objective} × {budget / (1 - objective)} µs = {budget} µs"
        lines.append(f"budget = (1 − {objective}) × (service time − removed) = {product}")
    lines.append(f"left = {budget} − {counted - up} = {budget - (counted - up)} µs")
    return lines


def _ignored(target: FigureTarget, facts: KnownWindowFacts, states: StateProvider) -> list[str]:
    """Return a line of text for each of the latest outages that do not count, or count in part, because of the term
    that ignores short outages.
    """
    least = target.ignore_outages_shorter_than
    if least is None:
        return []
    start, end = facts.span
    known = min(end, facts.as_of)
    if known <= start:
        return []
    found = [
        (each, _say_ignored(target, least, each, _known_at(target, facts)))
        for each in StretchedStates(states, target, facts.excluded).label(start, known).stretches
    ]
    lines = [
        f"outage from {to_text(each.pieces[0][0])} to {to_text(each.pieces[-1][1])}: {said}"
        for each, said in found
        if said
    ]
    left_out = len(lines) - _MOST_IGNORED
    return [*([f"{left_out} earlier short outages are not listed"] if left_out > 0 else []), *lines[-_MOST_IGNORED:]]


def _say_ignored(target: FigureTarget, least: int, stretch: OutageStretch, as_of: UtcMicroseconds) -> str | None:
    """Return how a stretch of downtime counts and why; None if it counts as if the term was not there."""
    limit = durations.to_iso(least)
    if stretch.reached_at is None:
        return f"{durations.to_iso(stretch.length)} of counted time, shorter than {limit}, does not count"
    if stretch.reached_at > as_of:
        until = to_text(stretch.reached_at)
        return f"shorter than {limit} so far, does not count yet; if it lasts, it counts from {until}"
    if target.short_outages == EXCESS:
        return f"only what exceeds {limit} counts, from {to_text(stretch.reached_at)} on"
    return None


# -- intervals and their causes -----------------------------------------------------------------------------------


def list_state_intervals(target: FigureTarget, facts: KnownWindowFacts, states: StateProvider) -> list[dict[str, Any]]:
    """Return the window as intervals of one state each, in JSON. Each interval says how it counts, its service time,
    and the causes of its start and end.
    """
    start, end = facts.span
    known = max(start, min(end, facts.as_of))
    policy = StateCountingPolicy(target.unknown, target.degraded)
    scheduled = target.hours.intervals(start, end)
    excluded = intervals.clip(intervals.union(facts.excluded), start, end)
    causes = _Causes(facts, excluded)
    labelled = StretchedStates(states, target, facts.excluded).label(start, known)
    edges = [edge for pair in excluded for edge in pair]
    least, as_of = target.ignore_outages_shorter_than or 0, _known_at(target, facts)
    edges += [
        edge
        for stretch in labelled.stretches
        if _say_ignored(target, least, stretch, as_of)
        for edge in _counted_edges(stretch)
    ]
    pieces = list(_cut(states.segments(start, end), edges, known))
    as_counted = labelled.as_of(as_of)
    starts = [each.start for each in as_counted]

    def counted_state(piece: StateSegment) -> str:
        return as_counted[bisect_right(starts, piece.start) - 1].state

    return [
        {
            "from": to_text(each.start),
            "to": to_text(each.end),
            "state": each.state,
            "counts_as": _counts_as(target, each, counted_state(each), policy, excluded),
            "service_time": durations.to_iso(intervals.total_length(intervals.clip(scheduled, each.start, each.end))),
            "cause": causes.cause_at(each.start),
            "until": causes.cause_at(each.end)
            if each.end < known
            else "what is known"
            if known < end
            else "the window ends",
            "facts": causes.facts_of(each),
        }
        for each in pieces
    ]


def _counted_edges(stretch: OutageStretch) -> Iterator[UtcMicroseconds]:
    """Yield the instants at which a stretch of downtime that does not count whole may begin or cease to count."""
    for piece in stretch.pieces:
        yield from piece
    if stretch.reached_at is not None:
        yield stretch.reached_at


def _cut(
    segments: Sequence[StateSegment], edges: Sequence[UtcMicroseconds], known: UtcMicroseconds
) -> Iterator[StateSegment]:
    """Yield the segments up to the instant ``known``, split at the edges."""
    for segment in segments:
        end = min(segment.end, known)
        inner = sorted({edge for edge in edges if segment.start < edge < end})
        for begins, ends in pairwise([segment.start, *inner, end]):
            if begins < ends:
                yield StateSegment(begins, ends, segment.state)


def _counts_as(
    target: FigureTarget,
    each: StateSegment,
    state: str,
    policy: StateCountingPolicy,
    excluded: Sequence[Interval],
) -> str:
    if any(begins <= each.start < ends for begins, ends in excluded):
        return "up" if target.planned_downtime == "excused" else "excluded"
    return policy.counts_as(state)


class _Causes:
    """Looks up the causes of a change at an instant, and the facts about an interval."""

    def __init__(self, facts: KnownWindowFacts, excluded: Sequence[Interval]) -> None:
        self._start = facts.span[0]
        self._changes = sorted(
            (fact for fact in facts.single if "state" in fact.body), key=lambda fact: (fact.at, fact.key)
        )
        self._outages = sorted(
            (fact for fact in facts.single if "from" in fact.body), key=lambda fact: (fact.at, fact.key)
        )
        self._changed_at = [fact.at for fact in self._changes]
        self._waiting = [*reversed(self._outages)]
        self._lasting: list[Fact] = []
        self._begun: dict[int, list[Fact]] = defaultdict(list)
        self._ended: dict[int, list[Fact]] = defaultdict(list)
        for fact in (*self._changes, *self._outages):
            self._begun[fact.at].append(fact)
        for fact in self._outages:
            self._ended[fact.body["to"]].append(fact)
        self._silent: dict[int, Fact] = {}
        if facts.stale_after is not None:
            self._silent = {fact.at + facts.stale_after: fact for fact in self._changes}
            self._silent |= {fact.body["to"] + facts.stale_after: fact for fact in self._outages}
        self._excluded = {edge: "exclusion" for pair in excluded for edge in pair}
        for exclusion, counted in facts.exclusions:
            for edge in (edge for interval in counted.intervals for edge in interval if edge in self._excluded):
                self._excluded[edge] = f"exclusion {exclusion.exclusion_id}"

    def cause_at(self, instant: UtcMicroseconds) -> str:
        """Return the cause of a change at an instant, as text.

        It is an exclusion, a silence, or a fact, which is named by its id or the hash of its content. If no cause is
        known, a general text is returned.
        """
        if begun := self._begun.get(instant):
            return f"fact {name_fact_for_sender(begun[-1])}"
        if ended := self._ended.get(instant):
            return f"end of the outage {name_fact_for_sender(ended[-1])}"
        if named := self._excluded.get(instant):
            return named
        if silent := self._silent.get(instant):
            return f"silence since {name_fact_for_sender(silent)}"
        return "the state before the window" if instant == self._start else "a later fact that says otherwise"

    def facts_of(self, piece: StateSegment) -> list[str]:
        """Return the facts about an interval: the last state reported before it, and the outages that overlap it.

        The caller must call this once for each interval, in order of time.
        """
        while self._waiting and self._waiting[-1].at < piece.end:
            self._lasting.append(self._waiting.pop())
        self._lasting = [fact for fact in self._lasting if fact.body["to"] > piece.start]
        position = bisect_right(self._changed_at, piece.start)
        stated = self._changes[max(position - 1, 0) : position]
        if not stated and not self._lasting:
            stated = [fact for fact in self._changes[:1] if fact.body.get("previous") is not None]
        return [name_fact_for_sender(fact) for fact in (*stated, *self._lasting)]


# -- outages --------------------------------------------------------------------------------------------------------


def _outages_of(
    target: FigureTarget, facts: KnownWindowFacts, states: StateProvider, until: UtcMicroseconds
) -> list[outages.Outage]:
    """Return the outages that start in the window. An outage that ends after the window is cut at ``until``."""
    start, end = facts.span
    policy = StateCountingPolicy(target.unknown, target.degraded)
    scheduled = target.hours.intervals(start, until)
    segments, evaluated_hours = excluded_time.apply_exclusions_to_states(
        states.segments(start, until), scheduled, facts.excluded, target
    )
    began_before = any(policy.counts_as(each.state) == DOWN for each in states.segments(start - 1, start))
    found = outages.find_outages(segments, evaluated_hours, policy)
    return [each for each in found if each.start < end and not (began_before and each.start == start)]


def explain_outages(target: FigureTarget, facts: KnownWindowFacts, states: StateProvider) -> ExplainedWindow:
    """Explain the number of outages that started in the window and reached the agreed length."""
    start, end = facts.span
    length = _length(target)
    finding = outage_evaluation.evaluate_outages(states, target, start, end, facts.as_of, facts.excluded)
    finding = settle_by_coverage(target, finding, facts)
    until = max(end, facts.as_of)
    scheduled = target.hours.intervals(start, until)
    _, evaluated_hours = excluded_time.apply_exclusions_to_states([], scheduled, facts.excluded, target)
    outage_ends = [
        (each, outages.find_instant_of_outage_length(each, evaluated_hours, length))
        for each in _outages_of(target, facts, states, until)
    ]
    counted = sum(at is not None and at <= facts.as_of for _, at in outage_ends)
    return ExplainedWindow(
        target,
        determine_verdict_at(target, finding, facts),
        finding.figure,
        "outages",
        target.promise.value,
        Fraction(finding.total),
        {"outages": len(outage_ends), "counted": counted, **coverage.select_coverage_fields(finding.detail)},
        find_instant_of_certain_miss(finding, facts.as_of),
        intervals=[
            {
                "from": to_text(each.start),
                "to": to_text(each.end),
                "service_time": durations.to_iso(each.length),
                "counted_at": None if at is None or at > facts.as_of else to_text(at),
            }
            for each, at in outage_ends
        ],
        arithmetic=[f"figure = outages of at least {durations.to_iso(length)} of service time = {counted}"],
        missed=finding.missed,
    )


def _length(target: FigureTarget) -> int:
    """Return the length from which on an outage counts, in µs. Raises CalendarError if the
    terms are not about outages.
    """
    try:
        return outage_evaluation.get_shortest_counted_outage(target)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, CalendarError):
            raise
        remedy = 'write {"outages": {"at_least": "PT5M"}} and an objective of {"at_most": "2"}'
        raise refusal("terms.aggregation.outages", target.parameters, remedy) from error
