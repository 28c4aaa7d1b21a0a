"""From findings to news: what stands is compared with what is found, and each difference is one event."""

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
"""The cause of what a dispute's decision brings."""


@dataclass(slots=True)
class TargetState:
    """One target with everything that stands of it."""

    line: TermsHistory
    windows: dict[str, Window] = field(default_factory=dict)
    breaches: dict[str, Breach] = field(default_factory=dict)
    risks: dict[str, Risk] = field(default_factory=dict)
    overturned: Collection[str] = ()
    """Breaches that a dispute decided were none; of all targets."""
    record_begins_at: int | None = None
    """From when on the record holds all facts; None: it holds all there ever were."""

    @property
    def target_id(self) -> str:
        return self.line.latest.target_id

    def is_beyond_record(self, window: Window) -> bool:
        """Whether a window stays as it is, as not all of its facts are there any more."""
        begins_at = self.record_begins_at
        return begins_at is not None and window.closed_at is not None and window.start < begins_at

    def standing_risks(self, window_id: str) -> list[Risk]:
        return [risk for risk in self.risks.values() if risk.standing and risk.window_id == window_id]


@dataclass(frozen=True, slots=True)
class EvaluationMoment:
    """When a judgement is made: ``as_of`` is the instant up to which all facts are in, ``now`` that of publishing.

    ``through``: an import is loading history, and what lies before this instant waits. ``import_id``: the import whose
    history is judged now.
    """

    as_of: int
    now: int
    cause: str = "fact"
    through: int | None = None
    import_id: str | None = None

    @property
    def mark(self) -> dict[str, Any]:
        """What the events of this judgement say of an import."""
        if self.through is not None:
            return {"importing": True}
        return {} if self.import_id is None else {"import_id": self.import_id}


