"""Accepted windows and decided disputes from review-svc, stored together with messages to the partitions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.database import Transaction
from slm_monitor.adapters.commands.breach_workflows import SqlBreachWorkflows
from slm_monitor.adapters.commands.sql_terms import send_to_all_partitions
from slm_monitor.application.commands.review_decisions import OverturnedBreach
from slm_monitor.domain.lifecycle.acceptance import WindowRevisionAcceptance

_ACCEPT = """
INSERT INTO window_acceptance (target_id, window_id, revision, agreement_id, acceptance_id, period, accepted_at)
SELECT target_id, window_id, revision, :agreement_id, :acceptance_id, :period, :accepted_at
  FROM jsonb_to_recordset(CAST(:windows AS jsonb)) AS accepted (target_id TEXT, window_id TEXT, revision INTEGER)
ON CONFLICT (target_id, window_id) DO UPDATE
   SET revision = excluded.revision, acceptance_id = excluded.acceptance_id, period = excluded.period,
       accepted_at = excluded.accepted_at
 WHERE window_acceptance.revision < excluded.revision
"""
_DISPUTED = """
INSERT INTO dispute (dispute_id, breach_id, state, disputed) VALUES (:dispute_id, :breach_id, 'disputed',
                                                                     CAST(:document AS jsonb))
ON CONFLICT (dispute_id) DO UPDATE SET disputed = excluded.disputed
"""
_DECIDED = """
INSERT INTO dispute (dispute_id, breach_id, state, decided) VALUES (:dispute_id, :breach_id, :state,
                                                                    CAST(:document AS jsonb))
ON CONFLICT (dispute_id) DO UPDATE SET state = excluded.state, decided = excluded.decided
"""
_BREACH = "SELECT partition, target_id, subject, certain_at, document FROM breach WHERE breach_id = :breach_id"
_TELL_ONE = "INSERT INTO judge_inbox (partition, kind, ref) VALUES (:partition, 'dispute', CAST(:ref AS jsonb))"


class SqlReviews(SqlBreachWorkflows):
    """Acceptances of windows and disputes about breaches, written inside the transaction that receives an event about
    them.
    """

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._transaction = transaction

    async def accept(self, named: Mapping[str, Any], accepted: Sequence[WindowRevisionAcceptance]) -> None:
        windows = [
            {"target_id": each.target_id, "window_id": each.window_id, "revision": each.revision} for each in accepted
        ]
        await self._transaction.execute(text(_ACCEPT), {**named, "windows": json.dumps(windows)})
        ref = {
            "windows": [[each.target_id, each.window_id, each.revision] for each in accepted],
            "accepted_at": named["accepted_at"],
        }
        await send_to_all_partitions(self._transaction, "accepted", ref)

    async def disputed(self, dispute_id: str, breach_id: str, document: Mapping[str, Any]) -> None:
        asked = {"dispute_id": dispute_id, "breach_id": breach_id, "document": json.dumps(dict(document))}
        await self._transaction.execute(text(_DISPUTED), asked)

    async def decided(self, dispute_id: str, breach_id: str, state: str, document: Mapping[str, Any]) -> None:
        asked = {
            "dispute_id": dispute_id,
            "breach_id": breach_id,
            "state": state,
            "document": json.dumps(dict(document)),
        }
        await self._transaction.execute(text(_DECIDED), asked)

    async def found_of(self, breach_id: str) -> OverturnedBreach | None:
        row = (await self._transaction.execute(text(_BREACH), {"breach_id": breach_id})).mappings().one_or_none()
        if row is None:
            return None
        begins = row["document"].get("window_start_at")
        return OverturnedBreach(
            breach_id, row["partition"], row["target_id"], row["subject"], begins, row["certain_at"]
        )

    async def tell(self, overturned: OverturnedBreach) -> None:
        asked = {"partition": overturned.partition, "ref": json.dumps(overturned.ref())}
        await self._transaction.execute(text(_TELL_ONE), asked)
