"""Pages behind links that work once: set-up of the installation, invitations, sign-in links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Api, NotFound, RefusedRequest, ServiceAway, SignedOut
from slm_console.pages.sign_in import browser_in_words, keep
from slm_console.views import account
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import AnyVisit, Visit

router = APIRouter()
_PREVIEW = "/api/v1/invitations/preview"
_ACCEPT, _INSTALLATION, _SESSIONS = "/api/v1/invitations/accept", "/api/v1/installation", "/api/v1/sessions"
_NAMES = ("company", "name", "email", "installation", "signatory", "signatory_email")


@router.get("/set-up/{code}")
async def show_set_up(visit: AnyVisit, code: str) -> Response:
    """Show the set-up form, or redirect to the sign-in if the installation is set up already."""
    state = await visit.api.part(_INSTALLATION)
    if state.data and state.data["is_set_up"]:
        return go(visit, "/sign-in")
    return render(visit, "joining/set_up.html", {"typed": {}, "errors": {}})


@router.post("/set-up/{code}")
async def set_up(visit: AnyVisit, code: str, form: Fields) -> Response:
    """Set up the installation with the first company and its manager, and sign the manager in."""
    typed, password = _typed(form), form.password("password")
    errors = _missing(visit, typed, ("company", "name", "email"), password)
    if not errors:
        try:
            made = await _anonymous(visit).post(_INSTALLATION, _installation(visit, code, typed, password))
        except (RefusedRequest, SignedOut) as refused:
            errors = {"form": account.why_no_way_in(visit.reader, _status(refused), str(refused))}
        else:
            return _welcome(visit, typed, made)
    return render(visit, "joining/set_up.html", {"typed": typed, "errors": errors}, status=422)


@router.get("/invitations/{code}")
async def show_invitation(visit: AnyVisit, code: str) -> Response:
    """Show the form of an invitation: a company states its name and first person, a colleague sets a password."""
    is_company = visit.request.query_params.get("for") == "company"
    seen = await _preview(visit, code)
    typed = {"company": str(seen.get("alias") or ""), "email": str(seen.get("email") or "")} if is_company else {}
    model = {"is_company": is_company, "typed": typed, "errors": {}, "by": account.inviter(visit.reader, seen)}
    return render(visit, "joining/invitation.html", model)


@router.post("/invitations/{code}")
async def accept_invitation(visit: AnyVisit, code: str, form: Fields) -> Response:
    """Accept an invitation with a password, and sign the person in."""
    typed, password, is_company = _typed(form), form.password("password"), form.text("for") == "company"
    errors = _missing(visit, typed, ("company", "name", "email") if is_company else (), password)
    if not errors:
        try:
            session = await Api(visit.api.services, code, visit.api.now).post(
                _ACCEPT, _acceptance(visit, typed, password, is_company) | _taking(form)
            )
        except RefusedRequest as refused:
            if "party" in refused.fields and not is_company:
                # Only this refusal says that the code invites a company, so the form for a company is shown now.
                model = {"is_company": True, "typed": typed, "errors": {}, "by": await _by(visit, code)}
                return render(visit, "joining/invitation.html", model)
            errors = {"form": account.why_no_way_in(visit.reader, refused.status, str(refused))}
            if refused.code == "address-taken" and "take_address" in str(refused):
                errors = {"taken": visit.reader.gettext("Somebody else signs in with your mail address.")}
        except SignedOut:
            errors = {"form": account.why_no_way_in(visit.reader, 401, "")}
        else:
            return _welcome(visit, typed, {**session, "expires_at": session.get("key_expires_at")})
    model = {"is_company": is_company, "typed": typed, "errors": errors, "by": await _by(visit, code)}
    return render(visit, "joining/invitation.html", model, status=422)


@router.get("/sign-in/{code}")
async def show_sign_in_link(visit: AnyVisit, code: str) -> Response:
    """Show a button that uses the sign-in link. Opening the link is not enough: mail programs do that too."""
    return render(visit, "joining/link.html", {"error": ""})


@router.post("/sign-in/{code}")
async def use_sign_in_link(visit: AnyVisit, code: str, form: Fields) -> Response:
    """Start a session with the code of a sign-in link."""
    body = {"code": code, "client": _client(visit)}
    try:
        session = await _anonymous(visit).post(_SESSIONS, body)
    except (RefusedRequest, SignedOut) as refused:
        error = account.why_no_way_in(visit.reader, _status(refused), "")
        return render(visit, "joining/link.html", {"error": error}, status=403)
    return _signed_in(visit, session, "/")


async def _preview(visit: Visit, code: str) -> Mapping[str, Any]:
    """Return who invites whom; empty if the code is void or the service does not answer.

    The form is shown in any case. The person learns of a void code when the form is sent.
    """
    try:
        found: Mapping[str, Any] = await Api(visit.api.services, code, visit.api.now).post(_PREVIEW, {})
    except (RefusedRequest, SignedOut, NotFound, ServiceAway):
        return {}
    return found


async def _by(visit: Visit, code: str) -> str:
    return account.inviter(visit.reader, await _preview(visit, code))


def _anonymous(visit: Visit) -> Api:
    """Return the API without a key, so that an old session of the browser has no effect."""
    return Api(visit.api.services, "", visit.api.now)


def _client(visit: Visit) -> str:
    return browser_in_words(visit.request.headers.get("user-agent", ""))


def _signed_in(visit: Visit, session: Mapping[str, Any], path: str) -> Response:
    answer = go(visit, path)
    keep(visit, answer, dict(session))
    return answer


def _welcome(visit: Visit, typed: Mapping[str, str], made: Mapping[str, Any]) -> Response:
    """Sign the company's first manager in, and show how the company's signatory is invited.

    The page shows the link of the signatory's invitation, or says that the link was mailed. No later page shows the
    link. A manager who named no signatory is redirected to Today.
    """
    if not typed["signatory"]:
        return _signed_in(visit, made, "/")
    link = visit.absolute(str(made["signatory_link"])) if made.get("signatory_link") else ""
    model = {"link": link, "name": typed["signatory"], "address": typed["signatory_email"]}
    answer = render(visit, "joining/welcome.html", model)
    keep(visit, answer, dict(made))
    return answer


def _typed(form: Form) -> dict[str, str]:
    return {name: form.text(name) for name in _NAMES}


def _missing(visit: Visit, typed: Mapping[str, str], required: tuple[str, ...], password: str) -> dict[str, str]:
    errors = {name: visit.reader.gettext("Please fill this in.") for name in required if not typed[name]}
    for given, other in (("signatory", "signatory_email"), ("signatory_email", "signatory")):
        if typed[given] and not typed[other]:
            errors[other] = visit.reader.gettext("Please fill this in.")
    if fault := account.password_fault(visit.reader, password):
        errors["password"] = fault
    return errors


def _installation(visit: Visit, code: str, typed: Mapping[str, str], password: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "code": code,
        "name": typed["installation"] or typed["company"],
        "party": {"key": account.key_of(typed["company"]), "name": typed["company"]},
        "person": {"key": account.key_of(typed["name"]), "name": typed["name"], "email": typed["email"]},
        "password": password,
        "client": _client(visit),
    }
    return body | _signatory(typed)


def _signatory(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the person who is to sign for the company, as a field of the API's request; empty if nobody is named."""
    name, email = typed["signatory"], typed["signatory_email"]
    if not name or not email:
        return {}
    # Names without Latin letters all make the same key. If it is the manager's key too, the API chooses the key.
    key = {} if account.key_of(name) == account.key_of(typed["name"]) else {"key": account.key_of(name)}
    return {"signatory": {**key, "name": name, "email": email}}


def _acceptance(visit: Visit, typed: Mapping[str, str], password: str, is_company: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"password": password, "client": _client(visit)}
    if is_company:
        body["party"] = {"key": account.key_of(typed["company"]), "name": typed["company"]}
        person = {"name": typed["name"], "email": typed["email"]}
        body["person"] = {"key": account.key_of(typed["name"]), **person}
        body |= _signatory(typed)
    return body


def _taking(form: Form) -> dict[str, bool]:
    return {"take_address": True} if form.text("take") else {}


def _status(error: Exception) -> int:
    return error.status if isinstance(error, RefusedRequest) else 401
