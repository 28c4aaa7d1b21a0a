"""Known facts and outcome of one window, in one shape for all kinds of figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.domain.exclusions.maintenance_rules import EffectiveExclusion, Exclusion
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.lifecycle import reconciliation
from slm_monitor.domain.lifecycle.evaluation import Evaluation, MissedLevel
from slm_monitor.domain.lifecycle.target_events import OBJECTIVE
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget


@dataclass(frozen=True)
class KnownFacts:
    """The facts known of the window ``span`` as of ``as_of``, and the approved exclusions.

    ``until``: rows after this instant are left out. None: all known rows count, as in an open window.
    """

    span: Interval
    as_of: int
    values: MeasuredValues
    single: Sequence[Fact]
    excluded: Sequence[Interval]
    initial_state: str
    until: int | None = None
    is_distinct: bool = False
    """Whether each fact is there once, as in the record. Facts in a preview's request may be repeated."""
    stale_after: int | None = None
    exclusions: Sequence[tuple[Exclusion, EffectiveExclusion]] = ()
    """The exclusions that ``excluded`` comes from, with the time of each that counts; empty if the excluded time was
    not given by approved exclusions."""


@dataclass(frozen=True)
class ExplainedWindow:
    """The outcome of a window. ``budget`` and ``spent`` are in ``unit``: microseconds, events, slices, outages or
    occurrences; None if the target has no budget.

    ``arithmetic``: how to compute figure and budget from the sums, one line for each.
    """

    target: ServiceLevelTarget
    verdict: str
    figure: Fraction | None
    unit: str
    budget: Fraction | None
    spent: Fraction | None
    sums: Mapping[str, Any]
    breached_at: int | None = None
    burn: Fraction | None = None
    intervals: Sequence[Mapping[str, Any]] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    arithmetic: Sequence[str] = ()
    missed: Sequence[MissedLevel] = ()

    def document(self) -> dict[str, Any]:
        """The outcome as a document: exact numbers as fractions, shares as shares of one, and percent for display."""
        return {
            "figure": figures.exact(self.figure),
            "figure_display": self.target.display(self.figure),
            "objective": figures.exact(self.target.objective),
            "verdict": self.verdict,
            "breached_at": None if self.breached_at is None else to_text(self.breached_at),
            "budget": self.budget_document(),
            "burn_rate": figures.exact(self.burn),
            "derivation": {
                "intervals": list(self.intervals),
                "sums": dict(self.sums),
                "arithmetic": [*self.arithmetic, *self.compared()],
            },
            **self.extra,
        }

    def without(self, levels: Collection[str]) -> ExplainedWindow:
        """The outcome after the parties decided that these levels were not missed."""
        missed = [each for each in self.missed if each.level not in levels]
        extra = {**self.extra, "overturned": sorted(levels)}
        if OBJECTIVE not in levels:
            return replace(self, missed=missed, extra=extra)
        verdict = "met" if self.verdict == "breached" else self.verdict
        return replace(self, missed=missed, extra=extra, verdict=verdict, breached_at=None)

    def levels_document(self, as_of: int) -> list[dict[str, Any]]:
        """Each level of the promise: whether the figure keeps it, and since when it is certainly missed."""
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
        return budget_document(self.unit, self.budget, self.spent)

    def compared(self) -> list[str]:
        """Lines that compare the figure with each level of the promise."""
        return [] if self.figure is None else [_compared(*level, self.figure) for level in self.target.levels]


NO_BUDGET = "budget: an objective of 100 percent has none"


def budget_document(unit: str, budget: Fraction, spent: Fraction) -> dict[str, Any]:
    """The budget and what is left of it, which is below zero if it is overspent."""
    return {
        "unit": unit,
        "whole": figures.exact(budget),
        "consumed": figures.exact(spent),
        "left": figures.exact(budget - spent),
        "consumed_share": figures.exact(spent / budget if budget > 0 else None),
    }


def _compared(level: str, promised: Objective, figure: Fraction) -> str:
    sign = "≥" if promised.comparison == AT_LEAST else "≤"
    kept = "kept" if promised.is_kept(figure) else "missed"
    exact = figures.exact(promised.shown(figure))
    return f"{level}: {exact} {sign} {figures.exact(promised.shown(promised.value))} {promised.unit} is {kept}"


def verdict_of(target: ServiceLevelTarget, finding: Evaluation, facts: KnownFacts) -> str:
    """The verdict, by the rule by which the evaluator closes windows. A rolling window has a verdict at any instant."""
    closes = target.window_kind == "rolling" or facts.span[1] + target.closing_delay <= facts.as_of
    breached = certain_since(finding, facts.as_of) is not None
    at_risk = any(risk.at <= facts.as_of and not risk.keeps for risk in finding.risks)
    return reconciliation.verdict_of(finding, breached, closes, at_risk)


def verdict_with_warning(verdict: str | None, is_warned: bool) -> str | None:
    """The verdict of a window at an instant, given whether one of its published warnings is in force.

    A warning puts a target at risk even if the figures are back at their threshold, or its cause lies before the
    window.
    """
    return "at_risk" if verdict == "met" and is_warned else verdict


def certain_since(finding: Evaluation, as_of: int) -> int | None:
    """The instant at which the objective was certainly missed; None if it was not by ``as_of``."""
    return finding.breached_at if finding.breached_at is not None and finding.breached_at <= as_of else None


def name_of(fact: Fact) -> str:
    """The name of a fact as its sender knows it: source and id; the hash of its content if it has no id."""
    return "/".join(part for part in fact.key.split("\x1f") if part)


def exclusion_document(exclusion: Exclusion, counted: EffectiveExclusion, span: Interval) -> dict[str, Any]:
    """An exclusion within a window: the time that counts, and the time that does not, with the reasons."""
    inside = intervals.clip(counted.intervals, *span)
    return {
        "exclusion_id": exclusion.exclusion_id,
        "kind": exclusion.kind,
        "counted": [{"from": to_text(start), "to": to_text(end)} for start, end in inside],
        "not_counted": [
            each.document() for each in counted.uncounted if each.interval[0] < span[1] and each.interval[1] > span[0]
        ],
    }
