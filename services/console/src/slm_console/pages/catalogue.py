"""Pages of the catalogue: all services with what is promised about them, and what is recorded about one service."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest, Whole
from slm_console.views import catalogue
from slm_console.views.tables import table_of
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_SERVICES = "/api/v1/services"


@router.get("/services/catalogue")
async def list_catalogue(visit: SignedIn) -> Response:
    """List all services, planned and retired ones too, and how many promises each has.

    With ``promised=none`` in the address, only services without a promise are listed.
    """
    asked = visit.request.query_params
    filters = {
        "status": asked.get("status", "") if asked.get("status") in catalogue.STATUSES else "",
        "promised": catalogue.WITHOUT_PROMISE if asked.get("promised") == catalogue.WITHOUT_PROMISE else "",
    }
    wanted = {"status": filters["status"], "covered_by": filters["promised"]}
    asking = {name: value for name, value in wanted.items() if value}
    parts = await visit.api.gather(**WHO, coverage=Whole("/api/v1/service-coverage", {"limit": "500", **asking}))
    directory = directory_from(parts)
    found = parts["coverage"].items
    in_scope = [each for each in found if not visit.scope or each["provider_party_id"] == visit.scope]
    rows = catalogue.rows(visit.reader, directory, in_scope)
    table = table_of(catalogue.columns(visit.reader), rows, wish_of(visit))
    model = {
        "filters": filters,
        "statuses": [(each, catalogue.status_in_words(visit.reader, each)) for each in catalogue.STATUSES],
        "gaps": sum(row.is_gap for row in rows),
        "may_add": catalogue.may_edit(directory, directory.own),
        "part": parts["coverage"],
        "tab": "catalogue",
    }
    return render_table(visit, "services/catalogue.html", model, table, "catalogue")


@router.get("/services/new")
async def show_new_service(visit: SignedIn) -> Response:
    """Show the empty form of a service."""
    form = catalogue.service_form(visit.reader, None)
    return render(visit, "services/new.html", {"form": form, "tag": "", "path": "/services/new"})


@router.post("/services/new")
async def add_service(visit: SignedIn, form: Fields) -> Response:
    """Add a service of the reader's company to the catalogue."""
    written = {name: form.text(name) for name in catalogue.FIELDS}
    body, errors = catalogue.service_body(visit.reader, written, None)
    if not errors:
        try:
            made = await visit.api.post(_SERVICES, body)
            return go(visit, f"/services/{made['service_id']}/entry")
        except RefusedRequest as refused:
            errors = {"form": str(refused)}
    shown = catalogue.service_form(visit.reader, None, written, errors)
    return render(visit, "services/new.html", {"form": shown, "tag": "", "path": "/services/new"}, status=422)


@router.get("/services/{service_id}/entry")
async def show_entry(visit: SignedIn, service_id: str) -> Response:
    """Show what the catalogue records about a service; its provider's managers get a form."""
    return await _entry(visit, service_id, None, {})


@router.post("/services/{service_id}/entry")
async def change_entry(visit: SignedIn, service_id: str, form: Fields) -> Response:
    """Change what the catalogue records about a service, unless somebody changed it since the form was shown."""
    written = {name: form.text(name) for name in catalogue.FIELDS}
    service = await visit.api.get(f"{_SERVICES}/{service_id}")
    body, errors = catalogue.service_body(visit.reader, written, service)
    if not errors:
        try:
            await visit.api.send("PUT", f"{_SERVICES}/{service_id}", body, form.text("tag"))
            return go(visit, f"/services/{service_id}/entry")
        except RefusedRequest as refused:
            errors = {"form": str(refused)}
    return await _entry(visit, service_id, written, errors)


async def _entry(
    visit: Visit, service_id: str, written: Mapping[str, str] | None, errors: Mapping[str, str]
) -> Response:
    service, tag = await visit.api.tagged(f"{_SERVICES}/{service_id}")
    parts = await visit.api.gather(**WHO)
    directory = directory_from(parts)
    model = {
        "service": service,
        "provider": directory.company(service["provider_party_id"]),
        "status": catalogue.status_in_words(visit.reader, service["status"]),
        "planned": catalogue.planned_day(visit.reader, service),
        "history": catalogue.history_of(visit.reader, service),
        "may_edit": catalogue.may_edit(directory, service["provider_party_id"]),
        "form": catalogue.service_form(visit.reader, service, written, errors),
        "tag": tag,
        "path": f"/services/{service_id}/entry",
        "part": parts["services"],
        "tab": "entry",
        "watch": "",
    }
    return render(visit, "services/entry.html", model, status=422 if errors else 200)
