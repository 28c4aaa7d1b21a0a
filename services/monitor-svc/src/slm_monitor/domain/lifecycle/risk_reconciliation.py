"""Reconciliation of warnings: which warnings hold now, and which must therefore open, reopen or clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation, WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, Risk, TargetState
from slm_monitor.domain.terms.terms import FigureTarget


def select_risks_that_hold(
    target_state: TargetState, window_id: str, found: Sequence[RiskEvaluation], by: int
) -> list[RiskEvaluation]:
    """Return the warnings that hold: a warning at its threshold, and an open warning less than a tenth below its
    threshold.

    A warning whose ``at`` is later than ``by`` does not hold yet. An open burn rate warning is the exception: its
    ``at`` is the end of the current minute, of which not all facts have arrived.
    """
    held = {(risk.cause, risk.threshold) for risk in target_state.open_risks(window_id)}
    opening = [risk for risk in found if risk.at <= by and not risk.keeps]
    keeping = [
        risk for risk in found if (risk.cause, risk.threshold) in held and (risk.at <= by or risk.cause == "burn_rate")
    ]
    return [risk for risk in found if risk in opening or risk in keeping]


@dataclass(frozen=True, slots=True)
class WindowRisks:
    """The warnings of a window that hold (``found``), and the outcome of those that do not hold any more.

    ``span``: the bounds of the window; None for a bound that it does not have.
    """

    window_id: str
    span: tuple[int | None, int | None]
    found: Sequence[RiskEvaluation]
    outcome: str


def reconcile_risks(
    target_state: TargetState,
    terms: FigureTarget,
    finding: WindowEvaluation,
    holding: WindowRisks,
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    """Open and publish the warnings that hold and are not open yet. Clear the open warnings that no longer hold."""
    window_id, span = holding.window_id, holding.span
    held = {(risk.cause, risk.threshold): risk for risk in target_state.open_risks(window_id)}
    wanted = {(risk.cause, risk.threshold): risk for risk in holding.found}
    turned_at = compute_risk_transition_instant(moment, span)
    _forget(target_state, turned_at)
    for name in held.keys() - wanted.keys():
        clear_risk(held[name], terms, holding.outcome, span, moment, changes)
    for name in sorted(wanted.keys() - held.keys()):
        risk = _reopen(target_state, window_id, wanted[name], turned_at) or _open(
            target_state, window_id, terms, wanted[name], moment.now
        )
        event = target_events.build_target_at_risk(
            terms,
            risk,
            _measures(finding, wanted[name]),
            span=span,
            at=wanted[name].at,
            now=moment.now,
        )
        risk.document = target_events.convert_event_to_document(event)
        changes.publish(
            event, wanted[name].at, target_events.derive_event_id(risk.risk_id, "target-at-risk", risk.revision)
        )
        changes.risks[risk.risk_id] = risk


def clear_risk(
    risk: Risk,
    terms: FigureTarget,
    outcome: str,
    span: tuple[int | None, int | None],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    at = compute_risk_transition_instant(moment, span)
    risk.standing, risk.cleared_at, risk.outcome = False, at, outcome
    # A warning that ended with its window, or in a breach, never reopens.
    risk.again_until = at + terms.warn_at.again_after if outcome == "averted" else None
    event = target_events.build_risk_cleared(terms, risk, outcome=outcome, at=at, span=span, now=moment.now)
    changes.publish(event, moment.now, target_events.derive_event_id(risk.risk_id, "risk-cleared", risk.revision))
    changes.risks[risk.risk_id] = risk


def _measures(finding: WindowEvaluation, found: RiskEvaluation) -> target_events.RiskMeasures:
    return target_events.RiskMeasures(
        finding.figure, found.consumed, found.burn, found.projected_breach_at, finding.evidence
    )


def compute_risk_transition_instant(moment: EvaluationMoment, span: tuple[int | None, int | None]) -> UtcMicroseconds:
    """Return the instant at which a warning opens or clears: now, or the end of its window if the window has ended.

    The instant is never before ``moment.as_of``. ``span`` is (start, end) of the window; an end of None is no end.
    """
    end = span[1]
    return max(moment.as_of, moment.now if end is None else min(moment.now, end))


def _forget(target_state: TargetState, as_of: UtcMicroseconds) -> None:
    """Drop warnings that cleared too long ago to reopen."""
    for risk in [each for each in target_state.risks.values() if not each.standing and (each.again_until or 0) < as_of]:
        del target_state.risks[risk.risk_id]


def _reopen(target_state: TargetState, window_id: str, found: RiskEvaluation, at: UtcMicroseconds) -> Risk | None:
    """Reopen the warning of the same window, cause and threshold, as its next revision, if it cleared recently.

    Return the reopened warning; None if no such warning cleared recently.
    """
    cleared = [
        risk
        for risk in target_state.risks.values()
        if not risk.standing
        and at <= (risk.again_until or 0)
        and (risk.window_id, risk.cause, risk.threshold) == (window_id, found.cause, found.threshold)
    ]
    if not cleared:
        return None
    risk = max(cleared, key=lambda each: each.cleared_at or 0)
    risk.standing, risk.cleared_at, risk.outcome, risk.again_until = True, None, None, None
    risk.revision += 1
    return risk


def _open(
    target_state: TargetState, window_id: str, terms: FigureTarget, found: RiskEvaluation, now: UtcMicroseconds
) -> Risk:
    """Create a new warning. Its id is derived from the instant of publishing, too, so that a later warning of the same
    cause and threshold has another id.
    """
    identity = target_events.derive_risk_id(terms, window_id, found.cause, found.threshold, now)
    risk = Risk(
        identity,
        terms.target_id,
        terms.agreement_id,
        window_id,
        found.cause,
        found.threshold,
        found.at,
        terms.provider_party_id,
        terms.customer_party_id,
        terms.service_id,
    )
    target_state.risks[identity] = risk
    return risk
