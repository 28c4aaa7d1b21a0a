"""Pages to make or change a pull, which asks a tool for data: the tool's address, the account, and the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, Part, RefusedRequest
from slm_console.pages.connections.pulls import TOOLS
from slm_console.views.connections import pull_forms, pulls
from slm_console.views.connections.guides import guide_blocks
from slm_console.views.connections.pull_forms import PullDraft
from slm_console.views.moments import misread_day, start_of_day
from slm_console.web.connections import may_connect, not_saved, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_PULLS, _HERE = "/api/v1/pulls", "/connections/pulls"


@router.get("/connections/pulls/new/{name}")
async def new_pull(visit: SignedIn, name: str) -> Response:
    """Show how a tool is set up, and the form for a pull that asks the tool for data."""
    parts = await visit.api.gather(**WHO, tools=TOOLS)
    tool = next((each for each in parts["tools"].items if each["name"] == name), None)
    if tool is None and not parts["tools"].away:
        raise NotFound(404, {})
    draft = pull_forms.new_draft(visit.reader, tool) if tool else PullDraft()
    return await _form_page(visit, parts, tool, draft, {})


@router.post("/connections/pulls/new/{name}")
async def make_pull(visit: SignedIn, name: str, form: Fields) -> Response:
    """Make a pull; its tool is asked at once."""
    parts = await visit.api.gather(**WHO, tools=TOOLS)
    tool = await _tool_named(visit, name)
    draft, errors, body = _typed_pull(visit, form, str(tool["reads"]), None)
    if errors:
        return await _form_page(visit, parts, tool, draft, errors)
    try:
        made = await visit.api.post(_PULLS, {**body, "connector": name})
    except RefusedRequest as refused:
        found = _errors_of(visit, refused, form, refusal_in_words(refused))
        return await _form_page(visit, parts, tool, draft, found)
    return go(visit, f"{_HERE}/{made['pull_id']}")


@router.get("/connections/pulls/{pull_id}/change")
async def show_change(visit: SignedIn, pull_id: str) -> Response:
    """Show the form with which a pull is changed."""
    found, tag = await visit.api.tagged(f"{_PULLS}/{pull_id}")
    parts = await visit.api.gather(**WHO, tools=TOOLS)
    tool = await _tool_named(visit, str(found["connector"]))
    return await _form_page(visit, parts, tool, pull_forms.draft_of(found, tag), {}, found)


@router.post("/connections/pulls/{pull_id}/change")
async def change_pull(visit: SignedIn, pull_id: str, form: Fields) -> Response:
    """Save a changed pull; its tool is asked at once."""
    found = await visit.api.get(f"{_PULLS}/{pull_id}")
    parts = await visit.api.gather(**WHO, tools=TOOLS)
    tool = await _tool_named(visit, str(found["connector"]))
    draft, errors, body = _typed_pull(visit, form, str(tool["reads"]), found)
    if errors:
        return await _form_page(visit, parts, tool, draft, errors, found)
    try:
        await visit.api.send("PATCH", f"{_PULLS}/{pull_id}", body, draft.tag)
    except RefusedRequest as refused:
        wrong = _errors_of(visit, refused, form, not_saved(visit, refused))
        return await _form_page(visit, parts, tool, draft, wrong, found)
    return go(visit, f"{_HERE}/{pull_id}")


async def _tool_named(visit: Visit, name: str) -> Mapping[str, Any]:
    """Return the tool with this name, if a pull can ask it; raises NotFound and ServiceAway."""
    tools = await visit.api.get(TOOLS.path, TOOLS.parameters)
    found: Mapping[str, Any] | None = next((each for each in tools["items"] if each["name"] == name), None)
    if found is None:
        raise NotFound(404, {})
    return found


def _typed_pull(
    visit: Visit, form: Form, reads: str, known: Mapping[str, Any] | None
) -> tuple[PullDraft, dict[str, str], dict[str, Any]]:
    """Return the typed fields, the errors by field, and the request body.

    The body is empty if there are errors. ``known`` is the pull that is changed, None for a new one.
    """
    draft = pull_forms.draft_typed({name: value.strip().replace("\r\n", "\n") for name, value in form.fields})
    errors = pull_forms.empty_fields(visit.reader, draft, reads)
    if why := misread_day(visit.reader, draft.since):
        errors["since"] = why
    if not (draft.every.isdecimal() and (draft.step.isdecimal() or reads != "samples")):
        errors["form"] = visit.reader.gettext("Choose how often the tool is asked.")
    if errors:
        return draft, {**errors, **_unkept(visit, form)}, {}
    body = pull_forms.body_of(draft, form.password("secret"), reads, known)
    if since := start_of_day(visit.reader, draft.since, is_past=True):
        body["since"] = since
    return draft, {}, body


def _errors_of(visit: Visit, refused: RefusedRequest, form: Form, otherwise: str) -> dict[str, str]:
    if refused.status in (403, 404):
        raise refused
    return {**_unkept(visit, form), **(pull_forms.errors_of(refused.fields) or {"form": otherwise})}


def _unkept(visit: Visit, form: Form) -> dict[str, str]:
    """Return the message that the secret must be typed again, because no page shows it. Empty if no secret was
    typed.
    """
    again = visit.reader.gettext("Write it again: it is a secret, which this page does not keep.")
    return {"secret": again} if form.password("secret") else {}


async def _form_page(
    visit: Visit,
    parts: Mapping[str, Part],
    tool: Mapping[str, Any] | None,
    draft: PullDraft,
    errors: Mapping[str, str],
    found: Mapping[str, Any] | None = None,
) -> Response:
    directory = directory_from(dict(parts))
    if found is not None and not may_connect(directory):
        return go(visit, f"{_HERE}/{found['pull_id']}")
    model = {
        **shell(directory, "pulls", parts["tools"]),
        "may_connect": may_connect(directory),
        "tool": pulls.pulled_tool(visit.reader, tool) if tool else None,
        "source": tool and tool["source"],
        "line": pulls.pull_line(visit.reader, found, {}) if found else None,
        "draft": draft,
        "choices": pull_forms.choices(visit.reader, draft, tool) if tool else {},
        "guide": guide_blocks(str(tool["guide"])) if tool else [],
        "errors": errors,
    }
    return render(visit, "connections/pull_form.html", model, status=422 if errors else 200)
