"""Routes that summarize what a caller may see: ``GET /api/v1/summary``, and ``/summary/parties`` with counts by
company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from slm_calendar.errors import CalendarError
from slm_calendar.local_time import zone_named
from slm_chassis.http.access import Caller, check_scope
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Page, Paging
from slm_chassis.http.parts import TheClock
from slm_chassis.http.problems import invalid
from slm_chassis.http.response_models import list_of
from slm_monitor.adapters.causes.cause_queries import CauseFilter
from slm_monitor.adapters.commands.sql_assignments import Kind
from slm_monitor.api.dependencies import (
    TargetReaders,
    TheAssignments,
    TheCauses,
    TheReaders,
    TheSummaries,
    TheTargetCounts,
)
from slm_monitor.api.responses.summary import SummaryAnswer, TargetCountsAnswer
from slm_monitor.api.results.targets import AtMinPosition
from slm_monitor.application.explain.current_status import CurrentStatusReader
from slm_monitor.application.reading import summary
from slm_monitor.application.reading.summary import SummaryQuestion, SummaryRows
from slm_monitor.domain.lifecycle import urgency

router = APIRouter(prefix="/api/v1/summary", tags=["summary"])
_MOST_LIVE = 10
"""Most services whose lost time one summary calculates anew. Only services with an indicator down need this, and each
calculation reads their facts.
"""


@dataclass(frozen=True, slots=True)
class SummaryParameters:
    """Query parameters of the summary."""

    party: Annotated[str | None, Query(description="Only what concerns this customer or supplier", max_length=100)] = (
        None
    )
    timezone: Annotated[str, Query(description="The reader's IANA time zone: where days and months end")] = "UTC"
    limit: Annotated[int, Query(ge=1, le=200, description="Most items in each list")] = 50
    service_id: Annotated[
        list[str] | None,
        Query(max_length=50, description="In the list `services` only these; repeat it for several"),
    ] = None


@dataclass(frozen=True, slots=True)
class IncludedLists:
    """The lists that a request adds to the summary, and the queries that read them."""

    caller: Caller
    causes: TheCauses
    assignments: TheAssignments
    include: Annotated[
        list[Literal["assignments", "causes"]] | None,
        Query(description="Lists to add to the summary; repeat the parameter to add both"),
    ] = None

    def check_scopes(self) -> None:
        """Raise 403 unless the key's scopes allow reading the lists."""
        for resource in self.include or ():
            check_scope(self.caller, resource, "read")

    async def read(self, document: Mapping[str, Any], limit: int) -> dict[str, Any]:
        """Return name → list, for each list that the request adds to the summary ``document``.

        ``limit``: the largest number of causes.
        """
        found: dict[str, Any] = {}
        include = self.include or ()
        if "causes" in include:
            found["causes"] = await self.causes.page(self.caller, Page(limit, None), CauseFilter(), "start")
        if "assignments" in include:
            items = await self.assignments.of_items(self.caller, _assignable({**document, **found}))
            found["assignments"] = {"items": items, "next": None}
        return found


@router.get(
    "",
    dependencies=[AtMinPosition],
    **operation("Summarize what needs somebody to act, as of one instant", SummaryAnswer, "not-judged-yet"),
)
async def read_summary(
    caller: Caller,
    queries: TheSummaries,
    readers: TheReaders,
    wanted: Annotated[SummaryParameters, Depends()],
    lists: Annotated[IncludedLists, Depends()],
) -> Response:
    """Summarize everything that the caller may see, in one request and as of one instant.

    The lists contain indicators that are down, breaches that nobody has acknowledged, windows at risk, exclusions that
    wait for a decision, stale indicators, and clocks that are due. Each item has its parties, service, agreement and
    urgency. The answer also has the state of each service, the verdict and lost time of this month, and the verdicts of
    twelve months. Lists have at most `limit` items; `counts` has the full numbers.

    `include=causes` adds the latest causes. `include=assignments` adds the persons to whom the listed items are
    assigned. The key's scopes must allow reading these resources, too.
    """
    lists.check_scopes()
    zone, now = _zone(wanted.timezone), readers.clock.now()
    horizon, months = urgency.compute_urgency_horizon(now, zone), urgency.list_months_until(now, zone)
    only = frozenset(wanted.service_id or ())
    asked = SummaryQuestion(caller, wanted.party, horizon, months, wanted.limit, only)
    rows = await queries.read(asked)
    lost = await _lost_by_now(rows, readers, asked)
    document = await asyncio.to_thread(summary.build_summary_document, asked, rows, lost)
    document |= await lists.read(document, wanted.limit)
    return Response(msgspec.json.encode(document), media_type="application/json")


@router.get(
    "/parties",
    dependencies=[AtMinPosition],
    **operation(
        "Count the targets of each provider and customer by state", list_of(TargetCountsAnswer), "not-judged-yet"
    ),
)
async def list_target_counts(
    caller: Caller, queries: TheTargetCounts, clock: TheClock, paging: Paging
) -> dict[str, Any]:
    """Count the targets between each provider and customer that the caller sees, by the state of their latest window.

    The states are those of the last evaluation. A target at risk counts as met for a caller who is not shown the
    warning.
    """
    return await queries.page(caller, paging, clock.now())


def _assignable(document: Mapping[str, Any]) -> list[tuple[Kind, str]]:
    """Return the kind and the id of the breaches, risks and causes that a summary lists.

    The breaches and risks of a listed cause are included, too, unless the urgency of the cause is ``done``.
    """
    causes = document["causes"]["items"] if "causes" in document else ()
    lists: Mapping[Kind, Sequence[Mapping[str, Any]]] = {
        "breach": document["breaches"],
        "risk": document["risks"],
        "cause": causes,
    }
    found: set[tuple[Kind, str]] = {(kind, each[f"{kind}_id"]) for kind, items in lists.items() for each in items}
    for cause in causes:
        if cause["urgency"] != "done":
            found |= {("breach", each) for each in cause["breach_ids"]} | {("risk", each) for each in cause["risk_ids"]}
    return sorted(found)


def _zone(name: str) -> ZoneInfo:
    try:
        return zone_named(name)
    except CalendarError as error:
        raise invalid("query.timezone", name, "name an IANA time zone such as Europe/Berlin or UTC") from error


async def _lost_by_now(rows: SummaryRows, readers: TargetReaders, asked: SummaryQuestion) -> Mapping[str, int | None]:
    """Return service id → time lost until now (µs), for each requested service that has an indicator in the state down.

    The stored time of such a service is too short, because the lost time keeps growing. The time is computed for at
    most ten of these services; it is None for all others.
    """
    now = asked.horizon.now
    down = {each for row in rows.streams if row["state"] == "down" for each in row["service_ids"]}
    down &= asked.service_ids or down
    worst = [row for row in rows.lost if row["service_id"] in down][:_MOST_LIVE]
    ids = {row["service_id"]: row["target_id"] for row in worst}
    windows = await readers.queries.windows_at(list(ids.values()), now)
    targets = await readers.queries.targets_of(list(ids.values()))
    present = CurrentStatusReader(readers.record, readers.parsed_terms, now)
    lost: dict[str, int | None] = dict.fromkeys(down)
    for service, target in ids.items():
        fields: dict[str, Any] = await present.window_fields(targets[target], windows[target])
        window = {**windows[target], **fields}
        lost[service] = window["total"] - window["good"]
    return lost
