"""The typed parts of the service that routes depend on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_agreement.application.ledger import Desk
from slm_chassis.http.parts import Part

DESK = Part[Desk]("desk")

TheDesk = Annotated[Desk, Depends(DESK.of)]
