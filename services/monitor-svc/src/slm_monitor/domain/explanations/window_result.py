"""Known facts and outcome of one window, in one form for all aggregations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, EffectiveExclusion
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.lifecycle import coverage, reconciliation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.lifecycle.target_events import OBJECTIVE
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from slm_monitor.domain.terms.terms import FigureTarget


@dataclass(frozen=True)
class KnownWindowFacts:
    """What is known about the window ``span`` at the instant ``as_of``: its facts and the approved exclusions.

    ``until``: rows after this instant are left out; None: all known rows count, as in an open window.
    """

    span: Interval
    as_of: UtcMicroseconds
    values: MeasuredValues
    single: Sequence[Fact]
    excluded: Sequence[Interval]
    initial_state: str
    until: UtcMicroseconds | None = None
    is_distinct: bool = False
    """Whether no fact is repeated, as in the record. Facts in a preview's request may be repeated."""
    stale_after: int | None = None
    exclusions: Sequence[tuple[ApprovedExclusion, EffectiveExclusion]] = ()
    """The exclusions that ``excluded`` comes from, each with the time that it effectively excludes; empty if the
    excluded time does not come from approved exclusions.
    """


@dataclass(frozen=True)
class ExplainedWindow:
    """The outcome of a window.

    ``budget`` and ``spent`` are in ``unit`` (microseconds, events, slices, outages or occurrences); None if the target
    has no budget. ``arithmetic``: how figure and budget are calculated from the sums, as lines of text.
    """

    target: FigureTarget
    verdict: str
    figure: Fraction | None
    unit: str
    budget: Fraction | None
    spent: Fraction | None
    sums: Mapping[str, Any]
    breached_at: UtcMicroseconds | None = None
    burn: Fraction | None = None
    intervals: Sequence[Mapping[str, Any]] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    arithmetic: Sequence[str] = ()
    missed: Sequence[MissedObjectiveLevel] = ()

    def document(self) -> dict[str, Any]:
        """Return the outcome as JSON. Exact numbers are written as fractions, and exact shares lie between 0 and 1.
        ``figure_display`` is a text for people, in the unit of the objective.
        """
        return {
            "figure": figures.format_exact_fraction(self.figure),
            "figure_display": self.target.display(self.figure),
            "objective": figures.format_exact_fraction(self.target.objective),
            "verdict": self.verdict,
            "breached_at": None if self.breached_at is None else to_text(self.breached_at),
            "budget": self.budget_document(),
            "burn_rate": figures.format_exact_fraction(self.burn),
            "derivation": {
                "intervals": list(self.intervals),
                "sums": dict(self.sums),
                "arithmetic": [*self.arithmetic, *self.compared(), *self._covered()],
            },
            **self.extra,
        }

    def without(self, levels: Collection[str]) -> ExplainedWindow:
        """Return the outcome after a dispute decided that these levels were not missed."""
        missed = [each for each in self.missed if each.level not in levels]
        extra = {**self.extra, "overturned": sorted(levels)}
        if OBJECTIVE not in levels:
            return replace(self, missed=missed, extra=extra)
        verdict = "met" if self.verdict == "breached" else self.verdict
        return replace(self, missed=missed, extra=extra, verdict=verdict, breached_at=None)

    def levels_document(self, as_of: UtcMicroseconds) -> list[dict[str, Any]]:
        """Return, for each promised level, whether the figure keeps the level, and since when a miss of the level is
        certain.
        """
        since = {each.level: each.at for each in self.missed if each.at <= as_of}
        return [
            {
                "level": level,
                "promise": promised.document(),
                "kept": None if self.figure is None else promised.is_kept(self.figure),
                "missed_since": to_text(since[level]) if level in since else None,
            }
            for level, promised in self.target.levels
        ]

    def budget_document(self) -> dict[str, Any] | None:
        if self.budget is None or self.spent is None:
            return None
        return build_budget_document(self.unit, self.budget, self.spent)

    def compared(self) -> list[str]:
        """Return lines of text that compare the figure with each promised level."""
        return [] if self.figure is None else [_compared(*level, self.figure) for level in self.target.levels]

    def _covered(self) -> list[str]:
        """Return a line of text that compares the coverage with the coverage that the terms require, if they do."""
        least, covered = self.target.min_coverage, self.sums.get(coverage.PERCENT_FIELD)
        if least is None or covered is None:
            return []
        said = f"coverage = {covered} percent, {'less' if Fraction(covered) < 100 * least else 'not less'} than"
        none = ": the window has no verdict" if coverage.REASON_FIELD in self.sums else ""
        return [f"{said} {figures.format_exact_fraction(100 * least)} percent{none}"]


