"""Settings page of mails: a person chooses what they are told by mail and when, and sees the last mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
_ZONE, _SERVICES = "time_zone", "monday_service_ids"


@dataclass(frozen=True, slots=True)
class TypedForm:
    """A form that was not saved: its fields, and the services of the Monday mail.

    ``services`` is None if no form was sent.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    services: Sequence[str] | None = None


@router.get("/settings/mails")
async def show_mails(visit: SignedIn) -> Response:
    """Show what the reader is told by mail and when, as a form, and the last mails to the reader."""
    return await _mails_page(visit, TypedForm(), {})


@router.post("/settings/mails")
async def choose_mails(visit: SignedIn, form: Fields) -> Response:
    """Save what the reader is told by mail, when, in which time zone, and the services of the Monday mail."""
    zone, chosen, services = form.text(_ZONE), form.named(mails.FIELD), form.texts(mails.MONDAY)
    typed = TypedForm({**chosen, _ZONE: zone}, services)
    if zone_of(zone) is None:
        why = visit.reader.gettext("Write the name of a time zone, such as Europe/Zurich.")
        return await _mails_page(visit, typed, {_ZONE: why})

    def changed(known: Mapping[str, Any]) -> dict[str, Any]:
        rules = mails.rules_to_save(known["rules"], chosen)
        # While agreement-svc is away the form shows no services: what was chosen stays.
        kept = services if form.text(mails.MONDAY_SHOWN) else known[_SERVICES]
        return {_ZONE: zone, "rules": rules, _SERVICES: kept}

    try:
        await visit.api.change(_PREFERENCES, changed)
    except RefusedRequest as refused:
        fields = {name: why for name, why in refused.fields.items() if name in (_ZONE, _SERVICES)}
        return await _mails_page(visit, typed, fields or {"form": str(refused)})
    return go(visit, "/settings/mails")


async def _mails_page(visit: Visit, typed: TypedForm, errors: Mapping[str, str]) -> Response:
    """Render the page. ``typed``: a form that was not saved; ``errors`` say why, by field."""
    parts = await visit.api.gather(**WHO, preference=_PREFERENCES, installation="/api/v1/installation")
    preference, installation = parts["preference"], parts["installation"].data
    found = preference.data or {}
    deliveries = Part(missing=True)
    if found:
        # Managers and auditors may read the mails to all people of the company: this page has only the reader's own.
        own = {"person_id": str(found["person_id"]), **_NEWEST}
        deliveries = await visit.api.part(_DELIVERIES, own)
    directory = directory_from(parts)
    chosen = found.get(_SERVICES, ()) if typed.services is None else typed.services
    model = {
        "tab": "mails",
        "lines": mails.kind_lines(visit.reader, found.get("rules", ()), typed.fields),
        "zone": typed.fields.get(_ZONE, found.get(_ZONE, "")),
        "monday": mails.monday_services(directory, chosen),
        "may_choose": not directory.has_role(roles.AUDITOR),
        "is_nobody": preference.missing,
        "is_without_mails": installation is not None and not installation.get("sends_mails"),
        "mails": [mails.mail_line(visit.reader, each) for each in deliveries.items],
        "deliveries": deliveries,
        "errors": errors,
        "part": preference,
    }
    return render(visit, "settings/mails.html", model, status=422 if errors else 200)
