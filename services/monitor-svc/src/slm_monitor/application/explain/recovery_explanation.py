"""A window's figure from its recoveries, each with its facts and lengths."""

from __future__ import annotations

from fractions import Fraction

from slm_monitor.application.history.window_result import (
    ExplainedWindow,
    KnownFacts,
    certain_since,
    name_of,
    verdict_of,
)
from slm_monitor.domain.states.recovery import recovery_of
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import recovery_evaluation
from slm_monitor.domain.windows.recovery_evaluation import WITHIN


def explain_recoveries(target: ServiceLevelTarget, facts: KnownFacts, *, brief: bool = False) -> ExplainedWindow:
    """Evaluate the window by the evaluators' functions. ``brief``: without the list of recoveries."""
    named = {fact.key: name_of(fact) for fact in facts.single}
    recoveries = sorted(found for fact in facts.single if (found := recovery_of(fact)) is not None)
    finding = recovery_evaluation.evaluate_recoveries(recoveries, target, facts.span, facts.as_of, facts.excluded)
    seen = recovery_evaluation.counted_recoveries(recoveries, target, facts.span, facts.excluded)
    sums = recovery_evaluation.recovery_totals(seen)
    is_share = target.aggregation == WITHIN
    ways = {
        "recovery_time": "figure = the longest recovery, in minutes",
        "recovery_point": "figure = the most data lost, in minutes",
        WITHIN: f"figure = recoveries within the limits ÷ all = {sums['within_limits']} ÷ {sums['recoveries']}",
    }
    assert target.promise is not None
    return ExplainedWindow(
        target,
        verdict_of(target, finding, facts),
        finding.figure,
        "recoveries",
        target.promise.allowed * len(seen) if is_share else None,
        Fraction(finding.total - finding.good) if is_share else None,
        sums,
        certain_since(finding, facts.as_of),
        intervals=() if brief else [{**each.document(), "facts": [named[each.recovery.fact_key]]} for each in seen],
        arithmetic=[ways[target.aggregation] if seen else "figure: nothing had to be recovered"],
        missed=finding.missed,
    )
