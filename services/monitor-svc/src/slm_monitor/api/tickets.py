"""Tickets and their clocks: ``/api/v1/tickets``, ``/api/v1/clocks``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from slm_chassis.http.access import Caller
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import not_found
from slm_monitor.api.targets import Judged

router = APIRouter(prefix="/api/v1", tags=["tickets"])


@router.get("/clocks", dependencies=[Judged])
async def clocks(
    caller: Caller,
    request: Request,
    paging: Paging,
    agreement_id: str | None = None,
    target_id: str | None = None,
    state: str | None = None,
    source: str | None = None,
) -> dict[str, Any]:
    """Clocks of tickets, the earliest deadline first."""
    filters = {"agreement_id": agreement_id, "target_id": target_id, "state": state, "source": source}
    page: dict[str, Any] = await request.app.state.queries.clocks(caller, paging, filters)
    return page


@router.get("/tickets/{source}/{number:path}", dependencies=[Judged])
async def ticket(source: str, number: str, caller: Caller, request: Request) -> dict[str, Any]:
    """A ticket: its events as they were taken in, and its clocks with their deadlines."""
    queries = request.app.state.queries
    found = await queries.clocks_of(caller, source, number)
    events = await queries.ticket_facts(caller, source, number)
    if not found and not events:
        raise not_found("ticket", f"{source}/{number}")
    return {"source": source, "number": number, "clocks": found, "events": events}
