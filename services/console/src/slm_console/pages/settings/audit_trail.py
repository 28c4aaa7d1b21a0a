"""Settings page of the audit trail: who did what, when, how they were identified and from which address."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Whole
from slm_console.views.moments import end_of_day, misread_day, start_of_day
from slm_console.views.settings import audit_trail
from slm_console.views.tables import Wish, table_of
from slm_console.web.directories import WHO, directory_from
from slm_console.web.tables import render_table
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_ENTRIES = "/api/v1/audit-entries"
_FILTERS = ("person", "kind", "thing", "from", "to")


@router.get("/settings/audit-trail")
async def show_audit_trail(visit: SignedIn) -> Response:
    """Show one page of the audit trail, or download all of it as CSV; the filters in the address apply to both."""
    chosen = {name: visit.request.query_params.get(name, "") for name in _FILTERS}
    is_download = visit.request.query_params.get("format") == "csv"
    cursor = "" if is_download else visit.request.query_params.get("cursor", "")
    asked = _asked(visit, chosen, cursor)
    parts = await visit.api.gather(
        **WHO,
        entries=Whole(_ENTRIES, asked) if is_download else (_ENTRIES, asked),
        principals=Whole("/api/v1/principals", {"limit": "500"}),
    )
    directory = directory_from(parts)
    people = sorted(((str(each["principal_id"]), str(each["name"])) for each in parts["principals"].items), key=_name)
    following = (parts["entries"].data or {}).get("next")
    given = {name: value for name, value in chosen.items() if value}
    model = {
        "tab": "audit-trail",
        "chosen": chosen,
        "misread": misread_day(visit.reader, chosen["from"], chosen["to"]),
        "people": people,
        "kinds": audit_trail.kinds(visit.reader),
        "may_read": directory.has_role("operator", "service_level_manager", "auditor"),
        "older": f"/settings/audit-trail?{urlencode({**given, 'cursor': following})}" if following else "",
        "newest": f"/settings/audit-trail?{urlencode(given)}" if cursor else "",
        "part": parts["entries"],
    }
    lines = audit_trail.audit_lines(visit.reader, directory, parts["entries"].items)
    # The API filters and pages the trail: the table holds one page of it, or all of it to be downloaded.
    table = table_of(audit_trail.audit_columns(visit.reader), lines, Wish(), size=max(1, len(lines)))
    return render_table(visit, "settings/audit_trail.html", model, table, "audit-trail")


def _asked(visit: Visit, chosen: dict[str, str], cursor: str) -> dict[str, str]:
    """Return the API parameters for the chosen filters; empty filters and invalid days are left out."""
    asked = {
        "principal_id": chosen["person"],
        "action": chosen["kind"],
        "subject_id": chosen["thing"],
        "from": start_of_day(visit.reader, chosen["from"], is_past=True) or "",
        "to": end_of_day(visit.reader, chosen["to"], is_past=True) or "",
        "cursor": cursor,
    }
    return {"limit": "100", **{name: value for name, value in asked.items() if value}}


def _name(each: tuple[str, str]) -> str:
    return each[1].casefold()