def reconcile_window(
    standing: TargetState,
    window: Window,
    terms: ServiceLevelTarget,
    finding: Evaluation,
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """Bring a calendar window to what was found of it, and publish each difference once."""
    if standing.is_beyond_record(window):
        return
    finding = _as_decided(standing, window, terms, finding)
    if window.frozen_at is not None:
        _adjust(standing, window, terms, finding, moment, changes)
        return
    if finding.detail.get("overturned") != window.detail.get("overturned"):
        # Whenever it comes to be judged: an import may have held it up, and a restart have come between.
        moment = replace(moment, cause=DISPUTE)
    closes = window.end + terms.closing_delay <= moment.as_of
    missed = {each.level: each for each in finding.missed if each.at <= moment.as_of}
    breached = target_events.OBJECTIVE in missed
    before = {
        "verdict": window.status,
        "figure": window.figure,
        "figure_display": window.display,
        "revision": window.revision,
        "good": str(window.good),
        "total": str(window.total),
    }
    told = _told_of(window)
    for level, promised in terms.levels:
        reconcile_breach(standing, window, terms, level, promised, finding, missed.get(level), moment, changes)
    due_risks = [] if closes or breached else holding_risks(standing, window.window_id, finding.risks, moment.as_of)
    span = (window.start, window.end)
    outcome = "breached" if breached else "window_closed" if closes else "averted"
    reconcile_risks(standing, window.window_id, terms, finding, due_risks, outcome, span, moment, changes)
    copy_figures(window, terms, finding, moment)
    window.status = status_of(finding, breached, closes, bool(due_risks))
    if window.closed_at is not None:
        if told != _told_of(window):
            window.revision += 1
            restated = target_events.window_restated(terms, window, before=before, cause=moment.cause, now=moment.now)
            changes.publish(restated, moment.now)
    elif closes:
        window.closed_at = moment.now
        changes.publish(target_events.window_closed(terms, window, now=moment.now), window.end)
    changes.windows[window.target_id, window.window_id] = window


_TIMES = ("excluded", "unknown", "down", "raw_figure")


def _told_of(window: Window) -> tuple[object, ...]:
    """What was published of a closed window. Where any of it moves, the window is restated: also the counts and times
    behind a figure that stays what it was."""
    times = (window.detail.get(name) for name in _TIMES)
    return (window.status, window.figure, window.good, window.total, *times)


def _as_decided(standing: TargetState, window: Window, terms: ServiceLevelTarget, finding: Evaluation) -> Evaluation:
    """Without the levels of which a dispute decided that they were not missed."""
    if not standing.overturned:
        return finding
    excused = {
        level
        for level, _ in terms.levels
        if target_events.breach_id(terms, window.window_id, level, 0) in standing.overturned
    }
    if not excused:
        return finding
    missed = tuple(each for each in finding.missed if each.level not in excused)
    detail = {**finding.detail, "overturned": sorted(excused)}
    return replace(finding, missed=missed, met=finding.met or target_events.OBJECTIVE in excused, detail=detail)


def _adjust(
    standing: TargetState,
    window: Window,
    terms: ServiceLevelTarget,
    finding: Evaluation,
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """A window that both parties accepted stays as it is; that it would come to something else is told beside it."""
    breached = any(each.level == target_events.OBJECTIVE and each.at <= moment.as_of for each in finding.missed)
    status, figure = status_of(finding, breached, True, False), figures.exact(terms.shown(finding.figure))
    before = window.adjusted or Adjustment(0, window.status, window.figure)
    if (before.status, before.figure) == (status, figure):
        return
    window.adjusted = Adjustment(before.number + 1, status, figure)
    difference = None
    if figure is not None and before.figure is not None:
        difference = figures.exact(Fraction(figure) - Fraction(before.figure))
    running = [each for each in standing.windows.values() if each.start <= moment.as_of < each.end]
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


def status_of(finding: Evaluation, breached: bool, closes: bool, at_risk: bool) -> str:
    """``not_applicable`` | ``breached`` | ``no_data`` | ``at_risk`` | ``met``."""
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
    standing: TargetState,
    window: Window,
    terms: ServiceLevelTarget,
    level: str,
    promised: Objective,
    finding: Evaluation,
    missed: MissedLevel | None,
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """A published breach is never removed silently, and never published twice."""
    if missed is None and not standing.breaches:
        return
    span = (window.start, window.end)
    identity = target_events.breach_id(terms, window.window_id, level, 0)
    breach = standing.breaches.get(identity)
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
                standing.breaches, terms, identity, window.window_id, 0, missed.at, subject, moment.now, level
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
    """Tell of a standing breach that facts have moved: the same breach with its next revision, and what is refuted.
    Returns whether it was moved. ``now``: its document by all facts. ``by_evidence``: the evidence is that of the
    instant, and does not move by itself."""
    told = breach.document
    breach.pending = None
    compared = [name for name in target_events.BREACH_MOVES if by_evidence or name != "evidence"]
    if all(told.get(name) == now[name] for name in compared):
        return False
    breach.certain_at = instants.from_text(now["certain_at"])
    breach.revision += 1
    event = target_events.breach_revised(terms, breach, now, cause=moment.cause)
    breach.document = {**told, **{name: now[name] for name in target_events.BREACH_MOVES}, "revision": breach.revision}
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
    """A breach that stands from now on: new, or the next revision of one that was withdrawn."""
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
    """A published breach does not stand any more."""
    breach.standing = False
    event = target_events.breach_withdrawn(terms, breach, figure=figure, span=span, cause=cause, now=now)
    changes.publish(event, now, target_events.event_id(breach.breach_id, "breach-withdrawn", breach.revision))
    changes.breaches[breach.breach_id] = breach


def holding_risks(
    standing: TargetState, window_id: str, found: Sequence[RiskEvaluation], by: int
) -> list[RiskEvaluation]:
    """The warnings that hold: those that are at their threshold, and those that stand and are not a tenth behind it.

    A burn rate of counts is that of the minute that runs, which begins before all facts until then are in: it opens no
    warning yet, and ends none. What is dated ahead else is a forecast.
    """
    held = {(risk.cause, risk.threshold) for risk in standing.standing_risks(window_id)}
    opening = [risk for risk in found if risk.at <= by and not risk.keeps]
    keeping = [
        risk for risk in found if (risk.cause, risk.threshold) in held and (risk.at <= by or risk.cause == "burn_rate")
    ]
    return [risk for risk in found if risk in opening or risk in keeping]


def reconcile_risks(
    standing: TargetState,
    window_id: str,
    terms: ServiceLevelTarget,
    finding: Evaluation,
    found: Sequence[RiskEvaluation],
    outcome: str,
    span: tuple[int | None, int | None],
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    """Open the warnings that are new; clear those that no longer hold, saying how it ended."""
    held = {(risk.cause, risk.threshold): risk for risk in standing.standing_risks(window_id)}
    wanted = {(risk.cause, risk.threshold): risk for risk in found}
    turned_at = turn_instant(moment, span)
    _forget(standing, turned_at)
    for name in held.keys() - wanted.keys():
        clear_risk(standing, held[name], terms, outcome, span, moment, changes)
    for name in sorted(wanted.keys() - held.keys()):
        risk = _reopen(standing, window_id, wanted[name], turned_at) or _open(
            standing, window_id, terms, wanted[name], moment.now
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
    standing: TargetState,
    risk: Risk,
    terms: ServiceLevelTarget,
    outcome: str,
    span: tuple[int | None, int | None],
    moment: EvaluationMoment,
    changes: Changes,
) -> None:
    at = turn_instant(moment, span)
    risk.standing, risk.cleared_at, risk.outcome = False, at, outcome
    # What ended with its window, or in a breach, does not come back.
    risk.again_until = at + terms.warn_at.again_after if outcome == "averted" else None
    event = target_events.risk_cleared(terms, risk, outcome=outcome, at=at, span=span, now=moment.now)
    changes.publish(event, moment.now, target_events.event_id(risk.risk_id, "risk-cleared", risk.revision))
    changes.risks[risk.risk_id] = risk


def turn_instant(moment: EvaluationMoment, span: tuple[int | None, int | None]) -> int:
    """The event time at which a warning turns: the present, in its window. Up to which instant all facts are in is
    looked at when timers fire, and may lie far behind it."""
    end = span[1]
    return max(moment.as_of, moment.now if end is None else min(moment.now, end))


def _forget(standing: TargetState, as_of: int) -> None:
    """Warnings that cleared so long ago that they do not come back."""
    for risk in [each for each in standing.risks.values() if not each.standing and (each.again_until or 0) < as_of]:
        del standing.risks[risk.risk_id]


def _reopen(standing: TargetState, window_id: str, found: RiskEvaluation, at: int) -> Risk | None:
    """The warning that cleared lately and has come back, with its next revision; None where there is none."""
    cleared = [
        risk
        for risk in standing.risks.values()
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


def _open(standing: TargetState, window_id: str, terms: ServiceLevelTarget, found: RiskEvaluation, now: int) -> Risk:
    """A warning that comes again later is another risk: its ordinal is the instant of publishing."""
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
    standing.risks[identity] = risk
    return risk
