"""Handlers for the steps of a negotiation: propose a draft, and answer a proposal target by target."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest
from slm_console.pages.agreements.document import document_page
from slm_console.pages.agreements.opening import address, version_asked
from slm_console.views.agreements import answering
from slm_console.views.agreements.answering import Choices, Reply
from slm_console.web.forms import Fields, Form, go
from slm_console.web.visit import SignedIn

router = APIRouter()


@router.post("/agreements/{agreement_id}/propose")
async def propose(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Propose the shown revision of the draft to the other side."""
    body = {"revision_hash": form.text("revision_hash")}
    await visit.api.post(f"/api/v1/agreements/{agreement_id}/propose", body)
    return go(visit, address(visit, agreement_id))


@router.post("/agreements/{agreement_id}/backtest")
async def test_against_the_past(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Start the back-test of the shown version, and return to its page, which shows the results as they come."""
    asked = urlencode({"version": form.text("version")})
    await visit.api.post(f"/api/v1/agreements/{agreement_id}/backtest?{asked}")
    return go(visit, address(visit, agreement_id))


@router.post("/agreements/{agreement_id}/answer")
async def answer(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Send the reader's answer to a proposal.

    If something is missing or wrong, the form is shown again with the same choices and an error at each field.
    """
    agreement = await visit.api.get(f"/api/v1/agreements/{agreement_id}", version_asked(visit))
    sent = answering.everything_accepted(agreement) if form.text("all") == "accept" else sent_in(form)
    if form.text("revision_hash") != agreement["revision"]["hash"]:
        error = visit.reader.gettext(
            "A newer revision was proposed meanwhile. It is shown here; please answer this one."
        )
        return await document_page(visit, agreement_id, sent, Reply(None, {"form": error}))
    reply = answering.reply_of(visit.reader, agreement, sent)
    if reply.body is None:
        return await document_page(visit, agreement_id, sent, reply)
    try:
        await visit.api.post(f"/api/v1/agreements/{agreement_id}/answer", reply.body)
    except RefusedRequest as refused:
        return await document_page(visit, agreement_id, sent, Reply(None, {"form": str(refused)}))
    return go(visit, address(visit, agreement_id))


def sent_in(form: Form) -> Choices:
    """Return the choices in a submitted form, by target."""
    return Choices(form.named("choice:"), form.named("reason:"), form.named("limit:"), form.named("period:"))
