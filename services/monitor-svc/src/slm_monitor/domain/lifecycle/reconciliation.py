"""Reconciliation: an evaluation is compared with what was published, and each difference is one event."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from slm_events import instants
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.evaluation import Evaluation, MissedLevel, RiskEvaluation
from slm_monitor.domain.lifecycle.target_state import Adjustment, Breach, Changes, Risk, Window
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory

DISPUTE = "dispute"
"""The cause of changes that follow from the decision of a dispute."""


@dataclass(slots=True)
class TargetState:
    """One target with its windows, breaches and risks as last published."""

    line: TermsHistory
    windows: dict[str, Window] = field(default_factory=dict)
    breaches: dict[str, Breach] = field(default_factory=dict)
    risks: dict[str, Risk] = field(default_factory=dict)
    overturned: Collection[str] = ()
    """The ids of breaches, of all targets, that the decision of a dispute annulled."""
    record_begins_at: int | None = None
    """The instant from which the store holds all facts; None: nothing was ever deleted from it."""

    @property
    def target_id(self) -> str:
        return self.line.latest.target_id

    def is_beyond_record(self, window: Window) -> bool:
        """Whether a closed window must not change, because some of its facts were deleted."""
        begins_at = self.record_begins_at
        return begins_at is not None and window.closed_at is not None and window.start < begins_at

    def open_risks(self, window_id: str) -> list[Risk]:
        return [risk for risk in self.risks.values() if risk.standing and risk.window_id == window_id]


@dataclass(frozen=True, slots=True)
class EvaluationMoment:
    """The instants of an evaluation: all facts up to ``as_of`` have arrived, and ``now`` is the instant of publishing.

    ``through``: an import is loading history, and the time before this instant is not evaluated yet. ``import_id``: the
    import whose history is evaluated now.
    """

    as_of: int
    now: int
    cause: str = "fact"
    through: int | None = None
    import_id: str | None = None

    @property
    def mark(self) -> dict[str, Any]:
        """The fields about an import that every event of this evaluation carries."""
        if self.through is not None:
            return {"importing": True}
        return {} if self.import_id is None else {"import_id": self.import_id}


def reconcile_window(
    target_state: TargetState,
    window: Window,
    terms: ServiceLevelTarget,
    finding: Evaluation,
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """Update a calendar window to its evaluation, and publish each difference once."""
    if target_state.is_beyond_record(window):
        return
    finding = _as_decided(target_state, window, terms, finding)
    if window.frozen_at is not None:
        _adjust(target_state, window, terms, finding, moment, changes)
        return
    if finding.detail.get("overturned") != window.detail.get("overturned"):
        # The cause is derived here because the evaluation may come long after the decision: after an import, or a
        # restart.
        moment = replace(moment, cause=DISPUTE)
    closes = window.end + terms.closing_delay <= moment.as_of
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
    published = _published_fields(window)
    for level, promised in terms.levels:
        reconcile_breach(target_state, window, terms, level, promised, finding, missed.get(level), moment, changes)
    due_risks = [] if closes or breached else holding_risks(target_state, window.window_id, finding.risks, moment.as_of)
    span = (window.start, window.end)
    outcome = "breached" if breached else "window_closed" if closes else "averted"
    reconcile_risks(target_state, window.window_id, terms, finding, due_risks, outcome, span, moment, changes)
    copy_figures(window, terms, finding, moment)
    window.verdict = verdict_of(finding, breached, closes, bool(due_risks))
    if window.closed_at is not None:
        if published != _published_fields(window):
            window.revision += 1
            restated = target_events.window_restated(terms, window, before=before, cause=moment.cause, now=moment.now)
            changes.publish(restated, moment.now)
    elif closes:
        window.closed_at = moment.now
        changes.publish(target_events.window_closed(terms, window, now=moment.now), window.end)
    changes.windows[window.target_id, window.window_id] = window


_TIMES = ("excluded", "unknown", "down", "raw_figure")


def _published_fields(window: Window) -> tuple[object, ...]:
    """Return what was published of a closed window: if any of it changes, counts and times included, it is restated."""
    times = (window.detail.get(name) for name in _TIMES)
    return (window.verdict, window.figure, window.good, window.total, *times)


def _as_decided(
    target_state: TargetState, window: Window, terms: ServiceLevelTarget, finding: Evaluation
) -> Evaluation:
    """Return the evaluation without the levels whose breach the decision of a dispute annulled."""
    if not target_state.overturned:
        return finding
    excused = {
        level
        for level, _ in terms.levels
        if target_events.breach_id(terms, window.window_id, level, 0) in target_state.overturned
    }
    if not excused:
        return finding
    missed = tuple(each for each in finding.missed if each.level not in excused)
    detail = {**finding.detail, "overturned": sorted(excused)}
    return replace(finding, missed=missed, met=finding.met or target_events.OBJECTIVE in excused, detail=detail)


def _adjust(
    target_state: TargetState,
    window: Window,
    terms: ServiceLevelTarget,
    finding: Evaluation,
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """Publish that an accepted window would have another result now; the window itself does not change."""
    breached = any(each.level == target_events.OBJECTIVE and each.at <= moment.as_of for each in finding.missed)
    verdict, figure = verdict_of(finding, breached, True, False), figures.exact(terms.shown(finding.figure))
    before = window.adjusted or Adjustment(0, window.verdict, window.figure)
    if (before.verdict, before.figure) == (verdict, figure):
        return
    window.adjusted = Adjustment(before.number + 1, verdict, figure)
    difference = None
    if figure is not None and before.figure is not None:
        difference = figures.exact(Fraction(figure) - Fraction(before.figure))
    running = [each for each in target_state.windows.values() if each.start <= moment.as_of < each.end]
    event = target_events.window_adjusted(
        terms,
        window,
        finding=(finding.good, finding.total, terms.display(finding.figure)),
        before=before,
        difference=difference,
        booked_in=running[0].window_id if running else None,
        cause=moment.cause,
        now=moment.now,
    )
    changes.publish(event, moment.now)
    changes.windows[window.target_id, window.window_id] = window


def verdict_of(finding: Evaluation, breached: bool, closes: bool, at_risk: bool) -> str:
    """Return ``not_applicable`` | ``breached`` | ``no_data`` | ``at_risk`` | ``met``."""
    if not finding.scheduled:
        return "not_applicable"
    if breached:
        return "breached"
    if finding.figure is None:
        return "no_data"
    if closes:
        return "met" if finding.met else "breached"
    return "at_risk" if at_risk else "met"


def copy_figures(window: Window, terms: ServiceLevelTarget, finding: Evaluation, moment: EvaluationMoment) -> None:
    window.version = terms.version
    window.good, window.total = finding.good, finding.total
    window.figure = figures.exact(terms.shown(finding.figure))
    window.display = terms.display(finding.figure)
    window.detail = finding.detail
    window.as_of = moment.as_of


def reconcile_breach(
    target_state: TargetState,
    window: Window,
    terms: ServiceLevelTarget,
    level: str,
    promised: Objective,
    finding: Evaluation,
    missed: MissedLevel | None,
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """Publish, revise or withdraw the breach of one level: never removed silently, never published twice."""
    if missed is None and not target_state.breaches:
        return
    span = (window.start, window.end)
    identity = target_events.breach_id(terms, window.window_id, level, 0)
    breach = target_state.breaches.get(identity)
    if missed is not None:
        if breach is not None and breach.standing:
            moved = target_events.target_breached(
                terms,
                replace(breach, certain_at=missed.at),
                promised=promised,
                figure=missed.figure,
                span=span,
                evidence=finding.evidence if missed.evidence is None else missed.evidence,
                now=moment.now,
                late=bool(breach.document.get("late")),
            )
            revise_breach(
                breach,
                terms,
                target_events.document_of(moved),
                moment,
                changes,
                by_evidence=missed.evidence is not None,
            )
        else:
            subject = terms.indicator or ""
            breach = open_breach(
                target_state.breaches, terms, identity, window.window_id, 0, missed.at, subject, moment.now, level
            )
            event = target_events.target_breached(
                terms,
                breach,
                promised=promised,
                figure=missed.figure,
                span=span,
                evidence=finding.evidence if missed.evidence is None else missed.evidence,
                now=moment.now,
                late=window.closed_at is not None,
            )
            publish_breach(breach, event, moment.now, changes)
    elif breach is not None and breach.standing:
        withdraw_breach(breach, terms, finding.figure, span, moment.cause, moment.now, changes)


def revise_breach(
    breach: Breach,
    terms: ServiceLevelTarget,
    now: Mapping[str, Any],
    moment: EvaluationMoment,
    changes: Changes,
    *,
    by_evidence: bool = True,
) -> bool:
    """Publish the next revision of a breach if its facts have changed; return whether they have. ``now`` is its
    document by all facts. ``by_evidence`` False: a change of the evidence alone is not a revision.
    """
    published = breach.document
    breach.pending = None
    compared = [name for name in target_events.BREACH_MOVES if by_evidence or name != "evidence"]
    if all(published.get(name) == now[name] for name in compared):
        return False
    breach.certain_at = instants.from_text(now["certain_at"])
    breach.revision += 1
    event = target_events.breach_revised(terms, breach, now, cause=moment.cause)
    breach.document = {
        **published,
        **{name: now[name] for name in target_events.BREACH_MOVES},
        "revision": breach.revision,
    }
    changes.publish(
        event, breach.certain_at, target_events.event_id(breach.breach_id, "breach-revised", breach.revision)
    )
    changes.breaches[breach.breach_id] = breach
    return True


def open_breach(
    breaches: dict[str, Breach],
    terms: ServiceLevelTarget,
    identity: str,
    window_id: str,
    ordinal: int,
    certain_at: int,
    subject: str,
    now: int,
    level: str = target_events.OBJECTIVE,
) -> Breach:
    """Create a breach that is valid from now on: a new one, or the next revision of one that was withdrawn."""
    earlier = breaches.get(identity)
    breach = Breach(
        identity,
        terms.target_id,
        terms.agreement_id,
        terms.version,
        window_id,
        level,
        ordinal,
        certain_at,
        now,
        terms.provider_party_id,
        terms.customer_party_id,
        terms.service_id,
        revision=earlier.revision + 1 if earlier else 0,
        subject=subject,
    )
    breaches[identity] = breach
    return breach


def publish_breach(breach: Breach, event: Any, now: int, changes: Changes) -> None:
    breach.document = target_events.document_of(event)
    changes.publish(
        event, breach.certain_at, target_events.event_id(breach.breach_id, "target-breached", breach.revision)
    )
    changes.breaches[breach.breach_id] = breach


def withdraw_breach(
    breach: Breach,
    terms: ServiceLevelTarget,
    figure: Fraction | None,
    span: tuple[int | None, int | None],
    cause: str,
    now: int,
    changes: Changes,
) -> None:
    """Withdraw a published breach that is no longer valid."""
    breach.standing = False
    event = target_events.breach_withdrawn(terms, breach, figure=figure, span=span, cause=cause, now=now)
    changes.publish(event, now, target_events.event_id(breach.breach_id, "breach-withdrawn", breach.revision))
    changes.breaches[breach.breach_id] = breach


def holding_risks(
    target_state: TargetState, window_id: str, found: Sequence[RiskEvaluation], by: int
) -> list[RiskEvaluation]:
    """Return the warnings that hold: at their threshold, or open and less than a tenth below it.

    The burn rate of counts belongs to the current minute, whose facts have not all arrived: it opens no warning yet,
    and clears none. Any other warning with a future ``at`` is a forecast.
    """
    held = {(risk.cause, risk.threshold) for risk in target_state.open_risks(window_id)}
    opening = [risk for risk in found if risk.at <= by and not risk.keeps]
    keeping = [
        risk for risk in found if (risk.cause, risk.threshold) in held and (risk.at <= by or risk.cause == "burn_rate")
    ]
    return [risk for risk in found if risk in opening or risk in keeping]


def reconcile_risks(
    target_state: TargetState,
    window_id: str,
    terms: ServiceLevelTarget,
    finding: Evaluation,
    found: Sequence[RiskEvaluation],
    outcome: str,
    span: tuple[int | None, int | None],
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """Open the warnings that are new; clear those that no longer hold, with the outcome."""
    held = {(risk.cause, risk.threshold): risk for risk in target_state.open_risks(window_id)}
    wanted = {(risk.cause, risk.threshold): risk for risk in found}
    turned_at = turn_instant(moment, span)
    _forget(target_state, turned_at)
    for name in held.keys() - wanted.keys():
        clear_risk(target_state, held[name], terms, outcome, span, moment, changes)
    for name in sorted(wanted.keys() - held.keys()):
        risk = _reopen(target_state, window_id, wanted[name], turned_at) or _open(
            target_state, window_id, terms, wanted[name], moment.now
        )
        event = target_events.target_at_risk(
            terms,
            risk,
            figure=finding.figure,
            consumed=wanted[name].consumed,
            burn=wanted[name].burn,
            projected_breach_at=wanted[name].projected_breach_at,
            span=span,
            evidence=finding.evidence,
            at=wanted[name].at,
            now=moment.now,
        )
        risk.document = target_events.document_of(event)
        changes.publish(event, wanted[name].at, target_events.event_id(risk.risk_id, "target-at-risk", risk.revision))
        changes.risks[risk.risk_id] = risk


def clear_risk(
    target_state: TargetState,
    risk: Risk,
    terms: ServiceLevelTarget,
    outcome: str,
    span: tuple[int | None, int | None],
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    at = turn_instant(moment, span)
    risk.standing, risk.cleared_at, risk.outcome = False, at, outcome
    # A warning that ended with its window, or in a breach, never reopens.
    risk.again_until = at + terms.warn_at.again_after if outcome == "averted" else None
    event = target_events.risk_cleared(terms, risk, outcome=outcome, at=at, span=span, now=moment.now)
    changes.publish(event, moment.now, target_events.event_id(risk.risk_id, "risk-cleared", risk.revision))
    changes.risks[risk.risk_id] = risk


def turn_instant(moment: EvaluationMoment, span: tuple[int | None, int | None]) -> int:
    """Return when a warning opens or clears: now, but not after the window's end. ``as_of`` may be far behind now."""
    end = span[1]
    return max(moment.as_of, moment.now if end is None else min(moment.now, end))


def _forget(target_state: TargetState, as_of: int) -> None:
    """Drop warnings that cleared too long ago to reopen."""
    for risk in [each for each in target_state.risks.values() if not each.standing and (each.again_until or 0) < as_of]:
        del target_state.risks[risk.risk_id]


def _reopen(target_state: TargetState, window_id: str, found: RiskEvaluation, at: int) -> Risk | None:
    """Reopen, with its next revision, the warning that cleared recently; None if there is none."""
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
    target_state: TargetState, window_id: str, terms: ServiceLevelTarget, found: RiskEvaluation, now: int
) -> Risk:
    """Create a new warning. Its ordinal is the instant of publishing, so that a later one has another id."""
    identity = target_events.risk_id(terms, window_id, found.cause, found.threshold, now)
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
