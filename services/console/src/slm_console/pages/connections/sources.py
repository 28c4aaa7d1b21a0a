"""Pages of sources: the list, one source with its refused items, and the handler that resumes a suspended source."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, Whole
from slm_console.views.connections import sources
from slm_console.views.tables import table_of
from slm_console.web.connections import ALL, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn

router = APIRouter()
_SOURCES = "/api/v1/sources"


@router.get("/connections")
async def list_sources(visit: SignedIn) -> Response:
    """List the sources and the suspended sources. The source that has sent nothing for the longest time comes first."""
    parts = await visit.api.gather(
        **WHO,
        sources=Whole(_SOURCES, ALL),
        suspended=Whole("/api/v1/quarantine/sources", {"limit": "100"}),
    )
    model = {
        **shell(directory_from(parts), "sources", parts["sources"]),
        "suspended": sources.suspended_lines(visit.reader, parts["suspended"].items),
    }
    lines = [sources.source_line(visit.reader, each) for each in parts["sources"].items]
    table = table_of(sources.source_columns(visit.reader), lines, wish_of(visit))
    return render_table(visit, "connections/sources.html", model, table, "sources")


@router.get("/connections/sources/{source_id}")
async def show_source(visit: SignedIn, source_id: str) -> Response:
    """Show a source with its last refused items."""
    found = await visit.api.known(f"{_SOURCES}/{source_id}")
    parts = await visit.api.gather(**WHO)
    model = {
        **shell(directory_from(parts), "sources", Part(found)),
        "line": sources.source_line(visit.reader, found),
        "refused": sources.refused_lines(visit.reader, found["refused"]),
    }
    return render(visit, "connections/source.html", model)


@router.post("/connections/sources/resume")
async def resume(visit: SignedIn, form: Fields) -> Response:
    """Resume a suspended source: the facts that it sends from now on are evaluated."""
    body = {"topic": form.text("topic"), "source": form.text("source"), "owner_party_id": form.text("owner")}
    await visit.api.post("/api/v1/quarantine/sources/resume", body)
    return go(visit, "/connections")
