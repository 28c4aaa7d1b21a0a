"""Page on which people write a hook's mapping, try it on a payload, and save it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, RefusedRequest
from slm_console.views.connections import hooks
from slm_console.views.connections.read_payloads import ReadPayload, read_payload, wrong_mapping
from slm_console.views.directory import Directory
from slm_console.web.connections import may_connect, not_saved, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_HOOKS, _PREVIEWS, _JUDGED = "/api/v1/hooks", "/api/v1/hook-previews", "/api/v1/previews/ticket"
_MOST_JUDGED = 5
"""The page shows the clocks of at most this many tickets of a payload."""


@dataclass(frozen=True, slots=True)
class _HookPage:
    """The API's answers about the hook that the page shows. ``kept`` are the calls of this hook whose payloads are
    still stored.
    """

    hook: Mapping[str, Any]
    tag: str
    kept: Sequence[Mapping[str, Any]]
    directory: Directory


@dataclass(frozen=True, slots=True)
class _Draft:
    """The mapping and the payload that the page shows, and the result of trying or saving the mapping.

    - ``tag``: the entity tag that the hook had when the form was shown.
    - ``read``: what the mapping reads in the payload; None if the mapping was not tried.
    - ``notice``: why the mapping was not saved, or could not be tried.
    """

    mapping: str
    payload: str
    tag: str
    read: ReadPayload | None = None
    notice: str = ""


@router.get("/connections/hooks/{hook_id}/mapping")
async def show_mapping(visit: SignedIn, hook_id: str) -> Response:
    """Show a hook's mapping, and what the mapping reads in the payload of one call.

    The address of the page may name the call by ``call``; otherwise it is the last call.
    """
    known = await _ask(visit, hook_id)
    wanted = visit.request.query_params.get("call", "")
    shown = [each for each in known.kept if not wanted or each["call_id"] == wanted]
    payload = hooks.shown_payload(str(shown[0]["payload"])) if shown else ""
    mapping = str(known.hook["mapping"])
    # Who only reads may not even try: for the API that is a change.
    read = await _try_mapping(visit, known, mapping, payload) if payload and may_connect(known.directory) else None
    return _mapping_page(visit, known, _Draft(mapping, payload, known.tag, read))


@router.post("/connections/hooks/{hook_id}/mapping")
async def try_or_save(visit: SignedIn, hook_id: str, form: Fields) -> Response:
    """Try a mapping on a payload, or save it, depending on the button ``act``."""
    # Line ends of forms are CR LF; the mapping that is kept should be what a file has.
    mapping, payload = (form.password(name).replace("\r\n", "\n") for name in ("mapping", "payload"))
    read: ReadPayload | None = None
    notice = ""
    if form.text("act") == "save":
        try:
            await visit.api.send("PATCH", f"{_HOOKS}/{hook_id}", {"mapping": mapping}, form.text("tag"))
            return go(visit, f"/connections/hooks/{hook_id}")
        except RefusedRequest as refused:
            if refused.status in (403, 404):
                raise
            notice = _why_not_saved(visit, refused)
            # What is wrong with the mapping itself says more than what it would read.
            read = wrong_mapping(refused.problem.get("errors") or ()) if refused.status == 422 else None
    elif not payload.strip():
        notice = visit.reader.gettext("Paste what the tool sends, to see what the mapping reads in it.")
    known = await _ask(visit, hook_id)
    if read is None and payload.strip():
        read = await _try_mapping(visit, known, mapping, payload)
    return _mapping_page(visit, known, _Draft(mapping, payload, form.text("tag"), read, notice))


def _why_not_saved(visit: Visit, refused: RefusedRequest) -> str:
    if refused.status == 422:
        return visit.reader.gettext("The mapping is not saved yet: correct what is named below.")
    return not_saved(visit, refused)


async def _ask(visit: Visit, hook_id: str) -> _HookPage:
    found, tag = await visit.api.tagged(f"{_HOOKS}/{hook_id}")
    parts = await visit.api.gather(**WHO, calls=f"{_HOOKS}/{hook_id}/calls")
    kept = [each for each in parts["calls"].items if each["payload"] is not None]
    return _HookPage(found, tag, kept, directory_from(parts))


async def _try_mapping(visit: Visit, known: _HookPage, mapping: str, payload: str) -> ReadPayload:
    try:
        answer = await visit.api.post(_PREVIEWS, {"mapping": mapping, "payload": payload})
    except RefusedRequest as refused:
        errors = refused.problem.get("errors")
        return wrong_mapping(errors or [{"field": "", "remedy": str(refused)}])
    source, shown = str(known.hook["source"]), answer["tickets"][:_MOST_JUDGED]
    return read_payload(visit.reader, answer, await asyncio.gather(*(_judge(visit, source, each) for each in shown)))


async def _judge(visit: Visit, source: str, ticket: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return which clocks a ticket would have, or why it has none."""
    try:
        return cast(Mapping[str, Any], await visit.api.post(_JUDGED, {"source": source, **ticket}))
    except RefusedRequest as refused:
        return {"clocks": [], "unmatched_cause": refusal_in_words(refused)}


def _mapping_page(visit: Visit, known: _HookPage, draft: _Draft) -> Response:
    model = {
        **shell(known.directory, "hooks", Part(known.hook)),
        "may_change": may_connect(known.directory),
        "line": hooks.hook_line(visit.reader, known.hook, {}),
        "kept": [hooks.call_line(visit.reader, each, str(known.hook["source"])) for each in known.kept],
        "draft": draft,
    }
    return render(visit, "connections/hook_mapping.html", model, status=422 if draft.notice else 200)
