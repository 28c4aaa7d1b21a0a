"""``/api/v1/reports``: list reports, read a revision as JSON or as a page, build a report now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.access import Caller, key_of, require_role
from slm_chassis.http.etag import etag_of
from slm_chassis.http.operation import ETAG, LOCATION, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import not_found
from slm_report.adapters import html_page, report_queries
from slm_report.api import schemas
from slm_report.api.dependencies import TheDesk, TheLag
from slm_report.api.responses.report import ReportAnswer, ReportList, StoredFiguresAnswer
from slm_report.application import reports
from slm_report.application.ports import StoredReport
from slm_report.domain.publication import INTERIM_REVISION

_READS_ONLY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
Revision = Annotated[
    int | None, Query(ge=0, le=2**31 - 1, description="Revision number; 0: the interim one; by default the newest")
]
Builder = Annotated[
    Principal, Depends(require_role("service_level_manager", "business_signatory", "provider_signatory", "integrator"))
]

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])


@dataclass(frozen=True)
class ReportFilters:
    """The query parameters of the list of reports.

    ``import_id`` does not filter: ``settling`` in the answer is true until the agreement's reports include this import.
    """

    agreement_id: str | None
    wanted: dict[str, str | None]
    import_id: str | None


async def _report_filters(
    agreement_id: str | None = None,
    period: str | None = None,
    state: Literal["interim", "published"] | None = None,
    verdict: Literal["met", "at_risk", "breached", "no_data"] | None = None,
    import_id: Annotated[
        str | None,
        Query(description="Id of an import: `settling` is true until the reports of `agreement_id` include the import"),
    ] = None,
) -> ReportFilters:
    wanted = {"agreement_id": agreement_id, "period": period, "state": state, "verdict": verdict}
    return ReportFilters(agreement_id, wanted, import_id)


@router.get("", **operation("List reports, the latest period first", ReportList))
async def list_reports(
    caller: Caller,
    desk: TheDesk,
    lag: TheLag,
    filters: Annotated[ReportFilters, Depends(_report_filters)],
    page: Paging,
) -> dict[str, Any]:
    """List reports, each in its newest revision.

    With ``agreement_id``, ``heard.settling`` says whether the agreement's reports may still change because events
    received so far are not in them yet, or because the import ``import_id`` has not arrived. ``heard.waits_for`` lists
    why its reports are not published yet. ``import``: history is being imported. ``catching_up``: the time before a
    version was signed is still being evaluated; ``at_most_seconds`` is the longest time that this still takes.
    """
    agreement_id = filters.agreement_id
    async with desk.database.read() as connection:
        rows = await report_queries.list_newest_revisions(connection, caller, page, filters.wanted)
        heard = schemas.reading_position(lag.heard)
        if agreement_id is not None:
            heard["settling"] = await report_queries.will_reports_change(
                connection, caller, agreement_id, filters.import_id, lag.heard.until_at
            )
            heard["waits_for"] = await report_queries.reasons_for_waiting(connection, caller, agreement_id)
    shown = page.shape(rows, lambda row: (row.period_start_at, row.report_id), schemas.report_summary)
    return {**shown, "heard": heard}


@router.post(
    "",
    **operation(
        "Build a report now",
        ReportAnswer,
        "not-found",
        "outside-term",
        "figures-away",
        status=201,
        also=200,
        headers=(ETAG, LOCATION),
    ),
)
async def build_report(
    caller: Builder,
    desk: TheDesk,
    lag: TheLag,
    wanted: schemas.BuildReport,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Build the report of a period. The report is interim while a window of the period is open.

    200 if the published report already includes all known facts. An interim report shows every open window as of one
    instant, read from monitor-svc with the caller's key; 503 if monitor-svc does not answer. Needs no Idempotency-Key:
    a period has one report.
    """
    stored, made = await reports.build_report_now(desk, caller, key_of(request), wanted.agreement_id, wanted.period)
    response.status_code = 201 if made else 200
    response.headers["Location"] = f"/api/v1/reports/{stored.report_id}"
    response.headers["ETag"] = _etag(stored)
    return schemas.full_report(stored, await _revisions(desk.database, stored.report_id), lag.heard)


@router.get("/{report_id}", **operation("Read one report", ReportAnswer, headers=(ETAG,)))
async def read_report(
    report_id: str, caller: Caller, desk: TheDesk, lag: TheLag, response: Response, revision: Revision = None
) -> dict[str, Any]:
    """Read the newest revision of a report, or the requested one, with a summary of every revision."""
    stored = await _find(desk.database, caller, report_id, revision)
    response.headers["ETag"] = _etag(stored)
    return schemas.full_report(stored, await _revisions(desk.database, report_id), lag.heard)


@router.get("/{report_id}/figures", **operation("Read the figures of an interim report", StoredFiguresAnswer))
async def read_figures(report_id: str, caller: Caller, desk: TheDesk) -> Response:
    """Read the answer of monitor-svc that the interim report was made from, byte for byte.

    To verify it, send monitor-svc the same request with the ``as_of`` of the answer. 404 for a published report.
    """
    stored = await _find(desk.database, caller, report_id, INTERIM_REVISION)
    if stored.figures is None:
        raise not_found("interim report", report_id)
    return Response(stored.figures, media_type="application/json")


@dataclass(frozen=True, slots=True)
class WayBack:
    """Query parameters for the link above a report's page that leads back to another page. The link is not printed."""

    back: Annotated[
        str | None,
        Query(
            max_length=300,
            pattern=r"^/([A-Za-z0-9._~-][!-~]*)?$",
            description="Path of a page of the same origin, which a link above the report leads back to",
        ),
    ] = None
    back_text: Annotated[str, Query(min_length=1, max_length=100, description="Text of that link")] = "Back"


@router.get(
    "/{report_id}/page",
    **operation("Read a report as a page to print", {"type": "string"}, headers=(ETAG,), media="text/html"),
)
async def read_page(
    report_id: str,
    caller: Caller,
    desk: TheDesk,
    lag: TheLag,
    link: Annotated[WayBack, Depends()],
    revision: Revision = None,
) -> HTMLResponse:
    """Read the report as an HTML page that loads nothing from other addresses."""
    stored = await _find(desk.database, caller, report_id, revision)
    shown = schemas.full_report(stored, await _revisions(desk.database, report_id), lag.heard)
    text = html_page.render_report_page(shown, (link.back, link.back_text) if link.back else None)
    headers = {"Content-Security-Policy": _READS_ONLY, "Referrer-Policy": "no-referrer", "ETag": _etag(stored)}
    return HTMLResponse(text, headers=headers)


async def _find(database: Database, caller: Principal, report_id: str, revision: int | None) -> StoredReport:
    async with database.read() as connection:
        stored = await report_queries.find_revision(connection, caller, report_id, revision)
    if stored is None:
        raise not_found("report", report_id)
    return stored


async def _revisions(database: Database, report_id: str) -> list[Any]:
    async with database.read() as connection:
        return await report_queries.list_revisions(connection, report_id)


def _etag(stored: StoredReport) -> str:
    return etag_of(f"{stored.revision}-{stored.digest[:16]}")
