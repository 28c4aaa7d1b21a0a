"""Explanation of a window's figure for a target of recoveries. Each recovery is listed with its facts and lengths."""

from __future__ import annotations

from fractions import Fraction

from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.explanations.window_result import (
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
    name_fact_for_sender,
)
from slm_monitor.domain.states.recovery import read_recovery_from_fact
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import recovery_evaluation


def explain_recoveries(target: FigureTarget, facts: KnownWindowFacts, *, brief: bool = False) -> ExplainedWindow:
    """Return how the figure of a window of service recoveries follows from its facts.

    The figure is computed anew, by the same functions as when the window was evaluated. ``brief``: without the list of
    recoveries.
    """
    counted = registry.RECOVERY_AGGREGATIONS[target.kind.name]
    named = {fact.key: name_fact_for_sender(fact) for fact in facts.single}
    recoveries = sorted(found for fact in facts.single if (found := read_recovery_from_fact(fact)) is not None)
    span, out = facts.span, facts.excluded
    finding = recovery_evaluation.evaluate_recoveries(counted, recoveries, target, span, facts.as_of, out)
    seen = recovery_evaluation.select_counted_recoveries(counted, recoveries, target, span, out)
    sums = recovery_evaluation.sum_recoveries(seen)
    is_share = target.kind.is_share
    return ExplainedWindow(
        target,
        determine_verdict_at(target, finding, facts),
        finding.figure,
        "recoveries",
        target.promise.allowed * len(seen) if is_share else None,
        Fraction(finding.total - finding.good) if is_share else None,
        sums,
        find_instant_of_certain_miss(finding, facts.as_of),
        intervals=() if brief else [{**each.document(), "facts": [named[each.recovery.fact_key]]} for each in seen],
        arithmetic=[counted.explain(sums) if seen else "figure: nothing had to be recovered"],
        missed=finding.missed,
    )
