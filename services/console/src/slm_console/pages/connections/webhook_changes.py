"""Page to change a webhook endpoint: its name, its URL, and which events it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, RefusedRequest, Whole
from slm_console.views.connections import webhooks
from slm_console.views.connections.webhook_filters import FIELDS, filters_of
from slm_console.web.connections import may_connect, not_saved, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_ENDPOINTS, _HERE = "/api/v1/webhook-endpoints", "/connections/webhooks"
AGREEMENTS = Whole("/api/v1/agreements", {"limit": "500"})
_COMPUTED = (
    "endpoint_id", "party_id", "state", "state_reason", "state_at", "created_at", "created_by_principal_id",
)  # fmt: skip
"""Fields of an endpoint that the API sets itself; a change does not send them back."""


@dataclass(frozen=True, slots=True)
class _WantedEvents:
    """The values of the form.

    - ``what``: a key of CHOICES; if it is empty, the endpoint keeps its event types.
    - ``tag``: the entity tag that the endpoint had when the form was shown.
    - ``chosen``: filter field, such as ``service_ids`` → the chosen ids.
    """

    title: str
    url: str
    what: str
    tag: str
    chosen: Mapping[str, Sequence[str]]


@router.get("/connections/webhooks/{endpoint_id}/change")
async def show_change(visit: SignedIn, endpoint_id: str) -> Response:
    """Show the form with which an address is changed."""
    found, tag = await visit.api.tagged(f"{_ENDPOINTS}/{endpoint_id}")
    chosen = {name: found[name] for name in FIELDS}
    draft = _WantedEvents(str(found["title"]), str(found["url"]), webhooks.choice_of(found["event_types"]), tag, chosen)
    return await _change_page(visit, found, draft, {})


@router.post("/connections/webhooks/{endpoint_id}/change")
async def change(visit: SignedIn, endpoint_id: str, form: Fields) -> Response:
    """Save the name and the URL of an address, and which events it gets."""
    path = f"{_ENDPOINTS}/{endpoint_id}"
    found = await visit.api.get(path)
    chosen = {name: form.texts(name) for name in FIELDS}
    draft = _WantedEvents(form.text("title"), form.text("url"), form.text("what"), form.text("tag"), chosen)
    new_url = draft.url if draft.url != str(found["url"]) else ""
    unkept = webhooks.unkept_fields(visit.reader, str(found["kind"]), new_url, form.text("secret"))
    kept = replace(draft, url=str(found["url"])) if "url" in unkept else draft
    errors = webhooks.empty_fields(visit.reader, draft.title, draft.url, str(found["kind"]))
    if errors:
        return await _change_page(visit, found, kept, {**unkept, **errors})
    body = {
        **kept_fields(found),
        "title": draft.title,
        "url": draft.url,
        "event_types": list(webhooks.CHOICES.get(draft.what, found["event_types"])),
        "paused": found["state"] == "paused",
        **chosen,
    }
    if form.text("secret"):
        body["secret"] = form.text("secret")
    try:
        await visit.api.send("PUT", path, body, draft.tag)
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        fields = {name: why for name, why in refused.fields.items() if name in ("title", "url", "secret", *FIELDS)}
        return await _change_page(visit, found, kept, {**unkept, **(fields or {"form": not_saved(visit, refused)})})
    return go(visit, f"{_HERE}/{endpoint_id}")


def kept_fields(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a PUT must contain: unchanged fields are sent back as they are."""
    return {name: value for name, value in endpoint.items() if name not in _COMPUTED}


async def _change_page(
    visit: Visit, found: Mapping[str, Any], draft: _WantedEvents, errors: Mapping[str, str]
) -> Response:
    parts = await visit.api.gather(**WHO, agreements=AGREEMENTS)
    directory = directory_from(parts)
    if not may_connect(directory):
        return go(visit, f"{_HERE}/{found['endpoint_id']}")
    model = {
        **shell(directory, "webhooks", Part(found)),
        "line": webhooks.webhook_line(visit.reader, found),
        "draft": draft,
        "takes_secret": str(found["kind"]) in webhooks.WITH_SECRET,
        "is_chat": str(found["kind"]) in webhooks.CHATS,
        "whats": webhooks.choices_in_words(visit.reader, found["event_types"]),
        "filters": filters_of(visit.reader, directory, parts["agreements"].items, draft.chosen),
        "errors": errors,
    }
    return render(visit, "connections/change_webhook.html", model, status=422 if errors else 200)
