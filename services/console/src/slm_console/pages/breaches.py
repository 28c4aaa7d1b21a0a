"""Pages of breaches and causes, and the steps by which the responsible company handles them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, RefusedRequest, Whole
from slm_console.views.judgement.attributions import downtime_parts_of
from slm_console.views.judgement.breaches import breach_page_of
from slm_console.views.judgement.cause_pages import cause_page_of
from slm_console.views.judgement.plans import MOST_TARGETS, plans_of
from slm_console.web.directories import HELD, WHO, directory_from, holding_from, snoozed_rows
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "200"}
_BREACHES, _CAUSES, _RISKS = "/api/v1/breaches", "/api/v1/causes", "/api/v1/risks"
_TARGETS = "/api/v1/targets"


@router.get("/breaches/{breach_id}")
async def show_breach(visit: SignedIn, breach_id: str) -> Response:
    """Show a breach with its steps, its assignment and lessons of the same agreement."""
    return await _breach(visit, breach_id)


async def _breach(visit: Visit, breach_id: str, given: dict[str, str] | None = None, error: str = "") -> Response:
    breach = await visit.api.known(f"{_BREACHES}/{breach_id}")
    explained = {}
    if not breach["ticket"]:
        path = f"{_TARGETS}/{breach['target_id']}/explain"
        explained["explanation"] = (path, {"window": str(breach["window_id"])})
        explained["attribution"] = (f"{_BREACHES}/{breach_id}/attribution", {})
    parts = await visit.api.gather(
        **WHO,
        lessons=("/api/v1/lessons", {"agreement_id": breach["agreement_id"], "limit": "5"}),
        target=f"{_TARGETS}/{breach['target_id']}",
        **HELD,
        **explained,
    )
    directory = directory_from(parts)
    holding = holding_from(parts, directory)
    explanation, attribution = (parts["explanation"].data, parts["attribution"].data) if explained else (None, None)
    model = {
        "breach": breach_page_of(visit.reader, directory, breach, explanation),
        "caused_by": downtime_parts_of(visit.reader, attribution),
        "plans": plans_of([parts["target"].data] if parts["target"].data else ()),
        "lessons": parts["lessons"].items,
        "given": given or {},
        "may_snooze": holding.may_assign,
        "is_snoozed": f"breach/{breach_id}" in snoozed_rows(parts["assignments"]),
        "holding": holding,
        "error": error,
    }
    return render(visit, "breaches/page.html", model, status=422 if error else 200)


@router.post("/breaches/{breach_id}/acknowledge")
async def acknowledge(visit: SignedIn, breach_id: str, form: Fields) -> Response:
    """Acknowledge a breach; nothing happens if it is acknowledged already."""
    await _take(visit, breach_id, "acknowledge", {})
    return go(visit, form.next)


@router.post("/breaches/{breach_id}/root-cause")
async def give_root_cause(visit: SignedIn, breach_id: str, form: Fields) -> Response:
    """Record the root cause of a breach and the corrective action; both must be filled in."""
    body = {name: form.text(name) for name in ("root_cause", "corrective_action")}
    if not all(body.values()):
        return await _breach(
            visit, breach_id, body, visit.reader.gettext("Write both: why it happened, and what is done.")
        )
    await _take(visit, breach_id, "root-cause", body)
    return go(visit, f"/breaches/{breach_id}")


@router.post("/breaches/{breach_id}/close")
async def close(visit: SignedIn, breach_id: str, form: Fields) -> Response:
    """Close a breach; nothing happens if its state does not allow that."""
    await _take(visit, breach_id, "close", {})
    return go(visit, f"/breaches/{breach_id}")


@router.post("/acknowledge")
async def acknowledge_selected(visit: SignedIn, form: Fields) -> Response:
    """Acknowledge the breaches and causes selected on the Today page; those that cannot be acknowledged are skipped."""
    for row in form.texts("row"):
        kind, _, found = row.partition("/")
        try:
            if kind == "cause":
                await visit.api.post(f"{_CAUSES}/{found}/acknowledge")
            elif kind == "breach":
                await _take(visit, found, "acknowledge", {})
        except RefusedRequest:
            continue
    return go(visit, form.next)


@router.post("/snooze")
async def snooze(visit: SignedIn, form: Fields) -> Response:
    """Hide a row of the Today page until it changes, for the reader only."""
    return await _snooze(visit, form, {"until_change": True})


@router.post("/snooze/undo")
async def end_snooze(visit: SignedIn, form: Fields) -> Response:
    """Undo a snooze: show the row on the Today page again."""
    return await _snooze(visit, form, {})


async def _snooze(visit: Visit, form: Form, body: dict[str, Any]) -> Response:
    kind, _, found = form.text("row").partition("/")
    await visit.api.post(f"{_place_of(kind)}/{quote(found, safe='')}/snooze", body)
    return go(visit, form.next)


@router.post("/assign")
async def assign(visit: SignedIn, form: Fields) -> Response:
    """Assign a breach, risk or cause to a person of the reader's company, or to nobody."""
    return await _assign(visit, form, form.text("assigned_to"))


