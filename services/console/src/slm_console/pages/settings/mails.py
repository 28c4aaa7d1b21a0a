"""Settings page of mails: a person chooses what they are told by mail and when, and sees the last mails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, RefusedRequest
from slm_console.views.settings import mails, roles
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.locales import zone_of
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_PREFERENCES = "/api/v1/notification-preferences"
_DELIVERIES = "/api/v1/mail-deliveries"
_NEWEST = {"limit": "20"}
_ZONE = "time_zone"


@router.get("/settings/mails")
async def show_mails(visit: SignedIn) -> Response:
    """Show what the reader is told by mail and when, as a form, and the last mails to the reader."""
    return await _mails_page(visit, {}, {})


@router.post("/settings/mails")
async def choose_mails(visit: SignedIn, form: Fields) -> Response:
    """Save what the reader is told by mail, when, and in which time zone."""
    zone, chosen = form.text(_ZONE), form.named(mails.FIELD)
    typed = {**chosen, _ZONE: zone}
    if zone_of(zone) is None:
        why = visit.reader.gettext("Write the name of a time zone, such as Europe/Zurich.")
        return await _mails_page(visit, typed, {_ZONE: why})

    def changed(known: Mapping[str, Any]) -> dict[str, Any]:
        return {_ZONE: zone, "rules": mails.rules_to_save(known["rules"], chosen)}

    try:
        await visit.api.change(_PREFERENCES, changed)
    except RefusedRequest as refused:
        fields = {name: why for name, why in refused.fields.items() if name == _ZONE}
        return await _mails_page(visit, typed, fields or {"form": str(refused)})
    return go(visit, "/settings/mails")


async def _mails_page(visit: Visit, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    """Render the page. ``typed`` are the fields of a form that was not saved; ``errors`` say why, by field."""
    parts = await visit.api.gather(**WHO, preference=_PREFERENCES, installation="/api/v1/installation")
    preference, installation = parts["preference"], parts["installation"].data
    found = preference.data or {}
    deliveries = Part(missing=True)
    if found:
        # Managers and auditors may read the mails to all people of the company: this page has only the reader's own.
        own = {"person_id": str(found["person_id"]), **_NEWEST}
        deliveries = await visit.api.part(_DELIVERIES, own)
    model = {
        "tab": "mails",
        "lines": mails.kind_lines(visit.reader, found.get("rules", ()), typed),
        "zone": typed.get(_ZONE, found.get(_ZONE, "")),
        "may_choose": not directory_from(parts).has_role(roles.AUDITOR),
        "is_nobody": preference.missing,
        "is_without_mails": installation is not None and not installation.get("sends_mails"),
        "mails": [mails.mail_line(visit.reader, each) for each in deliveries.items],
        "deliveries": deliveries,
        "errors": errors,
        "part": preference,
    }
    return render(visit, "settings/mails.html", model, status=422 if errors else 200)
