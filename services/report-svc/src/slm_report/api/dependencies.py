"""The typed parts of the service that routes depend on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_chassis.http.parts import Part
from slm_chassis.lag import Lag
from slm_report.application.ports import Desk

DESK = Part[Desk]("desk")
LAG = Part[Lag]("lag")
"""The position up to which this service has received events, for its answers."""

TheDesk = Annotated[Desk, Depends(DESK.of)]
TheLag = Annotated[Lag, Depends(LAG.of)]
