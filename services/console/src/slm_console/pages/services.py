"""Pages of services: the list with the present states, one service, and its excluded time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest, ServiceAway, Whole
from slm_console.last_answers import Json
from slm_console.views.agreements import needs
from slm_console.views.agreements.shown_terms import cost_in_words, warnings_in_words
from slm_console.views.directory import Directory
from slm_console.views.judgement.calendars import month_of_days
from slm_console.views.judgement.service_pages import (
    maintenance_columns,
    maintenance_rows,
    target_columns,
    target_rows,
)
from slm_console.views.judgement.typed_exclusions import ASKERS
from slm_console.views.tables import table_of
from slm_console.views.today.page import service_columns, today_of
from slm_console.views.watching import watched
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "500"}
_MOST_AGREEMENTS = 10
"""The page of a service requests at most this many of the agreements in which the reader's company is the customer."""
NOTHING_WRITTEN: Mapping[str, str] = MappingProxyType({"text": "", "outcome": ""})


def _summary(visit: Visit) -> tuple[str, dict[str, str]]:
    scope = {"party": visit.scope} if visit.scope else {}
    return "/api/v1/summary", {"timezone": visit.reader.zone.key, "limit": "200", **scope}


@router.get("/services")
async def list_services(visit: SignedIn) -> Response:
    """List the services; those that are down come first."""
    parts = await visit.api.gather(**WHO, summary=_summary(visit))
    directory = directory_from(parts)
    visit.scope_name = directory.company(visit.scope) if visit.scope else ""
    shown = today_of(visit.reader, directory, parts["summary"].data)
    table = table_of(service_columns(visit.reader, shown.month), shown.services, wish_of(visit))
    watch = watched(services=(each.service_id for each in table.rows))
    model = {"today": replace(shown, services=table.rows), "part": parts["summary"], "watch": watch}
    return render_table(visit, "services/list.html", model, table, "services")


@router.get("/services/{service_id}")
async def show_service(visit: SignedIn, service_id: str) -> Response:
    """Show a service: its state, its downtime this month in minutes, and its targets with their error budgets."""
    return await _service_page(visit, service_id)


@router.post("/services/{service_id}/needs")
async def record_need(visit: SignedIn, service_id: str, form: Fields) -> Response:
    """Record a requirement: what the reader's company needs of a service."""
    written = {"text": form.text("text"), "outcome": form.text("outcome")}
    refused = ""
    if not written["text"]:
        refused = visit.reader.gettext("Write what your company needs.")
    else:
        try:
            await visit.api.post("/api/v1/requirements", {"service_id": service_id, **written})
        except RefusedRequest as error:
            refused = str(error)
    if refused:
        return await _service_page(visit, service_id, written, refused)
    return go(visit, f"/services/{service_id}#needs")


async def _service_page(
    visit: Visit, service_id: str, written: Mapping[str, str] = NOTHING_WRITTEN, refused: str = ""
) -> Response:
    """Render the page of a service.

    ``written`` holds the typed fields of a requirement that could not be recorded, and ``refused`` the reason.
    """
    service = await _service(visit, service_id)
    parts = await visit.api.gather(
        **WHO,
        summary=_summary(visit),
        targets=Whole("/api/v1/targets", {"service_id": service_id, **_MANY}),
        requirements=Whole("/api/v1/requirements", _MANY),
    )
    directory = directory_from(parts)
    rows = today_of(visit.reader, directory, parts["summary"].data).services
    received = await _agreements_received(visit, directory, parts["targets"].items)
    warnings = {each["agreement_id"]: warnings_in_words(visit.reader, directory, each) for each in received}
    unwarned = [agreement_id for agreement_id, said in warnings.items() if said]
    promises = target_rows(visit.reader, directory, parts["targets"].items, unwarned)
    table = table_of(target_columns(visit.reader), promises, wish_of(visit))
    model = {
        "service": service,
        "row": next((row for row in rows if row.service_id == service_id), None),
        "provider": directory.company(service["provider_party_id"]),
        "targets": table.rows,
        "unwarned": dict.fromkeys(said for said in warnings.values() if said),
        "costs": [(each["title"], cost) for each in received if (cost := cost_in_words(visit.reader, each))],
        "requirements": [each for each in parts["requirements"].items if each["service_id"] == service_id],
        "may_record_need": needs.may_record(directory, service),
        "need": written,
        "need_refused": refused,
        "part": parts["targets"],
        "tab": "now",
        "watch": watched(services=[service_id]),
    }
    return render_table(visit, "services/page.html", model, table, "targets", status=422 if refused else 200)


async def _agreements_received(visit: Visit, directory: Directory, targets: Sequence[Json]) -> list[Json]:
    """Return the agreements of these targets in which the reader's company is the customer.

    Agreements that the API does not return are left out. A customer has few agreements about one service. A provider
    may have hundreds, so the agreements in which the reader's company is the provider are not requested.
    """
    found = {each["agreement_id"] for each in targets if each["customer_party_id"] == directory.own}
    asked = sorted(found)[:_MOST_AGREEMENTS]
    parts = await visit.api.gather(**{f"agreement-{each}": f"/api/v1/agreements/{each}" for each in asked})
    return [part.data for part in parts.values() if part.data is not None]


async def _service(visit: Visit, service_id: str) -> Json:
    """Return a service; raises ApiError.

    While agreement-svc is away, the service comes from the last answer about it, or else from the last list of
    services.
    """
    try:
        return await visit.api.known(f"/api/v1/services/{service_id}")
    except ServiceAway:
        listed = (await visit.api.gather(services=WHO["services"]))["services"].items
        found = next((each for each in listed if each["service_id"] == service_id), None)
        if found is None:
            raise
        return found


@router.get("/services/{service_id}/maintenance")
async def show_maintenance(visit: SignedIn, service_id: str) -> Response:
    """Show the requests to exclude time that affect a service, as a calendar month and as a list."""
    service = await _service(visit, service_id)
    parts = await visit.api.gather(
        **WHO,
        exclusions=Whole("/api/v1/exclusions", _MANY),
        targets=Whole("/api/v1/targets", {"service_id": service_id, **_MANY}),
    )
    directory = directory_from(parts)
    agreements = {each["agreement_id"] for each in parts["targets"].items}
    concerning = [
        each
        for each in parts["exclusions"].items
        if each["agreement_id"] in agreements and (not each["services"] or service_id in each["services"])
    ]
    rows = maintenance_rows(visit.reader, directory, concerning)
    model = {
        "service": service,
        "month": month_of_days(visit.reader, visit.request.query_params.get("month", ""), rows, concerning),
        "here": f"/services/{service_id}/maintenance",
        "filters": {},
        "may_ask": directory.has_role(*ASKERS),
        "agreements": sorted(agreements),
        "provider": directory.company(service["provider_party_id"]),
        "part": parts["exclusions"],
        "tab": "maintenance",
        "watch": "",
    }
    table = table_of(maintenance_columns(visit.reader), rows, wish_of(visit))
    return render_table(visit, "services/maintenance.html", model, table, "time-that-does-not-count")
