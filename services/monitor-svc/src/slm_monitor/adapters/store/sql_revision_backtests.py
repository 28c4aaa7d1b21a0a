"""The queue of revisions' back-tests in PostgreSQL. The database's clock decides when a worker's lease ends."""

from __future__ import annotations

import json
from dataclasses import asdict

from sqlalchemy import text

from slm_chassis.database import Database, Transaction
from slm_chassis.identity import named_id
from slm_events.backtests import BacktestRequested, TargetBacktested
from slm_monitor.application.preview.revision_backtests import RevisionBacktest

_LEASE = "clock_timestamp() + interval '60 seconds'"
_REPLACED = "DELETE FROM revision_backtest WHERE agreement_id = :agreement_id AND version = :version"
_ADD = """
INSERT INTO revision_backtest (backtest_id, agreement_id, version, request, waiting, has_other_customers)
VALUES (:backtest_id, :agreement_id, :version, CAST(:request AS jsonb), CAST(:waiting AS jsonb),
        EXISTS (SELECT FROM party_relation
                 WHERE :provider IN (first_party_id, second_party_id)
                   AND :customer NOT IN (first_party_id, second_party_id)))
ON CONFLICT DO NOTHING
"""
_CLAIM = f"""
UPDATE revision_backtest SET worker = :token, leased_until = {_LEASE}
 WHERE backtest_id = (SELECT backtest_id FROM revision_backtest
                       WHERE leased_until IS NULL OR leased_until < clock_timestamp()
                       ORDER BY tested, seq LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING request, waiting, has_other_customers
"""
_OURS = "backtest_id = :backtest_id AND worker = :token"
_RENEW = f"UPDATE revision_backtest SET leased_until = {_LEASE} WHERE {_OURS}"
_TESTED = f"""
UPDATE revision_backtest
   SET waiting = waiting - :target, tested = tested + 1, worker = NULL, leased_until = NULL
 WHERE {_OURS}
"""
_ENDED = "DELETE FROM revision_backtest WHERE backtest_id = :backtest_id AND waiting = '[]'"


class SqlBacktestRequests:
    """Requests for back-tests, inside the transaction that receives them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, requested: BacktestRequested) -> None:
        version = {"agreement_id": requested.agreement_id, "version": requested.version}
        await self._transaction.execute(text(_REPLACED), version)
        if requested.targets_to_test:
            row = {
                **version,
                "backtest_id": requested.backtest_id,
                "request": json.dumps(asdict(requested)),
                "waiting": json.dumps(requested.targets_to_test),
                "provider": requested.provider_party_id,
                "customer": requested.customer_party_id,
            }
            await self._transaction.execute(text(_ADD), row)


class SqlRevisionBacktests:
    """The back-tests that wait for a worker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, token: str) -> RevisionBacktest | None:
        async with self._database.begin() as transaction:
            row = (await transaction.execute(text(_CLAIM), {"token": token})).mappings().one_or_none()
        return None if row is None else RevisionBacktest(row["request"], row["waiting"], row["has_other_customers"])

    async def renew(self, backtest: RevisionBacktest, token: str) -> bool:
        ours = {"backtest_id": backtest.request["backtest_id"], "token": token}
        async with self._database.begin() as transaction:
            return (await transaction.execute(text(_RENEW), ours)).rowcount == 1

    async def publish(self, backtest: RevisionBacktest, token: str, event: TargetBacktested) -> bool:
        ours = {"backtest_id": event.backtest_id, "token": token, "target": event.target}
        async with self._database.begin() as transaction:
            if (await transaction.execute(text(_TESTED), ours)).rowcount == 0:
                return False
            await transaction.execute(text(_ENDED), {"backtest_id": event.backtest_id})
            transaction.publish(event, event_id=named_id(event.backtest_id, "tested", event.target))
        return True
