"""Exclusions in PostgreSQL, and the worker that decides on requests for exclusions that nobody answered in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.clock import Clock
from slm_chassis.database import Database, Transaction
from slm_chassis.workers import Progress
from slm_monitor.adapters.commands.sql_relations import SqlRelations
from slm_monitor.adapters.commands.sql_terms import send_to_all_partitions
from slm_monitor.application.commands import exclusions
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions.delegates import ExclusionDelegate
from slm_monitor.domain.exclusions.exclusion_workflow import ActingParty, ExclusionRecord
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, ExclusionScope

_PAUSE_SECONDS = 2.0
_JSON = ("services", "indicators", "targets", "stretches", "recurrence", "evidence")
_COLUMNS = (
    "exclusion_id",
    "agreement_id",
    "provider_party_id",
    "customer_party_id",
    "kind",
    "state",
    *_JSON,
    "text",
    "requested_by_party_id",
    "requested_by_principal_id",
    "requested_at",
    "announced_at",
    "decide_by_at",
    "if_silent",
    "decided_by_party_id",
    "decided_by_principal_id",
    "decided_at",
    "decision_reason",
    "decided_for_party_id",
    "revoked_by_party_id",
    "revoked_by_principal_id",
    "revoked_at",
    "revocation_reason",
)
_CHANGING = _COLUMNS[_COLUMNS.index("decided_by_party_id") :]
_INSERT = "INSERT INTO exclusion ({}) VALUES ({})".format(
    ", ".join(_COLUMNS), ", ".join(f"CAST(:{name} AS jsonb)" if name in _JSON else f":{name}" for name in _COLUMNS)
)
_KEEP = "UPDATE exclusion SET state = :state, {} WHERE exclusion_id = :exclusion_id".format(
    ", ".join(f"{name} = :{name}" for name in _CHANGING)
)
_LOCKED = "SELECT * FROM exclusion WHERE exclusion_id = :exclusion_id FOR UPDATE"
_SILENT = """
SELECT * FROM exclusion WHERE state = 'requested' AND decide_by_at <= :now
 ORDER BY decide_by_at, exclusion_id LIMIT 100 FOR UPDATE SKIP LOCKED
"""
_PRESENT = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_EVER_APPROVED = """
SELECT stretches FROM exclusion WHERE agreement_id = :agreement_id AND state IN ('approved', 'revoked')
"""
_APPROVED = "SELECT * FROM exclusion WHERE agreement_id = :agreement_id AND state = 'approved'"


_DELEGATES = "SELECT * FROM exclusion_delegate"
_KEEP_DELEGATE = """
INSERT INTO exclusion_delegate VALUES (:delegate_id, :agreement_id, :party_id, :delegate_party_id, :reason,
                                       :appointed_by, :appointed_at, :ends_at, :dismissed_by, :dismissed_at)
ON CONFLICT (delegate_id) DO UPDATE
   SET dismissed_by_principal_id = excluded.dismissed_by_principal_id, dismissed_at = excluded.dismissed_at
