"""Which events report-svc hears, and what it does on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import InBatches
from slm_events.agreement import AgreementExpired, AgreementFinalized, AgreementSuperseded, AgreementTerminated
from slm_events.clocks import ClockMoved, ClockStopped
from slm_events.envelope import Envelope
from slm_events.monitor import (
    AgreementCaughtUp,
    BreachRevised,
    BreachWithdrawn,
    ExclusionDecided,
    ExclusionRevoked,
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
from slm_report.application import hearing
from slm_report.application.hearing import Batch
from slm_report.application.ports import Desk

HEARD: Mapping[type[Any], Callable[[Batch, Any], None]] = {
    AgreementFinalized: hearing.agreement_finalized,
    AgreementSuperseded: hearing.agreement_ended,
    AgreementExpired: hearing.agreement_ended,
    AgreementTerminated: hearing.agreement_ended,
    WindowClosed: hearing.window_closed,
    WindowRestated: hearing.window_closed,
    TargetAtRisk: hearing.target_at_risk,
    RiskCleared: hearing.risk_cleared,
    TargetBreached: hearing.target_breached,
    BreachRevised: hearing.breach_revised,
    TargetRecovered: hearing.target_recovered,
    BreachWithdrawn: hearing.breach_withdrawn,
    ClockStopped: hearing.clock_stopped,
    ExclusionDecided: hearing.exclusion_decided,
    ExclusionRevoked: hearing.exclusion_revoked,
    ImportJudged: hearing.import_judged,
    AgreementCaughtUp: hearing.agreement_caught_up,
    ActionPlanOpened: hearing.plan_opened,
    ActionPlanEnded: hearing.plan_ended,
    ActionOpened: hearing.action_opened,
    ActionCompleted: hearing.action_completed,
}


def projection(desk: Desk) -> InBatches:
    """The table above, applied to all events of a batch in the one transaction that they are handled in."""

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        batch = Batch()
        for envelope in envelopes:
            event = envelope.data
            HEARD[type(event)](batch, event)
            if isinstance(event, TargetJudged | ClockMoved):
                hearing.note_import(batch, event)
        await hearing.keep(desk.heard(transaction), desk.reports(transaction), batch)

    return InBatches(HEARD.keys(), apply)
