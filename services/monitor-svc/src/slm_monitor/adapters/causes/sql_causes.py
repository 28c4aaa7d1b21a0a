"""Findings and causes in PostgreSQL, read and written inside the transaction of a regrouping."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg

from slm_calendar.intervals import Interval
from slm_chassis.database import Transaction
from slm_events.instants import from_text
from slm_monitor.application.causes.regrouping import RegroupedFindings
from slm_monitor.application.causes.tracing import StoredFinding
from slm_monitor.domain.causes.bad_intervals import PublishedFinding
from slm_monitor.domain.causes.cause_views import CauseViewChange, Membership, PublishedCauseView
from slm_monitor.domain.causes.findings import BREACH, RISK, CauseFinding
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED

_FINDING = (
    "finding_id, kind, provider_party_id, customer_party_id, agreement_id, target_id, service_id, keys, since, until,"
    " is_hidden"
)
_BY_ID = f"SELECT {_FINDING}, cause_id FROM cause_finding WHERE finding_id = ANY($1)"
_CONNECTED = f"""
SELECT {_FINDING}, cause_id FROM cause_finding WHERE cause_id = ANY($5)
UNION
SELECT {_FINDING}, cause_id FROM cause_finding
 WHERE finding_id IN (
    SELECT held.finding_id
      FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS bad (key, since, until)
      JOIN cause_key AS held ON held.key = bad.key AND held.until > bad.since AND held.since < bad.until
     WHERE held.provider_party_id = $1)
"""
_KEEP = f"""
INSERT INTO cause_finding ({_FINDING}, cause_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (finding_id) DO UPDATE
   SET keys = excluded.keys, since = excluded.since, until = excluded.until, cause_id = excluded.cause_id,
       is_hidden = excluded.is_hidden
"""
_KEYS = """
INSERT INTO cause_key (finding_id, key, provider_party_id, since, until)
SELECT finding_id, unnest(keys), provider_party_id, since, until FROM cause_finding WHERE finding_id = ANY($1)
"""
_VIEWS = "SELECT cause_id, party_id, revision, state, document FROM cause_view WHERE cause_id = ANY($1)"
_KEEP_VIEW = """
INSERT INTO cause_view (cause_id, party_id, provider_party_id, revision, state, start, until, breaches, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (cause_id, party_id) DO UPDATE
   SET revision = excluded.revision, state = excluded.state, start = excluded.start, until = excluded.until,
       breaches = excluded.breaches, document = excluded.document
"""
_BREACHES = """
SELECT breach.*, target.indicator, target.instance_of, target.labels
  FROM breach LEFT JOIN target USING (target_id) WHERE breach_id = ANY($1)
"""
_RISKS = """
SELECT risk.*, target.indicator, target.instance_of, target.labels
  FROM risk LEFT JOIN target USING (target_id) WHERE risk_id = ANY($1)
"""


class SqlCauses:
    """Findings, causes and views, for one transaction. The caller must already hold the advisory lock of the provider
    whose findings are regrouped.
    """

    def __init__(self, transaction: Transaction, driver: asyncpg.Connection) -> None:
        self._transaction = transaction
        self._driver = driver

    async def findings(self, finding_ids: Collection[str]) -> Membership:
        return _grouped(await self._driver.fetch(_BY_ID, sorted(finding_ids)))

    async def connected(
        self, provider_party_id: str, spans: Mapping[str, Sequence[Interval]], cause_ids: Collection[str]
    ) -> Membership:
        bad = [(key, *span) for key, pairs in sorted(spans.items()) for span in pairs]
        columns = [list(column) for column in zip(*bad, strict=True)] if bad else [[], [], []]
        return _grouped(await self._driver.fetch(_CONNECTED, provider_party_id, *columns, sorted(cause_ids)))

    async def views(self, cause_ids: Collection[str]) -> Mapping[tuple[str, str], PublishedCauseView]:
        return {
            (row["cause_id"], row["party_id"]): PublishedCauseView(row["revision"], row["state"], row["document"])
            for row in await self._driver.fetch(_VIEWS, sorted(cause_ids))
        }

    async def keep(self, regrouped: RegroupedFindings) -> None:
        ids = sorted(regrouped.kept)
        if regrouped.dropped:
            await self._driver.execute("DELETE FROM cause_finding WHERE finding_id = ANY($1)", list(regrouped.dropped))
        if ids:
            await self._driver.execute("DELETE FROM cause_key WHERE finding_id = ANY($1)", ids)
            await self._driver.executemany(_KEEP, [_finding_row(*regrouped.kept[identity]) for identity in ids])
            await self._driver.execute(_KEYS, ids)
        if regrouped.views:
            await self._driver.executemany(_KEEP_VIEW, [_view_row(*each) for each in regrouped.views])

    def publish(self, event: Any, event_id: str) -> None:
        self._transaction.publish(event, event_id=event_id)

    async def stored_findings(self, breach_ids: Collection[str], risk_ids: Collection[str]) -> list[StoredFinding]:
        """Return the breaches and risks with these ids as the database has them now."""
        breaches = await self._driver.fetch(_BREACHES, sorted(breach_ids))
        risks = await self._driver.fetch(_RISKS, sorted(risk_ids))
        return [
            *(
                StoredFinding(
                    PublishedFinding(row["breach_id"], BREACH, row["certain_at"], row["until"], row["document"] or {}),
                    dict(row),
                    row["standing"],
                )
                for row in breaches
            ),
            *(
                StoredFinding(
                    PublishedFinding(row["risk_id"], RISK, row["opened_at"], None, row["document"] or {}),
                    dict(row),
                    True,
                )
                for row in risks
            ),
        ]


def _grouped(rows: Sequence[asyncpg.Record]) -> dict[str, tuple[CauseFinding, str]]:
    return {row["finding_id"]: (_finding_of(row), row["cause_id"]) for row in rows}


def _finding_of(row: asyncpg.Record) -> CauseFinding:
    names = ("finding_id", "kind", "provider_party_id", "customer_party_id", "agreement_id", "target_id", "service_id")
    return CauseFinding(
        **{name: row[name] for name in names},
        keys=frozenset(row["keys"]),
        since=row["since"],
        until=row["until"],
        is_hidden=row["is_hidden"],
    )


def _finding_row(finding: CauseFinding, cause_id: str) -> tuple[Any, ...]:
    return (
        finding.finding_id,
        finding.kind,
        finding.provider_party_id,
        finding.customer_party_id,
        finding.agreement_id,
        finding.target_id,
        finding.service_id,
        sorted(finding.keys),
        *finding.span,
        finding.is_hidden,
        cause_id,
    )


def _view_row(change: CauseViewChange, revision: int) -> tuple[Any, ...]:
    document = change.document
    end = document["end_at"]
    return (
        change.cause_id,
        change.party_id,
        document["provider_party_id"],
        revision,
        change.state,
        from_text(document["start_at"]),
        OPEN_ENDED if end is None else from_text(end),
        document["breaches"],
        json.dumps(document),
    )
