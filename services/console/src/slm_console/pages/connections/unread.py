"""Page of dead letters (records that a service could not read), for operators of the installation."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, Part, RefusedRequest, Whole
from slm_console.views.connections.aside import unread_lines
from slm_console.web.connections import shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
SERVICES = ("agreement", "monitor", "report", "review", "notification")


@router.get("/connections/unread")
async def list_unread(visit: SignedIn) -> Response:
    """List the dead letters of all services; raises NotFound for anybody but an operator."""
    return await _unread_page(visit, "")


async def _unread_page(visit: Visit, error: str) -> Response:
    queries = {name: Whole(f"/api/v1/{name}-dead-letters", {"limit": "100"}) for name in SERVICES}
    parts = await visit.api.gather(**WHO, **queries)
    directory = directory_from(parts)
    if not directory.has_role("operator"):
        raise NotFound(404, {})
    away = next((parts[name] for name in SERVICES if parts[name].away), Part())
    model = {
        **shell(directory, "unread", away),
        "lines": unread_lines(visit.reader, {name: parts[name].items for name in SERVICES}),
        "error": error,
    }
    return render(visit, "connections/unread.html", model, status=422 if error else 200)


@router.post("/connections/unread/{part}/{letter_id}/retry")
async def retry(visit: SignedIn, part: str, letter_id: str, form: Fields) -> Response:
    """Retry a dead letter: its service reads the record again. ``part`` is the service, such as ``monitor``."""
    if part not in SERVICES:
        raise NotFound(404, {})
    try:
        await visit.api.post(f"/api/v1/{part}-dead-letters/{letter_id}/redrive")
    except RefusedRequest as refused:
        if refused.status != 409:
            raise
        return await _unread_page(visit, str(refused))
    return go(visit, "/connections/unread")
