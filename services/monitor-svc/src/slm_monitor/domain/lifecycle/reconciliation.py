"""Reconciliation: an evaluation is compared with what was published, and each difference becomes one event."""

from __future__ import annotations

from dataclasses import replace

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import coverage, target_events, window_events
from slm_monitor.domain.lifecycle.breach_reconciliation import EvaluatedLevel, reconcile_breach
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.risk_reconciliation import WindowRisks, reconcile_risks, select_risks_that_hold
from slm_monitor.domain.lifecycle.target_state import (
    EvaluationChanges,
    EvaluationMoment,
    TargetState,
    TargetWindow,
    WindowAdjustment,
)
from slm_monitor.domain.lifecycle.window_events import AdjustedResult
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget

DISPUTE = "dispute"
"""The cause of changes that follow from the decision on a dispute."""


def reconcile_calendar_window(
    target_state: TargetState,
    window: TargetWindow,
    terms: FigureTarget,
    finding: WindowEvaluation,
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    """Make a calendar window, its breaches and its warnings agree with an evaluation; publish each difference."""
    if target_state.is_beyond_record(window):
        return
    finding = _as_decided(target_state, window, terms, finding)
    closes = window.end + terms.closing_delay <= moment.as_of
    finding = coverage.judge_by_coverage(terms, finding, closes=closes)
    if window.frozen_at is not None:
        adjusted = _adjust(target_state, window, terms, finding, moment, window.frozen_at)
        if adjusted is not None:
            event = window_events.build_window_adjusted(terms, window, adjusted, cause=moment.cause, now=moment.now)
            changes.publish(event, moment.now)
            changes.windows[window.target_id, window.window_id] = window
        return
    if finding.detail.get("overturned") != window.detail.get("overturned"):
        # The cause is derived here because the evaluation may come long after the decision: after an import, or a
        # restart.
        moment = replace(moment, cause=DISPUTE)
    missed = {each.level: each for each in finding.missed if each.at <= moment.as_of}
    breached = target_events.OBJECTIVE in missed
    before = {
        "verdict": window.verdict,
        "figure": window.figure,
        "figure_display": window.display,
        "revision": window.revision,
        "good": str(window.good),
        "total": str(window.total),
    }
    published, covered = _published_fields(window), window.detail.get(coverage.PERCENT_FIELD)
    settling = replace(moment, cause=coverage.INSUFFICIENT_COVERAGE) if finding.is_insufficient else moment
    for level, promised in terms.levels:
        evaluated = EvaluatedLevel(level, promised, finding, missed.get(level))
        reconcile_breach(target_state, window, terms, evaluated, settling, changes)
    due_risks = (
        []
        if closes or breached
        else select_risks_that_hold(target_state, window.window_id, finding.risks, moment.as_of)
    )
    outcome = "breached" if breached else "window_closed" if closes else "averted"
    holding = WindowRisks(window.window_id, (window.start, window.end), due_risks, outcome)
    reconcile_risks(target_state, terms, finding, holding, moment, changes)
    copy_figures_to_window(window, terms, finding, moment)
    window.verdict = determine_window_verdict(finding, breached, closes, bool(due_risks))
    if window.closed_at is not None:
        if _is_restated(published, covered, window):
            window.revision += 1
            restated = window_events.build_window_restated(
                terms, window, before=before, cause=moment.cause, now=moment.now
            )
            changes.publish(restated, moment.now)
    elif closes:
        window.closed_at = moment.now
        changes.publish(window_events.build_window_closed(terms, window, now=moment.now), window.end)
    changes.windows[window.target_id, window.window_id] = window


_TIMES = ("excluded", "unknown", "down", "ignored", "raw_figure")


def _published_fields(window: TargetWindow) -> tuple[object, ...]:
    """Return the fields of a closed window that were published, counts and times included.

    If any of these values changes, the window is restated.
    """
    times = (window.detail.get(name) for name in _TIMES)
    return (window.verdict, window.figure, window.good, window.total, *times)


def _is_restated(before: tuple[object, ...], covered: str | None, window: TargetWindow) -> bool:
    """Return whether published fields, or the published coverage ``covered``, have changed.

    If the window was published without a coverage (``covered`` is None), a new coverage is no reason to restate it.
    """
    now = window.detail.get(coverage.PERCENT_FIELD)
    return before != _published_fields(window) or (covered is not None and covered != now)


def _as_decided(
    target_state: TargetState, window: TargetWindow, terms: FigureTarget, finding: WindowEvaluation
) -> WindowEvaluation:
    """Return the evaluation without the levels whose breach was annulled by the decision on a dispute."""
    if not target_state.overturned:
        return finding
    excused = {
        level
        for level, _ in terms.levels
        if target_events.derive_breach_id(terms, window.window_id, level, 0) in target_state.overturned
    }
    if not excused:
        return finding
    missed = tuple(each for each in finding.missed if each.level not in excused)
    detail = {**finding.detail, "overturned": sorted(excused)}
    return replace(finding, missed=missed, met=finding.met or target_events.OBJECTIVE in excused, detail=detail)


def _adjust(
    target_state: TargetState,
    window: TargetWindow,
    terms: FigureTarget,
    finding: WindowEvaluation,
    moment: EvaluationMoment,
    accepted_at: UtcMicroseconds,
) -> AdjustedResult | None:
    """Note the result that an accepted window would have now; the accepted result itself does not change.

    Return this result, or None if it is the one that was last published.
    """
    breached = any(each.level == target_events.OBJECTIVE and each.at <= moment.as_of for each in finding.missed)
    verdict, figure = (
        determine_window_verdict(finding, breached, True, False),
        figures.format_exact_fraction(terms.shown(finding.figure)),
    )
    before = window.adjusted or WindowAdjustment(0, window.verdict, window.figure)
    if (before.verdict, before.figure) == (verdict, figure):
        return None
    window.adjusted = WindowAdjustment(before.number + 1, verdict, figure)
    running = [each for each in target_state.windows.values() if each.start <= moment.as_of < each.end]
    return AdjustedResult(accepted_at, before, window.adjusted, finding, running[0].window_id if running else None)


def determine_window_verdict(finding: WindowEvaluation, breached: bool, closes: bool, at_risk: bool) -> str:
    """Return the verdict: ``not_applicable`` | ``breached`` | ``no_data`` | ``at_risk`` | ``met``."""
    if not finding.scheduled:
        return "not_applicable"
    if breached:
        return "breached"
    if finding.figure is None or finding.is_insufficient:
        return "no_data"
    if closes:
        return "met" if finding.met else "breached"
    return "at_risk" if at_risk else "met"


def copy_figures_to_window(
    window: TargetWindow, terms: FigureTarget, finding: WindowEvaluation, moment: EvaluationMoment
) -> None:
    window.version = terms.version
    window.good, window.total = finding.good, finding.total
    window.figure = figures.format_exact_fraction(terms.shown(finding.figure))
    window.display = terms.display(finding.figure)
    window.detail = finding.detail
    window.as_of = moment.as_of
