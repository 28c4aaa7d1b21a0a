"""Route that Prometheus scrapes for the figures and verdicts of targets: ``GET /api/v1/target-metrics``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from slm_chassis.clock import ManualClock
from slm_chassis.exposition import CONTENT_TYPES, OPENMETRICS, PLAIN
from slm_chassis.http import accept
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_events.instants import from_text
from slm_monitor.adapters.queries.target_metric_queries import TargetMetricFilter
from slm_monitor.api.dependencies import TheTargetMetrics
from slm_monitor.api.results.targets import AtMinPosition, TheTargetStateReaders, list_shown_states
from slm_monitor.application.explain.current_status import CurrentStatusReader
from slm_monitor.application.explain.recent_errors import compute_recent_error_shares
from slm_monitor.application.reading.target_metrics import ShownTarget, TargetMetricRows, build_target_gauges
from slm_monitor.domain.terms.terms import FigureTarget

router = APIRouter(prefix="/api/v1/target-metrics", tags=["target-metrics"])
_MOST_NAMED = 50
_SERIES = {
    "type": "string",
    "description": "Gauges with HELP and TYPE: `slm_target_*`, and `slo:*` as Sloth names them. Each verdict is a "
    "series of its own; `slm_targets_left_out` says how many targets have none.",
    "examples": [
        "# HELP slm_targets_left_out Of these, targets without series here, because an answer has only so many.\n"
        "# TYPE slm_targets_left_out gauge\nslm_targets_left_out 0.0\n"
    ],
}
_IDENTITY = Query(max_length=100)


@dataclass(frozen=True, slots=True)
class MetricParameters:
    """Query parameters that choose the targets."""

    agreement_id: Annotated[
        list[Annotated[str, _IDENTITY]] | None,
        Query(max_length=_MOST_NAMED, description="Only targets of these agreements; repeat the parameter for several"),
    ] = None
    service_id: Annotated[
        list[Annotated[str, _IDENTITY]] | None,
        Query(max_length=_MOST_NAMED, description="Only targets of these services; repeat the parameter for several"),
    ] = None

    @property
    def wanted(self) -> TargetMetricFilter:
        """The filter that the query parameters describe."""
        return TargetMetricFilter(self.agreement_id or (), self.service_id or ())


def _declared() -> dict[str, Any]:
    """Return the OpenAPI declaration of the route, with its two response formats."""
    declared = operation(
        "Read figures and verdicts of targets as series for Prometheus", _SERIES, "not-judged-yet", media=PLAIN
    )
    declared["responses"][200]["content"][OPENMETRICS] = {"schema": _SERIES}
    return declared


@router.get("", dependencies=[AtMinPosition], **_declared())
async def read_target_metrics(
    request: Request,
    caller: Caller,
    readers: TheTargetStateReaders,
    queries: TheTargetMetrics,
    parameters: Annotated[MetricParameters, Depends()],
) -> Response:
    """Read the figures, budgets, burn rates and verdicts of all targets that the key may see and that are judged now.

    All values are as of one instant, and the caller sees the same values as in `GET /targets`. The number of targets in
    an answer is limited. Each request gets the same targets; `slm_targets_left_out` is the number of the other targets.
    """
    now = readers.past.clock.now()
    rows = await queries.read(caller, parameters.wanted, now)
    at_now = replace(readers, past=replace(readers.past, clock=ManualClock(now)))
    present = CurrentStatusReader(readers.past.record, readers.past.parsed_terms, now)
    states = await list_shown_states([dict(row) for row in rows.targets], at_now, caller, present)
    views = await readers.past.views.shown_to(caller, rows.names, now)
    shown = []
    for row, state in zip(rows.targets, states, strict=True):
        target = await _shown(row, state, rows, present)
        view = views.of(row["agreement_id"])
        # A burn rate reveals a warning, so only callers who are shown warnings at once get it.
        if isinstance(target.terms, FigureTarget) and view.live_figure and view.risks_after == 0:
            recent = await compute_recent_error_shares(readers.past.record, target.terms, now)
            target = replace(target, recent=recent)
        shown.append(target)
    media_type = accept.preferred_media_type(request.headers.get("accept", ""), (PLAIN, OPENMETRICS)) or PLAIN
    # Hundreds of targets are ten thousand lines: other requests are answered meanwhile.
    content = await asyncio.to_thread(lambda: build_target_gauges(rows, shown, now).write(media_type))
    return Response(content, headers={"Content-Type": CONTENT_TYPES[media_type]})


async def _shown(
    row: Mapping[str, Any], state: Mapping[str, Any], rows: TargetMetricRows, present: CurrentStatusReader
) -> ShownTarget:
    window = state["window"]
    starts_at = present.now if window is None else from_text(window["start_at"])
    terms = await present.find_terms(row, starts_at)
    return ShownTarget(state, terms, rows.names.get(row["agreement_id"], {}))
