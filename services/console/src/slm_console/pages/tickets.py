"""Pages of tickets: the queue, one ticket, and tickets that no agreement covers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, Whole
from slm_console.views import ticket_pages, tickets
from slm_console.views.judgement.plans import plans_of
from slm_console.views.tables import table_of
from slm_console.views.watching import watched
from slm_console.web.directories import WHO, directory_from
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "500"}
_CLOCKS, _TICKETS = "/api/v1/clocks", "/api/v1/tickets"


@router.get("/tickets")
async def show_queue(visit: SignedIn) -> Response:
    """List the ticket clocks that are running, paused or late; the one with the least time left comes first."""
    parts = await visit.api.gather(
        **WHO,
        running=Whole(_CLOCKS, {"state": "running", **_MANY}),
        paused=Whole(_CLOCKS, {"state": "paused", **_MANY}),
        late=Whole(_CLOCKS, {"state": "breached", **_MANY}),
        open=Whole(_TICKETS, {"open": "true", **_MANY}),
    )
    directory = directory_from(parts)
    known = {(each["source"], each["number"]): each for each in parts["open"].items}
    clocks = [
        {**known.get((each["source"], each["number"]), {}), **each}
        for name in ("running", "paused", "late")
        for each in parts[name].items
        if not visit.scope or visit.scope in (each["provider_party_id"], each["customer_party_id"])
    ]
    visit.scope_name = directory.company(visit.scope) if visit.scope else ""
    lines = tickets.queue_of(visit.reader, directory, clocks)
    table = table_of(tickets.queue_columns(visit.reader), lines, wish_of(visit))
    model = {
        "lines": table.rows,
        "part": parts["running"],
        "tab": "queue",
        "watch": watched(str(each["target_id"]) for each in clocks),
    }
    return render_table(visit, "tickets/queue.html", model, table, "tickets")


@router.get("/tickets/not-judged")
async def show_not_judged(visit: SignedIn) -> Response:
    """List the tickets that are not evaluated under any agreement, each with the reason."""
    parts = await visit.api.gather(
        unmatched=Whole(_TICKETS, {"unmatched": "true", **_MANY}),
        inconsistent=Whole(_TICKETS, {"inconsistent": "true", **_MANY}),
        unjudgeable=Whole(_TICKETS, {"unjudgeable": "true", **_MANY}),
    )
    found = {(each["source"], each["number"]): each for part in parts.values() for each in part.items}
    model = {
        "lines": tickets.not_judged(visit.reader, list(found.values())),
        "part": parts["unmatched"],
        "tab": "not-judged",
    }
    return render(visit, "tickets/not_judged.html", model)


@router.get("/tickets/{source}/{number:path}")
async def show_ticket(visit: SignedIn, source: str, number: str) -> Response:
    """Show one ticket with a bar for each clock that is evaluated for it."""
    ticket = await visit.api.known(f"{_TICKETS}/{source}/{number}")
    parts = await visit.api.gather(**WHO)
    explained, targets = await asyncio.gather(_explanations(visit, ticket), _judging_targets(visit, ticket))
    page = ticket_pages.ticket_page(visit.reader, directory_from(parts), ticket, explained, targets)
    return render(visit, "tickets/ticket.html", {"page": page, "plans": plans_of(targets.values())})


async def _explanations(visit: Visit, ticket: Mapping[str, Any]) -> dict[ticket_pages.ClockKey, Mapping[str, Any]]:
    """Return the explanation of each clock of a ticket; clocks without an answer are left out."""

    async def explain(clock: Mapping[str, Any]) -> Part:
        about = {"source": ticket["source"], "number": ticket["number"], "target": clock["target_id"]}
        query = {**about, "ordinal": str(clock["ordinal"]), "format": "json"}
        return await visit.api.part(f"{_CLOCKS}/explain", query)

    found = await asyncio.gather(*(explain(clock) for clock in ticket["clocks"]))
    pairs = zip(ticket["clocks"], found, strict=True)
    return {ticket_pages.clock_key_of(clock): part.data for clock, part in pairs if part.data}


async def _judging_targets(visit: Visit, ticket: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the targets that the clocks of a ticket are about: target id → target.

    Targets that the API does not return are left out.
    """
    ids = list(dict.fromkeys(str(clock["target_id"]) for clock in ticket["clocks"]))
    found = await asyncio.gather(*(visit.api.part(f"/api/v1/targets/{each}") for each in ids))
    return {each: part.data for each, part in zip(ids, found, strict=True) if part.data}
