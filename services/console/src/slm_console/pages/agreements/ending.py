"""Pages to withdraw a negotiation, to give notice, and to end an agreement earlier with the other side's consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest
from slm_console.pages.agreements.opening import address, ask, head_of
from slm_console.views.agreements import ending
from slm_console.views.sentences.typed import Misread
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_AGREEMENTS = "/api/v1/agreements"


@router.get("/agreements/{agreement_id}/withdraw")
async def show_withdrawal(visit: SignedIn, agreement_id: str) -> Response:
    """Show what withdrawing the negotiation does, with the form for the reason."""
    return await _withdrawal_page(visit, agreement_id, {}, {})


@router.post("/agreements/{agreement_id}/withdraw")
async def withdraw(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Withdraw the version of the agreement that the page showed, which ends its negotiation."""
    body = {"reason": form.text("reason"), "version": int(form.text("number") or 0)}
    try:
        await visit.api.post(f"{_AGREEMENTS}/{agreement_id}/withdraw", body)
    except RefusedRequest as refused:
        return await _withdrawal_page(visit, agreement_id, body, {"form": str(refused)})
    return go(visit, address(visit, agreement_id))


@router.get("/agreements/{agreement_id}/end")
async def show_ending(visit: SignedIn, agreement_id: str) -> Response:
    """Show what giving notice does, and an open request to end the agreement earlier."""
    return await _ending_page(visit, agreement_id, {}, {})


@router.post("/agreements/{agreement_id}/end")
async def end(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Give notice, or ask the other side to consent to an earlier end."""
    sent = {"day": form.text("day"), "reason": form.text("reason")}
    agreement = await visit.api.get(f"{_AGREEMENTS}/{agreement_id}")
    errors: dict[str, str] = {}
    body: dict[str, Any] = {"reason": sent["reason"], "at": None, "by_consent": form.text("do") == "ask"}
    if not sent["reason"]:
        errors["reason"] = visit.reader.gettext("Say why: the other side reads it.")
    try:
        body["at"] = ending.end_of(visit.reader, agreement["document"], sent["day"]) if sent["day"] else None
    except Misread as misread:
        errors["day"] = str(misread)
    if not sent["day"] and not body["by_consent"]:
        errors["day"] = visit.reader.gettext("Write the last day, such as 31.3.2027.")
    if not errors:
        try:
            await visit.api.post(f"{_AGREEMENTS}/{agreement_id}/terminate", body)
            return go(visit, address(visit, agreement_id))
        except RefusedRequest as refused:
            errors = {"form": " ".join([str(refused), *_remedies(refused)])}
    return await _ending_page(visit, agreement_id, sent, errors)


@router.post("/agreements/{agreement_id}/end/{act}")
async def settle_request(visit: SignedIn, agreement_id: str, act: str, form: Fields) -> Response:
    """Handle an open request to end the agreement earlier: consent to it, or withdraw it, depending on ``act``."""
    move = "consent" if act == "consent" else "withdraw"
    try:
        body = {"request_id": form.text("request_id")}
        await visit.api.post(f"{_AGREEMENTS}/{agreement_id}/terminate/{move}", body)
    except RefusedRequest as refused:
        return await _ending_page(visit, agreement_id, {}, {"form": str(refused)})
    return go(visit, address(visit, agreement_id))


def _remedies(refused: RefusedRequest) -> list[str]:
    found = [str(each.get("remedy") or "") for each in refused.problem.get("errors") or ()]
    return [f"{each[:1].upper()}{each[1:]}." for each in found if each]


async def _withdrawal_page(
    visit: Visit, agreement_id: str, sent: Mapping[str, Any], errors: Mapping[str, str]
) -> Response:
    directory, parts = await ask(visit, agreement_id)
    model = {**head_of(visit, directory, parts["agreement"].data, "withdraw"), "sent": sent, "errors": errors}
    return render(visit, "agreements/withdraw.html", model, status=422 if errors else 200)


async def _ending_page(visit: Visit, agreement_id: str, sent: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    directory, parts = await ask(visit, agreement_id)
    agreement = parts["agreement"].data
    model = {
        **head_of(visit, directory, agreement, "end"),
        "page": ending.ending_page(visit.reader, directory, agreement),
        "sent": sent,
        "errors": errors,
    }
    return render(visit, "agreements/end.html", model, status=422 if errors else 200)
