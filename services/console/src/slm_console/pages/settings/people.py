"""Settings pages of the company's people and systems: their roles, mandates and access."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, RefusedRequest, Whole
from slm_console.views.moments import end_of_day, misread_day
from slm_console.views.settings import people, roles
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "500"}
_PRINCIPALS = "/api/v1/principals"


@router.get("/settings/people")
async def list_people(visit: SignedIn) -> Response:
    """List all people and systems with access for the company, and the open invitations."""
    return await people_page(visit)


@router.get("/settings/people/{principal_id}")
async def show_person(visit: SignedIn, principal_id: str) -> Response:
    """Show one person or system; readers who may change it get the form."""
    return await _person_page(visit, principal_id, "")


@router.post("/settings/people/{principal_id}")
async def edit(visit: SignedIn, principal_id: str, form: Fields) -> Response:
    """Save the name, mail address, role, end of access and mandates of a person or system."""
    if misread := misread_day(visit.reader, form.text("until"), form.text("mandate_until")):
        return await _person_page(visit, principal_id, misread)
    try:
        await _edit(visit, principal_id, form)
    except NotFound:
        raise
    except RefusedRequest as refused:
        return await _person_page(visit, principal_id, _why(refused))
    return go(visit, "/settings/people")


@router.post("/settings/people/{principal_id}/deactivate")
async def deactivate(visit: SignedIn, principal_id: str, form: Fields) -> Response:
    """End the access of a person or system at once."""
    try:
        await visit.api.post(f"{_PRINCIPALS}/{principal_id}/deactivate")
    except NotFound:
        raise
    except RefusedRequest as refused:
        return await people_page(visit, error=_why(refused))
    return go(visit, "/settings/people")


@router.post("/settings/people/{principal_id}/let-in")
async def let_in(visit: SignedIn, principal_id: str, form: Fields) -> Response:
    """Restore the access of a person or system that was deactivated."""
    try:
        await visit.api.change(f"{_PRINCIPALS}/{principal_id}", lambda principal: {**_kept(principal), "ends_at": None})
    except NotFound:
        raise
    except RefusedRequest as refused:
        return await _person_page(visit, principal_id, _why(refused))
    return go(visit, "/settings/people")


async def people_page(visit: Visit, *, error: str = "", link: str = "", mailed: str = "") -> Response:
    """Render the list of people.

    ``link`` is the link of a new invitation, which is shown only this once; ``mailed`` is the address it was sent to.
    """
    parts = await visit.api.gather(
        **WHO,
        principals=Whole(_PRINCIPALS, _MANY),
        people=Whole("/api/v1/people", _MANY),
        invitations=Whole("/api/v1/invitations", _MANY),
    )
    directory = directory_from(parts)
    found = people.members(
        visit.reader, directory, parts["me"].data or {}, parts["principals"].items, parts["people"].items
    )
    may_manage = directory.has_role("operator", "service_level_manager")
    model = {
        "tab": "people",
        "members": found,
        "invited": people.invited(
            visit.reader, parts["invitations"].items, found, is_operator=directory.has_role("operator")
        ),
        "may_manage": may_manage,
        "has_companies": directory.has_role("operator"),
        "part": parts["principals"],
        "error": error,
        "link": link,
        "mailed": mailed,
    }
    return render(visit, "settings/people.html", model, status=422 if error else 200)


async def _person_page(visit: Visit, principal_id: str, error: str) -> Response:
    parts = await visit.api.gather(**WHO, people=Whole("/api/v1/people", _MANY))
    principal = await visit.api.known(f"{_PRINCIPALS}/{principal_id}")
    directory = directory_from(parts)
    if principal["party_id"] is None:
        raise NotFound(404, {})
    person = next((each for each in parts["people"].items if each["person_id"] == principal["person_id"]), None)
    [member] = people.members(visit.reader, directory, parts["me"].data or {}, [principal], parts["people"].items)
    form = people.editing(visit.reader, directory, member, principal, person)
    model = {"tab": "people", "form": form, "error": error, "signatories": _signatories(visit, directory.roles)}
    return render(visit, "settings/person.html", model, status=422 if error else 200)


def _signatories(visit: Visit, held: frozenset[str]) -> list[tuple[str, str]]:
    """Return the roles that a mandate can give, each in words; empty for a reader who is not an operator."""
    known = roles.names(visit.reader)
    return [(role, known[role]) for role in roles.SIGNATORIES] if "operator" in held else []


async def _edit(visit: Visit, principal_id: str, form: Form) -> None:
    until = form.text("until")
    ends_at = end_of_day(visit.reader, until) if until else None
    name, role = form.text("name"), form.text("role")

    def changed(principal: Any) -> dict[str, Any]:
        # A principal may have more roles than the form shows; they stay unless another one is chosen.
        kept = principal["roles"] if role in principal["roles"] or role not in roles.ROLES else [role]
        return {**_kept(principal), "name": name or principal["name"], "roles": kept, "ends_at": ends_at}

    principal = await visit.api.get(f"{_PRINCIPALS}/{principal_id}")
    if principal["person_id"] is not None:
        await visit.api.change(f"/api/v1/people/{principal['person_id']}", lambda person: _person(visit, person, form))
    await visit.api.change(f"{_PRINCIPALS}/{principal_id}", changed)


def _person(visit: Visit, person: Any, form: Form) -> dict[str, Any]:
    dropped = set(form.texts("drop"))
    mandates = [each for place, each in enumerate(person["mandates"]) if str(place) not in dropped]
    if form.text("mandate_role") in roles.SIGNATORIES:
        until = form.text("mandate_until")
        ends = {"valid_until": end_of_day(visit.reader, until)} if until else {}
        mandates.append({"role": form.text("mandate_role"), "text": form.text("basis"), **ends})
    return {
        "name": form.text("name") or person["name"],
        "email": form.text("email") or None,
        "mandates": mandates,
        "external_refs": person["external_refs"],
    }


def _kept(principal: Any) -> dict[str, Any]:
    return {name: principal[name] for name in ("name", "roles", "person_id", "ends_at")}


def _why(refused: RefusedRequest) -> str:
    """Return the text of a refusal, followed by the remedies that the API gives for each field."""
    remedies = [str(each.get("remedy", "")) for each in refused.problem.get("errors") or ()]
    return " ".join([str(refused), *filter(None, remedies)])
