"""The query of service coverage: for each service, the agreements and targets about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, case, func, literal, select

from slm_agreement.adapters import agreement_tables, queries, register_tables
from slm_agreement.adapters.queries import SERVICES, Rows, caller_sees_agreement, caller_sees_version, fetch_rows
from slm_agreement.domain.versions.agreement import OPEN, VersionState
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page

_STAGES: Mapping[str, Iterable[VersionState]] = {
    "in_force": [VersionState.IN_FORCE],
    "signed": [VersionState.FINALIZED],
    "negotiated": OPEN,
}
"""Stage of an agreement → the states of its versions that are at this stage, the furthest stage first."""
_COUNTS = ("agreements", "targets", "customers")
NOT_COVERED = "none"


@dataclass(frozen=True, slots=True)
class CoverageFilter:
    """The conditions of a coverage list. ``status``: of the services. ``covered_by``: as in ``fetch_coverage``.

    A field that is None is no condition.
    """

    status: str | None = None
    covered_by: str | None = None


async def fetch_coverage(database: Database, caller: Principal, page: Page, wanted: CoverageFilter) -> Rows:
    """Return a page of the services that the caller may see, with the agreements and targets that cover each service.

    Only agreements and versions that the caller may see count. The columns ``in_force_agreements`` to
    ``negotiated_customers`` are counts. ``covered_by`` is the furthest stage that a version with a target has reached:
    ``in_force``, ``signed``, ``negotiated`` or ``none``.
    """
    service, counted = register_tables.service, _counted(caller)
    names = [f"{stage}_{count}" for stage in _STAGES for count in _COUNTS]
    covered_by = case(
        *((counted.c[f"{stage}_targets"] > 0, literal(stage)) for stage in _STAGES), else_=literal(NOT_COVERED)
    )
    conditions: list[ColumnElement[bool]] = []
    conditions += [] if wanted.status is None else [queries.service_has_status(wanted.status)]
    conditions += [] if wanted.covered_by is None else [covered_by == wanted.covered_by]
    statement = (
        select(
            service,
            covered_by.label("covered_by"),
            *(func.coalesce(counted.c[name], 0).label(name) for name in names),
        )
        .select_from(service.outerjoin(counted, counted.c.service_id == service.c.service_id))
        .where(page.beyond(service.c.service_id), SERVICES.seen_by(caller), *conditions)
        .order_by(service.c.service_id)
        .limit(page.fetch)
    )
    return await fetch_rows(database, statement)


def _counted(caller: Principal) -> FromClause:
    """Return a subquery with the counts of agreements, targets and customers of each service, by stage."""
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    counts: list[ColumnElement[Any]] = []
    for stage, states in _STAGES.items():
        at_stage = version.c.state.in_([str(state) for state in states])
        counts += [
            func.count(agreement.c.agreement_id.distinct()).filter(at_stage).label(f"{stage}_agreements"),
            func.sum(version.c.target_count).filter(at_stage).label(f"{stage}_targets"),
            func.count(agreement.c.customer_party_id.distinct()).filter(at_stage).label(f"{stage}_customers"),
        ]
    return (
        select(agreement.c.service_id, *counts)
        .join(version, version.c.agreement_id == agreement.c.agreement_id)
        .where(caller_sees_agreement(caller), caller_sees_version(caller))
        .group_by(agreement.c.service_id)
        .subquery("counted")
    )
