"""Queries for exclusions and their delegates, filtered by the caller's party and split into pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, column, exists, or_, select, table, true
from sqlalchemy.types import JSON, BigInteger, Text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.commands.sql_exclusions import read_delegate_from_row, read_exclusion_from_row
from slm_monitor.adapters.queries.read_tables import TARGET, build_party_condition
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.domain.exclusions.delegates import ExclusionDelegate
from slm_monitor.domain.exclusions.exclusion_workflow import ExclusionRecord
from slm_monitor.domain.exclusions.maintenance_rules import UncountedExclusionTime

_TEXTS = (
    "exclusion_id",
    "agreement_id",
    "provider_party_id",
    "customer_party_id",
    "kind",
    "state",
    "text",
    "requested_by_party_id",
    "requested_by_principal_id",
    "if_silent",
    "decided_by_party_id",
    "decided_by_principal_id",
    "decision_reason",
    "decided_for_party_id",
    "revoked_by_party_id",
    "revoked_by_principal_id",
    "revocation_reason",
)
_INSTANTS = ("requested_at", "announced_at", "decide_by_at", "decided_at", "revoked_at")
_DOCUMENTS = ("services", "indicators", "targets", "stretches", "recurrence", "evidence")
EXCLUSION = table(
    "exclusion",
    *(column(name, Text) for name in _TEXTS),
    *(column(name, BigInteger) for name in _INSTANTS),
    *(column(name, JSON) for name in _DOCUMENTS),
)


_DELEGATE = table(
    "exclusion_delegate",
    *(
        column(name, Text)
        for name in (
            "delegate_id",
            "agreement_id",
            "party_id",
            "delegate_party_id",
            "reason",
            "appointed_by_principal_id",
            "dismissed_by_principal_id",
        )
    ),
    *(column(name, BigInteger) for name in ("appointed_at", "ends_at", "dismissed_at")),
)


class ExclusionQueries(TargetQueries):
    """Queries for exclusions and delegates."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.database = database

    async def page(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        keys = ["requested_at", "exclusion_id"]
        seen = self._seen(caller)
        rows = await self._page(EXCLUSION, caller, page, keys, filters, descending=True, seen=seen)
        return page.shape(
            rows,
            lambda row: [row["requested_at"], row["exclusion_id"]],
            lambda row: build_exclusion_record_document(read_exclusion_from_row(row)),
        )

    def _seen(self, caller: Principal) -> ColumnElement[bool]:
        """Return the SQL condition for exclusions that the caller sees: as a party of the agreement, as a delegate now,
        or as an operator.
        """
        if caller.is_operator:
            return true()
        return or_(
            build_party_condition(EXCLUSION, caller),
            exists().where(
                _DELEGATE.c.agreement_id == EXCLUSION.c.agreement_id,
                _DELEGATE.c.delegate_party_id == caller.party_id,
                _acts_at(self.database.clock.now()),
            ),
        )

    async def delegates(self, caller: Principal, page: Page, agreement_id: str | None) -> dict[str, Any]:
        """Return a page of appointments of delegates. A party sees the delegates that it appointed, and the
        appointments in which it is the delegate. An operator sees all appointments.

        ``agreement_id``: only appointments for this agreement; None: for any agreement.
        """
        mine = or_(_DELEGATE.c.party_id == caller.party_id, _DELEGATE.c.delegate_party_id == caller.party_id)
        keys = ["appointed_at", "delegate_id"]
        rows = await self._page(
            _DELEGATE,
            caller,
            page,
            keys,
            {"agreement_id": agreement_id},
            descending=True,
            seen=true() if caller.is_operator else mine,
        )
        return page.shape(
            rows,
            lambda row: [row[key] for key in keys],
            lambda row: build_delegate_document(read_delegate_from_row(row)),
        )

    async def targets_of_agreement(self, caller: Principal, agreement_id: str) -> list[dict[str, Any]]:
        """Return an agreement's targets that the caller sees, as rows sorted by key. A delegate sees none."""
        seen = (TARGET.c.agreement_id == agreement_id, build_party_condition(TARGET, caller))
        return await self._rows(select(TARGET).where(*seen).order_by(TARGET.c.key, TARGET.c.target_id))

    async def one(self, caller: Principal, exclusion_id: str) -> ExclusionRecord | None:
        query = select(EXCLUSION).where(EXCLUSION.c.exclusion_id == exclusion_id, self._seen(caller))
        rows = await self._rows(query)
        return read_exclusion_from_row(rows[0]) if rows else None


def _acts_at(now: int) -> ColumnElement[bool]:
    ends = or_(_DELEGATE.c.ends_at.is_(None), _DELEGATE.c.ends_at > now)
    return and_(_DELEGATE.c.dismissed_at.is_(None), ends)


def build_delegate_document(delegate: ExclusionDelegate) -> dict[str, Any]:
    """Return a delegate's appointment as the JSON object of the API."""
    return {
        "delegate_id": delegate.delegate_id,
        "agreement_id": delegate.agreement_id,
        "party_id": delegate.party_id,
        "delegate_party_id": delegate.delegate_party_id,
        "reason": delegate.reason,
        "appointed_by_principal_id": delegate.appointed_by.principal_id,
        "appointed_at": to_text(delegate.appointed_at),
        "ends_at": _instant_or_none(delegate.ends_at),
        "dismissed_by_principal_id": delegate.dismissed_by and delegate.dismissed_by.principal_id,
        "dismissed_at": _instant_or_none(delegate.dismissed_at),
    }


def build_exclusion_record_document(
    entry: ExclusionRecord, uncounted: Sequence[UncountedExclusionTime] | None = None
) -> dict[str, Any]:
    """Return an exclusion as the JSON object of the API.

    ``uncounted``: time that was approved but is still not excluded, because it was announced too late or exceeds the
    cap. If ``uncounted`` is None, the JSON object has no such field.
    """
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
        "intervals": [{"from": to_text(start), "to": to_text(end)} for start, end in entry.intervals],
        "recurrence": entry.recurrence,
        "text": entry.text,
        "evidence": list(entry.evidence),
        "requested_by_party_id": entry.requested_by.party_id,
        "requested_by_principal_id": entry.requested_by.principal_id,
        "requested_at": to_text(entry.requested_at),
        "announced_at": to_text(entry.announced_at),
        "decide_by_at": _instant_or_none(entry.decide_by_at),
        "if_silent": entry.if_silent,
        "waits_for_party_id": entry.other_party_id if entry.state == "requested" else None,
        "decided_by_party_id": entry.decided_by.party_id,
        "decided_by_principal_id": entry.decided_by.principal_id,
        "decided_at": _instant_or_none(entry.decided_at),
        "decision_reason": entry.decision_reason,
        "decided_for_party_id": entry.decided_for_party_id,
        "revoked_by_party_id": entry.revoked_by.party_id,
        "revoked_by_principal_id": entry.revoked_by.principal_id,
        "revoked_at": _instant_or_none(entry.revoked_at),
        "revocation_reason": entry.revocation_reason,
    }
    return document if uncounted is None else {**document, "uncounted": [each.document() for each in uncounted]}


def _instant_or_none(instant: int | None) -> str | None:
    return None if instant is None else to_text(instant)
