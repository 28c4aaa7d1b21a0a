"""Pages of ticket writers, which write due dates into tickets: the list, one writer with its tickets and buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, RefusedRequest, Whole
from slm_console.views.connections import writers
from slm_console.views.connections.guides import guide_blocks
from slm_console.views.connections.writers import WriterTest
from slm_console.views.tables import table_of
from slm_console.web.connections import ALL, may_connect, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_WRITERS, _WRITES, _HERE = "/api/v1/ticket-writers", "/api/v1/ticket-writes", "/connections/writers"
TOOLS = Whole("/api/v1/ticket-tools", ALL)
_NEWEST = {"limit": "50"}
_CHOSEN = ("title", "connector", "address", "source", "authentication", "fields", "clocks", "time_zone")
"""Fields of a writer that a user chooses; a change sends all of them back."""


@router.get("/connections/writers")
async def list_writers(visit: SignedIn) -> Response:
    """List the writers, each with its state and counts, and the tools into whose tickets can be written."""
    parts = await visit.api.gather(**WHO, writers=Whole(_WRITERS, ALL), tools=TOOLS)
    directory = directory_from(parts)
    tools = [writers.writing_tool(visit.reader, each) for each in parts["tools"].items]
    titles = {each.name: each.title for each in tools}
    lines = [writers.writer_line(visit.reader, each, titles) for each in parts["writers"].items]
    model = {**shell(directory, "writers", parts["writers"]), "may_connect": may_connect(directory), "tools": tools}
    table = table_of(writers.writer_columns(visit.reader), lines, wish_of(visit))
    return render_table(visit, "connections/writers.html", model, table, "writers")


@router.get("/connections/writers/{writer_id}")
async def show_writer(visit: SignedIn, writer_id: str) -> Response:
    """Show a writer: what it writes and when, and the tickets that it wrote or gave up last."""
    return await _writer_page(visit, writer_id)


async def _writer_page(
    visit: Visit,
    writer_id: str,
    *,
    test: WriterTest | None = None,
    typed: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    found = await visit.api.known(f"{_WRITERS}/{writer_id}")
    of_writer = {"writer_id": writer_id, **_NEWEST}
    parts = await visit.api.gather(
        **WHO, writes=(_WRITES, of_writer), failed=(_WRITES, {**of_writer, "state": "failed"}), tools=TOOLS
    )
    directory = directory_from(parts)
    connector = next((each for each in parts["tools"].items if each["name"] == found["connector"]), None)
    tool = writers.writing_tool(visit.reader, connector) if connector else None
    model: dict[str, Any] = {
        **shell(directory, "writers", Part(found)),
        "may_change": may_connect(directory),
        "line": writers.writer_line(visit.reader, found, {tool.name: tool.title} if tool else {}),
        "facts": writers.writer_facts(visit.reader, found, tool),
        "fields": writers.written_fields(visit.reader, found["fields"]),
        "writes": [writers.write_line(visit.reader, each) for each in parts["writes"].items],
        "failed": [writers.write_line(visit.reader, each) for each in parts["failed"].items],
        "guide": guide_blocks(str(connector["guide"])) if connector else [],
        "test": test,
        "typed": typed,
        "errors": errors or {},
    }
    return render(visit, "connections/writer.html", model, status=422 if errors else 200)


@router.post("/connections/writers/{writer_id}/test")
async def write_test(visit: SignedIn, writer_id: str, form: Fields) -> Response:
    """Write into one ticket now, and show what was sent and what the tool answered."""
    ticket = form.text("ticket")
    if not ticket:
        why = visit.reader.gettext("Write the number of a ticket in the tool.")
        return await _writer_page(visit, writer_id, errors={"ticket": why})
    try:
        done = await visit.api.post(f"{_WRITERS}/{writer_id}/tests", {"ticket": ticket})
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        wrong = {"ticket": refused.fields["ticket"]} if "ticket" in refused.fields else _notice(refused)
        return await _writer_page(visit, writer_id, typed=ticket, errors=wrong)
    return await _writer_page(visit, writer_id, typed=ticket, test=writers.writer_test(visit.reader, done))


@router.post("/connections/writers/{writer_id}/rewrites")
async def write_again(visit: SignedIn, writer_id: str, form: Fields) -> Response:
    """Write every ticket again that the writer knows, also those that were given up."""
    try:
        await visit.api.post(f"{_WRITERS}/{writer_id}/rewrites", {})
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _writer_page(visit, writer_id, errors=_notice(refused))
    return go(visit, f"{_HERE}/{writer_id}")


@router.post("/connections/writers/{writer_id}/paused")
async def pause_writer(visit: SignedIn, writer_id: str, form: Fields) -> Response:
    """Pause a writer, or let it write again, depending on the field ``paused``."""

    def changed(writer: Mapping[str, Any]) -> dict[str, Any]:
        return {**{name: writer[name] for name in _CHOSEN}, "paused": form.text("paused") == "yes"}

    try:
        await visit.api.change(f"{_WRITERS}/{writer_id}", changed)
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _writer_page(visit, writer_id, errors=_notice(refused))
    return go(visit, f"{_HERE}/{writer_id}")


@router.get("/connections/writers/{writer_id}/remove")
async def ask_to_remove_writer(visit: SignedIn, writer_id: str) -> Response:
    """Ask for confirmation before a writer is removed, and say what the removal does."""
    found = await visit.api.known(f"{_WRITERS}/{writer_id}")
    return render(visit, "connections/remove_writer.html", {"line": writers.writer_line(visit.reader, found, {})})


@router.post("/connections/writers/{writer_id}/remove")
async def remove_writer(visit: SignedIn, writer_id: str, form: Fields) -> Response:
    """Remove a writer with its secret and the list of its tickets."""
    await visit.api.delete(f"{_WRITERS}/{writer_id}")
    return go(visit, _HERE)


def _notice(refused: RefusedRequest) -> dict[str, str]:
    return {"form": refusal_in_words(refused)}
