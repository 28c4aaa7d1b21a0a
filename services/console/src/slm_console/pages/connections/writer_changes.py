"""Pages to make or change a ticket writer: the tool's address, the account, and the fields to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, Part, RefusedRequest, Whole
from slm_console.pages.connections.writers import TOOLS
from slm_console.views.connections import writer_forms, writers
from slm_console.views.connections.guides import guide_blocks
from slm_console.views.connections.writer_forms import WriterDraft
from slm_console.web.connections import ALL, may_connect, not_saved, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_WRITERS, _HERE = "/api/v1/ticket-writers", "/connections/writers"
_BRINGING = {"hooks": Whole("/api/v1/hooks", ALL), "pulls": Whole("/api/v1/pulls", ALL)}
"""The lists that say under which sources a tool's tickets come in."""


@router.get("/connections/writers/new/{name}")
async def new_writer(visit: SignedIn, name: str) -> Response:
    """Show how a tool is set up, and the form for a new writer."""
    parts = await visit.api.gather(**WHO, tools=TOOLS, **_BRINGING)
    tool = next((each for each in parts["tools"].items if each["name"] == name), None)
    if tool is None and not parts["tools"].away:
        raise NotFound(404, {})
    draft = writer_forms.new_draft(visit.reader, tool, _sources_of(parts, name)) if tool else WriterDraft()
    return await _writer_form_page(visit, parts, tool, draft, {})


@router.post("/connections/writers/new/{name}")
async def make_writer(visit: SignedIn, name: str, form: Fields) -> Response:
    """Make a writer, paused unless the form says that it begins at once."""
    parts = await visit.api.gather(**WHO, tools=TOOLS, **_BRINGING)
    tool = await _tool_named(visit, name)
    draft, secret = _typed_writer(form), form.password("secret")
    errors = writer_forms.missing_fields(visit.reader, draft)
    if not secret:
        errors["secret"] = visit.reader.gettext("Write the password or token of the account.")
    if errors:
        return await _writer_form_page(visit, parts, tool, draft, {**_unkept(visit, form), **errors})
    try:
        body = writer_forms.writer_body(draft, name, secret, is_paused=draft.begins != "yes")
        made = await visit.api.post(_WRITERS, body)
    except RefusedRequest as refused:
        found = _writer_errors(visit, refused, form, refusal_in_words(refused))
        return await _writer_form_page(visit, parts, tool, draft, found)
    return go(visit, f"{_HERE}/{made['writer_id']}")


@router.get("/connections/writers/{writer_id}/change")
async def show_writer_change(visit: SignedIn, writer_id: str) -> Response:
    """Show the form with which a writer is changed."""
    found, tag = await visit.api.tagged(f"{_WRITERS}/{writer_id}")
    parts = await visit.api.gather(**WHO, tools=TOOLS, **_BRINGING)
    tool = await _tool_named(visit, str(found["connector"]))
    return await _writer_form_page(visit, parts, tool, writer_forms.draft_of(found, tag), {}, found)


@router.post("/connections/writers/{writer_id}/change")
async def change_writer(visit: SignedIn, writer_id: str, form: Fields) -> Response:
    """Save a changed writer. A paused writer stays paused; a stopped one goes on."""
    found = await visit.api.get(f"{_WRITERS}/{writer_id}")
    parts = await visit.api.gather(**WHO, tools=TOOLS, **_BRINGING)
    tool = await _tool_named(visit, str(found["connector"]))
    draft = _typed_writer(form)
    if errors := writer_forms.missing_fields(visit.reader, draft):
        return await _writer_form_page(visit, parts, tool, draft, {**_unkept(visit, form), **errors}, found)
    is_paused = found["state"] == "paused"
    body = writer_forms.writer_body(draft, str(found["connector"]), form.password("secret"), is_paused=is_paused)
    try:
        await visit.api.send("PUT", f"{_WRITERS}/{writer_id}", body, draft.tag)
    except RefusedRequest as refused:
        wrong = _writer_errors(visit, refused, form, not_saved(visit, refused))
        return await _writer_form_page(visit, parts, tool, draft, wrong, found)
    return go(visit, f"{_HERE}/{writer_id}")


async def _tool_named(visit: Visit, name: str) -> Mapping[str, Any]:
    """Return the tool with this name, if its tickets can be written; raises NotFound and ServiceAway."""
    tools = await visit.api.get(TOOLS.path, TOOLS.parameters)
    found: Mapping[str, Any] | None = next((each for each in tools["items"] if each["name"] == name), None)
    if found is None:
        raise NotFound(404, {})
    return found


def _typed_writer(form: Form) -> WriterDraft:
    return writer_forms.draft_typed(dict(form.fields), form.texts("clocks"))


def _sources_of(parts: Mapping[str, Part], name: str) -> list[str]:
    """Return the sources of the hooks and pulls that bring the tickets of a tool, the hooks' first."""
    found = [each for part in _BRINGING for each in parts[part].items if each["connector"] == name]
    return list(dict.fromkeys(str(each["source"]) for each in found))


def _writer_errors(visit: Visit, refused: RefusedRequest, form: Form, otherwise: str) -> dict[str, str]:
    if refused.status in (403, 404):
        raise refused
    return {**_unkept(visit, form), **(writer_forms.errors_of(refused.fields) or {"form": otherwise})}


def _unkept(visit: Visit, form: Form) -> dict[str, str]:
    """Return the message that the secret must be typed again, because no page shows it; empty if none was typed."""
    again = visit.reader.gettext("Write it again: it is a secret, which this page does not keep.")
    return {"secret": again} if form.password("secret") else {}


async def _writer_form_page(
    visit: Visit,
    parts: Mapping[str, Part],
    tool: Mapping[str, Any] | None,
    draft: WriterDraft,
    errors: Mapping[str, str],
    found: Mapping[str, Any] | None = None,
) -> Response:
    directory = directory_from(dict(parts))
    if found is not None and not may_connect(directory):
        return go(visit, f"{_HERE}/{found['writer_id']}")
    model = {
        **shell(directory, "writers", parts["tools"]),
        "may_connect": may_connect(directory),
        "tool": writers.writing_tool(visit.reader, tool) if tool else None,
        "line": writers.writer_line(visit.reader, found, {}) if found else None,
        "draft": draft,
        "ways": writer_forms.ways_of(visit.reader, tool) if tool else [],
        "sources": _sources_of(parts, str(tool["name"])) if tool else [],
        "clocks": writers.clock_names(visit.reader),
        "guide": guide_blocks(str(tool["guide"])) if tool else [],
        "errors": errors,
    }
    return render(visit, "connections/writer_form.html", model, status=422 if errors else 200)
