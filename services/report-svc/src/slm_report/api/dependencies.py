"""The parts of the service that routes ask for beside their input, each by its type."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_chassis.http.parts import Part
from slm_chassis.lag import Lag
from slm_report.application.ports import Desk

DESK = Part[Desk]("desk")
LAG = Part[Lag]("lag")
"""Says with each answer as of when it is."""

TheDesk = Annotated[Desk, Depends(DESK.of)]
TheLag = Annotated[Lag, Depends(LAG.of)]
