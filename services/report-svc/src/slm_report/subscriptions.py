"""The events that report-svc consumes, each with its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import BatchProjection
from slm_events.agreement import (
    AgreementExpired,
    AgreementFinalized,
    AgreementRecorded,
    AgreementSuperseded,
    AgreementTerminated,
)
from slm_events.clocks import ClockCancelled, ClockPaused, ClockResumed, ClockStopped, TicketClockEvent
from slm_events.envelope import Envelope
from slm_events.exclusions import ExclusionDecided, ExclusionRevoked
from slm_events.monitor import (
    AgreementCaughtUp,
    BreachRevised,
    BreachWithdrawn,
    ImportJudged,
    RiskCleared,
    RiskDisclosed,
    TargetAtRisk,
    TargetBreached,
    TargetRecovered,
    TargetResultEvent,
    WindowClosed,
    WindowRestated,
)
from slm_events.review import ActionCompleted, ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.application import receiving
from slm_report.application.ports import Desk
from slm_report.application.receiving import Batch

HANDLERS: Mapping[type[Any], Callable[[Batch, Any], None]] = {
    AgreementFinalized: receiving.agreement_terms_adopted,
    AgreementRecorded: receiving.agreement_terms_adopted,
    AgreementSuperseded: receiving.agreement_ended,
    AgreementExpired: receiving.agreement_ended,
    AgreementTerminated: receiving.agreement_ended,
    WindowClosed: receiving.window_closed,
    WindowRestated: receiving.window_closed,
    TargetAtRisk: receiving.target_at_risk,
    RiskDisclosed: receiving.target_at_risk,
    RiskCleared: receiving.risk_cleared,
    TargetBreached: receiving.target_breached,
    BreachRevised: receiving.breach_revised,
    TargetRecovered: receiving.target_recovered,
    BreachWithdrawn: receiving.breach_withdrawn,
    ClockStopped: receiving.clock_stopped,
    ClockPaused: receiving.clock_changed,
    ClockResumed: receiving.clock_changed,
    ClockCancelled: receiving.clock_changed,
    ExclusionDecided: receiving.exclusion_decided,
    ExclusionRevoked: receiving.exclusion_revoked,
    ImportJudged: receiving.import_judged,
    AgreementCaughtUp: receiving.agreement_caught_up,
    ActionPlanOpened: receiving.plan_opened,
    ActionPlanEnded: receiving.plan_ended,
    ActionOpened: receiving.action_opened,
    ActionCompleted: receiving.action_completed,
}


def projection(desk: Desk) -> BatchProjection:
    """Return the handler of received events, which applies ``HANDLERS`` to all events of a batch in one transaction."""

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        batch = Batch()
        for envelope in envelopes:
            event = envelope.data
            HANDLERS[type(event)](batch, event)
            if isinstance(event, TargetResultEvent | TicketClockEvent):
                receiving.count_catch_up_event(batch, event)
        await receiving.store_batch(desk.heard(transaction), desk.reports(transaction), batch)

    return BatchProjection(HANDLERS.keys(), apply)
