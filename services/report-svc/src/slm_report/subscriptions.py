"""Which events report-svc hears, and what it does on each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import Handler
from slm_events.agreement import AgreementExpired, AgreementFinalized, AgreementSuperseded, AgreementTerminated
from slm_events.clocks import ClockStopped
from slm_events.envelope import Envelope
from slm_events.monitor import (
    BreachWithdrawn,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetRecovered,
    WindowClosed,
    WindowRestated,
)
from slm_events.review import ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.application import hearing
from slm_report.application.hearing import Ear
from slm_report.application.ports import Desk

HEARD: Mapping[type[Any], Callable[[Ear, Any], Awaitable[None]]] = {
    AgreementFinalized: hearing.agreement_finalized,
    AgreementSuperseded: hearing.agreement_ended,
    AgreementExpired: hearing.agreement_ended,
    AgreementTerminated: hearing.agreement_ended,
    WindowClosed: hearing.window_closed,
    WindowRestated: hearing.window_closed,
    TargetAtRisk: hearing.target_at_risk,
    RiskCleared: hearing.risk_cleared,
    TargetBreached: hearing.target_breached,
    TargetRecovered: hearing.target_recovered,
    BreachWithdrawn: hearing.breach_withdrawn,
    ClockStopped: hearing.clock_stopped,
    ActionPlanOpened: hearing.plan_opened,
    ActionPlanEnded: hearing.plan_ended,
    ActionOpened: hearing.action_opened,
}


def handlers(desk: Desk) -> dict[type[Any], Handler]:
    """The table above, each function given the stores in the transaction its event is handled in."""
    return {event: _bound(desk, function) for event, function in HEARD.items()}


def _bound(desk: Desk, function: Callable[[Ear, Any], Awaitable[None]]) -> Handler:
    async def handle(transaction: Transaction, envelope: Envelope) -> None:
        await function(Ear(desk.heard(transaction), desk.reports(transaction)), envelope.data)

    return handle
