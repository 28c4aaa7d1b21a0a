"""The events that report-svc consumes, each with its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import InBatches
from slm_events.agreement import AgreementExpired, AgreementFinalized, AgreementSuperseded, AgreementTerminated
from slm_events.clocks import ClockCancelled, ClockMoved, ClockPaused, ClockResumed, ClockStopped
from slm_events.envelope import Envelope
from slm_events.exclusions import ExclusionDecided, ExclusionRevoked
from slm_events.monitor import (
    AgreementCaughtUp,
    BreachRevised,
    BreachWithdrawn,
    ImportJudged,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetJudged,
    TargetRecovered,
    WindowClosed,
    WindowRestated,
)
from slm_events.review import ActionCompleted, ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.application import receiving
from slm_report.application.ports import Desk
from slm_report.application.receiving import Batch

HANDLERS: Mapping[type[Any], Callable[[Batch, Any], None]] = {
    AgreementFinalized: receiving.agreement_finalized,
    AgreementSuperseded: receiving.agreement_ended,
    AgreementExpired: receiving.agreement_ended,
    AgreementTerminated: receiving.agreement_ended,
    WindowClosed: receiving.window_closed,
    WindowRestated: receiving.window_closed,
    TargetAtRisk: receiving.target_at_risk,
    RiskCleared: receiving.risk_cleared,
    TargetBreached: receiving.target_breached,
    BreachRevised: receiving.breach_revised,
    TargetRecovered: receiving.target_recovered,
    BreachWithdrawn: receiving.breach_withdrawn,
    ClockStopped: receiving.clock_stopped,
    ClockPaused: receiving.clock_goes_on,
    ClockResumed: receiving.clock_goes_on,
    ClockCancelled: receiving.clock_goes_on,
    ExclusionDecided: receiving.exclusion_decided,
    ExclusionRevoked: receiving.exclusion_revoked,
    ImportJudged: receiving.import_judged,
    AgreementCaughtUp: receiving.agreement_caught_up,
    ActionPlanOpened: receiving.plan_opened,
    ActionPlanEnded: receiving.plan_ended,
    ActionOpened: receiving.action_opened,
    ActionCompleted: receiving.action_completed,
}


def projection(desk: Desk) -> InBatches:
    """Return the handler of a batch, which applies ``HANDLERS`` to all its events in one transaction."""

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        batch = Batch()
        for envelope in envelopes:
            event = envelope.data
            HANDLERS[type(event)](batch, event)
            if isinstance(event, TargetJudged | ClockMoved):
                receiving.note_import(batch, event)
        await receiving.keep(desk.heard(transaction), desk.reports(transaction), batch)

    return InBatches(HANDLERS.keys(), apply)
