"""Pages of hooks, the addresses that other tools call: the list, a new hook, one hook, and one of its calls."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, Part, RefusedRequest, Whole
from slm_console.views.connections import hooks
from slm_console.views.connections.guides import guide_blocks
from slm_console.views.connections.webhooks import secret_in_words
from slm_console.views.tables import table_of
from slm_console.web.connections import ALL, may_connect, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_HOOKS, _HERE = "/api/v1/hooks", "/connections/hooks"
_TOOLS = Whole("/api/v1/connectors", ALL)
_DAY = 86_400


@router.get("/connections/hooks")
async def list_hooks(visit: SignedIn) -> Response:
    """List the addresses that tools call, each with its last call, and the tools that can be connected."""
    parts = await visit.api.gather(**WHO, hooks=Whole(_HOOKS, ALL), tools=_TOOLS)
    directory, known = directory_from(parts), parts["tools"].items
    titles = {str(each["name"]): str(each["title"]) for each in known}
    lines = [hooks.hook_line(visit.reader, each, titles) for each in parts["hooks"].items]
    model = {
        **shell(directory, "hooks", parts["hooks"]),
        "may_connect": may_connect(directory),
        "tools": [hooks.tool_line(visit.reader, each) for each in known],
    }
    table = table_of(hooks.hook_columns(visit.reader), lines, wish_of(visit))
    return render_table(visit, "connections/hooks.html", model, table, "hooks")


@router.get("/connections/hooks/new/{tool}")
async def new_hook(visit: SignedIn, tool: str) -> Response:
    """Show how a tool is connected, and the form for an address that it calls."""
    return await _new_page(visit, tool, {}, {})


async def _new_page(visit: Visit, tool: str, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    parts = await visit.api.gather(**WHO, tools=_TOOLS)
    directory = directory_from(parts)
    connector = next((each for each in parts["tools"].items if each["name"] == tool), None)
    if connector is None and not parts["tools"].away:
        raise NotFound(404, {})
    model = {
        **shell(directory, "hooks", parts["tools"]),
        "may_connect": may_connect(directory),
        "tool": connector and hooks.tool_line(visit.reader, connector),
        "source": connector and connector["source"],
        "guide": guide_blocks(str(connector["guide"])) if connector else [],
        "typed": typed,
        "errors": errors,
    }
    return render(visit, "connections/new_hook.html", model, status=422 if errors else 200)


@router.post("/connections/hooks/new/{tool}")
async def make_hook(visit: SignedIn, tool: str, form: Fields) -> Response:
    """Make an address that a tool calls, and show its secret once."""
    typed = {name: form.text(name) for name in ("title", "source")}
    if not typed["title"]:
        why = visit.reader.gettext("Write what calls, such as Finance desk.")
        return await _new_page(visit, tool, typed, {"title": why})
    body = {"title": typed["title"], "connector": tool}
    given = {"source": typed["source"], "secret": form.password("secret")}
    try:
        made = await visit.api.post(_HOOKS, {**body, **{name: text for name, text in given.items() if text}})
    except RefusedRequest as refused:
        fields = {name: why for name, why in refused.fields.items() if name in ("title", "source", "secret")}
        return await _new_page(visit, tool, typed, fields or {"form": str(refused)})
    return await _hook_page(visit, str(made["hook_id"]), secret=str(made["secret"]))


@router.get("/connections/hooks/{hook_id}")
async def show_hook(visit: SignedIn, hook_id: str) -> Response:
    """Show an address that a tool calls: how the tool is set up, and its last calls."""
    return await _hook_page(visit, hook_id)


async def _hook_page(visit: Visit, hook_id: str, *, secret: str = "", notice: str = "") -> Response:
    found = await visit.api.known(f"{_HOOKS}/{hook_id}")
    parts = await visit.api.gather(**WHO, calls=f"{_HOOKS}/{hook_id}/calls", tools=_TOOLS)
    directory = directory_from(parts)
    connector = next((each for each in parts["tools"].items if each["name"] == found["connector"]), None)
    base = visit.request.base_url
    address = f"{base.scheme}://{base.netloc}{found['path']}"
    titles = {str(connector["name"]): str(connector["title"])} if connector else {}
    model = {
        **shell(directory, "hooks", Part(found)),
        "may_change": may_connect(directory),
        "line": hooks.hook_line(visit.reader, found, titles),
        "address": address,
        "way": hooks.way_in_words(visit.reader, found["authentication"]),
        "secrets": [secret_in_words(visit.reader, each) for each in found["secrets"]],
        "guide": guide_blocks(str(connector["guide"]), address) if connector else [],
        "calls": [hooks.call_line(visit.reader, each, str(found["source"])) for each in parts["calls"].items],
        "can_test": connector is not None,
        "brings_tickets": connector is not None and connector["kind"] == "tickets",
        "secret": secret,
        "notice": notice,
    }
    return render(visit, "connections/hook.html", model, status=422 if notice else 200)


@router.get("/connections/hooks/{hook_id}/calls/{call_id}")
async def show_call(visit: SignedIn, hook_id: str, call_id: str) -> Response:
    """Show one call: what the tool sent, what the product did with it, and what to correct."""
    return await _call_page(visit, hook_id, call_id, "")


async def _call_page(visit: Visit, hook_id: str, call_id: str, notice: str) -> Response:
    found = await visit.api.known(f"{_HOOKS}/{hook_id}")
    calls = await visit.api.known(f"{_HOOKS}/{hook_id}/calls")
    call = next((each for each in calls["items"] if each["call_id"] == call_id), None)
    if call is None:
        raise NotFound(404, {})
    directory = directory_from(await visit.api.gather(**WHO))
    model = {
        **shell(directory, "hooks", Part(found)),
        "may_change": may_connect(directory),
        "line": hooks.hook_line(visit.reader, found, {}),
        "call": hooks.call_line(visit.reader, call, str(found["source"])),
        "notice": notice,
    }
    return render(visit, "connections/hook_call.html", model, status=422 if notice else 200)


@router.post("/connections/hooks/{hook_id}/calls/{call_id}/repeat")
async def repeat_call(visit: SignedIn, hook_id: str, call_id: str, form: Fields) -> Response:
    """Read the payload of an earlier call once more, by the present mapping."""
    try:
        await visit.api.post(f"{_HOOKS}/{hook_id}/calls/{call_id}/repeat")
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _call_page(visit, hook_id, call_id, refusal_in_words(refused))
    return go(visit, f"{_HERE}/{hook_id}")


@router.post("/connections/hooks/{hook_id}/test")
async def send_test(visit: SignedIn, hook_id: str, form: Fields) -> Response:
    """Let the mapping read an example of the tool's payloads, and add this to the list of calls."""
    try:
        made = await visit.api.post(f"{_HOOKS}/{hook_id}/tests")
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _hook_page(visit, hook_id, notice=str(refused))
    return go(visit, f"{_HERE}/{hook_id}/calls/{made['call_id']}")


