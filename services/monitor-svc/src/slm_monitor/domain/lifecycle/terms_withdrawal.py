"""Withdrawal of published results after a change of terms that ends a window or changes how it is evaluated."""

from __future__ import annotations

from dataclasses import replace

from slm_monitor.domain.lifecycle import breach_reconciliation, risk_reconciliation
from slm_monitor.domain.lifecycle.target_state import (
    Breach,
    EvaluationChanges,
    EvaluationMoment,
    TargetState,
    TargetWindow,
)
from slm_monitor.domain.terms.terms import FigureTarget

CAUSE = "terms"


def delete_obsolete_window(
    target_state: TargetState, window: TargetWindow, moment: EvaluationMoment, changes: EvaluationChanges
) -> None:
    """Delete an open window that does not exist under the changed terms, and withdraw its breaches and warnings."""
    span = (window.start, window.end)
    terms = target_state.line.of_version(window.version)
    for breach in sorted(target_state.breaches.values(), key=lambda each: each.breach_id):
        if breach.standing and breach.window_id == window.window_id:
            _withdraw(target_state, breach, span, moment, changes)
    for risk in target_state.open_risks(window.window_id):
        risk_reconciliation.clear_risk(risk, terms, "window_closed", span, moment, changes)
    changes.windows.pop((window.target_id, window.window_id), None)
    changes.dropped_windows.add((window.target_id, window.window_id))


def withdraw_breaches_of_other_terms(
    target_state: TargetState,
    window: TargetWindow,
    terms: FigureTarget,
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    """Withdraw the breaches in this window that were found under another version of the terms."""
    if window.version == terms.version or window.frozen_at is not None or target_state.is_beyond_record(window):
        return
    for breach in sorted(target_state.breaches.values(), key=lambda each: each.breach_id):
        if breach.standing and breach.window_id == window.window_id and breach.version != terms.version:
            _withdraw(target_state, breach, (window.start, window.end), moment, changes)


def _withdraw(
    target_state: TargetState,
    breach: Breach,
    span: tuple[int, int],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    breach_reconciliation.withdraw_breach(
        breach, target_state.line.of_version(breach.version), None, span, replace(moment, cause=CAUSE), changes
    )
