"""Page of an agreement's document, and the handlers for its comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, Whole
from slm_console.pages.agreements.opening import address, ask, head_of, version_asked
from slm_console.views.agreements import chains, document, past, receipt
from slm_console.views.agreements.answering import Choices, Reply
from slm_console.views.agreements.document import Sources
from slm_console.views.agreements.next_turn import next_turn_in_words
from slm_console.views.agreements.standing import OPEN, SIGNED
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "500"}
_NEWEST = {"limit": "50"}


@router.get("/agreements/{agreement_id}")
async def show_agreement(visit: SignedIn, agreement_id: str) -> Response:
    """Show the agreement's document."""
    return await document_page(visit, agreement_id, Choices({}), Reply(None))


@router.post("/agreements/{agreement_id}/comments")
async def comment(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Add a comment on a target or clause of the newest revision; a comment without text is ignored."""
    place = "target" if form.text("target") else "clause"
    body: dict[str, Any] = {"revision_hash": form.text("revision_hash"), place: form.text(place)}
    body |= {"text": form.text("text"), "internal": form.text("internal") == "yes"}
    if body["text"]:
        await visit.api.post(f"/api/v1/agreements/{agreement_id}/comments", body)
    return go(visit, address(visit, agreement_id, f"#{place}-{quote(form.text(place))}"))


@router.post("/agreements/{agreement_id}/comments/{comment_id}/settle")
async def settle_comment(visit: SignedIn, agreement_id: str, comment_id: str, form: Fields) -> Response:
    """Mark a comment as resolved, or as open again, depending on the field ``act``."""
    act = "reopen" if form.text("act") == "reopen" else "resolve"
    await visit.api.post(f"/api/v1/agreements/{agreement_id}/comments/{comment_id}/{act}")
    return go(visit, address(visit, agreement_id, f"#{form.text('place')}"))


async def document_page(visit: Visit, agreement_id: str, sent: Choices, reply: Reply) -> Response:
    """Render the agreement's document with the form for the answer to a proposal.

    ``sent`` holds the choices that are shown in the form. If ``reply`` has errors, they are shown, with status 422.
    """
    path = f"/api/v1/agreements/{agreement_id}"
    directory, parts = await ask(
        visit,
        agreement_id,
        targets=Whole("/api/v1/targets", {"agreement_id": agreement_id, **_MANY}),
        revisions=Whole(f"{path}/revisions", {**_MANY, **version_asked(visit)}),
        comments=Whole(f"{path}/comments", _MANY),
        check=(f"{path}/check", version_asked(visit)),
    )
    agreement = parts["agreement"].data
    before, earlier = await _compared_with(visit, agreement, parts["revisions"])
    check = parts["check"].data or {}
    # A signed version is not corrected here: what its supports lack since then is on their own page.
    findings = (
        chains.with_chain(visit.reader, directory, agreement, check)
        if agreement["state"] in OPEN
        else list(check.get("findings") or ())
    )
    sources = Sources(
        agreement,
        before,
        parts["targets"].items,
        parts["comments"].items,
        findings,
        await _backtests(visit, agreement),
        check.get("backtest") if agreement["state"] in OPEN else None,
    )
    model = {
        **head_of(visit, directory, agreement, "document"),
        "page": document.page_of(visit.reader, directory, sources),
        "compared_with": earlier,
        "past": past.past_of(visit.reader, agreement, check),
        "says_no_need": document.says_no_need(agreement, findings),
        "next_turn": next_turn_in_words(visit.reader, directory, agreement),
        "signed_by": receipt.who_signed(visit.reader, directory, agreement),
        "targets_part": parts["targets"],
        "has_comments": not parts["comments"].missing,
        "sent": sent,
        "errors": reply.errors,
    }
    return render(visit, "agreements/document.html", model, status=422 if reply.errors else 200)


async def _backtests(visit: Visit, agreement: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the newest back-tests of the reader's company; none for a guest, or if no terms are negotiated now."""
    if agreement["state"] not in OPEN or visit.only_page:
        return []
    return (await visit.api.part("/api/v1/backtests", _NEWEST)).items


async def _compared_with(
    visit: Visit, agreement: Mapping[str, Any], revisions: Part
) -> tuple[Mapping[str, Any] | None, str]:
    """Return the document that the newest revision is compared with, and its name in words.

    That is the previous revision or, for the first revision of an amendment, the version that was signed last. Return
    None and an empty text if there is neither, if the agreement is a draft, or if the version is no longer negotiated.
    """
    number, path = int(agreement["revision"]["number"]), f"/api/v1/agreements/{agreement['agreement_id']}"
    if agreement["state"] not in ("proposed", "countered", "agreed"):
        return None, ""
    earlier = [int(each["number"]) for each in revisions.items if int(each["number"]) < number]
    if earlier:
        part = await visit.api.part(f"{path}/revisions/{max(earlier)}", {"version": str(agreement["version"])})
        document = part.data["content"]["document"] if part.data else None
        return document, visit.reader.gettext("revision %(number)s", number=visit.reader.whole(max(earlier)))
    signed = [each["version"] for each in agreement["versions"] if each["state"] in SIGNED]
    if number > 1 or not signed:
        return None, ""
    part = await visit.api.part(path, {"version": str(max(signed))})
    document = part.data["document"] if part.data else None
    return document, visit.reader.gettext("version %(number)s", number=visit.reader.whole(max(signed)))
