"""Page to sign an agreement, its receipt, and the signed document as a file."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, RefusedRequest
from slm_console.pages.agreements.opening import address, ask, head_of, version_asked
from slm_console.views.agreements import chains, receipt, signing
from slm_console.views.directory import Directory
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_REASON = "reason:"
"""Prefix of form field names. In each such field, the signatory says why they waive one finding."""


@router.get("/agreements/{agreement_id}/sign")
async def show_signing(visit: SignedIn, agreement_id: str) -> Response:
    """Show what is to be signed, and the field for the signatory's name."""
    return await _page(visit, agreement_id, {}, {})


@router.post("/agreements/{agreement_id}/sign")
async def sign(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Sign the revision that the page showed, with a reason for each finding that is waived."""
    directory, parts = await ask(
        visit, agreement_id, check=(f"/api/v1/agreements/{agreement_id}/check", version_asked(visit))
    )
    findings = (parts["check"].data or {}).get("findings") or ()
    typed = {"name": form.text("name")}
    reasons = {name: why.strip() for name, why in form.named(_REASON).items()}
    typed |= {f"{_REASON}{name}": why for name, why in reasons.items()}
    open_findings = signing.unwaived(parts["agreement"].data, findings)
    waivers = signing.waivers_of(open_findings, reasons)
    errors: dict[str, str] = {}
    if not signing.is_name(typed["name"], directory.name):
        errors["name"] = visit.reader.gettext("Write your name as it is on record: %(name)s.", name=directory.name)
    unanswered = [key for each in open_findings if not reasons.get(key := signing.doubt_key(each))]
    errors |= {f"{_REASON}{key}": visit.reader.gettext("Say why you sign all the same.") for key in unanswered}
    if not errors:
        try:
            body = {"revision_hash": form.text("revision_hash"), "waivers": waivers}
            await visit.api.post(f"/api/v1/agreements/{agreement_id}/sign", body)
            return go(visit, address(visit, agreement_id, "/signed"))
        except RefusedRequest as refused:
            errors["form"] = str(refused)
    return await _page(visit, agreement_id, typed, errors)


@router.get("/agreements/{agreement_id}/signed")
async def show_receipt(visit: SignedIn, agreement_id: str) -> Response:
    """Show who signed what and when, and what happens next; redirect to the document if nobody has signed it."""
    directory, parts = await ask(visit, agreement_id)
    agreement = parts["agreement"].data
    if not receipt.signatures_of(agreement):
        return go(visit, address(visit, agreement_id))
    model = {
        **head_of(visit, directory, agreement, "signed"),
        "receipt": receipt.receipt_of(visit.reader, directory, agreement),
    }
    return render(visit, "agreements/signed.html", model)


@router.get("/agreements/{agreement_id}/signed.json")
async def download_signed(visit: SignedIn, agreement_id: str) -> Response:
    """Return the signed revision as a file of exactly the signed bytes; raises NotFound if nobody has signed it."""
    path = f"/api/v1/agreements/{agreement_id}"
    agreement = await visit.api.get(path, version_asked(visit))
    if not receipt.signatures_of(agreement):
        raise NotFound(404, {})
    signed = agreement["revision"]["hash"]
    revision = await visit.api.get(f"{path}/revisions/{signed}", {"version": str(agreement["version"])})
    content = receipt.signed_bytes(revision["content"])
    if sha256(content).hexdigest() != signed:
        raise NotFound(404, {})  # a file that is not what was signed must not pass for it
    name = f"{agreement['key']}-{agreement['version']}-{signed[:12]}.json"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type="application/json", headers=headers)


async def _page(visit: Visit, agreement_id: str, typed: dict[str, str], errors: dict[str, str]) -> Response:
    directory, parts = await ask(
        visit, agreement_id, check=(f"/api/v1/agreements/{agreement_id}/check", version_asked(visit))
    )
    agreement = parts["agreement"].data
    findings = chains.with_chain(visit.reader, directory, agreement, parts["check"].data)
    signers = await _signers(visit, directory)
    model: dict[str, Any] = {
        **head_of(visit, directory, agreement, "sign"),
        "page": signing.signing_page(visit.reader, directory, agreement, findings, signers),
        "name": directory.name,
        "typed": typed,
        "errors": errors,
    }
    return render(visit, "agreements/sign.html", model, status=422 if errors else 200)


async def _signers(visit: Visit, directory: Directory) -> list[dict[str, Any]] | None:
    """Return the people who have a mandate to sign for the reader's company.

    None if the reader has a signatory role, is a guest or has no company, or if the API does not answer.
    """
    if directory.has_role("provider_signatory", "business_signatory") or visit.only_page or not directory.own:
        return None
    company = (await visit.api.part(f"/api/v1/parties/{directory.own}/summary")).data
    return None if company is None else list(company["signers"])
