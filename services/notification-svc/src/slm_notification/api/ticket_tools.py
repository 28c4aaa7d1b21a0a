"""Route for the ticket tools into whose tickets writers can write: ``/api/v1/ticket-tools``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.response_models import list_of
from slm_mappings.connectors import Connector
from slm_mappings.ticket_writing import TicketWriting
from slm_notification.api.dependencies import TheWriters
from slm_notification.api.writer_responses import TicketToolResponse
from slm_notification.domain.ticket_writers import FIGURES

router = APIRouter(prefix="/api/v1", tags=["ticket-writers"])


@router.get("/ticket-tools", **operation("List the tools that ticket writers know", list_of(TicketToolResponse)))
async def list_ticket_tools(caller: Caller, page: Paging, writers: TheWriters) -> dict[str, Any]:
    """List the ticket tools whose fields a writer can change. Each has the ways in which a writer can prove itself, the
    usual names of the fields, and a guide for setting up the tool.
    """
    tools = [each for each in writers.connectors.values() if each.writing is not None]
    found = page.within(tools, lambda each: [each.name])
    return page.shape(found, lambda each: [each.name], _tool_json)


def _tool_json(connector: Connector) -> dict[str, Any]:
    writing = connector.writing
    assert writing is not None, "connectors that cannot write are left out"
    return {
        "name": connector.name,
        "title": connector.title,
        "source": connector.source,
        "authentication": list(writing.authentication),
        "fields": {name: getattr(writing.fields, name) for name in FIGURES},
        "dates": _dates_of(writing),
        "guide": connector.writing_guide,
    }


def _dates_of(writing: TicketWriting) -> list[str]:
    return sorted(name for name, pattern in writing.times.others.items() if "%H" not in pattern)
