"""The results of monitor-svc and report-svc that reviews need: breaches, closed windows and reports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.frozen import change_frozen
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import BreachWithdrawn, TargetBreached, WindowClosed, WindowRestated
from slm_events.report import ReportPublished


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """The present state of a breach. Instants are microseconds UTC.

    ``certain_at`` is None if the withdrawal arrived before the breach.
    """

    breach_id: str
    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    target_title: str
    provider_party_id: str
    customer_party_id: str
    window_id: str
    window_start_at: UtcMicroseconds | None
    window_end_at: UtcMicroseconds | None
    level: str
    revision: int
    is_standing: bool
    objective: dict[str, Any]
    figure_display: str
    shortfall: str | None = None
    certain_at: UtcMicroseconds | None = None
    ticket: dict[str, Any] | None = None
    withdrawal_cause: str | None = None
    review_id: str | None = None
    """The id of the review that has the breach on its agenda; None if there is none yet."""


def breach_after_publication(event: TargetBreached, known: Breach | None) -> Breach:
    """Return the breach after it was published or revised; ``known`` is the breach so far, None if it is new.

    A breach and its withdrawal may arrive in either order. The event with the higher revision decides whether the
    breach is in force. If both have the same revision, the breach is withdrawn.
    """
    breach = Breach(
        breach_id=event.breach_id,
        **_window_of(event),
        level=event.level,
        revision=event.revision,
        is_standing=True,
        objective=event.objective,
        figure_display=event.figure_display,
        shortfall=event.shortfall,
        certain_at=instants.from_text(event.certain_at),
        ticket=event.ticket,
    )
    if known is None:
        return breach
    if event.revision > known.revision:
        return change_frozen(breach, review_id=known.review_id)
    if known.certain_at is not None:
        return known
    return change_frozen(
        breach,
        revision=known.revision,
        is_standing=known.is_standing,
        withdrawal_cause=known.withdrawal_cause,
        review_id=known.review_id,
    )


def breach_after_withdrawal(event: BreachWithdrawn, known: Breach | None) -> Breach:
    """Return the breach after its withdrawal. ``known`` is the breach so far; None if the withdrawal arrived first.

    If the revision of ``known`` is later than that of the withdrawal, ``known`` is returned unchanged.
    """
    if known is not None:
        if event.revision < known.revision:
            return known
        return change_frozen(known, revision=event.revision, is_standing=False, withdrawal_cause=event.cause)
    return Breach(
        breach_id=event.breach_id,
        **_window_of(event),
        level=event.level,
        revision=event.revision,
        is_standing=False,
        objective={},
        figure_display=event.figure_display,
        withdrawal_cause=event.cause,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AttainedWindow:
    """The result of a closed window in its highest revision. Instants are microseconds UTC."""

    attained_id: str
    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    target_title: str
    provider_party_id: str
    customer_party_id: str
    window_id: str
    window_start_at: UtcMicroseconds | None
    window_end_at: UtcMicroseconds | None
    verdict: str
    revision: int
    objective: dict[str, Any]
    aggregation: str
    unit: str
    figure: str | None
    figure_display: str
    closed_at: UtcMicroseconds
    restatement_cause: str | None = None
    coverage_percent: str | None = None
    """The exact percentage of the window that was measured; None if nothing was measured."""


def attained_window_of(event: WindowClosed) -> AttainedWindow:
    """Return the result of a closed or restated window from its event."""
    return AttainedWindow(
        attained_id=attained_window_id(event.agreement_id, event.agreement_version, event.target_id, event.window_id),
        **_window_of(event),
        verdict=event.verdict,
        revision=event.revision,
        objective=event.objective,
        aggregation=event.aggregation,
        unit=event.unit,
        figure=event.figure,
        figure_display=event.figure_display,
        closed_at=instants.from_text(event.closed_at),
        restatement_cause=event.cause if isinstance(event, WindowRestated) else None,
        coverage_percent=_coverage(event),
    )


def _coverage(event: WindowClosed) -> str | None:
    """Return the percentage of the window that was measured, as text; None if nothing was measured.

    For figures that count events, the published window has no percentage. It is then 100 if at least one event was
    counted.
    """
    if event.coverage_percent is not None:
        return event.coverage_percent
    return "100" if int(event.total) > 0 else None


@lru_cache(maxsize=20_000)
def attained_window_id(agreement_id: str, version: int, target_id: str, window_id: str) -> str:
    """Return the id under which a window's result is stored."""
    return named_id(agreement_id, "window", version, target_id, window_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReport:
    """The latest revision of a service report. Instants are microseconds UTC."""

    report_id: str
    agreement_id: str
    revision: int
    period: str
    period_start_at: UtcMicroseconds
    period_end_at: UtcMicroseconds
    verdict: str
    breaches: int
    url: str
    published_at: UtcMicroseconds


def published_report_of(event: ReportPublished) -> PublishedReport:
    """Return the report that the event describes."""
    return PublishedReport(
        report_id=event.report_id,
        agreement_id=event.agreement_id,
        revision=event.revision,
        period=event.period,
        period_start_at=instants.from_text(event.period_start_at),
        period_end_at=instants.from_text(event.period_end_at),
        verdict=event.verdict,
        breaches=event.breaches,
        url=event.url,
        published_at=instants.from_text(event.published_at),
    )


def _window_of(event: TargetBreached | BreachWithdrawn | WindowClosed) -> dict[str, Any]:
    """Return the fields that identify agreement, target and window of an event. Instants are microseconds UTC."""
    return {
        "agreement_id": event.agreement_id,
        "agreement_version": event.agreement_version,
        "target_id": event.target_id,
        "target_key": event.target_key,
        "target_title": event.target_title,
        "provider_party_id": event.provider_party_id,
        "customer_party_id": event.customer_party_id,
        "window_id": event.window_id,
        "window_start_at": _instant(event.window_start_at),
        "window_end_at": _instant(event.window_end_at),
    }


def _instant(text: str | None) -> UtcMicroseconds | None:
    return instants.from_text(text) if text else None
