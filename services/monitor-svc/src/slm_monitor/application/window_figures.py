"""The figure of one window from the facts given, by the functions that the judge uses, as one shape for all kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.errors import CalendarError, refusal
from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.domain import burn_rate, exclusions, figures, findings, outages, settling, slices
from slm_monitor.domain.availability import Policy
from slm_monitor.domain.facts import HOUR, MINUTE, Fact, Values
from slm_monitor.domain.findings import Finding
from slm_monitor.domain.series import Series
from slm_monitor.domain.slices import Counted
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import DOWN, Segment, States, timeline_of


@dataclass(frozen=True)
class Facts:
    """What is known of a window ``span`` at ``as_of``, and the exclusions approved."""

    span: Interval
    as_of: int
    values: Values
    single: Sequence[Fact]
    excluded: Sequence[Interval]
    initial_state: str


@dataclass(frozen=True)
class Seen:
    """A window's outcome. ``budget`` and ``spent`` are in ``unit``: microseconds, events, slices or outages."""

    target: ServiceLevelTarget
    verdict: str
    figure: Fraction | None
    unit: str
    budget: Fraction
    spent: Fraction
    sums: Mapping[str, Any]
    breached_at: int | None = None
    burn: Fraction | None = None
    intervals: Sequence[Mapping[str, Any]] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As it is answered: exact numbers as fractions, shares of one, and percent to show."""
        consumed = self.spent / self.budget if self.budget > 0 else None
        return {
            "figure": figures.exact(self.figure),
            "figure_display": self.target.display(self.figure),
            "objective": figures.exact(self.target.objective),
            "verdict": self.verdict,
            "breached_at": None if self.breached_at is None else to_text(self.breached_at),
            "budget": {
                "unit": self.unit,
                "whole": figures.exact(self.budget),
                "consumed": figures.exact(self.spent),
                "left": figures.exact(self.budget - self.spent),
                "consumed_share": figures.exact(consumed),
            },
            "burn_rate": figures.exact(self.burn),
            "derivation": {"intervals": list(self.intervals), "sums": dict(self.sums)},
            **self.extra,
        }


def seen(target: ServiceLevelTarget, facts: Facts, states: States | None = None) -> Seen:
    """The window judged; ``states`` stands in for the facts' own timeline (a composite's)."""
    if target.aggregation in ("availability", "outages"):
        stated = states or timeline_of(facts.single, facts.initial_state)
        return (
            _of_outages(target, facts, stated) if target.aggregation == "outages" else _of_states(target, facts, stated)
        )
    if target.aggregation == "time_slices":
        return _of_slices(target, facts)
    return _of_counts(target, facts)


def _status(target: ServiceLevelTarget, finding: Finding, facts: Facts) -> str:
    closes = facts.span[1] + target.closing_delay <= facts.as_of
    breached = finding.breached_at is not None and finding.breached_at <= facts.as_of
    due = any(risk.at <= facts.as_of for risk in finding.risks)
    return settling.status_of(finding, breached, closes, due)


def _of_states(target: ServiceLevelTarget, facts: Facts, states: States) -> Seen:
    start, end = facts.span
    as_of = min(facts.as_of, end)
    finding = findings.of_availability(states, target, start, end, as_of, (), facts.excluded)
    detail = finding.detail
    objective = target.objective or Fraction(0)
    down = finding.total - finding.good
    found = _outages_of(target, facts, states, end)
    means = outages.reliability(found)
    return Seen(
        target, _status(target, finding, facts), finding.figure, "microseconds", Fraction(detail["budget"]),
        Fraction(down), {**detail, "up": finding.good, "down": down}, _due(finding, facts.as_of),
        burn_rate.of(down, finding.total, objective), _told(target, facts, states),
        {"reliability": {
            "outages": means.outages, "mtrs": figures.exact(means.mtrs), "mtbf": figures.exact(means.mtbf),
            "mtbsi": figures.exact(means.mtbsi),
        }},
    )  # fmt: skip


def _due(finding: Finding, as_of: int) -> int | None:
    return finding.breached_at if finding.breached_at is not None and finding.breached_at <= as_of else None


def _told(target: ServiceLevelTarget, facts: Facts, states: States) -> list[dict[str, Any]]:
    """Each stretch of the window in one state, how it counts, and the service time in it."""
    start, end = facts.span
    policy = Policy(target.unknown, target.degraded)
    scheduled = target.hours.intervals(start, end)
    segments, judged = exclusions.applied(states.segments(start, end), scheduled, facts.excluded, target)
    return [
        {
            "from": to_text(each.start),
            "to": to_text(each.end),
            "state": each.state,
            "counts_as": policy.counts_as(each.state),
            "service_time": durations.to_iso(_inside(each, judged)),
            "because": _because(each, facts),
        }
        for each in segments
    ]


def _because(segment: Segment, facts: Facts) -> str:
    """What began a stretch: a fact by its id (else by its content's hash), an exclusion, or nothing that is known."""
    for fact in facts.single:
        name = fact.key.rpartition("\x1f")[2]
        if fact.at == segment.start:
            return f"fact {name}"
        if fact.body.get("to") == segment.start:
            return f"end of the outage {name}"
    if any(segment.start in pair for pair in facts.excluded):
        return "exclusion"
    return "the state before the window" if segment.start == facts.span[0] else "a later fact that says otherwise"


def _inside(segment: Segment, judged: Sequence[Interval]) -> int:
    return sum(max(0, min(segment.end, end) - max(segment.start, start)) for start, end in judged)


def _outages_of(target: ServiceLevelTarget, facts: Facts, states: States, until: int) -> list[outages.Outage]:
    """The outages that start in the window, followed up to ``until``."""
    start, end = facts.span
    policy = Policy(target.unknown, target.degraded)
    scheduled = target.hours.intervals(start, until)
    segments, judged = exclusions.applied(states.segments(start, until), scheduled, facts.excluded, target)
    began_before = any(policy.counts_as(each.state) == DOWN for each in states.segments(start - 1, start))
    found = outages.found(segments, judged, policy)
    return [each for each in found if each.start < end and not (began_before and each.start == start)]


def _of_outages(target: ServiceLevelTarget, facts: Facts, states: States) -> Seen:
    start, end = facts.span
    length, allowed = _outage_terms(target)
    until = max(end, facts.as_of)
    found = _outages_of(target, facts, states, until)
    judged = target.hours.intervals(start, until)
    reached = sorted(at for each in found if (at := outages.reached_at(each, judged, length)) is not None)
    counted = [at for at in reached if at <= facts.as_of]
    breached_at = counted[int(allowed)] if len(counted) > allowed else None
    return Seen(
        target, "met" if breached_at is None else "breached", Fraction(len(counted)), "outages", allowed,
        Fraction(len(counted)), {"outages": len(found), "counted": len(counted)}, breached_at,
        intervals=[{"from": to_text(each.start), "to": to_text(each.end), "service_time": durations.to_iso(each.length)}
                   for each in found],
    )  # fmt: skip


def _outage_terms(target: ServiceLevelTarget) -> tuple[int, Fraction]:
    """How long an outage must be to count, microseconds, and how many may be so long."""
    try:
        return durations.from_iso(target.parameters["at_least"]), Fraction(str(target.objective_document["at_most"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, CalendarError):
            raise
        remedy = 'write {"outages": {"at_least": "PT5M"}} and an objective of {"at_most": "2"}'
        raise refusal("terms.aggregation.outages", target.parameters, remedy) from error


def _slice_terms(target: ServiceLevelTarget) -> slices.SliceTerms:
    try:
        return slices.parse(target.parameters)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, CalendarError):
            raise
        remedy = 'write {"time_slices": {"width": "PT1M", "good_if": "0.95", "budget": "slices"}}'
        raise refusal("terms.aggregation.time_slices", target.parameters, remedy) from error


def _counted(facts: Facts) -> list[Counted]:
    return [Counted(fact.at, fact.body["good"], fact.body["total"]) for fact in facts.single]


def _of_counts(target: ServiceLevelTarget, facts: Facts) -> Seen:
    assert target.objective is not None
    start, end = facts.span
    if target.aggregation == "share_at_most":
        good, total = _values_counted(target, facts)
    else:
        inside = [
            each
            for each in _counted(facts)
            if start <= each.at < end and each.at <= facts.as_of and target.hours.is_open(each.at // MINUTE * MINUTE)
        ]
        good, total = sum(each.good for each in inside), sum(each.total for each in inside)
    finding = findings.of_share(good, total, target, end, facts.as_of, ())
    return Seen(
        target, _status(target, finding, facts), finding.figure, "events", (1 - target.objective) * total,
        Fraction(total - good), {"good": good, "bad": total - good, "total": total}, _due(finding, facts.as_of),
        burn_rate.of(total - good, total, target.objective),
    )  # fmt: skip


def _values_counted(target: ServiceLevelTarget, facts: Facts) -> tuple[int, int]:
    assert target.threshold is not None
    series = Series("preview", [target.threshold])
    values = facts.values.taken(facts.values.at.argsort(kind="stable"))
    if not len(values):
        return 0, 0
    for hour in series.needs(values.at, values.ids is not None):
        series.load(hour, [])
    series.take(values.at, values.value, values.ids)
    last = min(facts.span[1] - 1, facts.as_of)
    first_hour, last_hour = int(values.at.min()) // HOUR, int(values.at.max()) // HOUR
    first, last_minute = max(facts.span[0] // MINUTE, first_hour * 60), min(last // MINUTE, last_hour * 60 + 59)
    if last_minute < first:
        return 0, 0
    good, total = findings.counted(series, target, first, last_minute)
    return int(good.sum()), int(total.sum())


def _of_slices(target: ServiceLevelTarget, facts: Facts) -> Seen:
    assert target.objective is not None
    terms = _slice_terms(target)
    found = slices.measure(
        _counted(facts), terms, target.hours, facts.span, facts.as_of, target.objective,
        rolling=target.window_kind == "rolling", no_data=target.no_data,
    )  # fmt: skip
    over = facts.span[1] + target.closing_delay <= facts.as_of
    spent = found.bad > found.budget
    verdict = "breached" if spent else "no_data" if not found.judged else "met"
    if not found.scheduled:
        verdict = "not_applicable"
    share = None if found.figure is None else 1 - found.figure
    return Seen(
        target, verdict, found.figure, "slices", found.budget, found.bad,
        {"scheduled": found.scheduled, "judged": found.judged, "good": figures.exact(found.good), "over": over},
        burn=None if share is None or target.objective == 1 else share / (1 - target.objective),
    )  # fmt: skip