NO_BUDGET = "budget: an objective of 100 percent has none"


def build_budget_document(unit: str, budget: Fraction, spent: Fraction) -> dict[str, Any]:
    """Return the budget as JSON, with the remaining part, which is below zero if the budget is overspent."""
    return {
        "unit": unit,
        "whole": figures.format_exact_fraction(budget),
        "consumed": figures.format_exact_fraction(spent),
        "left": figures.format_exact_fraction(budget - spent),
        "consumed_share": figures.format_exact_fraction(spent / budget if budget > 0 else None),
    }


def _compared(level: str, promised: Objective, figure: Fraction) -> str:
    sign = "≥" if promised.comparison == AT_LEAST else "≤"
    kept = "kept" if promised.is_kept(figure) else "missed"
    exact, limit = (figures.format_exact_fraction(promised.shown(each)) for each in (figure, promised.value))
    return f"{level}: {exact} {sign} {limit} {promised.unit} is {kept}"


def determine_verdict_at(target: FigureTarget, finding: WindowEvaluation, facts: KnownWindowFacts) -> str:
    """Return the verdict that the evaluator would give the window. A rolling window counts as closed at any instant."""
    closes = target.window_kind == "rolling" or facts.span[1] + target.closing_delay <= facts.as_of
    breached = find_instant_of_certain_miss(finding, facts.as_of) is not None
    at_risk = any(risk.at <= facts.as_of and not risk.keeps for risk in finding.risks)
    return reconciliation.determine_window_verdict(finding, breached, closes, at_risk)


def settle_by_coverage(target: FigureTarget, finding: WindowEvaluation, facts: KnownWindowFacts) -> WindowEvaluation:
    """Return the evaluation as the evaluator publishes it. It has no verdict if the window has closed and its coverage
    is below the coverage that the terms require.
    """
    closes = target.window_kind == "calendar" and facts.span[1] + target.closing_delay <= facts.as_of
    return coverage.judge_by_coverage(target, finding, closes=closes)


def combine_verdict_with_warning(verdict: str | None, is_warned: bool) -> str | None:
    """Return the verdict of a window: ``at_risk`` instead of ``met`` while one of its published warnings is in force.

    The window's own facts alone might not cause this warning. An open warning stays open until its value is clearly
    below its threshold, and a burn rate looks back beyond the start of the window.
    """
    return "at_risk" if verdict == "met" and is_warned else verdict


def find_instant_of_certain_miss(finding: WindowEvaluation, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
    """Return the first instant (µs) at which it was certain that the objective is missed; None if this was not certain
    by ``as_of``.
    """
    return finding.breached_at if finding.breached_at is not None and finding.breached_at <= as_of else None


def name_fact_for_sender(fact: Fact) -> str:
    """Return the name by which the sender knows a fact: source and id, or the hash of its content if it has no id."""
    return "/".join(part for part in fact.key.split("\x1f") if part)


def build_exclusion_document(
    exclusion: ApprovedExclusion, counted: EffectiveExclusion, span: Interval
) -> dict[str, Any]:
    """Return the part of an exclusion that lies within a window as JSON: the excluded time, and the approved time that
    is not excluded, with the reasons.
    """
    inside = intervals.clip(counted.intervals, *span)
    return {
        "exclusion_id": exclusion.exclusion_id,
        "kind": exclusion.kind,
        "counted": [{"from": to_text(start), "to": to_text(end)} for start, end in inside],
        "not_counted": [
            each.document() for each in counted.uncounted if each.interval[0] < span[1] and each.interval[1] > span[0]
        ],
    }
