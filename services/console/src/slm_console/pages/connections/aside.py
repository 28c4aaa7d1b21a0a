"""Page of facts in quarantine, and the handlers that release or discard them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest
from slm_console.views.connections.aside import aside_lines
from slm_console.web.connections import listing, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_ASIDE = "/api/v1/quarantine"


@router.get("/connections/aside")
async def list_aside(visit: SignedIn) -> Response:
    """List the facts in quarantine that nobody has decided on."""
    return await _aside_page(visit, "")


async def _aside_page(visit: Visit, error: str) -> Response:
    parts = await visit.api.gather(**WHO, aside=(_ASIDE, listing(visit, state="quarantined")))
    model = {
        **shell(directory_from(parts), "aside", parts["aside"]),
        "lines": aside_lines(visit.reader, parts["aside"].items),
        "error": error,
    }
    return render(visit, "connections/aside.html", model, status=422 if error else 200)


@router.post("/connections/aside/{aside_id}/judge")
async def judge(visit: SignedIn, aside_id: str, form: Fields) -> Response:
    """Release a fact from quarantine, so that it is evaluated."""
    return await _decided_aside(visit, aside_id, "release")


@router.post("/connections/aside/{aside_id}/discard")
async def discard(visit: SignedIn, aside_id: str, form: Fields) -> Response:
    """Discard a fact in quarantine, so that it is never evaluated."""
    return await _decided_aside(visit, aside_id, "discard")


async def _decided_aside(visit: Visit, aside_id: str, decision: str) -> Response:
    try:
        await visit.api.post(f"{_ASIDE}/{aside_id}/{decision}")
    except RefusedRequest as refused:
        if refused.status != 409:
            raise
        return await _aside_page(visit, str(refused))
    return go(visit, "/connections/aside")
