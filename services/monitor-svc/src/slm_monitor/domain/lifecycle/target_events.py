"""Builders of the events of targets: of their breaches, risks and failures, and of quarantined facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_chassis.identity import named_id
from slm_events import monitor
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.lifecycle.target_state import Breach, Risk
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import ClockTarget, FigureTarget, ServiceLevelTarget

OBJECTIVE = "objective"
"""The name of the level that is the objective itself; the other level is ``unacceptable``."""


BREACH_MOVES = ("certain_at", "figure", "figure_display", "shortfall", "evidence")
"""The fields of a published breach that later facts may change."""


def derive_breach_id(terms: ServiceLevelTarget, window_id: str, level: str, ordinal: int) -> str:
    """Return the id of a breach: a UUIDv5 over agreement, version, target, window or ticket, level and ordinal.

    The same facts give the same id.
    """
    return named_id(terms.agreement_id, "breach", terms.version, terms.target_id, window_id, level, ordinal)


def derive_risk_id(terms: ServiceLevelTarget, window_id: str, cause: str, threshold: str, ordinal: int) -> str:
    """Return the id of a risk: a UUIDv5 over agreement, version, target, window or ticket, cause, threshold and
    ordinal.
    """
    return named_id(terms.agreement_id, "risk", terms.version, terms.target_id, window_id, cause, threshold, ordinal)


def derive_event_id(subject_id: str, kind: str, revision: int) -> str:
    """Return the id of an event about a subject: a UUIDv5 over the subject's id, the event's kind and the revision.

    A replay gives the same id.
    """
    return named_id(subject_id, kind, revision)


def convert_event_to_document(event: Any) -> dict[str, Any]:
    """Return an event as a JSON object. ``asdict`` is not used: its deep copy took a third of the time of evaluating a
    ticket.
    """
    return {name: getattr(event, name) for name in type(event).__dataclass_fields__}


def build_window_fields(
    terms: ServiceLevelTarget, window_id: str, start: UtcMicroseconds | None, end: UtcMicroseconds | None
) -> dict[str, Any]:
    """Return the fields that every event about a window has."""
    return {
        "agreement_id": terms.agreement_id,
        "agreement_version": terms.version,
        "target_id": terms.target_id,
        "target_key": terms.key,
        "target_title": terms.title,
        "service_id": terms.service_id,
        "provider_party_id": terms.provider_party_id,
        "customer_party_id": terms.customer_party_id,
        "window_id": window_id,
        "window_start_at": None if start is None else to_text(start),
        "window_end_at": None if end is None else to_text(end),
    }


@dataclass(frozen=True, slots=True)
class BreachDetails:
    """The fields of a TargetBreached event that depend on neither the figure nor the ticket.

    ``span``: the bounds of the window, or start and deadline of the clock. ``late``: whether the breach was found after
    its window had closed.
    """

    span: tuple[int | None, int | None]
    evidence: dict[str, Any]
    now: UtcMicroseconds
    late: bool = False


def build_target_breached(
    terms: FigureTarget, breach: Breach, promised: Objective | None, figure: Fraction | None, details: BreachDetails
) -> monitor.TargetBreached:
    """Build the TargetBreached event of a window.

    ``promised``: the missed objective; None if these terms do not have the breach's level. ``figure``: a share from 0
    to 1 if the unit of the objective is percent, otherwise a number in that unit.
    """
    limit = terms.promise if promised is None else promised
    return _build_breached(
        terms,
        breach,
        details,
        objective=dict(terms.objective_document) if limit is terms.promise else limit.document(),
        figure=figures.format_exact_fraction(terms.shown(figure)),
        figure_display=limit.display(figure),
        shortfall=None if promised is None else figures.format_exact_fraction(promised.shortfall(figure)),
    )


def build_clock_breached(
    terms: ClockTarget, breach: Breach, ticket: dict[str, Any], details: BreachDetails
) -> monitor.TargetBreached:
    """Build the TargetBreached event of a ticket's clock. ``ticket``: the source and the number of the ticket."""
    return _build_breached(
        terms,
        breach,
        details,
        objective=dict(terms.objective_document),
        figure=None,
        figure_display=terms.display(None),
        shortfall=None,
        ticket=ticket,
    )


