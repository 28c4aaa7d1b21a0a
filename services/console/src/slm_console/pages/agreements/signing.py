"""Page to sign an agreement."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest
from slm_console.pages.agreements.opening import address, ask, head_of, version_asked
from slm_console.views.agreements import signing
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()


@router.get("/agreements/{agreement_id}/sign")
async def show_signing(visit: SignedIn, agreement_id: str) -> Response:
    """Show what is to be signed, and the field for the signatory's name."""
    return await _page(visit, agreement_id, {}, {})


@router.post("/agreements/{agreement_id}/sign")
async def sign(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Sign the revision that the page showed, with one reason for all findings that are waived."""
    directory, parts = await ask(
        visit, agreement_id, check=(f"/api/v1/agreements/{agreement_id}/check", version_asked(visit))
    )
    findings = (parts["check"].data or {}).get("findings") or ()
    typed = {"name": form.text("name"), "reason": form.text("reason")}
    open_findings = signing.unwaived(parts["agreement"].data, findings)
    waivers = signing.waivers_of(open_findings, typed["reason"])
    errors: dict[str, str] = {}
    if not signing.is_name(typed["name"], directory.name):
        errors["name"] = visit.reader.gettext("Write your name as it is on record: %(name)s.", name=directory.name)
    if waivers and not typed["reason"]:
        errors["reason"] = visit.reader.gettext("Say why you sign all the same.")
    if not errors:
        try:
            body = {"revision_hash": form.text("revision_hash"), "waivers": waivers}
            await visit.api.post(f"/api/v1/agreements/{agreement_id}/sign", body)
            return go(visit, address(visit, agreement_id))
        except RefusedRequest as refused:
            errors["form"] = str(refused)
    return await _page(visit, agreement_id, typed, errors)


async def _page(visit: Visit, agreement_id: str, typed: dict[str, str], errors: dict[str, str]) -> Response:
    directory, parts = await ask(
        visit, agreement_id, check=(f"/api/v1/agreements/{agreement_id}/check", version_asked(visit))
    )
    agreement = parts["agreement"].data
    findings = (parts["check"].data or {}).get("findings") or ()
    model: dict[str, Any] = {
        **head_of(visit, directory, agreement, "sign"),
        "page": signing.signing_page(visit.reader, directory, agreement, findings),
        "name": directory.name,
        "typed": typed,
        "errors": errors,
    }
    return render(visit, "agreements/sign.html", model, status=422 if errors else 200)
