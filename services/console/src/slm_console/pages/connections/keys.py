"""Page of API keys of systems, and the handlers that create and revoke them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, RefusedRequest, Whole
from slm_console.views import account
from slm_console.views.connections import keys
from slm_console.views.moments import end_of_day, misread_day
from slm_console.web.connections import shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit
from slm_events.instants import to_text

router = APIRouter()
_PRINCIPALS = "/api/v1/principals"
_USES = ("agreement", "monitor", "report", "review", "notification")
_MANY = {"limit": "1000"}


@router.get("/connections/keys")
async def list_keys(visit: SignedIn) -> Response:
    """List the API keys with their last use, and show the form for a new one."""
    return await _keys_page(visit, {}, {})


async def _keys_page(
    visit: Visit, typed: Mapping[str, str], errors: Mapping[str, str], made: Mapping[str, str] | None = None
) -> Response:
    uses = {f"{name}_uses": Whole(f"/api/v1/{name}-key-uses", _MANY) for name in _USES}
    parts = await visit.api.gather(**WHO, **uses, principals=Whole(_PRINCIPALS, _MANY))
    directory = directory_from(parts)
    model = {
        **shell(directory, "keys", parts["principals"]),
        "lines": keys.key_lines(
            visit.reader, parts["principals"].items, [use for name in uses for use in parts[name].items]
        ),
        "unknown_uses": [name for name in _USES if parts[f"{name}_uses"].away],
        "knows_uses": not parts["agreement_uses"].missing,
        "may_enrol": bool(directory.own) and directory.has_role("service_level_manager"),
        "typed": typed,
        "errors": errors,
        "made": made,
    }
    return render(visit, "connections/keys.html", model, status=422 if errors else 200)


@router.post("/connections/keys")
async def make_key(visit: SignedIn, form: Fields) -> Response:
    """Create an API key for a system and show it once, with commands to paste.

    If no system has this name, a new system is enrolled as an integrator.
    """
    reader = visit.reader
    typed = {name: form.text(name) for name in ("name", "until", "may")}
    ends = end_of_day(reader, typed["until"]) if typed["until"] else None
    errors = {}
    if not typed["name"]:
        errors["name"] = reader.gettext("Write the name of the system that will send.")
    if misread := misread_day(reader, typed["until"]):
        errors["until"] = misread
    if errors:
        return await _keys_page(visit, typed, errors)
    try:
        issued = await _issue(visit, form, ends)
    except RefusedRequest as refused:
        return await _keys_page(visit, typed, {"name": str(refused)})
    found = await visit.api.gather(found=("/api/v1/indicators", {"limit": "50"}))
    base = visit.request.base_url
    address = f"{base.scheme}://{base.netloc}"
    # Whole seconds: nobody types microseconds into a shell.
    now = to_text(reader.now // 1_000_000 * 1_000_000).replace(".000000", "")
    lines = keys.snippet(address, str(issued["key"]), found["found"].items, now)
    made = {"name": typed["name"], "key": str(issued["key"]), "key_id": str(issued["key_id"]), "lines": lines}
    return await _keys_page(visit, {}, {}, {**made, "token_url": f"{address}/api/v1/oauth/token"})


async def _issue(visit: Visit, form: Form, ends: str | None) -> Any:
    name = form.text("name")
    found = await visit.api.whole(_PRINCIPALS, _MANY)
    system = next((each for each in found.items if each["name"] == name and each["person_id"] is None), None)
    if system is None:
        about = {"key": account.key_of(name), "name": name, "roles": ["integrator"]}
        system = await visit.api.post(_PRINCIPALS, about)
    body: dict[str, Any] = {"scopes": keys.SENDING if form.text("may") != "all" else []}
    if ends is not None:
        body["expires_at"] = ends
    return await visit.api.post(f"{_PRINCIPALS}/{system['principal_id']}/keys", body)


@router.get("/connections/keys/{principal_id}/{key_id}/revoke")
async def ask_to_revoke(visit: SignedIn, principal_id: str, key_id: str) -> Response:
    """Ask for confirmation before a key is revoked, and say what the revocation does."""
    system = await visit.api.known(f"{_PRINCIPALS}/{principal_id}")
    parts = await visit.api.gather(**WHO, uses=Whole("/api/v1/monitor-key-uses", _MANY))
    line = next(
        (each for each in keys.key_lines(visit.reader, [system], parts["uses"].items) if each.key_id == key_id), None
    )
    if line is None or line.state:
        raise NotFound(404, {})
    return render(visit, "connections/revoke.html", {"line": line})


@router.post("/connections/keys/{principal_id}/{key_id}/revoke")
async def revoke(visit: SignedIn, principal_id: str, key_id: str, form: Fields) -> Response:
    """Revoke an API key."""
    await visit.api.delete(f"{_PRINCIPALS}/{principal_id}/keys/{key_id}")
    return go(visit, "/connections/keys")
