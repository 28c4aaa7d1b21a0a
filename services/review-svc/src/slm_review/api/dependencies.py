"""The dependencies of routes: the typed parts of the service, and the callers that may decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_chassis.access import Principal
from slm_chassis.http.access import require_role
from slm_chassis.http.parts import Part
from slm_review.application.ledger import Desk

DESK = Part[Desk]("desk")

TheDesk = Annotated[Desk, Depends(DESK.of)]
Decider = Annotated[
    Principal, Depends(require_role("service_level_manager", "business_signatory", "provider_signatory"))
]
"""A caller who may conclude reviews and record their decisions."""
