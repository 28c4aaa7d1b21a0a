"""The request body of ``POST /api/v1/reports``, and functions that write reports as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from slm_chassis.lag import ConsumerPosition
from slm_events import instants
from slm_report.application.ports import StoredReport


class BuildReport(BaseModel):
    """The request to build the report of an agreement's period from the events received so far."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"agreement_id": "0b1f6c1e-7f0a-5c57-9d52-3c1f0a7c51a3", "period": "2026-11"}]},
    )

    agreement_id: Annotated[str, Field(min_length=1, max_length=200)]
    period: Annotated[str, Field(max_length=20)] | None = None
    """Name of the period in the agreement's cadence, such as `2026-11`; by default the current one."""


def report_summary(row: Any) -> dict[str, Any]:
    """Return a report as an item of the list of reports; ``row`` is its database row."""
    document = row.document
    mark = document["agreement"].get("on_record")
    return {
        **({} if mark is None else {"on_record": mark}),
        "report_id": row.report_id,
        "revision": row.revision,
        "state": row.state,
        "verdict": row.verdict,
        "agreement_id": row.agreement_id,
        "agreement_title": document["agreement"]["title"],
        "service_name": document["service"]["name"],
        "period": row.period,
        "period_start_at": document["period"]["start_at"],
        "period_end_at": document["period"]["end_at"],
        "breaches": document["breach_count"],
        "built_at": instants.to_text(row.built_at),
        **report_links(row.report_id, row.revision),
    }


def reading_position(lag: ConsumerPosition) -> dict[str, Any]:
    """Return as JSON how far this service has received the event log: every event up to ``until_at``."""
    until_at = None if lag.until_at is None else instants.to_text(lag.until_at)
    return {"until_at": until_at, "behind_events": lag.behind}


def full_report(report: StoredReport, revisions: list[Any], lag: ConsumerPosition) -> dict[str, Any]:
    """Return a whole report as JSON, with its revisions and the position up to which this service has received
    events.
    """
    return {
        "report_id": report.report_id,
        "revision": report.revision,
        "built_at": instants.to_text(report.built_at),
        **report.document,
        "changes": report.changes,
        "heard": reading_position(lag),
        "revisions": [_revision(report.report_id, row) for row in revisions],
        **report_links(report.report_id, report.revision),
    }


def report_links(report_id: str, revision: int) -> dict[str, str]:
    """Return the paths of a report's revision as JSON and as a page."""
    return {
        "url": f"/api/v1/reports/{report_id}?revision={revision}",
        "page_url": f"/api/v1/reports/{report_id}/page?revision={revision}",
    }


def _revision(report_id: str, row: Any) -> dict[str, Any]:
    return {
        "revision": row.revision,
        "state": row.state,
        "verdict": row.verdict,
        "built_at": instants.to_text(row.built_at),
        **report_links(report_id, row.revision),
    }