def _build_breached(
    terms: ServiceLevelTarget, breach: Breach, details: BreachDetails, **missed: Any
) -> monitor.TargetBreached:
    """Build a TargetBreached event. ``missed``: the event's fields about the objective, the figure and the ticket."""
    return monitor.TargetBreached(
        **build_window_fields(terms, breach.window_id, *details.span),
        breach_id=breach.breach_id,
        revision=breach.revision,
        level=breach.level,
        ordinal=breach.ordinal,
        certain_at=to_text(breach.certain_at),
        published_at=to_text(details.now),
        late=details.late,
        responsible_party_id=terms.provider_party_id,
        evidence=details.evidence,
        assets=list(terms.assets),
        **missed,
    )


def build_breach_revised(
    terms: ServiceLevelTarget, breach: Breach, moved: Mapping[str, Any], *, cause: str
) -> monitor.BreachRevised:
    """Build a BreachRevised event.

    ``breach.document`` is the document as last published, ``moved`` the document by all facts known now.
    """
    document = breach.document
    before = {name: document.get(name) for name in BREACH_MOVES}
    return monitor.BreachRevised(
        **{**moved, "revision": breach.revision}, cause=cause, before={"revision": document.get("revision"), **before}
    )


def build_breach_withdrawn(
    terms: ServiceLevelTarget,
    breach: Breach,
    *,
    figure: Fraction | None,
    span: tuple[int | None, int | None],
    cause: str,
    now: UtcMicroseconds,
) -> monitor.BreachWithdrawn:
    return monitor.BreachWithdrawn(
        **build_window_fields(terms, breach.window_id, *span),
        breach_id=breach.breach_id,
        revision=breach.revision,
        level=breach.level,
        cause=cause,
        figure=figures.format_exact_fraction(terms.shown(figure)),
        figure_display=terms.display(figure),
        published_at=to_text(now),
    )


def build_target_recovered(
    terms: ServiceLevelTarget, breach: Breach, *, figure: Fraction | None, at: UtcMicroseconds, now: UtcMicroseconds
) -> monitor.TargetRecovered:
    return monitor.TargetRecovered(
        **build_window_fields(terms, breach.window_id, None, None),
        breach_id=breach.breach_id,
        revision=breach.revision,
        figure=figures.format_exact_fraction(terms.shown(figure)),
        figure_display=terms.display(figure),
        recovered_at=to_text(at),
        published_at=to_text(now),
    )


@dataclass(frozen=True, slots=True)
class RiskMeasures:
    """The measures of a target at the instant at which one of its warnings opens.

    ``consumed`` is a share of the budget, and ``burn`` how many times too fast the budget is spent.
    """

    figure: Fraction | None
    consumed: Fraction | None
    burn: Fraction | None
    projected_breach_at: UtcMicroseconds | None
    evidence: dict[str, Any]


def build_target_at_risk(
    terms: ServiceLevelTarget,
    risk: Risk,
    measures: RiskMeasures,
    *,
    span: tuple[int | None, int | None],
    at: UtcMicroseconds,
    now: UtcMicroseconds,
) -> monitor.TargetAtRisk:
    breach_at = measures.projected_breach_at
    left = None if breach_at is None else max(0, breach_at - now) // 1_000_000
    return monitor.TargetAtRisk(
        **build_window_fields(terms, risk.window_id, *span),
        risk_id=risk.risk_id,
        revision=risk.revision,
        cause=risk.cause,
        threshold=risk.threshold,
        figure=figures.format_exact_fraction(terms.shown(measures.figure)),
        figure_display=terms.display(measures.figure),
        objective=dict(terms.objective_document),
        budget_consumed_percent=figures.format_exact_fraction(figures.convert_share_to_percent(measures.consumed)),
        burn_rate=figures.format_exact_fraction(measures.burn),
        projected_breach_at=None if breach_at is None else to_text(breach_at),
        time_left_seconds=left,
        responsible=dict(terms.responsible),
        evidence=measures.evidence,
        at=to_text(at),
        published_at=to_text(now),
        hidden_from_party_id=_hidden_from(terms, risk.opened_at, now),
        customer_sees_plan=terms.customer_view.plans,
    )


