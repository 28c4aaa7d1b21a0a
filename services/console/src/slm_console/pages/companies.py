"""Pages of customers and suppliers: the two lists, and the page of one company."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, RefusedRequest, ServiceAway, Whole
from slm_console.pages.reviews import OF
from slm_console.views import companies
from slm_console.views.tables import table_of
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SCOPE, SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "500"}
_AGREEMENTS, _TARGETS, _REVIEWS = "/api/v1/agreements", "/api/v1/targets", "/api/v1/reviews"


@router.get("/customers")
async def list_customers(visit: SignedIn) -> Response:
    """List the companies to which the reader's company provides services."""
    return await _list(visit, "provider")


@router.get("/suppliers")
async def list_suppliers(visit: SignedIn) -> Response:
    """List the companies that provide services to the reader's company."""
    return await _list(visit, "customer")


@router.get("/customers/{party_id}")
async def show_customer(visit: SignedIn, party_id: str) -> Response:
    """Show the agreements, targets, dates and meetings of the reader's company with one customer."""
    return await _company(visit, party_id, "provider")


@router.get("/suppliers/{party_id}")
async def show_supplier(visit: SignedIn, party_id: str) -> Response:
    """Show the agreements, targets, dates and meetings of the reader's company with one supplier."""
    return await _company(visit, party_id, "customer")


@router.post("/companies/prepare")
async def prepare(visit: SignedIn, form: Fields) -> Response:
    """Build a report of the present period for each agreement in force with the selected companies.

    The answer redirects to the page with the reports and meetings of these companies only.
    """
    wanted = set(form.texts("party"))
    if not wanted:
        return go(visit, form.next)
    parts = await visit.api.gather(agreements=Whole(_AGREEMENTS, _MANY))
    chosen = [
        each["agreement_id"]
        for each in parts["agreements"].items
        if each["state"] == "in_force" and wanted & {each["provider_party_id"], each["customer_party_id"]}
    ]

    async def build(agreement_id: str) -> None:
        try:
            await visit.api.post("/api/v1/reports", {"agreement_id": agreement_id})
        except RefusedRequest:
            return  # an agreement without a period yet has no report; the others are made all the same

    await asyncio.gather(*(build(agreement_id) for agreement_id in chosen))
    name = SCOPE if len(wanted) == 1 else OF
    return go(visit, "/reviews?" + urlencode({name: ",".join(sorted(wanted))}))


async def _list(visit: Visit, side: str) -> Response:
    parts = await visit.api.gather(
        **WHO, agreements=Whole(_AGREEMENTS, _MANY), target_counts=Whole("/api/v1/summary/parties", _MANY)
    )
    directory = directory_from(parts)
    found = parts["agreements"].items, parts["target_counts"].items
    lines = companies.lines_of(visit.reader, directory, side, *found)
    table = table_of(companies.company_columns(visit.reader), lines, wish_of(visit))
    model = {
        "lines": table.rows,
        "side": side,
        "part": parts["agreements"],
    }
    return render_table(visit, "companies/list.html", model, table, "customers" if side == "provider" else "suppliers")


async def _company(visit: Visit, party_id: str, side: str) -> Response:
    parts = await visit.api.gather(
        **WHO,
        agreements=Whole(_AGREEMENTS, {"party_id": party_id, **_MANY}),
        targets=Whole(_TARGETS, {"party_id": party_id, **_MANY}),
        reviews=Whole(_REVIEWS, _MANY),
    )
    directory = directory_from(parts)
    if party_id not in companies.relatives(directory, parts["agreements"].items, side):
        if parts["agreements"].away:
            raise ServiceAway(parts["agreements"].away)
        raise NotFound(404, {})
    found = {name: parts[name].items for name in ("agreements", "targets", "reviews")}
    model = {
        "page": companies.company_page(visit.reader, directory, party_id, found),
        "side": side,
        "part": parts["targets"],
    }
    return render(visit, "companies/company.html", model)
