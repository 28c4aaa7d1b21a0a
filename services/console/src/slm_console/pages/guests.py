"""Sign-in of guests, who have no account: a mailed link, a code sent to the same address, then one agreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Api, RefusedRequest, SignedOut
from slm_console.pages.agreements.opening import VERSION, negotiated_beside
from slm_console.pages.sign_in import browser_in_words, keep
from slm_console.views import account
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import AnyVisit, Visit

router = APIRouter()
_SESSIONS = "/api/v1/guest-sessions"


@router.get("/guest/{link}")
async def show_link(visit: AnyVisit, link: str) -> Response:
    """Show a button with which the guest has a code mailed, to confirm the address.

    Opening the link alone mails no code, because mail programs open links by themselves.
    """
    return _guest_page(visit, link)


@router.post("/guest/{link}/code")
async def send_code(visit: AnyVisit, link: str, form: Fields) -> Response:
    """Mail a code to the address that the link was sent to, and show the field for it."""
    try:
        await _anonymous(visit).post(f"{_SESSIONS}/codes", {"link": link})
    except (RefusedRequest, SignedOut) as refused:
        status = refused.status if isinstance(refused, RefusedRequest) else 401
        return _guest_page(visit, link, error=account.why_no_way_in(visit.reader, status, str(refused)))
    return _guest_page(visit, link, is_sent=True)


@router.post("/guest/{link}")
async def confirm(visit: AnyVisit, link: str, form: Fields) -> Response:
    """Start the guest's session if the code is right, and go to the agreement."""
    code = "".join(form.text("code").split())
    body = {"link": link, "code": code, "client": browser_in_words(visit.request.headers.get("user-agent", ""))}
    try:
        session = await _anonymous(visit).post(_SESSIONS, body)
    except (RefusedRequest, SignedOut):
        error = visit.reader.gettext("This code is wrong, was used or has ended. Have another one sent.")
        return _guest_page(visit, link, is_sent=True, error=error)
    answer = go(visit, await _page_of(visit, session))
    keep(visit, answer, dict(session))
    return answer


async def _page_of(visit: Visit, session: Mapping[str, Any]) -> str:
    """Return the page for a guest whose session has begun: the version that is negotiated, or else the signed
    version.
    """
    page = f"/agreements/{session['agreement_id']}"
    part = await Api(visit.api.services, str(session["key"]), visit.api.now).part(f"/api/v1{page}")
    version = negotiated_beside(part.data) if part.data else None
    return page if version is None else f"{page}?{VERSION}={version}"


def _anonymous(visit: Visit) -> Api:
    return Api(visit.api.services, "", visit.api.now)


def _guest_page(visit: Visit, link: str, *, is_sent: bool = False, error: str = "") -> Response:
    model = {"link": link, "is_sent": is_sent, "error": error}
    return render(visit, "joining/guest.html", model, status=403 if error else 200)
