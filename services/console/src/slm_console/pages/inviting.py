"""Page to invite another company, or a colleague."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest, Whole
from slm_console.views import account
from slm_console.views.moments import end_of_day, misread_day
from slm_console.views.settings import roles
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()


@router.get("/invite")
async def show_form(visit: SignedIn) -> Response:
    """Show the forms for a company and for a colleague, and the open invitations."""
    return await _invite_page(visit, {}, {}, "")


@router.post("/invite/company")
async def invite_company(visit: SignedIn, form: Fields) -> Response:
    """Invite a company. Show the link of the invitation or, if it was mailed, say so."""
    body = {"alias": form.text("alias"), **({"email": form.text("email")} if form.text("email") else {})}
    try:
        made = await visit.api.post("/api/v1/invitations", body)
    except RefusedRequest as refused:
        return await _invite_page(visit, body, {"company": str(refused)}, "")
    return await _made_page(visit, made)


@router.post("/invite/person")
async def invite_person(visit: SignedIn, form: Fields) -> Response:
    """Record a colleague with a role, enrol them as a principal and invite them to choose a password."""
    name, email, role = form.text("name"), form.text("email"), form.text("role")
    typed = {"name": name, "email": email, "role": role, "until": form.text("until")}
    if misread := misread_day(visit.reader, typed["until"]):
        return await _invite_page(visit, typed, {"person": misread}, "")
    try:
        made = await _enrol(visit, form, name, email, role)
    except RefusedRequest as refused:
        return await _invite_page(visit, typed, {"person": str(refused)}, "")
    return await _made_page(visit, made)


async def _made_page(visit: Visit, made: Mapping[str, Any]) -> Response:
    """Show the link of the new invitation or, if it was mailed, only the mail address."""
    if made.get("link"):
        return await _invite_page(visit, {}, {}, visit.absolute(str(made["link"])))
    return await _invite_page(visit, {}, {}, "", str(made.get("email") or ""))


async def _enrol(visit: Visit, form: Form, name: str, email: str, role: str) -> Any:
    key = account.key_of(name)
    party = {"party_id": form.text("party")} if form.text("party") else {}
    mandates = [{"role": role, "text": form.text("basis")}] if role.endswith("signatory") else []
    person = await visit.api.post(
        "/api/v1/people", {"key": key, "name": name, "email": email, "mandates": mandates, **party}
    )
    about = {
        "key": key,
        "name": name,
        "roles": [role if role in roles.ROLES else "viewer"],
        "person_id": person["person_id"],
        "ends_at": end_of_day(visit.reader, form.text("until")),
        **party,
    }
    principal = await visit.api.post("/api/v1/principals", about)
    body = {"principal_id": principal["principal_id"], "alias": name, "email": email}
    return await visit.api.post("/api/v1/invitations", body)


async def _invite_page(
    visit: Visit, typed: Mapping[str, str], errors: Mapping[str, str], link: str, mailed: str = ""
) -> Response:
    parts = await visit.api.gather(**WHO, invitations=Whole("/api/v1/invitations", {"limit": "100"}))
    directory = directory_from(parts)
    model = {
        "typed": typed,
        "errors": errors,
        "writes_agreement": visit.request.query_params.get("for") == "agreement",
        "link": link,
        "mailed": mailed,
        "roles": roles.choices(visit.reader, is_operator=directory.has_role("operator")),
        "companies": sorted(directory.parties.items(), key=lambda each: each[1]) if not directory.own else [],
        "lines": account.invitation_lines(visit.reader, parts["invitations"].items),
    }
    return render(visit, "joining/invite.html", model, status=422 if errors else 200)
