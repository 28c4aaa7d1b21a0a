"""The events that monitor-svc subscribes to, each with the use case that handles it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from slm_chassis.database import Transaction
from slm_chassis.subscriptions import Handler
from slm_events.agreement import (
    AgreementFinalized,
    AgreementRecorded,
    AgreementTerminated,
    PartiesRelated,
    PartyRegistered,
    ServiceCatalogued,
    SupportsSigned,
)
from slm_events.backtests import BacktestRequested
from slm_events.envelope import Envelope
from slm_events.review import BreachDisputed, DisputeDecided, PeriodAccepted, SatisfactionSurveyed
from slm_monitor.adapters.causes.sql_supports import store_signed_supports
from slm_monitor.adapters.commands.sql_relations import SqlRelations
from slm_monitor.adapters.commands.sql_reviews import SqlReviews
from slm_monitor.adapters.commands.sql_satisfaction import SqlRatings
from slm_monitor.adapters.commands.sql_terms import SqlTerms
from slm_monitor.adapters.store.sql_revision_backtests import SqlBacktestRequests
from slm_monitor.application.commands import agreements, relations, review_decisions
from slm_monitor.application.intake import satisfaction

Kept = TypeVar("Kept")


def _handled_by(use_case: Callable[[Kept, Any], Awaitable[None]], kept: Callable[[Transaction], Kept]) -> Handler:
    """Return a handler that calls the use case with a store made from the transaction, and with the event."""

    async def handle(transaction: Transaction, envelope: Envelope) -> None:
        await use_case(kept(transaction), envelope.data)

    return handle


async def _store_signed_supports(transaction: Transaction, envelope: Envelope) -> None:
    await store_signed_supports(transaction, envelope.data)


async def _queue_backtest(transaction: Transaction, envelope: Envelope) -> None:
    await SqlBacktestRequests(transaction).add(envelope.data)


HANDLERS: dict[type[Any], Handler] = {
    PartiesRelated: _handled_by(relations.store_party_relation, SqlRelations),
    AgreementFinalized: _handled_by(agreements.adopt_agreement_terms, SqlTerms),
    AgreementRecorded: _handled_by(agreements.adopt_agreement_terms, SqlTerms),
    SupportsSigned: _store_signed_supports,
    BacktestRequested: _queue_backtest,
    AgreementTerminated: _handled_by(agreements.end_agreement_early, SqlTerms),
    PartyRegistered: _handled_by(agreements.store_party_references, SqlTerms),
    ServiceCatalogued: _handled_by(agreements.store_service_references, SqlTerms),
    PeriodAccepted: _handled_by(review_decisions.freeze_accepted_period, SqlReviews),
    BreachDisputed: _handled_by(review_decisions.mark_breach_as_disputed, SqlReviews),
    DisputeDecided: _handled_by(review_decisions.apply_dispute_decision, SqlReviews),
    SatisfactionSurveyed: _handled_by(satisfaction.accept_survey_rating, SqlRatings),
}
