"""Tabs of an agreement beside its document: timeline, versions, supporting agreements, people."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest, Whole
from slm_console.pages.agreements.opening import address, ask, head_of, version_asked
from slm_console.views.agreements import chains, changes, people, supports, timeline
from slm_console.views.instants import read
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "500"}


@router.get("/agreements/{agreement_id}/timeline")
async def show_timeline(visit: SignedIn, agreement_id: str) -> Response:
    """Show the timeline of the agreement: who did what, the newest act first."""
    path = f"/api/v1/agreements/{agreement_id}/events"
    directory, parts = await ask(
        visit, agreement_id, events=Whole(path, _MANY), principals=Whole("/api/v1/principals", _MANY)
    )
    names = {str(each["principal_id"]): str(each["name"]) for each in parts["principals"].items}
    model = {
        **head_of(visit, directory, parts["agreement"].data, "timeline"),
        "acts": timeline.entries_of(visit.reader, directory, parts["events"].items, names),
    }
    return render(visit, "agreements/timeline.html", model)


@router.get("/agreements/{agreement_id}/versions")
async def show_versions(visit: SignedIn, agreement_id: str) -> Response:
    """List the revisions of the agreement's shown version, and compare two of them.

    The address names the two by ``from`` and ``to``; otherwise they are the newest two.
    """
    path = f"/api/v1/agreements/{agreement_id}/revisions"
    directory, parts = await ask(visit, agreement_id, revisions=Whole(path, {**_MANY, **version_asked(visit)}))
    agreement = parts["agreement"].data
    revisions = sorted(parts["revisions"].items, key=lambda each: -int(each["number"]))
    numbers = [str(each["number"]) for each in revisions]
    asked = visit.request.query_params
    newer = asked.get("to") if asked.get("to") in numbers else (numbers[0] if numbers else "")
    older = asked.get("from") if asked.get("from") in numbers else (numbers[1] if len(numbers) > 1 else "")
    compared = None
    if older and newer and older != newer:
        compared = await _compared(visit, agreement, older, newer)
    lines = [
        {
            "number": str(each["number"]),
            "by": directory.company(each["author"]["party_id"]),
            "at": visit.reader.moment(read(each["tabled_at"] or each["created_at"]) or 0),
            "is_tabled": each["tabled_at"] is not None,
        }
        for each in revisions
    ]
    model = {
        **head_of(visit, directory, agreement, "versions"),
        "lines": lines,
        "older": older,
        "newer": newer,
        "compared": compared,
    }
    return render(visit, "agreements/versions.html", model)


async def _compared(visit: Visit, agreement: dict[str, Any], older: str, newer: str) -> changes.Changes | None:
    path, version = f"/api/v1/agreements/{agreement['agreement_id']}/revisions", {"version": str(agreement["version"])}
    parts = await visit.api.gather(older=(f"{path}/{older}", version), newer=(f"{path}/{newer}", version))
    before, after = parts["older"].data, parts["newer"].data
    if not before or not after:
        return None
    return changes.between(visit.reader, before["content"]["document"], after["content"]["document"])


@router.get("/agreements/{agreement_id}/rests-on")
async def show_supports(visit: SignedIn, agreement_id: str) -> Response:
    """Show the supporting agreements, and the customer's requirements that this agreement answers."""
    directory, parts = await ask(
        visit,
        agreement_id,
        requirements=Whole("/api/v1/requirements", _MANY),
        check=(f"/api/v1/agreements/{agreement_id}/check", version_asked(visit)),
    )
    agreement, check = parts["agreement"].data, parts["check"].data
    named = supports.named_by(agreement)
    answers = await visit.api.gather(**{each: f"/api/v1/agreements/{quote(each, safe='')}" for each in named})
    readable = [part.data for part in answers.values() if part.data]
    wanted = set(agreement["document"].get("requirements") or ())
    model = {
        **head_of(visit, directory, agreement, "rests-on"),
        "supports": supports.supports_of(visit.reader, directory, agreement, readable, check),
        "sides": chains.sides_in_words(visit.reader, directory, agreement, check),
        "requirements": [each for each in parts["requirements"].items if each["requirement_id"] in wanted],
    }
    return render(visit, "agreements/rests_on.html", model)


@router.get("/agreements/{agreement_id}/people")
async def show_people(visit: SignedIn, agreement_id: str) -> Response:
    """Show who signed, who still has to sign, and to whom a link to the agreement can be mailed."""
    return await _people_page(visit, agreement_id)


@router.post("/agreements/{agreement_id}/guest-links")
async def mail_link(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Mail a person a link to read, answer and sign this agreement without an account."""
    try:
        body = {"person_id": form.text("person_id")}
        await visit.api.post(f"/api/v1/agreements/{agreement_id}/guest-links", body)
    except RefusedRequest as refused:
        too_many = visit.reader.gettext("This person was sent links just now. Wait for a while.")
        return await _people_page(visit, agreement_id, too_many if refused.status == 429 else str(refused))
    return go(visit, address(visit, agreement_id, "/people", sent=form.text("person_id")))


async def _people_page(visit: Visit, agreement_id: str, error: str = "") -> Response:
    directory, parts = await ask(
        visit, agreement_id, people=Whole("/api/v1/people", _MANY), installation="/api/v1/installation"
    )
    agreement = parts["agreement"].data
    other = await visit.api.part(f"/api/v1/parties/{directory.other(agreement)}/summary")
    signers = (other.data or {}).get("signers") or ()
    sides = people.sides_of(visit.reader, directory, agreement, parts["people"].items, signers)
    sent = visit.request.query_params.get("sent", "")
    names = {each.person_id: each.name for side in sides for each in side.recipients}
    model = {
        **head_of(visit, directory, agreement, "people"),
        "sides": sides,
        "may_mail": directory.has_role("service_level_manager") and not visit.only_page,
        "sends_mails": bool((parts["installation"].data or {}).get("sends_mails")),
        "sent_to": names.get(sent, ""),
        "error": error,
    }
    return render(visit, "agreements/people.html", model, status=422 if error else 200)
