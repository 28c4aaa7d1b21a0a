"""Handlers for invitations of the Settings pages: invite an enrolled principal, repeat or withdraw an invitation."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, RefusedRequest
from slm_console.pages.settings.people import people_page
from slm_console.web.forms import Fields, go
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_INVITATIONS = "/api/v1/invitations"


@router.post("/settings/people/{principal_id}/invite")
async def invite_again(visit: SignedIn, principal_id: str, form: Fields) -> Response:
    """Invite somebody who is already enrolled: they have never signed in, or have lost their password."""
    principal = await visit.api.get(f"/api/v1/principals/{principal_id}")
    person_id = principal["person_id"]
    person = await visit.api.get(f"/api/v1/people/{person_id}") if person_id else {}
    email = {"email": person["email"]} if person.get("email") else {}
    return await _invite(visit, {"principal_id": principal_id, "alias": str(principal["name"]), **email})


@router.post("/settings/invitations/{invitation_id}/repeat")
async def repeat(visit: SignedIn, invitation_id: str, form: Fields) -> Response:
    """Withdraw an open invitation and create the same one with a new link."""
    found = await visit.api.get(f"{_INVITATIONS}/{invitation_id}")
    again = {name: found[name] for name in ("principal_id", "alias", "note", "email") if found[name]}
    try:
        await visit.api.post(f"{_INVITATIONS}/{invitation_id}/withdraw")
    except NotFound:
        raise
    except RefusedRequest as refused:
        return await people_page(visit, error=str(refused))
    return await _invite(visit, again)


@router.post("/settings/invitations/{invitation_id}/withdraw")
async def withdraw_invitation(visit: SignedIn, invitation_id: str, form: Fields) -> Response:
    """Withdraw an invitation, so that its link no longer works."""
    try:
        await visit.api.post(f"{_INVITATIONS}/{invitation_id}/withdraw")
    except NotFound:
        raise
    except RefusedRequest as refused:
        return await people_page(visit, error=str(refused))
    return go(visit, "/settings/people")


async def _invite(visit: Visit, body: dict[str, Any]) -> Response:
    try:
        made = await visit.api.post(_INVITATIONS, body)
    except NotFound:
        raise
    except RefusedRequest as refused:
        return await people_page(visit, error=str(refused))
    if made.get("link"):
        return await people_page(visit, link=visit.absolute(str(made["link"])))
    return await people_page(visit, mailed=str(made.get("email") or ""))
