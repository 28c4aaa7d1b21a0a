"""Page that drafts a new agreement with three usual promises: availability, time to answer, time to resolve."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest, Whole
from slm_console.views import account
from slm_console.views.agreements import drafting
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SCOPE, SignedIn, Visit

router = APIRouter()
_INDICATORS = Whole("/api/v1/indicators", {"limit": "500"})
_TEMPLATES = Whole("/api/v1/templates", {"limit": "500"})
_FIELDS = (
    "kind", "template", "customer", "service", "title", "from", "until", "available", "answered", "resolved", "period",
    "measurement", "amount", "currency", "service_name", "service_outcome",
)  # fmt: skip


@router.get("/agreements/new")
async def show_form(visit: SignedIn) -> Response:
    """Show the form for a new agreement, with default values for the three promises.

    The address names the kind of agreement by ``kind``, such as ``uc``.
    """
    asked = visit.request.query_params
    values = drafting.first_values(visit.reader, asked.get(SCOPE, ""), asked.get("kind", ""))
    return await _form(visit, values, {})


@router.post("/agreements/new")
async def draft(visit: SignedIn, form: Fields) -> Response:
    """Draft the agreement; depending on the button, also propose it to the other side or open the editor.

    A new service that the form names is added to the catalogue first.
    """
    values = {name: form.text(name) for name in _FIELDS}
    if (service := drafting.new_service(values)) is not None:
        try:
            values["service"] = (await visit.api.post("/api/v1/services", service))["service_id"]
        except RefusedRequest as refused:
            return await _form(visit, values, {"form": str(refused)})
    parts = await visit.api.gather(**WHO)
    made = drafting.body_of(visit.reader, directory_from(parts), values)
    if made.body is None:
        return await _form(visit, values, made.errors)
    try:
        agreement = await visit.api.post("/api/v1/agreements", made.body)
        path = f"/agreements/{agreement['agreement_id']}"
        if form.text("then") == "propose":
            await visit.api.post(f"/api/v1{path}/propose", {"revision_hash": agreement["revision"]["hash"]})
        elif form.text("then") == "write":
            path = f"{path}/edit"
    except RefusedRequest as refused:
        return await _form(visit, values, {"form": str(refused)})
    return go(visit, path)


async def _form(visit: Visit, values: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    parts = await visit.api.gather(
        **WHO, indicators=_INDICATORS, templates=_TEMPLATES, invitations=Whole("/api/v1/invitations", {"limit": "100"})
    )
    choices = drafting.DraftSources(parts["indicators"].items, parts["templates"].items)
    page = drafting.form_of(visit.reader, directory_from(parts), choices, values, errors)
    invited = account.invited_companies(parts["invitations"].items)
    return render(visit, "agreements/new.html", {"page": page, "invited": invited}, status=422 if errors else 200)
