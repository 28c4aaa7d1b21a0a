"""Page of indicators: the registered indicators, which of them are silent, and unknown indicators for which sources
send data.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest, Whole
from slm_console.views.connections import measurements, sources
from slm_console.views.tables import table_of
from slm_console.web.connections import ALL, may_connect, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_LOOKED_AT = 10
"""The page searches at most this many sources for measurements of unknown indicators."""


@router.get("/connections/measurements")
async def list_measurements(visit: SignedIn) -> Response:
    """List the indicators, silent indicators first, and the unknown indicators for which sources sent data lately.

    ``?name=`` is the name that the form to register an indicator begins with.
    """
    return await _list_page(visit, {"key": visit.request.query_params.get("name", "")}, {})


@router.post("/connections/measurements")
async def register_measurement(visit: SignedIn, form: Fields) -> Response:
    """Register an indicator, so that what is sent under its name is taken."""
    typed = {name: form.text(name) for name in ("key", "kind", "unit", "service_id", "stale_after")}
    if not typed["key"]:
        return await _list_page(visit, typed, {"key": visit.reader.gettext("Write a name, such as shop.checkout.")})
    if typed["kind"] != "value":
        typed["unit"] = ""
    try:
        await visit.api.post("/api/v1/indicators", {name: text for name, text in typed.items() if text})
    except RefusedRequest as refused:
        if refused.status == 403:
            raise
        known = {name: why for name, why in refused.fields.items() if name in typed}
        return await _list_page(visit, typed, known or {"form": str(refused)})
    return go(visit, "/connections/measurements")


async def _list_page(visit: Visit, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    parts = await visit.api.gather(
        **WHO,
        found=Whole("/api/v1/indicators", {**ALL, "with_last": "true"}),
        targets=Whole("/api/v1/targets", ALL),
        sources=Whole("/api/v1/sources", ALL),
    )
    directory = directory_from(parts)
    model = {
        **shell(directory, "measurements", parts["found"]),
        "unknown": await _unknown(visit, parts["sources"].items),
        "may_connect": may_connect(directory),
        "kinds": measurements.kinds_to_register(visit.reader),
        "silences": measurements.silences(visit.reader),
        "services": sorted((directory.service(each), each) for each in directory.services),
        "typed": typed,
        "errors": errors,
    }
    lines = measurements.measurement_lines(visit.reader, directory, parts["found"].items, parts["targets"].items)
    table = table_of(measurements.measurement_columns(visit.reader), lines, wish_of(visit))
    return render_table(visit, "connections/measurements.html", model, table, "measurements", 422 if errors else 200)


async def _unknown(visit: Visit, listed: list[dict[str, object]]) -> list[str]:
    def sends_unknown(source: dict[str, object]) -> bool:
        refused = source["refused_last_day"]
        assert isinstance(refused, list)
        return any(each["code"] == sources.UNKNOWN for each in refused)

    asked = [str(each["source_id"]) for each in listed if sends_unknown(each)][:_LOOKED_AT]
    found = await visit.api.gather(**{each: f"/api/v1/sources/{each}" for each in asked})
    return sources.unknown_subjects([part.data for part in found.values() if part.data])
