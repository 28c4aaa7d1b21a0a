"""Pages of excluded time: the requests to exclude it, their effect on figures, and the decisions about them.

Excluded time, such as planned maintenance, does not count in figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, Part, RefusedRequest, ServiceAway, Whole
from slm_console.views.explained.time_sums import kinds_in_words
from slm_console.views.judgement.calendars import month_of_days
from slm_console.views.judgement.exclusion_effects import Effects, concerned_targets, effects_of
from slm_console.views.judgement.service_pages import maintenance_columns, maintenance_row, maintenance_rows
from slm_console.views.judgement.typed_exclusions import ASKERS, KINDS, exclusion_of
from slm_console.views.judgement.typed_times import instant_to_type
from slm_console.views.tables import table_of
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_EXCLUSIONS = "/api/v1/exclusions"
_MANY = {"limit": "500"}
_STATES = ("requested", "approved", "rejected", "revoked")
_TYPED = ("agreement", "target", "from", "to", "repeat", "times", "kind", "text")


@router.get("/maintenance")
async def list_all(visit: SignedIn) -> Response:
    """Show all requests to exclude time, as a calendar month and as a list with filters."""
    asked = visit.request.query_params
    filters = {
        name: value
        for name, known in (("state", _STATES), ("kind", KINDS))
        if (value := asked.get(name, "")) and value in known
    }
    parts = await visit.api.gather(**WHO, exclusions=Whole(_EXCLUSIONS, {**filters, **_MANY}))
    directory = directory_from(parts)
    visit.scope_name = directory.company(visit.scope) if visit.scope else ""
    concerning = [
        each
        for each in parts["exclusions"].items
        if not visit.scope or visit.scope in (each["provider_party_id"], each["customer_party_id"])
    ]
    rows = maintenance_rows(visit.reader, directory, concerning)
    model = {
        "month": month_of_days(visit.reader, asked.get("month", ""), rows, concerning),
        "filters": filters,
        "kinds": [(kind, kinds_in_words(visit.reader)[kind]) for kind in KINDS],
        "here": "/maintenance",
        "may_ask": directory.has_role(*ASKERS),
        "part": parts["exclusions"],
    }
    table = table_of(maintenance_columns(visit.reader), rows, wish_of(visit))
    return render_table(visit, "maintenance/all.html", model, table, "time-that-does-not-count")


@router.get("/maintenance/new")
async def show_new_request(visit: SignedIn) -> Response:
    """Show the form for a new request to exclude time.

    The link to this page from an interruption of a service has the start and the end in its address. The form shows
    them in the format in which people type.
    """
    given = {name: visit.request.query_params.get(name, "") for name in _TYPED}
    for name in ("from", "to"):
        given[name] = instant_to_type(visit.reader, given[name], is_end=name == "to")
    return await _show_form(visit, given, {})


async def _show_form(
    visit: Visit, given: dict[str, str], errors: Mapping[str, str], effect: Part | None = None
) -> Response:
    agreement = given["agreement"]
    if given["target"] and not agreement:
        agreement = (await visit.api.known(f"/api/v1/targets/{given['target']}"))["agreement_id"]
    parts = await visit.api.gather(
        all=Whole("/api/v1/agreements", {"limit": "200"}), **({"targets": _targets(agreement)} if agreement else {})
    )
    items = parts["targets"].items if agreement else []
    model = {
        "given": {**given, "agreement": agreement},
        "errors": errors,
        "agreement": await _agreement(visit, agreement) if agreement else None,
        "agreements": parts["all"].items,
        "targets": [each for each in items if not each.get("tickets") and not each.get("instance_of")],
        "effects": effects_of(visit.reader, _told(effect), items) if effect else None,
        "is_tried": effect is not None,
        "row": None,
    }
    return render(visit, "maintenance/form.html", model, status=422 if errors else 200)


async def _agreement(visit: Visit, agreement_id: str) -> Mapping[str, Any]:
    """Return the agreement whose title the form shows; raises NotFound.

    If agreement-svc is away and has never returned this agreement before, the title says that it is not known.
    """
    part = await visit.api.part(f"/api/v1/agreements/{agreement_id}")
    if part.missing:
        raise NotFound(404, {})
    return part.data or {"agreement_id": agreement_id, "title": visit.reader.gettext("its title is not known just now")}


def _targets(agreement_id: str) -> Whole:
    return Whole("/api/v1/targets", {"agreement_id": agreement_id, **_MANY})


@router.post("/maintenance/new")
async def ask(visit: SignedIn, form: Fields) -> Response:
    """Show the effect that a new request would have on figures, or send the request to the other side."""
    given = {name: form.text(name) for name in _TYPED}
    typed = exclusion_of(visit.reader, given)
    if typed.errors:
        return await _show_form(visit, given, typed.errors)
    try:
        if form.text("step") == "send":
            made = await visit.api.post(_EXCLUSIONS, typed.body)
            return go(visit, f"/maintenance/{made['exclusion_id']}")
        effect = Part(await visit.api.post(f"{_EXCLUSIONS}/effect", typed.body))
    except ServiceAway as away:
        if form.text("step") == "send":
            raise
        effect = Part(away=away.context)
    except RefusedRequest as refused:
        return await _show_form(visit, given, {"text": str(refused)})
    return await _show_form(visit, given, {}, effect)


@router.get("/maintenance/{exclusion_id}")
async def show_request(visit: SignedIn, exclusion_id: str) -> Response:
    """Show a request to exclude time, with its effect on figures while it can still be decided or revoked."""
    return await _request_page(visit, exclusion_id)


async def _request_page(
    visit: Visit, exclusion_id: str, given: Mapping[str, str] | None = None, error: str = ""
) -> Response:
    exclusion = await visit.api.known(f"{_EXCLUSIONS}/{exclusion_id}")
    parts = await visit.api.gather(
        **WHO,
        targets=_targets(exclusion["agreement_id"]),
        agreement=f"/api/v1/agreements/{exclusion['agreement_id']}",
    )
    directory, targets = directory_from(parts), parts["targets"].items
    row = maintenance_row(visit.reader, directory, exclusion)
    is_open = exclusion["state"] == "requested" or row.may_revoke
    model = {
        "row": row,
        "agreement_title": str((parts["agreement"].data or {}).get("title") or ""),
        "concerned": concerned_targets(visit.reader, exclusion, targets),
        "effects": await _effects(visit, exclusion_id, targets) if is_open else None,
        "is_requested": exclusion["state"] == "requested",
        "given": given or {},
        "error": error,
    }
    return render(visit, "maintenance/page.html", model, status=422 if error else 200)


async def _effects(visit: Visit, exclusion_id: str, targets: Sequence[Mapping[str, Any]]) -> Effects | None:
    return effects_of(visit.reader, _told(await visit.api.part(f"{_EXCLUSIONS}/{exclusion_id}/effect")), targets)


def _told(part: Part) -> Mapping[str, Any] | None:
    """Return the effect from an API answer; None if the service is away.

    While the service is away, ``part`` has its last answer. People decide by the effect, so an old effect is not shown.
    """
    return None if part.away else part.data


@router.post("/maintenance/{exclusion_id}/approve")
async def approve(visit: SignedIn, exclusion_id: str, form: Fields) -> Response:
    """Approve a request to exclude time."""
    body = {"reason": form.text("reason")} if form.text("reason") else {}
    return await _act(visit, exclusion_id, "approve", body)


@router.post("/maintenance/{exclusion_id}/refuse")
async def refuse(visit: SignedIn, exclusion_id: str, form: Fields) -> Response:
    """Reject a request to exclude time; a reason is required."""
    return await _act_with_reason(visit, exclusion_id, "reject", form)


@router.post("/maintenance/{exclusion_id}/revoke")
async def revoke(visit: SignedIn, exclusion_id: str, form: Fields) -> Response:
    """Revoke the approval of a request, so that its time counts again; a reason is required."""
    return await _act_with_reason(visit, exclusion_id, "revoke", form)


async def _act_with_reason(visit: Visit, exclusion_id: str, act: str, form: Form) -> Response:
    reason = form.text("reason")
    if not reason:
        error = visit.reader.gettext("Say why; the other side reads it.")
        return await _request_page(visit, exclusion_id, {"act": act}, error)
    return await _act(visit, exclusion_id, act, {"reason": reason})


async def _act(visit: Visit, exclusion_id: str, act: str, body: Mapping[str, str]) -> Response:
    await visit.api.post(f"{_EXCLUSIONS}/{exclusion_id}/{act}", body)
    return go(visit, f"/maintenance/{exclusion_id}")