def _hidden_from(terms: ServiceLevelTarget, opened_at: UtcMicroseconds, until: UtcMicroseconds) -> str | None:
    """Return the customer's id if the customer is not shown a warning that opened at ``opened_at`` and lasts until
    ``until``; otherwise None.
    """
    return None if terms.customer_view.shows_risk(opened_at, until) else terms.customer_party_id


def build_risk_cleared(
    terms: ServiceLevelTarget,
    risk: Risk,
    *,
    outcome: str,
    at: UtcMicroseconds,
    span: tuple[int | None, int | None],
    now: UtcMicroseconds,
) -> monitor.RiskCleared:
    return monitor.RiskCleared(
        **build_window_fields(terms, risk.window_id, *span),
        risk_id=risk.risk_id,
        revision=risk.revision,
        cause=risk.cause,
        threshold=risk.threshold,
        outcome=outcome,
        at=to_text(at),
        published_at=to_text(now),
        hidden_from_party_id=_hidden_from(terms, risk.opened_at, at),
    )


def build_risk_disclosed(published: Mapping[str, Any], now: UtcMicroseconds) -> monitor.RiskDisclosed:
    """Build the event that discloses to the customer a warning that was hidden until ``now``.

    ``published`` is the document of the warning as last published.
    """
    shown = {**published, "hidden_from_party_id": None, "published_at": to_text(now)}
    return monitor.RiskDisclosed(**shown, disclosed_at=to_text(now))


_ABOUT = (
    "agreement_id",
    "version",
    "target_id",
    "key",
    "service_id",
    "provider_party_id",
    "customer_party_id",
)


def build_target_identity_fields(terms: ServiceLevelTarget) -> dict[str, Any]:
    """Return the fields that identify a target in events."""
    return {name: getattr(terms, name) for name in _ABOUT}


def build_identity_fields_from_signed_terms(version: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that identify a target in events, from its signed documents. This is for terms that cannot be
    parsed.
    """
    signed = {**version, **target}
    return {name: signed.get(name) for name in _ABOUT}


def build_target_unjudgeable(
    target: Mapping[str, Any], reason: str | None, *, now: UtcMicroseconds
) -> monitor.TargetUnjudgeable | monitor.TargetJudgeable:
    """Build the event which says that a target cannot be evaluated, and why.

    If ``reason`` is None, the event says that the target can be evaluated again. ``target`` has the fields of
    ``build_target_identity_fields``.
    """
    fields = {
        **{name: target[name] for name in _ABOUT if name not in ("version", "key")},
        "agreement_version": target["version"],
        "target_key": target["key"],
        "published_at": to_text(now),
    }
    return monitor.TargetJudgeable(**fields) if reason is None else monitor.TargetUnjudgeable(**fields, reason=reason)


def build_fact_quarantined(
    quarantine_id: str,
    owner_party_id: str | None,
    subject: str,
    reason: str,
    fact: dict[str, Any],
    *,
    now: UtcMicroseconds,
) -> monitor.FactQuarantined:
    return monitor.FactQuarantined(
        quarantine_id=quarantine_id,
        owner_party_id=owner_party_id,
        subject=subject,
        reason=reason,
        fact=fact,
        received_at=to_text(now),
    )
