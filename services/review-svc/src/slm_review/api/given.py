"""What a route is given beside its input: database, desk, clock, and a caller who may decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.http.access import require
from slm_review.adapters.sql_ledger import SqlDesk


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _desk(request: Request) -> SqlDesk:
    return SqlDesk(request.app.state.database)


async def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


Store = Annotated[Database, Depends(_database)]
TheDesk = Annotated[SqlDesk, Depends(_desk)]
TheClock = Annotated[Clock, Depends(_clock)]
Decider = Annotated[Principal, Depends(require("service_level_manager", "business_signatory", "provider_signatory"))]
"""A caller who may hold reviews and decide in them."""
