"""Reconciliation of breaches: each is published once, then revised or withdrawn, and never removed without an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.lifecycle.target_events import BreachDetails
from slm_monitor.domain.lifecycle.target_state import (
    Breach,
    EvaluationChanges,
    EvaluationMoment,
    TargetState,
    TargetWindow,
)
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import FigureTarget, ServiceLevelTarget


@dataclass(frozen=True, slots=True)
class BreachKey:
    """The values that distinguish a breach from the other breaches of its target.

    ``window_id`` names a window or a ticket. ``ordinal`` is 0 for a calendar window. For a rolling window it is the
    first minute of the run of missed minutes, numbered since 1970. For a ticket it is the clock's ordinal.
    """

    window_id: str
    ordinal: int
    level: str = target_events.OBJECTIVE

    def derive_id(self, terms: ServiceLevelTarget) -> str:
        """Return the id of the breach of a target with these terms."""
        return target_events.derive_breach_id(terms, self.window_id, self.level, self.ordinal)


@dataclass(frozen=True, slots=True)
class EvaluatedLevel:
    """A level of an objective with its evaluation. ``missed``: how the level is missed; None if it is not missed."""

    level: str
    promised: Objective
    finding: WindowEvaluation
    missed: MissedObjectiveLevel | None


def reconcile_breach(
    target_state: TargetState,
    window: TargetWindow,
    terms: FigureTarget,
    evaluated: EvaluatedLevel,
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    """Publish, revise or withdraw the breach of one level of an objective, so that it agrees with the evaluation."""
    finding, missed = evaluated.finding, evaluated.missed
    if missed is None and not target_state.breaches:
        return
    span = (window.start, window.end)
    key = BreachKey(window.window_id, 0, evaluated.level)
    breach = target_state.breaches.get(key.derive_id(terms))
    if missed is not None:
        evidence = finding.evidence if missed.evidence is None else missed.evidence
        if breach is not None and breach.standing:
            moved = target_events.build_target_breached(
                terms,
                replace(breach, certain_at=missed.at),
                evaluated.promised,
                missed.figure,
                BreachDetails(span, evidence, moment.now, late=bool(breach.document.get("late"))),
            )
            publish_breach_revision(
                breach,
                terms,
                target_events.convert_event_to_document(moved),
                moment,
                changes,
                by_evidence=missed.evidence is not None,
            )
        else:
            subject = terms.indicator or ""
            breach = create_breach(target_state.breaches, terms, key, missed.at, subject, moment.now)
            details = BreachDetails(span, evidence, moment.now, late=window.closed_at is not None)
            event = target_events.build_target_breached(terms, breach, evaluated.promised, missed.figure, details)
            publish_breach(breach, event, moment.now, changes)
    elif breach is not None and breach.standing:
        withdraw_breach(breach, terms, finding.figure, span, moment, changes)


def publish_breach_revision(
    breach: Breach,
    terms: ServiceLevelTarget,
    now: Mapping[str, Any],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
    *,
    by_evidence: bool = True,
) -> bool:
    """Publish the next revision of a breach if its document has changed; return whether it was published.

    ``now`` is the present document of the breach, computed from all known facts. If ``by_evidence`` is False, a change
    of the evidence alone does not make a revision.
    """
    published = breach.document
    breach.pending = None
    compared = [name for name in target_events.BREACH_MOVES if by_evidence or name != "evidence"]
    if all(published.get(name) == now[name] for name in compared):
        return False
    breach.certain_at = instants.from_text(now["certain_at"])
    breach.revision += 1
    event = target_events.build_breach_revised(terms, breach, now, cause=moment.cause)
    breach.document = {
        **published,
        **{name: now[name] for name in target_events.BREACH_MOVES},
        "revision": breach.revision,
    }
    changes.publish(
        event, breach.certain_at, target_events.derive_event_id(breach.breach_id, "breach-revised", breach.revision)
    )
    changes.breaches[breach.breach_id] = breach
    return True


def create_breach(
    breaches: dict[str, Breach],
    terms: ServiceLevelTarget,
    key: BreachKey,
    certain_at: UtcMicroseconds,
    subject: str,
    now: UtcMicroseconds,
) -> Breach:
    """Create a breach. If an earlier breach with the same id was withdrawn, the new breach is its next revision."""
    identity = key.derive_id(terms)
    earlier = breaches.get(identity)
    breach = Breach(
        identity,
        terms.target_id,
        terms.agreement_id,
        terms.version,
        key.window_id,
        key.level,
        key.ordinal,
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


def publish_breach(breach: Breach, event: Any, now: UtcMicroseconds, changes: EvaluationChanges) -> None:
    breach.document = target_events.convert_event_to_document(event)
    changes.publish(
        event, breach.certain_at, target_events.derive_event_id(breach.breach_id, "target-breached", breach.revision)
    )
    changes.breaches[breach.breach_id] = breach


def withdraw_breach(
    breach: Breach,
    terms: ServiceLevelTarget,
    figure: Fraction | None,
    span: tuple[int | None, int | None],
    moment: EvaluationMoment,
    changes: EvaluationChanges,
) -> None:
    """Withdraw a published breach that is no longer valid."""
    breach.standing = False
    event = target_events.build_breach_withdrawn(
        terms, breach, figure=figure, span=span, cause=moment.cause, now=moment.now
    )
    changes.publish(
        event, moment.now, target_events.derive_event_id(breach.breach_id, "breach-withdrawn", breach.revision)
    )
    changes.breaches[breach.breach_id] = breach
