"""The worker that groups changed breaches and risks into causes. It takes the changes from a queue in the database.

A row of the queue is written in the transaction of the change, and deleted in the transaction of the regrouping, so
that a crash loses no change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from slm_chassis.database import Database, Transaction
from slm_chassis.workers import Progress, Rest
from slm_monitor.adapters.causes.sql_causes import SqlCauses
from slm_monitor.application.causes import regrouping
from slm_monitor.application.causes.tracing import FindingTracer
from slm_monitor.application.history.fact_history import FactHistoryStore, ParsedTermsCache
from slm_monitor.domain.causes.findings import BREACH, INDICATOR, RISK, CauseFinding, build_cause_key

_PAUSE_SECONDS, _LONGEST_SECONDS = 0.25, 2.0
"""The shortest and the longest pause between two looks for changed findings, in real seconds. A commit ends the pause,
but not before the shortest is over.
"""
_MOST_DUE = 500
# Two workers never wait for one another's rows; the provider's lock brings their regroupings into order.
_TAKE = """
DELETE FROM cause_due WHERE seq IN (SELECT seq FROM cause_due ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING kind, ref, since
"""
_AFFECTED = """
SELECT held.finding_id, finding.kind
  FROM unnest($1::text[], $2::bigint[]) AS changed (key, since)
  JOIN cause_key AS held ON held.key = changed.key AND held.until >= changed.since
  JOIN cause_finding AS finding USING (finding_id)
"""
_PROVIDERS = """
SELECT provider_party_id FROM breach WHERE breach_id = ANY($1)
UNION SELECT provider_party_id FROM risk WHERE risk_id = ANY($2) ORDER BY 1
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('cause:' || $1, 0))"


class CauseGroupingWorker:
    """Worker that groups changed findings into causes; every replica may run one."""

    name = "grouping of causes"

    def __init__(
        self,
        database: Database,
        record: FactHistoryStore,
        parsed: ParsedTermsCache,
        pause_seconds: float = _PAUSE_SECONDS,
        most: int = _MOST_DUE,
    ) -> None:
        self.progress = Progress()
        self._database = database
        self._record = record
        self._parsed = parsed
        self._rest = Rest(pause_seconds, _LONGEST_SECONDS)
        self._most = most
        # Findings change together with events about them.
        database.on_commit(self._rest.wake)

    async def run(self) -> None:
        while True:
            if await self.step() < self._most:
                await self._rest.take()

    async def step(self) -> int:
        """Take at most ``most`` changes (a setting of the worker) from the queue and regroup their findings, in one
        transaction; return the number of changes taken.
        """
        self.progress.beat()
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            due = await driver.fetch(_TAKE, self._most)
            if due:
                with self._database.enclose(transaction):
                    await self._regroup(transaction, driver, due)
        return len(due)

    async def _regroup(
        self, transaction: Transaction, driver: asyncpg.Connection, due: Sequence[Mapping[str, Any]]
    ) -> None:
        wanted: dict[str, set[str]] = {BREACH: set(), RISK: set()}
        subjects: dict[str, int] = {}
        for row in due:
            if row["kind"] == INDICATOR:
                subjects[row["ref"]] = min(row["since"], subjects.get(row["ref"], row["since"]))
            else:
                wanted[row["kind"]].add(row["ref"])
        if subjects:
            keys = [build_cause_key(INDICATOR, subject) for subject in subjects]
            for row in await driver.fetch(_AFFECTED, keys, list(subjects.values())):
                wanted[row["kind"]].add(row["finding_id"])
        providers = await driver.fetch(_PROVIDERS, sorted(wanted[BREACH]), sorted(wanted[RISK]))
        for row in providers:
            await driver.execute(_LOCK, row[0])
        # Read only now: whatever another worker committed while this one waited for the locks is seen.
        store = SqlCauses(transaction, driver)
        known = await store.findings([*wanted[BREACH], *wanted[RISK]])
        tracer = FindingTracer(self._record, self._parsed)
        changed: dict[str, dict[str, CauseFinding | None]] = {}
        for stored in await store.stored_findings(wanted[BREACH], wanted[RISK]):
            identity = stored.published.finding_id
            held = known.get(identity)
            finding = await tracer.trace(stored, held[0] if held else None)
            if finding != (held[0] if held else None):
                changed.setdefault(stored.row["provider_party_id"], {})[identity] = finding
            self.progress.beat()
        for provider, findings in sorted(changed.items()):
            await regrouping.regroup_findings_of_provider(store, provider, findings, transaction.now)
