"""Exclusions as they are read: what concerns the caller's party, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import column, select, table
from sqlalchemy.types import JSON, BigInteger, Text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.queries import Queries, visible
from slm_monitor.adapters.sql_exclusions import entry_of
from slm_monitor.domain.exclusion_life import Entry
from slm_monitor.domain.planned_time import Uncounted

_TEXTS = (
    "exclusion_id", "agreement_id", "provider_party_id", "customer_party_id", "kind", "state", "text",
    "requested_by_party_id", "requested_by_principal_id", "if_silent", "decided_by_party_id",
    "decided_by_principal_id", "decision_reason", "revoked_by_party_id", "revoked_by_principal_id",
    "revocation_reason",
)  # fmt: skip
_INSTANTS = ("requested_at", "announced_at", "decide_by", "decided_at", "revoked_at")
_DOCUMENTS = ("services", "indicators", "targets", "stretches", "recurrence", "evidence")
EXCLUSION = table(
    "exclusion", *(column(name, Text) for name in _TEXTS), *(column(name, BigInteger) for name in _INSTANTS),
    *(column(name, JSON) for name in _DOCUMENTS),
)  # fmt: skip


class ExclusionQueries(Queries):
    """The read side of exclusions."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.database = database

    async def page(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        rows = await self._page(EXCLUSION, caller, page, ["requested_at", "exclusion_id"], filters, descending=True)
        return page.shape(
            rows, lambda row: [row["requested_at"], row["exclusion_id"]], lambda row: shaped(entry_of(row))
        )

    async def one(self, caller: Principal, exclusion_id: str) -> Entry | None:
        query = select(EXCLUSION).where(EXCLUSION.c.exclusion_id == exclusion_id, visible(EXCLUSION, caller))
        rows = await self._rows(query)
        return entry_of(rows[0]) if rows else None


def shaped(entry: Entry, uncounted: Sequence[Uncounted] | None = None) -> dict[str, Any]:
    """An exclusion as JSON; ``uncounted`` where it was worked out."""
    document: dict[str, Any] = {
        "exclusion_id": entry.exclusion_id,
        "agreement_id": entry.agreement_id,
        "provider_party_id": entry.provider_party_id,
        "customer_party_id": entry.customer_party_id,
        "kind": entry.kind,
        "state": entry.state,
        "services": sorted(entry.scope.services),
        "indicators": sorted(entry.scope.indicators),
        "targets": sorted(entry.scope.targets),
        "intervals": [{"from": to_text(start), "to": to_text(end)} for start, end in entry.stretches],
        "recurrence": entry.recurrence,
        "text": entry.text,
        "evidence": list(entry.evidence),
        "requested_by_party_id": entry.requested_by.party_id,
        "requested_by_principal_id": entry.requested_by.principal_id,
        "requested_at": to_text(entry.requested_at),
        "announced_at": to_text(entry.announced_at),
        "decide_by": _text(entry.decide_by),
        "if_silent": entry.if_silent,
        "waits_for_party_id": entry.other_party_id if entry.state == "requested" else None,
        "decided_by_party_id": entry.decided_by.party_id,
        "decided_by_principal_id": entry.decided_by.principal_id,
        "decided_at": _text(entry.decided_at),
        "decision_reason": entry.decision_reason,
        "revoked_by_party_id": entry.revoked_by.party_id,
        "revoked_by_principal_id": entry.revoked_by.principal_id,
        "revoked_at": _text(entry.revoked_at),
        "revocation_reason": entry.revocation_reason,
    }
    return document if uncounted is None else {**document, "uncounted": [each.document() for each in uncounted]}


def _text(instant: int | None) -> str | None:
    return None if instant is None else to_text(instant)
