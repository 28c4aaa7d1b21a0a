"""The events that review-svc consumes, each with the use case that handles it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slm_chassis import tracing
from slm_chassis.database import Transaction
from slm_chassis.subscriptions import BatchProjection
from slm_events.agreement import (
    AgreementExpired,
    AgreementFinalized,
    AgreementRecorded,
    AgreementSuperseded,
    AgreementTerminated,
    AgreementWithdrawn,
    AmendmentDrafted,
)
from slm_events.envelope import Envelope
from slm_events.monitor import (
    BreachRevised,
    BreachWithdrawn,
    RiskCleared,
    RiskDisclosed,
    TargetAtRisk,
    TargetBreached,
    WindowClosed,
    WindowRestated,
)
from slm_events.report import ReportPublished
from slm_review.adapters.cached_ledger import CachedLedger
from slm_review.application import agreements, breaches, plans, proposals, reports, windows

UseCase = Callable[[CachedLedger, Any], Awaitable[None]]

HANDLERS: Mapping[type[Any], UseCase] = {
    AgreementFinalized: agreements.keep_agreement,
    AgreementRecorded: agreements.keep_agreement,
    AgreementSuperseded: agreements.end_agreement_version,
    AgreementExpired: agreements.end_agreement_version,
    AgreementTerminated: agreements.end_agreement_version,
    AgreementWithdrawn: proposals.decline_withdrawn_proposal,
    AmendmentDrafted: proposals.link_amendment,
    TargetAtRisk: plans.open_plan,
    RiskDisclosed: plans.open_plan,
    RiskCleared: plans.end_plan,
    TargetBreached: breaches.handle_breach,
    BreachRevised: breaches.handle_breach,
    BreachWithdrawn: breaches.withdraw_breach,
    WindowClosed: windows.keep_window,
    WindowRestated: windows.keep_window,
    ReportPublished: reports.keep_report,
}


async def _apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
    """Handle a batch of events in their order, with a ledger that reads in a few queries and writes in bulk."""
    ledger = await CachedLedger.opened(transaction, [envelope.data for envelope in envelopes])
    with tracing.track_causes() as cause:
        for envelope in envelopes:
            cause(envelope)
            await HANDLERS[type(envelope.data)](ledger, envelope.data)
    await ledger.flush()


PROJECTION = BatchProjection(HANDLERS.keys(), _apply)
