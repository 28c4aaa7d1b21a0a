"""Routes that list and read targets with the state of their present window: ``/api/v1/targets``."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from slm_chassis.access import Principal
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_events.aggregations import is_of_clock
from slm_events.instants import to_text
from slm_monitor.adapters.commands.sql_imports import SqlImports
from slm_monitor.adapters.queries import target_order
from slm_monitor.adapters.queries.row_documents import build_row_document
from slm_monitor.adapters.queries.target_queries import TargetQueries, TargetSearch
from slm_monitor.adapters.queries.ticket_queries import TicketQueries
from slm_monitor.adapters.store.sql_failed_targets import FailedTargetQueries
from slm_monitor.api.dependencies import TargetReaders, TheFailedTargets, TheImports, TheQueries, TheReaders, TheTickets
from slm_monitor.api.responses.targets import TargetAnswer
from slm_monitor.application.explain.current_status import CurrentStatusReader
from slm_monitor.application.intake.intake import parse_min_position
from slm_monitor.application.reading import shown_windows
from slm_monitor.domain.terms.customer_view import CustomerView

router = APIRouter(prefix="/api/v1/targets", tags=["targets"])
_JUDGED_SECONDS = 10.0
_SORT_VALUES = ("urgency", "breach_at", "budget_left")


async def wait_until_evaluated(
    queries: TheQueries,
    min_position: Annotated[
        str | None,
        Query(
            description="A `position` that an answer of the intake gave: wait until the facts up to it are evaluated"
        ),
    ] = None,
) -> None:
    """Wait until the facts up to ``min_position`` have been evaluated, so that a client sees its own writes.

    Raises a problem (504) after 10 seconds.
    """
    if min_position is None:
        return
    try:
        wanted = parse_min_position(min_position)
    except ValueError as error:
        raise invalid("query.min_position", min_position, str(error)) from error
    if not wanted.keys() <= (await queries.judged_positions()).keys():
        raise invalid(
            "query.min_position",
            min_position,
            "this is of another installation; send a position of this one",
        )
    await wait_until_stored(queries, wanted)


async def wait_until_stored(queries: TargetQueries, wanted: Mapping[tuple[str, int], int]) -> None:
    """Wait until all facts before the given positions of the intake topics have been evaluated and stored.

    ``wanted``: (topic, partition) → position. Raises a problem (504) after 10 seconds.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _JUDGED_SECONDS
    while True:
        reached = await queries.judged_positions()
        if all(reached.get(place, 0) >= position for place, position in wanted.items()):
            return
        if loop.time() > deadline:
            raise Problem(504, "not-judged-yet", "Not judged yet", "The evaluation is behind; ask again in a moment.")
        await asyncio.sleep(0.02)


AtMinPosition = Depends(wait_until_evaluated)


@dataclass(frozen=True)
class TargetStateReaders:
    """The queries from which the present state of targets is composed."""

    past: TargetReaders
    tickets: TicketQueries
    imports: SqlImports
    failed_targets: FailedTargetQueries


async def _state_readers(
    past: TheReaders, tickets: TheTickets, imports: TheImports, failed_targets: TheFailedTargets
) -> TargetStateReaders:
    return TargetStateReaders(past, tickets, imports, failed_targets)


TheTargetStateReaders = Annotated[TargetStateReaders, Depends(_state_readers)]


async def list_shown_states(
    rows: list[dict[str, Any]],
    readers: TargetStateReaders,
    caller: Principal,
    present: CurrentStatusReader | None = None,
) -> list[dict[str, Any]]:
    """Return the present states of targets as JSON, without the parts that the caller may not see.

    - ``rows``: rows of the table ``target``.
    - ``present``: the reader that calculates figures and budgets that change without new facts. None: a new reader.
    """
    past = readers.past
    present = present or CurrentStatusReader(past.record, past.parsed_terms, past.clock.now())
    marks = await past.queries.record_marks({row["agreement_id"] for row in rows})
    states = [_marked(state, marks) for state in await _states(rows, readers, present)]
    shown = await past.views.shown_to(caller, [row["agreement_id"] for row in rows], past.clock.now())
    if not shown.views:
        return states
    disclosed = await past.queries.disclosed_windows(caller, [row["target_id"] for row in rows])
    return [
        {**state, "window": _shown_window(state, shown.of(state["agreement_id"]), disclosed)}
        if state["window"] is not None
        else state
        for state in states
    ]


