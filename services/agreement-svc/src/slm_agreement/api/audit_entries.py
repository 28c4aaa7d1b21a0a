"""``/api/v1/audit-entries``: who did what and when, from which address, and how the user of the key was identified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from slm_agreement.adapters import audit_queries
from slm_agreement.adapters.audit_queries import AuditFilter
from slm_agreement.api import shapes
from slm_agreement.api.responses.audit import AuditEntry
from slm_agreement.domain.people.enrolment import AUDITOR, MANAGER
from slm_chassis.access import Principal
from slm_chassis.http import instants
from slm_chassis.http.access import require_role
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/audit-entries", tags=["audit trail"])
AuditReader = Annotated[Principal, Depends(require_role(MANAGER, AUDITOR))]
_KINDS = {
    "account": "principal",
    "guest-link": "agreement",
    "installation": "installation",
    "key": "principal",
    "openid": "principal",
    "parties": "relation",
    "password": "principal",
    "proposal": "agreement",
    "session": "principal",
    "set-up": "installation",
    "sign-in-link": "principal",
}
"""First part of an action → the kind of object that it acts on. Other actions begin with that kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditListQuery:
    """The query parameters that filter the list of audit entries."""

    principal_id: Annotated[
        str | None, Query(max_length=100, description="Only acts of the principal with this id")
    ] = None
    action: Annotated[
        str | None,
        Query(max_length=60, description="Only acts of this kind, such as `key.issue`; `key` means all acts on keys"),
    ] = None
    subject_id: Annotated[str | None, Query(max_length=100, description="Only acts on the object with this id")] = None
    since: Annotated[
        str | None, Query(alias="from", max_length=40, description="Only acts at this instant or later (RFC 3339)")
    ] = None
    until: Annotated[
        str | None, Query(alias="to", max_length=40, description="Only acts before this instant (RFC 3339)")
    ] = None

    @property
    def wanted(self) -> AuditFilter:
        """The query parameters as a filter for the query. Raises 422 for an invalid instant."""
        since, until = (
            instants.read_optional_instant(self.since, "query.from"),
            instants.read_optional_instant(self.until, "query.to"),
        )
        return AuditFilter(self.principal_id, self.action, self.subject_id, since, until)


@router.get("", **operation("List what was done, newest first", list_of(AuditEntry)))
async def list_audit_entries(
    caller: AuditReader, database: TheDatabase, page: Paging, filters: Annotated[AuditListQuery, Depends()]
) -> dict[str, Any]:
    """List what the people and systems of your party did, what an operator did for your party, and what the other party
    did publicly to an agreement that you share: proposals, answers, signatures.

    For service level managers and auditors; operators see all. Acts on breaches, exclusions and reviews are in the
    histories of these objects.
    """
    rows = await audit_queries.fetch_audit_entries(database, caller, page, filters.wanted)
    return page.shape(rows, lambda row: [row["seq"]], lambda row: audit_entry_json(row, caller))


def audit_entry_json(row: Mapping[Any, Any], caller: Principal) -> dict[str, Any]:
    """Return an audit entry as JSON. How and from where others acted is left out: only their own party sees it."""
    is_own = caller.is_operator or row["party_id"] == caller.party_id
    is_foreign = not is_own and row["party_id"] is not None
    line = shapes.history_entry_json(row)
    return {
        **line,
        "by_principal_id": line["by_principal_id"] if is_own or is_foreign else None,
        "by_name": None if is_foreign else row["name"],
        "key_id": row["key_id"] if is_own else None,
        "identified_by": row["identified_by"] if is_own else None,
        "address": row["address"] if is_own else None,
        "subject_kind": _kind_of(row["action"]),
        "subject_id": row["subject"],
        "subject_name": row["subject_name"],
    }


def _kind_of(action: str) -> str:
    first = action.partition(".")[0]
    return _KINDS.get(first, first)
