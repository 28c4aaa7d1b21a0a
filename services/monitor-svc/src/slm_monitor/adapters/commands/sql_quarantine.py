"""Quarantined facts in PostgreSQL, and the decision to release or discard each."""

from __future__ import annotations

from sqlalchemy import text

from slm_chassis.database import Transaction
from slm_chassis.log.port import Record
from slm_monitor.application.intake.quarantine import QuarantinedFact

_LOCKED = """
SELECT quarantine_id, owner_party_id, fact, state FROM quarantine WHERE quarantine_id = :quarantine_id FOR UPDATE
"""
_DECIDE = """
UPDATE quarantine SET state = :state, decided_by = :principal_id, decided_at = :now WHERE quarantine_id = :quarantine_id
"""


class SqlQuarantinedFacts:
    """Quarantined facts, inside the transaction that decides on one of them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def locked(self, quarantine_id: str) -> QuarantinedFact | None:
        found = await self._transaction.execute(text(_LOCKED), {"quarantine_id": quarantine_id})
        row = found.one_or_none()
        return None if row is None else QuarantinedFact(row.quarantine_id, row.owner_party_id, row.fact, row.state)

    async def decide(self, quarantine_id: str, state: str, principal_id: str, now: int) -> None:
        decided = {"quarantine_id": quarantine_id, "state": state, "principal_id": principal_id, "now": now}
        await self._transaction.execute(text(_DECIDE), decided)

    def append(self, topic: str, record: Record, partition: int) -> None:
        self._transaction.append(topic, record, partition)