def _marked(state: dict[str, Any], marks: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the state with the mark of an agreement on record, if its agreement is one."""
    mark = marks.get(state["agreement_id"])
    return state if mark is None else {**state, "on_record": mark}


def _shown_window(
    state: Mapping[str, Any], view: CustomerView, disclosed: Collection[tuple[str, str]]
) -> dict[str, Any]:
    window = state["window"]
    is_disclosed = (state["target_id"], window["window_id"]) in disclosed
    shown = shown_windows.hide_warnings(window, view, is_disclosed=is_disclosed)
    return shown_windows.hide_live_figure(shown, view, is_closed=window["closed_at"] is not None)


async def _states(
    rows: list[dict[str, Any]], readers: TargetStateReaders, present: CurrentStatusReader
) -> list[dict[str, Any]]:
    past = readers.past
    queries, now = past.queries, present.now
    ids = [row["target_id"] for row in rows]
    windows = await queries.windows_at(ids, now)
    failures = await readers.failed_targets.failures_of(ids)
    of_tickets = [row["target_id"] for row in rows if _has_tickets(row)]
    counts = await queries.clock_counts(of_tickets)
    odd = await readers.tickets.inconsistent_counts(of_tickets)
    importing = await readers.imports.held(ids)
    silent = [row for row in rows if row["indicator"] and _has_no_data(row, windows.get(row["target_id"]))]
    latest = await queries.last_heard([row["indicator"] for row in silent])
    missing = {row["target_id"]: _no_data(row, windows.get(row["target_id"]), latest) for row in silent}
    return [
        {
            **_terms(row),
            "no_data": missing.get(row["target_id"]),
            "window": _with_verdict(await _window_document(row, windows.get(row["target_id"]), present), failures, row),
            "unjudgeable": failures.get(row["target_id"]),
            "importing": row["target_id"] in importing,
            "tickets": _tickets(counts.get(row["target_id"], {}), odd.get(row["target_id"], 0))
            if _has_tickets(row)
            else None,
        }
        for row in rows
    ]


def _with_verdict(
    window: dict[str, Any] | None, failures: Mapping[str, Any], row: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the window of a target. If the target failed, the verdict becomes ``unjudgeable``, and the figure stays as
    it was before the failure.
    """
    return {**window, "verdict": "unjudgeable"} if window and row["target_id"] in failures else window


def _has_no_data(row: Mapping[str, Any], window: Mapping[str, Any] | None) -> bool:
    """Return whether a target has no data. False for a target with ``group_by``: only its instances have data."""
    return not row["terms"].get("group_by") and (window is None or window["verdict"] == "no_data")


def _no_data(row: Mapping[str, Any], window: Mapping[str, Any] | None, latest: Mapping[str, int]) -> dict[str, Any]:
    """Return the notice that a target has no data, and since which instant. Pages show such a target in amber."""
    last = latest.get(row["indicator"])
    since = last if last is not None else None if window is None else window["start"]
    return {"since_at": None if since is None else to_text(since), "never_measured": last is None}


def _has_tickets(row: Mapping[str, Any]) -> bool:
    return is_of_clock(row["terms"]["aggregation"])


def _terms(row: Mapping[str, Any]) -> dict[str, Any]:
    terms = row["terms"]
    named = ("aggregation", "objective", "window", "service_hours", "weight", "responsible", "applies_to", "warn_at")
    return {
        **{name: value for name, value in row.items() if name not in ("terms", "indicator")},
        "indicator": terms.get("indicator"),
        "terms": {name: terms.get(name) for name in named},
    }


async def _window_document(
    row: Mapping[str, Any], window: Mapping[str, Any] | None, present: CurrentStatusReader
) -> dict[str, Any] | None:
    if window is None:
        return None
    document = build_row_document({name: value for name, value in window.items() if name != "target_id"})
    return {**document, **await present.window_fields(row, window)}


def _tickets(counts: Mapping[str, int], inconsistent: int) -> dict[str, Any]:
    """Return the number of clocks of a per-ticket target, by outcome.

    ``judged``: stopped or breached. ``met``: stopped by the deadline. ``inconsistent``: tickets that are not evaluated,
    because their events contradict each other.
    """
    met = counts.get("met", 0)
    missed = counts.get("breached", 0) + counts.get("completed_late", 0)
    return {"judged": met + missed, "met": met, "inconsistent": inconsistent, "states": dict(sorted(counts.items()))}


@router.get(
    "",
    dependencies=[AtMinPosition],
    **operation("List targets with their state", list_of(TargetAnswer), "not-judged-yet"),
)
async def list_targets(
    caller: Caller,
    readers: TheTargetStateReaders,
    paging: Paging,
    agreement_id: str | None = None,
    service_id: str | None = None,
    party_id: Annotated[
        str | None, Query(description="Only targets that this party provides or receives", max_length=100)
    ] = None,
    unjudgeable: Annotated[bool, Query(description="Only targets that cannot be evaluated now")] = False,
    sort: Annotated[
        Literal["agreement", "urgency", "budget", "time_left"],
        Query(
            description="`agreement`: by agreement and key. `urgency`: breached targets first, then targets at risk. "
            "`budget`: the least budget left first. `time_left`: the nearest projected breach first. "
            "The last three orders use the results of the last evaluation."
        ),
    ] = "agreement",
    q: Annotated[str | None, Query(description="Only targets with this text in key or title", max_length=100)] = None,
) -> Response:
    """List targets with their present state: those of an agreement, of a service, or all that the caller may see."""
    filters, search = {"agreement_id": agreement_id, "service_id": service_id}, TargetSearch(q, party_id)
    keys: Sequence[str] = ("agreement_id", "key", "target_id")
    if unjudgeable:
        rows = await readers.failed_targets.targets(caller, paging)
    elif sort == "agreement":
        rows = await readers.past.queries.targets(caller, paging, filters, search)
    else:
        keys = target_order.SORTS[sort]
        rows = await readers.past.queries.sorted_targets(caller, paging, filters, sort, search)
    page = paging.shape(rows, lambda row: [row[key] for key in keys])
    items = [{name: value for name, value in row.items() if name not in _SORT_VALUES} for row in page["items"]]
    answer = {**page, "items": await list_shown_states(items, readers, caller)}
    # Encoded here, because FastAPI copies a document before it writes it, which took most of the time of a long list.
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get(
    "/{target_id}", dependencies=[AtMinPosition], **operation("Read one target", TargetAnswer, "not-judged-yet")
)
async def read_target(target_id: str, caller: Caller, readers: TheTargetStateReaders) -> dict[str, Any]:
    """Read one target: its terms, the state of its present window, and its budget."""
    row = await find_visible_target(target_id, caller, readers.past.queries)
    return (await list_shown_states([row], readers, caller))[0]


async def find_visible_target(target_id: str, caller: Caller, queries: TargetQueries) -> dict[str, Any]:
    """Read a target that the caller may see, as a row of the store. Raises a problem (404) if there is none."""
    row = await queries.target(caller, target_id)
    if row is None:
        raise not_found("target", target_id)
    return row
