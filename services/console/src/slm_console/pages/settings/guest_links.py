"""Settings page of guest links: mailed links to agreements for people without an account."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Whole
from slm_console.views.settings import guest_links
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn

router = APIRouter()
_MANY = {"limit": "500"}


@router.get("/settings/guest-links")
async def list_guest_links(visit: SignedIn) -> Response:
    """List the guest links that the reader's company sent."""
    parts = await visit.api.gather(
        **WHO,
        links=Whole("/api/v1/guest-links", _MANY),
        people=Whole("/api/v1/people", _MANY),
        agreements=Whole("/api/v1/agreements", _MANY),
        installation="/api/v1/installation",
    )
    found = [parts[name].items for name in ("links", "people", "agreements")]
    model = {
        "tab": "guest-links",
        "lines": guest_links.guest_lines(visit.reader, *found),
        "may_manage": directory_from(parts).has_role("operator", "service_level_manager"),
        "sends_mails": bool((parts["installation"].data or {}).get("sends_mails")),
        "part": parts["links"],
    }
    return render(visit, "settings/guest_links.html", model)


@router.post("/settings/guest-links/{link_id}/withdraw")
async def withdraw_guest_link(visit: SignedIn, link_id: str, form: Fields) -> Response:
    """Withdraw a guest link; the sessions that it opened end."""
    await visit.api.post(f"/api/v1/guest-links/{link_id}/withdraw")
    return go(visit, "/settings/guest-links")