"""


def read_delegate_from_row(row: Mapping[Any, Any]) -> ExclusionDelegate:
    party = row["party_id"]
    return ExclusionDelegate(
        row["delegate_id"],
        row["agreement_id"],
        party,
        row["delegate_party_id"],
        row["reason"],
        ActingParty(party, row["appointed_by_principal_id"]),
        row["appointed_at"],
        row["ends_at"],
        ActingParty(party, row["dismissed_by_principal_id"]),
        row["dismissed_at"],
    )


def read_exclusion_from_row(row: Mapping[str, Any]) -> ExclusionRecord:
    return ExclusionRecord(
        exclusion_id=row["exclusion_id"],
        agreement_id=row["agreement_id"],
        provider_party_id=row["provider_party_id"],
        customer_party_id=row["customer_party_id"],
        kind=row["kind"],
        scope=ExclusionScope(*(frozenset(row[name]) for name in ("services", "indicators", "targets"))),
        intervals=tuple((start, end) for start, end in row["stretches"]),
        recurrence=row["recurrence"],
        text=row["text"],
        evidence=row["evidence"],
        requested_by=ActingParty(row["requested_by_party_id"], row["requested_by_principal_id"]),
        requested_at=row["requested_at"],
        announced_at=row["announced_at"],
        decide_by_at=row["decide_by_at"],
        if_silent=row["if_silent"],
        state=row["state"],
        decided_by=ActingParty(row["decided_by_party_id"], row["decided_by_principal_id"]),
        decided_at=row["decided_at"],
        decision_reason=row["decision_reason"],
        decided_for_party_id=row["decided_for_party_id"],
        revoked_by=ActingParty(row["revoked_by_party_id"], row["revoked_by_principal_id"]),
        revoked_at=row["revoked_at"],
        revocation_reason=row["revocation_reason"],
    )


def _exclusion_row(entry: ExclusionRecord) -> dict[str, Any]:
    scope = {"services": entry.scope.services, "indicators": entry.scope.indicators, "targets": entry.scope.targets}
    row: dict[str, Any] = {name: getattr(entry, name) for name in _COLUMNS if hasattr(entry, name)}
    row |= {name: json.dumps(sorted(named)) for name, named in scope.items()}
    row |= {"stretches": json.dumps(entry.intervals), "evidence": json.dumps(list(entry.evidence))}
    row["recurrence"] = None if entry.recurrence is None else json.dumps(dict(entry.recurrence))
    for turn in ("requested", "decided", "revoked"):
        by: ActingParty = getattr(entry, f"{turn}_by")
        row |= {f"{turn}_by_party_id": by.party_id, f"{turn}_by_principal_id": by.principal_id}
    return row


class SqlExclusions:
    """Exclusions and delegates, read and written inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def _rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self._transaction.execute(text(query), parameters)).mappings()]

    async def agreement(self, agreement_id: str) -> AgreementTerms:
        query = "SELECT document FROM agreement_terms WHERE agreement_id = :agreement_id ORDER BY version"
        rows = await self._rows(query, agreement_id=agreement_id)
        return AgreementTerms(agreement_id, [row["document"] for row in rows], None)

    async def knows(self, one: str, other: str) -> bool:
        return await SqlRelations(self._transaction).knows(one, other)

    async def add(self, entry: ExclusionRecord) -> None:
        await self._transaction.execute(text(_INSERT), _exclusion_row(entry))

    async def locked(self, exclusion_id: str) -> ExclusionRecord | None:
        rows = await self._rows(_LOCKED, exclusion_id=exclusion_id)
        return read_exclusion_from_row(rows[0]) if rows else None

    async def keep(self, entry: ExclusionRecord) -> None:
        row = _exclusion_row(entry)
        await self._transaction.execute(
            text(_KEEP), {name: row[name] for name in ("exclusion_id", "state", *_CHANGING)}
        )

    async def approved(self, agreement_id: str) -> Sequence[ApprovedExclusion]:
        rows = await self._rows(_APPROVED, agreement_id=agreement_id)
        return [held for row in rows if (held := read_exclusion_from_row(row).approved()) is not None]

    async def silent(self, now: int) -> Sequence[ExclusionRecord]:
        return [read_exclusion_from_row(row) for row in await self._rows(_SILENT, now=now)]

    async def delegates(self, agreement_id: str) -> Sequence[ExclusionDelegate]:
        rows = await self._rows(f"{_DELEGATES} WHERE agreement_id = :agreement_id", agreement_id=agreement_id)
        return [read_delegate_from_row(row) for row in rows]

    async def delegate(self, delegate_id: str) -> ExclusionDelegate | None:
        rows = await self._rows(f"{_DELEGATES} WHERE delegate_id = :delegate_id FOR UPDATE", delegate_id=delegate_id)
        return read_delegate_from_row(rows[0]) if rows else None

    async def keep_delegate(self, delegate: ExclusionDelegate) -> None:
        row = {
            "delegate_id": delegate.delegate_id,
            "agreement_id": delegate.agreement_id,
            "party_id": delegate.party_id,
            "delegate_party_id": delegate.delegate_party_id,
            "reason": delegate.reason,
            "appointed_by": delegate.appointed_by.principal_id,
            "appointed_at": delegate.appointed_at,
            "ends_at": delegate.ends_at,
            "dismissed_by": delegate.dismissed_by and delegate.dismissed_by.principal_id,
            "dismissed_at": delegate.dismissed_at,
        }
        await self._transaction.execute(text(_KEEP_DELEGATE), row)

    async def tell_partitions(self, agreement_id: str) -> None:
        rows = await self._rows(_EVER_APPROVED, agreement_id=agreement_id)
        since = min((start for row in rows for start, _ in row["stretches"]), default=None)
        await send_to_all_partitions(self._transaction, "exclusion", {"agreement_id": agreement_id, "since": since})

    def publish(self, event: Any, at: int) -> None:
        self._transaction.publish(event, at=at)


class UnansweredExclusionDecider:
    """Worker that decides on exclusions whose ``decide_by_at`` has passed without a decision; every replica may run
    one.
    """

    name = "silent exclusions"

    def __init__(self, database: Database, clock: Clock, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._database = database
        self._clock = clock
        self._pause_seconds = pause_seconds
        self.progress = Progress()

    async def step(self) -> int:
        """Decide on all exclusions that are due, in one transaction; return their number."""
        async with self._database.begin() as transaction:
            # The database's clock decides, as it does for timers of partitions: the clocks of replicas differ.
            real = (await transaction.execute(text(_PRESENT))).scalar_one()
            now = min(self._clock.now(), self._clock.of_real(int(real)))
            decided = await exclusions.decide_exclusions_by_silence(SqlExclusions(transaction), now)
        self.progress.beat()
        return decided

    async def run(self) -> None:
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)
