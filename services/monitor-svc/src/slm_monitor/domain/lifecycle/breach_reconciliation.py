"""Breaches as published: each is opened, revised or withdrawn, never removed silently and never published twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from slm_events import instants
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.evaluation import Evaluation, MissedLevel
from slm_monitor.domain.lifecycle.target_state import Breach, Changes, EvaluationMoment, TargetState, Window
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget


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
