"""The typed parts of the service that routes depend on, and the callers that may decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_chassis.access import Principal
from slm_chassis.http.access import require
from slm_chassis.http.parts import Part
from slm_review.application.ledger import Desk

DESK = Part[Desk]("desk")

TheDesk = Annotated[Desk, Depends(DESK.of)]
Decider = Annotated[Principal, Depends(require("service_level_manager", "business_signatory", "provider_signatory"))]
"""A caller who may conclude reviews and record their decisions."""
