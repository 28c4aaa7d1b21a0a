"""The storage of notification-svc in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.database import Database, Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction
from slm_events.instants import UtcMicroseconds
from slm_notification.adapters import sql_sending
from slm_notification.adapters.tables import heard_event, webhook_delivery, webhook_endpoint, webhook_secret
from slm_notification.application.ports import NewDelivery
from slm_notification.domain import channels
from slm_notification.domain.attempts import AttemptAnswer, ClaimedDelivery, FailedAttempt
from slm_notification.domain.endpoints import EventFilter, HeardEvent, WebhookEndpoint, delivery_id_of
from slm_notification.domain.signatures import WebhookSecret


class SqlNotificationLedger(SqlLedgerOfTransaction):
    """The storage within one transaction."""

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Return the endpoint with this id, locked against changes; None if there is none."""
        # Not FOR UPDATE, for which the transaction that writes deliveries would have to wait.
        statement = select(webhook_endpoint).where(webhook_endpoint.c.endpoint_id == endpoint_id)
        rows = await self._transaction.execute(statement.with_for_update(key_share=True))
        row = rows.mappings().one_or_none()
        return None if row is None else endpoint_from_row(row)

    async def count_endpoints(self, party_id: str) -> int:
        """Return how many endpoints a party has."""
        statement = select(func.count()).where(webhook_endpoint.c.party_id == party_id)
        return int((await self._transaction.execute(statement)).scalar_one())

    async def endpoints_of(self, party_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """Return the endpoints of these parties, whatever their state. No other transaction can remove them before this
        transaction ends.
        """
        if not party_ids:
            return []
        statement = (
            select(webhook_endpoint)
            .where(webhook_endpoint.c.party_id.in_(party_ids))
            .order_by(webhook_endpoint.c.endpoint_id)
            .with_for_update(read=True, key_share=True)
        )
        return [endpoint_from_row(row) for row in (await self._transaction.execute(statement)).mappings()]

    async def put_endpoint(self, endpoint: WebhookEndpoint) -> None:
        """Insert the endpoint, or replace the one with its id."""
        row = asdict(endpoint)
        statement = insert(webhook_endpoint).values(row)
        others = {name: value for name, value in row.items() if name != "endpoint_id"}
        await self._transaction.execute(statement.on_conflict_do_update(index_elements=["endpoint_id"], set_=others))

    async def remove_endpoint(self, endpoint_id: str) -> None:
        """Remove an endpoint with its secrets and deliveries."""
        for table in (webhook_endpoint, webhook_secret, webhook_delivery):
            await self._transaction.execute(delete(table).where(table.c.endpoint_id == endpoint_id))

    async def put_secret(self, secret: WebhookSecret) -> None:
        """Insert a secret."""
        await self._transaction.execute(insert(webhook_secret).values(asdict(secret)))

    async def end_secrets(self, endpoint_id: str, ends_at: UtcMicroseconds) -> None:
        """Let all present secrets of an endpoint end at this instant of real time, unless they end earlier."""
        column = webhook_secret.c.ends_at
        await self._transaction.execute(
            update(webhook_secret)
            .where(webhook_secret.c.endpoint_id == endpoint_id, or_(column.is_(None), column > ends_at))
            .values(ends_at=ends_at)
        )

    async def keep_events(self, events: Sequence[HeardEvent]) -> None:
        """Store the events that are not stored yet."""
        if events:
            rows = [asdict(each) for each in events]
            await self._transaction.execute(insert(heard_event).on_conflict_do_nothing(), rows)

    async def add_deliveries(self, deliveries: Sequence[NewDelivery], due_at: UtcMicroseconds) -> None:
        """Store deliveries, due at ``due_at`` (real time). Deliveries that are stored already are not changed."""
        if deliveries:
            rows = [self._delivery_row(each, due_at) for each in deliveries]
            await self._transaction.execute(insert(webhook_delivery).on_conflict_do_nothing(), rows)

    def _delivery_row(self, delivery: NewDelivery, due_at: UtcMicroseconds) -> dict[str, Any]:
        endpoint, event = delivery.endpoint, delivery.event
        return {
            "delivery_id": delivery_id_of(endpoint.endpoint_id, event.event_id),
            "endpoint_id": endpoint.endpoint_id,
            "party_id": endpoint.party_id,
            "event_id": event.event_id,
            "event_type": event.event_type,
            "agreement_id": event.agreement_id,
            "state": "waiting",
            "attempts": 0,
            "created_at": self.now,
            "due_at": due_at,
            "problem": "",
            "excerpt": "",
            "lane": channels.lane_of(endpoint.kind, event),
        }

    async def repeat_deliveries(self, delivery_ids: Sequence[str], due_at: UtcMicroseconds) -> int:
        """Let deliveries be sent again from ``due_at`` (real time) on. Their attempts are counted from 0 again.

        If a delivery belongs to an alert, the later deliveries of the alert are sent again after it: otherwise an alert
        that has ended would be open again. A delivery that is being sent now does not change. Return the number of
        deliveries that are sent again.
        """
        return await sql_sending.repeat(self._transaction, delivery_ids, due_at)

    async def hasten_deliveries(self, endpoint_id: str, due_at: UtcMicroseconds) -> None:
        """Let the waiting deliveries of an endpoint be due at ``due_at`` (real time), unless they are due earlier."""
        table = webhook_delivery
        waiting = (table.c.endpoint_id == endpoint_id, table.c.state == "waiting", table.c.due_at > due_at)
        await self._transaction.execute(update(table).where(*waiting).values(due_at=due_at))

    async def endpoint_id_of(self, delivery_id: str, party_id: str | None) -> str | None:
        """Return the id of a delivery's endpoint; None if the party has no delivery with this id. If ``party_id`` is
        None, the delivery may be of any party.
        """
        statement = select(webhook_delivery.c.endpoint_id).where(webhook_delivery.c.delivery_id == delivery_id)
        if party_id is not None:
            statement = statement.where(webhook_delivery.c.party_id == party_id)
        found: str | None = (await self._transaction.execute(statement)).scalar_one_or_none()
        return found

    async def kept_events(
        self, party_id: str, since: UtcMicroseconds, until: UtcMicroseconds, limit: int
    ) -> Sequence[HeardEvent]:
        """Return the earliest ``limit`` events that the party may see and that were recorded in [since, until).

        They are in the order of recording. If the last event shares its instant with further events, these are returned
        too.
        """
        # Ordered by the instant alone: events of one instant are ties, which come together.
        columns = [column for column in heard_event.c if column.name != "place"]
        statement = (
            select(*columns)
            .where(*_kept_for(party_id, since, until))
            .order_by(heard_event.c.recorded_at)
            .fetch(limit, with_ties=True)
        )
        return [HeardEvent(**row) for row in (await self._transaction.execute(statement)).mappings()]

    async def has_kept_event(self, party_id: str, since: UtcMicroseconds, until: UtcMicroseconds) -> bool:
        """Return whether there is a stored event that the party may see and that was recorded in [since, until)."""
        statement = select(exists().where(*_kept_for(party_id, since, until)))
        return bool((await self._transaction.execute(statement)).scalar_one())


def _kept_for(party_id: str, since: UtcMicroseconds, until: UtcMicroseconds) -> tuple[ColumnElement[bool], ...]:
    columns = heard_event.c
    return columns.recorded_at >= since, columns.recorded_at < until, columns.party_ids.contains([party_id])


class SqlNotificationDesk:
    """The storage of the service.

    ``parallel``: the highest number of requests to one endpoint at the same time. ``repeat_microseconds``: how often an
    open alert is sent again to Alertmanager, which forgets alerts when it restarts.
    """

    def __init__(self, database: Database, parallel: int, repeat_microseconds: int) -> None:
        self._database = database
        self._parallel = parallel
        self._repeat = repeat_microseconds

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlNotificationLedger]:
        """Open a transaction and yield its ledger; the changes commit when the ``async with`` ends."""
        async with self._database.begin() as transaction:
            yield SqlNotificationLedger(transaction)

    async def claim(self, most: int, lease_seconds: float) -> Sequence[ClaimedDelivery]:
        """Claim at most ``most`` due deliveries. No other process sends them before ``lease_seconds`` have passed."""
        async with self._database.begin() as transaction:
            await sql_sending.renew_alerts(transaction)
            return await sql_sending.claim_due(transaction, most, self._parallel, lease_seconds)

    async def record_success(self, claim: ClaimedDelivery, answer: AttemptAnswer) -> None:
        """Store that a delivery was accepted, and that its endpoint does not fail any more.

        If the endpoint was failing, the deliveries that failed for the first time during this failure are due now. If
        it was failing for ten minutes or longer, all its other deliveries are due in ten minutes at the latest.
        """
        async with self._database.begin() as transaction:
            again = self._repeat if channels.is_repeated(claim.kind, claim.body) else None
            await sql_sending.store_success(transaction, claim, answer, again)

    async def record_failure(
        self, claim: ClaimedDelivery, answer: AttemptAnswer, follows: FailedAttempt, suspend_after: int
    ) -> None:
        """Store a failed attempt, and send nothing to its endpoint for a while.

        If the endpoint has failed for ``suspend_after`` microseconds without a success, it becomes suspended. If the
        receiver answered 410, the endpoint becomes gone.
        """
        async with self._database.begin() as transaction:
            await sql_sending.hold_endpoint(transaction, claim, answer, follows, suspend_after)
            await sql_sending.store_failure(transaction, claim, answer, follows)

    async def release(self, claims: Sequence[ClaimedDelivery]) -> None:
        """Give back claims, so that other processes can claim the deliveries at once. The attempt of each is not
        counted.
        """
        async with self._database.begin() as transaction:
            for claim in claims:
                await sql_sending.release_claim(transaction, claim)

    async def prune(self, keep_microseconds: int) -> int:
        """Remove the events that were recorded more than ``keep_microseconds`` ago, their deliveries, and the secrets
        that have ended. Return the number of deliveries removed.
        """
        async with self._database.begin() as transaction:
            return await sql_sending.remove_before(transaction, transaction.now - keep_microseconds)


def ledger_of(transaction: Transaction) -> SqlNotificationLedger:
    """Return the ledger of a transaction that the caller has begun."""
    return SqlNotificationLedger(transaction)


def endpoint_from_row(row: RowMapping) -> WebhookEndpoint:
    """Return the endpoint in a row of ``webhook_endpoint``."""
    return WebhookEndpoint(**{**row, "wanted": EventFilter(**row["wanted"])})
