"""Search over agreements, services, targets, companies, tickets and the console's own pages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.views.navigation import entries, lower_entries
from slm_console.views.search import hits_of
from slm_console.web.directories import reach_of
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn

router = APIRouter()


@router.get("/search")
async def search(visit: SignedIn) -> Response:
    """Show the search results; a request by script gets the list alone, for the command palette."""
    words = visit.request.query_params.get("q", "").strip()[:100]
    found, tickets = [], []
    if words:
        parts = await visit.api.gather(
            found=("/api/v1/search", {"q": words, "limit": "20"}),
            # A word of one or two letters is in nearly every ticket, and would be looked for in all of them.
            **({"tickets": ("/api/v1/tickets", {"q": words, "limit": "20"})} if len(words) > 2 else {}),
        )
        found, tickets = parts["found"].items, parts["tickets"].items if "tickets" in parts else []
    reach = reach_of(visit.api)
    places = [*entries(visit.reader, "", reach), *lower_entries(visit.reader, "", reach)]
    model = {"found": hits_of(visit.reader, words, found, tickets, places), "words": words}
    return render(visit, "search/list.html" if visit.is_part else "search/page.html", model)
