"""Log-in with an OpenID provider: the redirect to the provider, and the callback."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from slm_console.api_client import Api, ApiError, RefusedRequest, ServiceAway
from slm_console.pages.sign_in import browser_in_words, keep, sign_in_form
from slm_console.views import account
from slm_console.web import openid_cookie
from slm_console.web.forms import go
from slm_console.web.openid_cookie import OpenIdVisit
from slm_console.web.visit import AnyVisit, Visit, safe_next

router = APIRouter(prefix="/openid")
_SESSIONS = "/api/v1/openid-sessions"


@router.get("/start")
async def start(visit: AnyVisit) -> Response:
    """Redirect the browser to the OpenID provider, and set the cookie with the secret that completes the log-in.

    This handler answers a link and not a form: under the console's content security policy, a browser does not follow a
    form's redirect to another site.
    """
    back = safe_next(visit.request.query_params.get("next", "/"))
    if visit.request.headers.get("sec-fetch-site") == "cross-site":
        # A link on another site must not begin a log-in, so the person has to press the button of the sign-in page.
        return await sign_in_form(visit, back)
    # All tabs of a browser share one secret: a log-in begun in a first tab can be completed after one in a second tab.
    known = openid_cookie.read(visit.request)
    secret = known.secret if known else secrets.token_urlsafe(32)
    try:
        begun = await _without_session(visit).post(f"{_SESSIONS}/log-ins", {"browser": secret})
    except ApiError as refused:
        return await _failed(visit, refused, back)
    answer = RedirectResponse(str(begun["authorization_url"]), 303)
    openid_cookie.remember(visit.request, answer, OpenIdVisit(secret, back))
    return answer


@router.get("/callback")
async def come_back(visit: AnyVisit) -> Response:
    """Handle the provider's callback: complete the log-in and redirect to the page that was asked for."""
    sent, known = visit.request.query_params, openid_cookie.read(visit.request)
    back = known.back if known else "/"
    if "error" in sent or not sent.get("code") or known is None:
        code = "provider-refused" if "error" in sent else "log-in-over"
        return await sign_in_form(visit, back, account.why_no_openid_session(visit.reader, code))
    body = {"browser": known.secret, "state": sent.get("state", ""), "code": sent["code"], "client": _client(visit)}
    if "iss" in sent:
        body["iss"] = sent["iss"]
    try:
        session = await _without_session(visit).post(_SESSIONS, body)
    except ApiError as refused:
        return await _failed(visit, refused, back)
    answer = go(visit, back)
    keep(visit, answer, session)
    openid_cookie.forget(visit.request, answer)
    return answer


async def _failed(visit: Visit, refused: ApiError, back: str) -> Response:
    code = refused.code if isinstance(refused, (RefusedRequest, ServiceAway)) else ""
    return await sign_in_form(visit, back, account.why_no_openid_session(visit.reader, code))


def _without_session(visit: Visit) -> Api:
    return Api(visit.api.services, "", visit.api.now)


def _client(visit: Visit) -> str:
    return browser_in_words(visit.request.headers.get("user-agent", ""))
