"""The breaches of a cause in PostgreSQL, locked together, and the steps taken on all of them in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.database import Transaction
from slm_monitor.adapters.commands import breach_workflows
from slm_monitor.application.commands.breach_handling import HandledBreach
from slm_monitor.domain.lifecycle.breach_workflow import BreachWorkflow, BreachWorkflowStep

_SEEN = "SELECT state FROM cause_view WHERE cause_id = :cause_id AND party_id = :party_id"
# In ascending order, so that two acts never wait for one another in a circle.
_LOCK = """
SELECT breach_id FROM breach
 WHERE breach_id IN (SELECT finding_id FROM cause_finding
                      WHERE cause_id = :cause_id AND kind = 'breach'
                        AND :party_id IN (provider_party_id, customer_party_id))
 ORDER BY breach_id FOR UPDATE
"""
_LINKED = """
SELECT DISTINCT ON (step.breach_id) step.breach_id, step.document -> 'linked_problem' AS linked_problem
  FROM breach_step AS step JOIN breach USING (breach_id, revision)
 WHERE step.breach_id = ANY(:breach_ids) AND step.document ? 'linked_problem'
 ORDER BY step.breach_id, step.number DESC
"""


class SqlCauseActs:
    """The breaches of one cause, and the steps taken on these breaches.

    Steps are only collected at first. ``write`` then writes all collected steps with two SQL statements.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._held: Mapping[str, HandledBreach] = {}
        self._linked: dict[str, Mapping[str, Any]] = {}
        self._steps: list[tuple[str, BreachWorkflow, BreachWorkflowStep]] = []

    async def locked_breaches(self, cause_id: str, party_id: str) -> Sequence[str] | None:
        asked = {"cause_id": cause_id, "party_id": party_id}
        if (await self._transaction.execute(text(_SEEN), asked)).first() is None:
            return None
        ids = list((await self._transaction.execute(text(_LOCK), asked)).scalars())
        self._held = await breach_workflows.read_handled_breaches(self._transaction, ids)
        found = (await self._transaction.execute(text(_LINKED), {"breach_ids": ids})).mappings()
        self._linked = {row["breach_id"]: row["linked_problem"] for row in found}
        return ids

    def linked_problem(self, breach_id: str) -> Mapping[str, Any] | None:
        return self._linked.get(breach_id)

    async def locked(self, breach_id: str) -> HandledBreach | None:
        return self._held.get(breach_id)

    async def keep(self, breach_id: str, life: BreachWorkflow, step: BreachWorkflowStep) -> None:
        self._steps.append((breach_id, life, step))

    def publish(self, event: Any, at: int, event_id: str) -> None:
        self._transaction.publish(event, at=at, event_id=event_id)

    async def write(self) -> None:
        """Write the steps of breach workflows that were collected since the transaction began."""
        await breach_workflows.write_breach_workflow_steps(self._transaction, self._steps)
