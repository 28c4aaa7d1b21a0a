"""The Today page: what somebody has to act on, the most urgent first, and the state of the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part
from slm_console.views.today.page import (
    MOST_LISTED,
    Today,
    buckets_on_page,
    count_of,
    only,
    table_of_rows,
    today_of,
    unmeasured,
    without,
)
from slm_console.views.watching import watched
from slm_console.web.directories import HELD, WHO, directory_from, holding_from, reach_of, snoozed_rows
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MOST = str(MOST_LISTED)
_MOST_SERVICES = 50
"""At most this many services are listed below the rows; those that are down or breached come first."""


@router.get("/")
async def today(visit: SignedIn) -> Response:
    """Show the Today page."""
    parts = await _read(visit, {"party": visit.scope} if visit.scope else {})
    directory = directory_from(parts)
    found = parts["agreements"].data
    # An answer that was cached before an update may lack the list of signed versions.
    lines = [*found["needs"], *found.get("signed", ())] if found else []
    needs = [each for each in lines if visit.scope in ("", each["other_party_id"])]
    causes = [each for each in parts["causes"].items if _is_within_cause(visit.scope, each)]
    visit.scope_name = directory.company(visit.scope) if visit.scope else ""
    shows_all = "snoozed" in visit.request.query_params
    snoozed = snoozed_rows(parts["assignments"])
    hidden = set() if shows_all else snoozed
    holding = holding_from(parts, directory)
    page = today_of(visit.reader, directory, parts["summary"].data, causes, needs, holding.mine)
    page = replace(page, services=page.services[:_MOST_SERVICES])
    unsnoozed = without(visit.reader, page, hidden)
    part = visit.request.query_params.get("show", "")
    shown = only(visit.reader, unsnoozed, part)
    table = table_of_rows(visit.reader, shown, wish_of(visit))
    reach = reach_of(visit.api)
    model = {
        "today": replace(shown, buckets=buckets_on_page(shown, table)),
        "only": part if len(shown.rows) < len(unsnoozed.rows) else "",
        "snoozed": count_of(page, hidden),
        "holding": holding,
        "part": parts["summary"],
        # A company that only receives services asks first whether they work.
        "services_first": reach.only_receives,
        "unmeasured": unmeasured(directory, parts["summary"].data) if reach.connects else [],
        "may_write": directory.has_role("service_level_manager"),
        "may_connect": directory.has_role("service_level_manager", "integrator", "operator"),
        "watch": _watched(parts["summary"].data, page),
    }
    return render_table(visit, "today/page.html", model, table, "today")


async def _read(visit: Visit, scope: Mapping[str, str]) -> dict[str, Part]:
    """Return the API's answers from which the page is made. Each service gets only one request."""
    api, zone = visit.api, visit.reader.zone.key
    parts = await api.gather(
        summary=(
            "/api/v1/summary",
            {"timezone": zone, "limit": _MOST, "include": ["assignments", "causes"], **scope},
        ),
        agreements=("/api/v1/agreement-summary", {"include": ["me", "parties", "people", "services"]}),
    )
    # The latest causes come from an index; to find all open ones, each cause of the past would be read. Older causes
    # are not missed: their unacknowledged breaches, and indicators that are down, have rows of their own.
    found = await api.included(
        parts["summary"], causes=("/api/v1/causes", {"limit": _MOST}), assignments=HELD["assignments"]
    )
    return {**parts, **found, **await api.included(parts["agreements"], **WHO, people=HELD["people"])}


def _watched(summary: Mapping[str, Any] | None, page: Today) -> str:
    items = [*summary["breaches"], *summary["risks"]] if summary else []
    return watched((each["target_id"] for each in items), (each.service_id for each in page.services))


def _is_within_cause(scope: str, cause: dict[str, object]) -> bool:
    customers = cause["customer_party_ids"]
    assert isinstance(customers, list)
    return not scope or scope == cause["provider_party_id"] or scope in customers