@router.post("/connections/hooks/{hook_id}/paused")
async def pause(visit: SignedIn, hook_id: str, form: Fields) -> Response:
    """Pause an address or resume it, depending on the field ``paused``."""
    path = f"{_HOOKS}/{hook_id}"
    _, tag = await visit.api.tagged(path)
    await visit.api.send("PATCH", path, {"paused": form.text("paused") == "yes"}, tag)
    return go(visit, f"{_HERE}/{hook_id}")


@router.post("/connections/hooks/{hook_id}/secret")
async def replace_secret(visit: SignedIn, hook_id: str, form: Fields) -> Response:
    """Replace the secret of an address. If the tool has issued a secret, it is typed in; otherwise a new secret is made
    and shown once.

    The earlier secrets work for another day.
    """
    given = form.password("secret")
    body = {"overlap_seconds": _DAY, **({"secret": given} if given else {})}
    try:
        made = await visit.api.post(f"{_HOOKS}/{hook_id}/secrets", body)
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _hook_page(visit, hook_id, notice=refused.fields.get("secret") or str(refused))
    return await _hook_page(visit, hook_id, secret=str(made["secret"]))


@router.get("/connections/hooks/{hook_id}/remove")
async def ask_to_remove(visit: SignedIn, hook_id: str) -> Response:
    """Ask for confirmation before an address is removed, and say what the removal does."""
    found = await visit.api.known(f"{_HOOKS}/{hook_id}")
    return render(visit, "connections/remove_hook.html", {"line": hooks.hook_line(visit.reader, found, {})})


@router.post("/connections/hooks/{hook_id}/remove")
async def remove(visit: SignedIn, hook_id: str, form: Fields) -> Response:
    """Remove an address with its secrets and the list of its calls."""
    await visit.api.delete(f"{_HOOKS}/{hook_id}")
    return go(visit, _HERE)
