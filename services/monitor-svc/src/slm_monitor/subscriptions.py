"""What monitor-svc hears, and which use case answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import Handler
from slm_events.agreement import AgreementFinalized, AgreementTerminated
from slm_events.envelope import Envelope
from slm_monitor.adapters.sql_terms import SqlShelf
from slm_monitor.application import agreements

UseCase = Callable[[SqlShelf, Any], Awaitable[None]]


def _hears(use_case: UseCase) -> Handler:
    async def handle(transaction: Transaction, envelope: Envelope) -> None:
        await use_case(SqlShelf(transaction), envelope.data)

    return handle


HANDLERS: dict[type[Any], Handler] = {
    AgreementFinalized: _hears(agreements.take_up),
    AgreementTerminated: _hears(agreements.end),
}
