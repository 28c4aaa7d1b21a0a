"""``/api/v1/service-coverage``: which agreements and targets cover each service, and which services have none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from slm_agreement.adapters import coverage_queries
from slm_agreement.adapters.coverage_queries import CoverageFilter
from slm_agreement.api.responses.catalogue import ServiceStatus
from slm_agreement.api.responses.coverage import CoveredBy, ServiceCoverageResponse
from slm_agreement.domain.people import service_status
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/service-coverage", tags=["services"])
_PLAIN = ("service_id", "provider_party_id", "key", "name", "outcome", "planned_on", "owner", "priority", "covered_by")
_STAGES = ("in_force", "signed", "negotiated")
_COUNTS = ("agreements", "targets", "customers")


@router.get("", **operation("List which targets cover each service", list_of(ServiceCoverageResponse)))
async def list_service_coverage(
    caller: Caller,
    database: TheDatabase,
    page: Paging,
    status: Annotated[ServiceStatus | None, Query(description="Only services with this status")] = None,
    covered_by: Annotated[
        CoveredBy | None, Query(description="Only services with this `covered_by`; `none`: services without a target")
    ] = None,
) -> dict[str, Any]:
    """List the services that you may see, also planned and retired services. Each service has the number of its
    agreements, targets and customers. `covered_by=none` lists the services that no target covers.

    A provider gets the counts over all its customers, a customer only those of its own agreements. Drafts that the
    other party has not proposed are not counted.
    """
    wanted = CoverageFilter(status, covered_by)
    rows = await coverage_queries.fetch_coverage(database, caller, page, wanted)
    return page.shape(rows, lambda row: [row["service_id"]], _coverage_json)


def _coverage_json(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in _PLAIN},
        "status": service_status.status_in(row["status_history"]),
        **{stage: {count: row[f"{stage}_{count}"] for count in _COUNTS} for stage in _STAGES},
    }
