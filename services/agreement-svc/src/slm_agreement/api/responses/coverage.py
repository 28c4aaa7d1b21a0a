"""Response models of service coverage: which agreements and targets cover each service."""

from __future__ import annotations

from typing import Literal

from slm_agreement.api.responses.catalogue import ServiceStatus
from slm_chassis.http.response_models import Answer

CoveredBy = Literal["in_force", "signed", "negotiated", "none"]


class StageCounts(Answer):
    """Counts of the agreements about a service that are at one stage: in force, signed or negotiated."""

    agreements: int
    """Number of agreements with a version at this stage"""
    targets: int
    """Number of targets of these versions"""
    customers: int
    """Number of customers of these agreements"""


class ServiceCoverageResponse(Answer):
    """A service, with the agreements and targets about it that your party may see."""

    service_id: str
    """Id of the service (UUID)"""
    provider_party_id: str
    """Id of the party that provides the service"""
    key: str
    """Key that the provider chose, or a random one"""
    name: str
    """Name for people"""
    outcome: str
    """The business outcome that the service exists for"""
    status: ServiceStatus
    """`pipeline`: planned; `live`: provided; `retired`: no longer offered"""
    planned_on: str | None
    """Date on which a planned service shall become live, or a live one retired; null: none is planned"""
    owner: str
    """The person or team that answers for the service; empty: not recorded"""
    priority: int | None
    """How important it is for its provider: 1 (the most) to 5; null: not set"""
    covered_by: CoveredBy
    """The furthest stage at which a version with a target is: `in_force`; `signed` but not in force yet; `negotiated`:
    still a draft or a proposal; `none`: no target covers the service
    """
    in_force: StageCounts
    """Versions in force"""
    signed: StageCounts
    """Versions that both parties have signed and that are not in force yet"""
    negotiated: StageCounts
    """Versions that are drafted or negotiated, amendments too"""
