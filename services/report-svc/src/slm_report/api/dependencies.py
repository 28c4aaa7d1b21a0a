"""The typed parts of the service that routes depend on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_chassis.http.parts import Part
from slm_chassis.lag import LagMeter
from slm_report.application.ports import Desk

DESK = Part[Desk]("desk")
LAG = Part[LagMeter]("lag")
"""The part that knows up to which position this service has received events. The answers contain this position."""

TheDesk = Annotated[Desk, Depends(DESK.of)]
TheLag = Annotated[LagMeter, Depends(LAG.of)]
