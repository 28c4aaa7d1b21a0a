"""Page with the list of agreements."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Whole
from slm_console.views.agreements import listing
from slm_console.web.directories import WHO, directory_from
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn

router = APIRouter()
_MANY = "500"


@router.get("/agreements")
async def list_agreements(visit: SignedIn) -> Response:
    """List the agreements of the reader's company; those that wait for this company come first."""
    parts = await visit.api.gather(**WHO, agreements=Whole("/api/v1/agreements", {"limit": _MANY}))
    directory = directory_from(parts)
    found = parts["agreements"].items
    if visit.scope:
        found = [each for each in found if visit.scope in (each["provider_party_id"], each["customer_party_id"])]
        visit.scope_name = directory.company(visit.scope)
    groups = listing.groups_of(visit.reader, directory, found)
    table = listing.table_of_groups(visit.reader, groups, wish_of(visit))
    model = {
        "groups": listing.groups_on_page(table),
        "part": parts["agreements"],
        "may_draft": directory.has_role("service_level_manager"),
    }
    return render_table(visit, "agreements/list.html", model, table, "agreements")
