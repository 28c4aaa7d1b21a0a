"""The events that agreement-svc consumes, each with its handler."""

from __future__ import annotations

from typing import Any

from slm_agreement.adapters.sql_ledger import SqlLedger
from slm_agreement.application import amendments, backtests
from slm_chassis.database import Transaction
from slm_chassis.subscriptions import Handler
from slm_events.backtests import TargetBacktested
from slm_events.envelope import Envelope
from slm_events.review import TargetRevisionDeclined, TargetRevisionProposed


async def _draft_amendment(transaction: Transaction, envelope: Envelope) -> None:
    await amendments.draft_proposed_amendment(SqlLedger(transaction), envelope.data)


async def _drop_amendment(transaction: Transaction, envelope: Envelope) -> None:
    await amendments.withdraw_declined_draft(SqlLedger(transaction), envelope.data)


async def _keep_backtest_result(transaction: Transaction, envelope: Envelope) -> None:
    await backtests.keep_backtest_result(SqlLedger(transaction), envelope.data)


HANDLERS: dict[type[Any], Handler] = {
    TargetRevisionProposed: _draft_amendment,
    TargetRevisionDeclined: _drop_amendment,
    TargetBacktested: _keep_backtest_result,
}