@router.post("/assign/undo")
async def end_assignment(visit: SignedIn, form: Fields) -> Response:
    """Undo an assignment: assign the breach, risk or cause back to the person who had it before, or to nobody."""
    return await _assign(visit, form, form.text("before"))


async def _assign(visit: Visit, form: Form, holder: str) -> Response:
    kind, _, found = form.text("row").partition("/")
    await visit.api.post(f"{_place_of(kind)}/{quote(found, safe='')}/assign", {"assigned_to": holder or None})
    return go(visit, form.next)


def _place_of(kind: str) -> str:
    """Return the API path for a kind of item: ``breach``, ``cause`` or ``risk``; raises NotFound for any other kind."""
    places = {"breach": _BREACHES, "cause": _CAUSES, "risk": _RISKS}
    if kind not in places:
        raise NotFound(404, {})
    return places[kind]


async def _take(visit: Visit, breach_id: str, step: str, body: dict[str, Any]) -> None:
    """Post a step on a breach; raises ApiError. The step is posted even if the breach was revised since the page was
    shown.

    A step that the breach's state no longer allows is not an error: nothing happens.
    """
    path = f"{_BREACHES}/{breach_id}"
    try:
        await visit.api.post(f"{path}/{step}", body, {"If-Match": "*"})
    except NotFound:
        raise
    except RefusedRequest as refused:
        if refused.code != "wrong-step":
            raise


@router.get("/causes/{cause_id}")
async def show_cause(visit: SignedIn, cause_id: str) -> Response:
    """Show a cause with all breaches and risks that it led to."""
    cause = await visit.api.known(f"{_CAUSES}/{cause_id}")
    parts = await visit.api.gather(
        **WHO,
        breaches=Whole(_BREACHES, {"cause_id": cause_id, **_MANY}),
        risks=Whole(_RISKS, {"cause_id": cause_id, **_MANY, "standing": "true"}),
        **HELD,
    )
    breaches, risks = parts["breaches"].items, parts["risks"].items
    directory = directory_from(parts)
    holding = holding_from(parts, directory)
    ids = list(dict.fromkeys(str(each["target_id"]) for each in (*breaches, *risks)))[:MOST_TARGETS]
    targets = await visit.api.gather(**{each: f"{_TARGETS}/{each}" for each in ids})
    model = {
        "cause": cause_page_of(visit.reader, directory, cause, breaches, risks),
        "plans": plans_of(each.data for each in targets.values() if each.data),
        "part": parts["breaches"],
        "may_snooze": holding.may_assign,
        "is_snoozed": f"cause/{cause_id}" in snoozed_rows(parts["assignments"]),
        "holding": holding,
    }
    return render(visit, "breaches/cause.html", model)


@router.post("/causes/{cause_id}/acknowledge")
async def acknowledge_cause(visit: SignedIn, cause_id: str, form: Fields) -> Response:
    """Acknowledge all breaches of a cause. The acknowledgement is recorded at each breach."""
    await visit.api.post(f"{_CAUSES}/{cause_id}/acknowledge")
    return go(visit, form.next)


@router.post("/causes/{cause_id}/root-cause")
async def give_cause_of_all(visit: SignedIn, cause_id: str, form: Fields) -> Response:
    """Record the same root cause and corrective action for all breaches of a cause."""
    body = {name: form.text(name) for name in ("root_cause", "corrective_action")}
    await visit.api.post(f"{_CAUSES}/{cause_id}/root-cause", body)
    return go(visit, f"/causes/{cause_id}")
