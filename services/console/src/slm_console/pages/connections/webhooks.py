"""Pages of webhooks: the addresses to which events are sent, and one address with its deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, RefusedRequest, Whole
from slm_console.pages.connections.webhook_changes import AGREEMENTS, kept_fields
from slm_console.views.connections import webhooks
from slm_console.views.connections.webhook_filters import FIELDS, filters_of
from slm_console.views.moments import misread_day, start_of_day
from slm_console.views.tables import table_of
from slm_console.web.connections import ALL, may_connect, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_ENDPOINTS = "/api/v1/webhook-endpoints"
_DELIVERIES = "/api/v1/webhook-deliveries"
_NEWEST = {"limit": "50"}
_DAY = 86_400


@router.get("/connections/webhooks")
async def list_webhooks(visit: SignedIn) -> Response:
    """List the addresses to which events are sent, and show the form for a new one."""
    return await _list_page(visit, {}, {})


@router.post("/connections/webhooks")
async def make_webhook(visit: SignedIn, form: Fields) -> Response:
    """Make an address to which events are sent, and show its secret once."""
    typed = {name: form.text(name) for name in ("title", "kind", "url", "what")}
    wanted = webhooks.CHOICES.get(typed["what"], webhooks.ALARMS)
    kind = typed["kind"] or "webhook"
    body: dict[str, Any] = {
        "title": typed["title"], "kind": kind, "url": typed["url"], "event_types": list(wanted),
    }  # fmt: skip
    if form.text("secret"):
        body["secret"] = form.text("secret")
    unkept = webhooks.unkept_fields(visit.reader, kind, typed["url"], form.text("secret"))
    kept = {**typed, "url": "" if "url" in unkept else typed["url"]}
    errors = webhooks.empty_fields(visit.reader, typed["title"], typed["url"], kind)
    if errors:
        return await _list_page(visit, kept, {**unkept, **errors})
    try:
        made = await visit.api.post(_ENDPOINTS, body)
    except RefusedRequest as refused:
        fields = {name: why for name, why in refused.fields.items() if name in ("title", "kind", "url", "secret")}
        return await _list_page(visit, kept, {**unkept, **(fields or {"form": refusal_in_words(refused)})})
    return await _webhook_page(visit, made["endpoint_id"], secret=made["secret"])


async def _list_page(visit: Visit, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    parts = await visit.api.gather(**WHO, endpoints=Whole(_ENDPOINTS, ALL))
    directory = directory_from(parts)
    lines = [webhooks.webhook_line(visit.reader, each) for each in parts["endpoints"].items]
    table = table_of(webhooks.webhook_columns(visit.reader), lines, wish_of(visit))
    model = {
        **shell(directory, "webhooks", parts["endpoints"]),
        "may_make": may_connect(directory),
        "whats": webhooks.choices_in_words(visit.reader),
        "kinds": webhooks.kinds_of_webhooks(visit.reader),
        "typed": typed,
        "errors": errors,
    }
    return render_table(visit, "connections/webhooks.html", model, table, "webhooks", status=422 if errors else 200)


@router.get("/connections/webhooks/{endpoint_id}")
async def show_webhook(visit: SignedIn, endpoint_id: str) -> Response:
    """Show an address: the events that it gets, how it answers, and its newest deliveries."""
    return await _webhook_page(visit, endpoint_id)


async def _webhook_page(visit: Visit, endpoint_id: str, *, secret: str = "", notice: str = "") -> Response:
    found = await visit.api.known(f"{_ENDPOINTS}/{endpoint_id}")
    parts = await visit.api.gather(
        **WHO,
        status=f"{_ENDPOINTS}/{endpoint_id}/status",
        deliveries=(_DELIVERIES, {"endpoint_id": endpoint_id, **_NEWEST}),
        **({"agreements": AGREEMENTS} if found["agreement_ids"] else {}),
    )
    directory, status = directory_from(parts), parts["status"].data
    agreements = parts["agreements"].items if "agreements" in parts else ()
    chosen = {name: found[name] for name in FIELDS}
    model = {
        **shell(directory, "webhooks", Part(found)),
        "may_change": may_connect(directory),
        "line": webhooks.webhook_line(visit.reader, found),
        "filters": [each for each in filters_of(visit.reader, directory, agreements, chosen) if each.chosen],
        "standing": webhooks.standing_of_webhook(visit.reader, status) if status else None,
        "deliveries": [webhooks.delivery_line(visit.reader, each) for each in parts["deliveries"].items],
        "takes_secret": str(found["kind"]) in webhooks.WITH_SECRET,
        "secret": secret,
        "notice": notice,
    }
    return render(visit, "connections/webhook.html", model, status=422 if notice else 200)


@router.post("/connections/webhooks/{endpoint_id}/test")
async def send_test(visit: SignedIn, endpoint_id: str, form: Fields) -> Response:
    """Send a test event to an address."""
    return await _acted(visit, endpoint_id, f"{_ENDPOINTS}/{endpoint_id}/test-events", {})


@router.post("/connections/webhooks/{endpoint_id}/paused")
async def pause(visit: SignedIn, endpoint_id: str, form: Fields) -> Response:
    """Pause an address or resume it, depending on the field ``paused``."""

    def changed(endpoint: Mapping[str, Any]) -> dict[str, Any]:
        return {**kept_fields(endpoint), "paused": form.text("paused") == "yes"}

    await visit.api.change(f"{_ENDPOINTS}/{endpoint_id}", changed)
    return go(visit, f"/connections/webhooks/{endpoint_id}")


@router.post("/connections/webhooks/{endpoint_id}/secret")
async def replace_secret(visit: SignedIn, endpoint_id: str, form: Fields) -> Response:
    """Give an address a new secret.

    A secret that signs requests is made here and shown once; the earlier secret works for another day. The secret of a
    tool is typed in; the earlier secret ends at once.
    """
    path, typed = f"{_ENDPOINTS}/{endpoint_id}/secrets", form.text("secret")
    if typed:
        return await _acted(visit, endpoint_id, path, {"secret": typed})
    try:
        made = await visit.api.post(path, {"overlap_seconds": _DAY})
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _webhook_page(visit, endpoint_id, notice=refusal_in_words(refused))
    return await _webhook_page(visit, endpoint_id, secret=made["secret"])


@router.post("/connections/webhooks/{endpoint_id}/replay")
async def replay(visit: SignedIn, endpoint_id: str, form: Fields) -> Response:
    """Send all events since a given day again."""
    typed = form.text("from")
    since = start_of_day(visit.reader, typed, is_past=True) if typed else None
    if since is None:
        why = misread_day(visit.reader, typed) if typed else ""
        why = why or visit.reader.gettext("Write from which day on, such as 1 Dec.")
        return await _webhook_page(visit, endpoint_id, notice=why)
    return await _acted(visit, endpoint_id, f"{_ENDPOINTS}/{endpoint_id}/replays", {"from": since})


@router.post("/connections/webhooks/{endpoint_id}/deliveries/{delivery_id}/resend")
async def resend(visit: SignedIn, endpoint_id: str, delivery_id: str, form: Fields) -> Response:
    """Send one delivery again."""
    return await _acted(visit, endpoint_id, f"{_DELIVERIES}/{delivery_id}/resend", {})


@router.get("/connections/webhooks/{endpoint_id}/remove")
async def ask_to_remove(visit: SignedIn, endpoint_id: str) -> Response:
    """Ask for confirmation before an address is removed, and say what the removal does."""
    found = await visit.api.known(f"{_ENDPOINTS}/{endpoint_id}")
    return render(visit, "connections/remove_webhook.html", {"line": webhooks.webhook_line(visit.reader, found)})


@router.post("/connections/webhooks/{endpoint_id}/remove")
async def remove(visit: SignedIn, endpoint_id: str, form: Fields) -> Response:
    """Remove an address with its deliveries."""
    await visit.api.delete(f"{_ENDPOINTS}/{endpoint_id}")
    return go(visit, "/connections/webhooks")


async def _acted(visit: Visit, endpoint_id: str, path: str, body: Mapping[str, Any]) -> Response:
    """Post a request about an endpoint and show the endpoint's page. If the API refused the request, the page
    says why.
    """
    try:
        await visit.api.post(path, body)
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        return await _webhook_page(visit, endpoint_id, notice=refusal_in_words(refused))
    return go(visit, f"/connections/webhooks/{endpoint_id}")
