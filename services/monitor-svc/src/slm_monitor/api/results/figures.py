"""Route that calculates the current figures of an agreement as of one instant: ``GET /api/v1/figures``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Page
from slm_chassis.http.parts import TheLog
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.log.port import EventLog
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.instants import to_text
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.api.dependencies import TheReaders
from slm_monitor.api.responses.figures import FiguresAnswer
from slm_monitor.api.results.explanations import parse_query_instant
from slm_monitor.application.explain import current_figures
from slm_monitor.application.explain.current_figures import CurrentFiguresQuestion, TooManyOpenWindows
from slm_monitor.application.reading import shown_windows

router = APIRouter(prefix="/api/v1/figures", tags=["figures"])
_MOST_TARGETS = 1_000
_JUDGED_SECONDS = 10.0
_LOOK_SECONDS = 0.02


@router.get(
    "", **operation("Read all figures of an agreement as of one instant", FiguresAnswer, "not-found", "not-judged-yet")
)
async def read_figures_to_date(
    caller: Caller,
    readers: TheReaders,
    log: TheLog,
    agreement_id: str,
    as_of: Annotated[
        str | None, Query(description="Calculate from the facts that were received by this instant; now if left out")
    ] = None,
    since: Annotated[
        str | None, Query(alias="from", description="Leave out windows that end at this instant or earlier")
    ] = None,
    until: Annotated[
        str | None, Query(alias="to", description="Leave out windows that begin at this instant or later")
    ] = None,
    closed_after: Annotated[
        str | None, Query(description="Include the windows that closed after this instant, too")
    ] = None,
) -> Response:
    """Calculate the figures of an agreement as of one instant: of its open windows, its rolling targets and its ticket
    targets.

    Without ``as_of``, everything that is in the log at the time of the request is evaluated first. The answer names its
    ``as_of``. A later request with this ``as_of`` gets the same figures.
    """
    rows = await readers.queries.targets(caller, Page(_MOST_TARGETS, None), {"agreement_id": agreement_id})
    if not rows:
        raise not_found("agreement with targets", agreement_id)
    asked_at, now = parse_query_instant(as_of, "as_of"), readers.clock.now()
    if asked_at is not None and asked_at > now:
        raise invalid("query.as_of", as_of, f"give an instant that has passed; it is {to_text(now)} now")
    positions = await _wait_until_judged(readers.queries, log) if asked_at is None else None
    at = readers.clock.now() if asked_at is None else asked_at
    first, last = parse_query_instant(since, "from"), parse_query_instant(until, "to")
    first = at if first is None else min(first, at)
    last = at + 1 if last is None else min(last, at + 1)
    if last <= first:
        raise invalid("query.to", until, "give an instant after `from`")
    known_until = parse_query_instant(closed_after, "closed_after")
    asked = CurrentFiguresQuestion(
        as_of=at,
        since=first,
        until=last,
        closed=await readers.queries.closed_windows([row["target_id"] for row in rows], first, at),
        closed_after=at if known_until is None else known_until,
    )
    try:
        found = await current_figures.build_current_figures(readers.record, readers.parsed_terms, rows, asked)
    except TooManyOpenWindows as error:
        raise invalid("query.from", since, f"{error}: ask for a shorter time") from error
    names = sorted({each["window_id"] for each in found})
    risks = await readers.queries.risks_in(agreement_id, first, last)
    view = (await readers.views.shown_to(caller, [agreement_id], readers.clock.now())).of(agreement_id)
    risks = [each for each in risks if shown_windows.is_risk_shown(each, view, at)]
    disclosed = {(each["target_id"], each["window_id"]) for each in risks}
    answer = {
        "agreement_id": agreement_id,
        "as_of": to_text(at),
        "position": positions,
        "windows": [
            shown_windows.build_shown_figure(
                each, view, is_disclosed=(each["target_id"], each["window_id"]) in disclosed
            )
            for each in current_figures.apply_warnings_to_verdicts(found, risks, asked.last)
        ],
        "breaches": await readers.queries.breaches_in(agreement_id, first, last, names),
        "risks": risks,
    }
    return Response(msgspec.json.encode(answer), media_type="application/json")


async def _wait_until_judged(queries: TargetQueries, log: EventLog) -> dict[str, int]:
    """Wait until everything that is in the intake topics now is evaluated. Return ``topic:partition`` → the position up
    to which records have been evaluated.

    Raises a problem (504) after 10 seconds.
    """
    ends = {
        (topic, partition): end
        for topic in (MEASUREMENTS.name, TICKETS.name)
        for partition, end in (await log.end_offsets(topic)).items()
    }
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _JUDGED_SECONDS
    while True:
        reached = await queries.judged_positions()
        if all(reached.get(place, 0) >= end for place, end in ends.items()):
            return {f"{topic}:{partition}": position for (topic, partition), position in sorted(reached.items())}
        if loop.time() > deadline:
            raise Problem(504, "not-judged-yet", "Not judged yet", "The evaluation is behind; ask again in a moment.")
        await asyncio.sleep(_LOOK_SECONDS)
