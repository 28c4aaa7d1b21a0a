"""Pages of pulls, by which the product asks tools for data: the list, and one pull with its runs and buttons."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, RefusedRequest, Whole
from slm_console.views.connections import pulls
from slm_console.views.connections.guides import guide_blocks
from slm_console.views.tables import table_of
from slm_console.web.connections import ALL, may_connect, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_PULLS, _HERE = "/api/v1/pulls", "/connections/pulls"
TOOLS = Whole("/api/v1/pull-tools", ALL)


@router.get("/connections/pulls")
async def list_pulls(visit: SignedIn) -> Response:
    """List the tools that are asked, each with its state, and the tools that can be asked."""
    parts = await visit.api.gather(**WHO, pulls=Whole(_PULLS, ALL), tools=TOOLS)
    directory = directory_from(parts)
    tools = [pulls.pulled_tool(visit.reader, each) for each in parts["tools"].items]
    known = {each.name: each for each in tools}
    lines = [pulls.pull_line(visit.reader, each, known) for each in parts["pulls"].items]
    model = {**shell(directory, "pulls", parts["pulls"]), "may_connect": may_connect(directory), "tools": tools}
    table = table_of(pulls.pull_columns(visit.reader), lines, wish_of(visit))
    return render_table(visit, "connections/pulls.html", model, table, "pulls")


@router.get("/connections/pulls/{pull_id}")
async def show_pull(visit: SignedIn, pull_id: str) -> Response:
    """Show a pull: what it asks the tool for, up to which instant it has read, and its last runs."""
    return await _pull_page(visit, pull_id)


async def _pull_page(visit: Visit, pull_id: str, *, notice: str = "") -> Response:
    found = await visit.api.known(f"{_PULLS}/{pull_id}")
    parts = await visit.api.gather(**WHO, runs=f"{_PULLS}/{pull_id}/runs", tools=TOOLS)
    directory, runs = directory_from(parts), parts["runs"].items
    tools = {str(each["name"]): each for each in parts["tools"].items}
    connector = tools.get(str(found["connector"]))
    line = pulls.pull_line(visit.reader, found, {name: pulls.pulled_tool(visit.reader, tools[name]) for name in tools})
    lines = [pulls.run_line(visit.reader, each, line.reads) for each in runs]
    model: dict[str, Any] = {
        **shell(directory, "pulls", Part(found)),
        "may_change": may_connect(directory),
        "line": line,
        "facts": pulls.facts_of(visit.reader, found, line.reads),
        "runs": lines,
        "at_fault": next((each for each in lines if each.faults), None),
        "missing": pulls.missing_of(visit.reader, runs),
        "guide": guide_blocks(str(connector["guide"])) if connector else [],
        "notice": notice,
    }
    return render(visit, "connections/pull.html", model, status=422 if notice else 200)


@router.post("/connections/pulls/{pull_id}/runs")
async def start_run(visit: SignedIn, pull_id: str, form: Fields) -> Response:
    """Ask the tool now: for what has changed, or for everything, as the field ``kind`` says."""
    try:
        await visit.api.post(f"{_PULLS}/{pull_id}/runs", {"kind": form.text("kind") or "changes"})
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _pull_page(visit, pull_id, notice=refusal_in_words(refused))
    return go(visit, f"{_HERE}/{pull_id}")


@router.post("/connections/pulls/{pull_id}/paused")
async def pause_pull(visit: SignedIn, pull_id: str, form: Fields) -> Response:
    """Stop asking a tool, or ask it again, depending on the field ``paused``."""
    path = f"{_PULLS}/{pull_id}"
    _, tag = await visit.api.tagged(path)
    try:
        await visit.api.send("PATCH", path, {"paused": form.text("paused") == "yes"}, tag)
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _pull_page(visit, pull_id, notice=refusal_in_words(refused))
    return go(visit, f"{_HERE}/{pull_id}")


@router.get("/connections/pulls/{pull_id}/remove")
async def ask_to_remove_pull(visit: SignedIn, pull_id: str) -> Response:
    """Ask for confirmation before a pull is removed, and say what the removal does."""
    found = await visit.api.known(f"{_PULLS}/{pull_id}")
    return render(visit, "connections/remove_pull.html", {"line": pulls.pull_line(visit.reader, found, {})})


@router.post("/connections/pulls/{pull_id}/remove")
async def remove_pull(visit: SignedIn, pull_id: str, form: Fields) -> Response:
    """Remove a pull with its secret and the list of its runs."""
    await visit.api.delete(f"{_PULLS}/{pull_id}")
    return go(visit, _HERE)
