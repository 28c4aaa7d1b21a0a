"""What review-svc hears, and which use case answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import Handler
from slm_events.agreement import (
    AgreementExpired,
    AgreementFinalized,
    AgreementSuperseded,
    AgreementTerminated,
    AmendmentDrafted,
)
from slm_events.envelope import Envelope
from slm_events.monitor import (
    BreachWithdrawn,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    WindowClosed,
    WindowRestated,
)
from slm_events.report import ReportPublished
from slm_review.adapters.sql_ledger import SqlLedger
from slm_review.application import agreements, breaches, plans, proposals, reports, windows

UseCase = Callable[[SqlLedger, Any], Awaitable[None]]


def _hears(use_case: UseCase) -> Handler:
    async def handle(transaction: Transaction, envelope: Envelope) -> None:
        await use_case(SqlLedger(transaction), envelope.data)

    return handle


HANDLERS: dict[type[Any], Handler] = {
    AgreementFinalized: _hears(agreements.keep),
    AgreementSuperseded: _hears(agreements.end),
    AgreementExpired: _hears(agreements.end),
    AgreementTerminated: _hears(agreements.end),
    AmendmentDrafted: _hears(proposals.link),
    TargetAtRisk: _hears(plans.open_plan),
    RiskCleared: _hears(plans.end_plan),
    TargetBreached: _hears(breaches.hear),
    BreachWithdrawn: _hears(breaches.withdraw),
    WindowClosed: _hears(windows.keep),
    WindowRestated: _hears(windows.keep),
    ReportPublished: _hears(reports.keep),
}
