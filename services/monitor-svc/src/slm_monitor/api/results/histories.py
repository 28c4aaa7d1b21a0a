"""The past of a target: windows with revisions, closed figures, budget over time: ``/api/v1/targets/{id}/…``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Page, Paging
from slm_chassis.http.problems import Problem, invalid
from slm_chassis.http.response_models import list_of
from slm_events.instants import from_text, to_text
from slm_monitor.api.dependencies import TargetReaders, TheReaders
from slm_monitor.api.responses.windows import BudgetSeries, ClosedFigure, WindowAnswer
from slm_monitor.api.results.explanations import KnownAt, facts_deleted, instant, refuse_unexplained
from slm_monitor.api.results.filters import TheWindowFilters
from slm_monitor.api.results.targets import AtMinPosition, own_target
from slm_monitor.application.explain import budget_series, explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion, NoSuchWindow
from slm_monitor.application.history import fact_history
from slm_monitor.application.history.fact_history import NotInRecord
from slm_monitor.application.history.window_result import verdict_with_warning
from slm_monitor.application.preview.backtests import MEASURED
from slm_monitor.domain.terms import figures

router = APIRouter(prefix="/api/v1/targets", tags=["targets"])
_CLOSED = (
    "window_id",
    "version",
    "start_at",
    "end_at",
    "verdict",
    "figure",
    "figure_display",
    "good",
    "total",
    "revision",
    "closed_at",
)
"""The fields of a window that its closed figure has too."""
_AT_ONCE = 50
"""Most windows that one answer evaluates again, as they were known at an instant."""


@router.get(
    "/{target_id}/windows",
    dependencies=[AtMinPosition],
    **operation(
        "List the windows of a target, the newest first",
        list_of(WindowAnswer),
        "not-judged-yet",
        "not-in-record",
        "not-explained",
    ),
)
async def list_windows(
    target_id: str, caller: Caller, readers: TheReaders, filters: TheWindowFilters, paging: Paging
) -> dict[str, Any]:
    """List the windows of a target, the newest first, each with its figure, verdict and published revisions."""
    row = await own_target(target_id, caller, readers.queries)
    span = filters.span
    known = instant(filters.known_at, "known_at")
    if known is None:
        return await _windows(readers, row, paging, filters.verdict, filters.closed, span)
    refuse_unexplained(row)
    page = Page(min(paging.limit, _AT_ONCE), paging.after)
    last = known if span[1] is None else min(known, span[1])
    found = await _windows(readers, row, page, None, None, (span[0], last + 1))
    found["items"] = [await _as_known(readers, row, each, known) for each in found["items"]]
    return found


async def _windows(
    readers: TargetReaders,
    row: dict[str, Any],
    page: Page,
    verdict: str | None,
    closed: bool | None,
    span: tuple[int | None, int | None],
) -> dict[str, Any]:
    target_id, indicator = row["target_id"], row["indicator"]
    found: dict[str, Any] = await readers.queries.windows(target_id, page, {"verdict": verdict}, closed, span)
    revisions = await readers.history.revisions(target_id, [each["window_id"] for each in found["items"]])
    begins_at = await readers.record.begins_at(indicator) if indicator else None
    names = [each["window_id"] for each in found["items"]]
    accepted = await readers.accepted_windows.accepted(target_id, names)
    adjustments = await readers.accepted_windows.adjustments(target_id, names)
    for each in found["items"]:
        name = each["window_id"]
        each["revisions"] = revisions.get(name, [])
        each["in_record"] = begins_at is None or from_text(each["start_at"]) >= begins_at
        each["accepted"] = accepted.get(name)
        each["adjustments"] = [one for one in adjustments if one["window_id"] == name]
        each["booked"] = [one for one in adjustments if one["booked_in_window_id"] == name]
    return found


async def _as_known(
    readers: TargetReaders, row: dict[str, Any], window: dict[str, Any], known_at: int
) -> dict[str, Any]:
    """A window as it was known at an instant: by the facts received and the revisions published by then."""
    agreement = await readers.record.agreement(row["agreement_id"])
    lines = fact_history.lines_of_target(agreement, fact_history.target_row(row))
    present = min(known_at, readers.clock.now())
    try:
        terms, span = explanation.window_asked_for(
            lines, ExplanationQuestion(window["window_id"], None, known_at), present
        )
    except NoSuchWindow:
        # Terms that were not known then have removed this window.
        return {**window, "verdict": None, "figure": None, "figure_display": "–", "known_at": to_text(known_at)}
    try:
        evaluated = await explanation.evaluate_window(
            readers.record, terms, window["window_id"], span, present, known_at
        )
    except NotInRecord as error:
        raise facts_deleted(error) from error
    seen = evaluated.seen
    warned = await readers.queries.warnings_at(row["target_id"], window["window_id"], present)
    return {
        "window_id": window["window_id"],
        "version": terms.version,
        "start_at": to_text(span[0]),
        "end_at": to_text(span[1]),
        "verdict": verdict_with_warning(seen.verdict, bool(warned)),
        "figure": figures.exact(terms.shown(seen.figure)),
        "figure_display": terms.display(seen.figure),
        "detail": dict(seen.sums),
        "as_of": to_text(evaluated.facts.as_of),
        "known_at": to_text(known_at),
        "revisions": [each for each in window["revisions"] if each["published_at"] <= to_text(known_at)],
    }


@router.get(
    "/{target_id}/history",
    dependencies=[AtMinPosition],
    **operation("List the closed figures of a target, the newest first", list_of(ClosedFigure), "not-judged-yet"),
)
async def list_closed_figures(
    target_id: str,
    caller: Caller,
    readers: TheReaders,
    paging: Paging,
    since: Annotated[str | None, Query(alias="from", description="Windows that begin at or after")] = None,
    until: Annotated[str | None, Query(alias="to", description="and before this instant")] = None,
) -> dict[str, Any]:
    """List the figures of closed windows as published, the newest first."""
    await own_target(target_id, caller, readers.queries)
    span = (instant(since, "from"), instant(until, "to"))
    found = await readers.queries.windows(target_id, paging, closed=True, span=span)
    shown = [{name: each[name] for name in _CLOSED} for each in found["items"]]
    return {"items": await _with_adjustments(readers, target_id, shown), "next": found["next"]}


@router.get(
    "/{target_id}/budget",
    dependencies=[AtMinPosition],
    **operation(
        "Read the budget of a window step by step",
        BudgetSeries,
        "not-judged-yet",
        "not-in-record",
        "not-explained",
    ),
)
async def read_budget_series(
    target_id: str,
    caller: Caller,
    readers: TheReaders,
    window: Annotated[str, Query(description="`2026-11` of a calendar window, `PT1H` of a rolling one", max_length=40)],
    step: Annotated[str, Query(description="An ISO duration, such as PT6H")] = "P1D",
    at: Annotated[str | None, Query(description="Of a rolling window; now if left out")] = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """Calculate figure and budget of a window at the end of each step since its beginning, for charts."""
    row = await own_target(target_id, caller, readers.queries)
    refuse_unexplained(row, MEASURED)
    asked = ExplanationQuestion(window, instant(at, "at"), instant(known_at, "known_at"))
    return {"target_id": target_id, "window_id": window, "points": await _points(readers, row, asked, _step(step))}


async def _with_adjustments(
    readers: TargetReaders, target_id: str, found: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Closed figures as they were published. Accepted ones have the adjustments that later facts would make."""
    names = [each["window_id"] for each in found]
    accepted = await readers.accepted_windows.accepted(target_id, names)
    adjustments = await readers.accepted_windows.adjustments(target_id, names)
    return [
        {
            **each,
            "accepted": accepted.get(each["window_id"]),
            "adjustments": [one for one in adjustments if one["window_id"] == each["window_id"]],
        }
        for each in found
    ]


async def _points(
    readers: TargetReaders, row: dict[str, Any], asked: ExplanationQuestion, step: int
) -> list[dict[str, Any]]:
    agreement = await readers.record.agreement(row["agreement_id"])
    present = readers.clock.now() if asked.known_at is None else min(readers.clock.now(), asked.known_at)
    try:
        terms, span = explanation.window_asked_for(
            fact_history.lines_of_target(agreement, fact_history.target_row(row)), asked, present
        )
    except NoSuchWindow as error:
        raise Problem(404, "not-found", "No such window", f"{asked.window}: {error}.") from error
    except CalendarError as error:
        raise invalid("query.window", asked.window, str(error)) from error
    if (min(span[1], present) - span[0]) // step > budget_series.MOST_POINTS:
        raise invalid("query.step", durations.to_iso(step), f"at most {budget_series.MOST_POINTS} points at once")
    if terms.indicator is not None:
        try:
            await fact_history.check_is_recorded(readers.record, terms.indicator, span)
        except NotInRecord as error:
            raise facts_deleted(error) from error
    return await budget_series.budget_points(readers.record, terms, span, step, present, asked.known_at)


def _step(written: str) -> int:
    try:
        step = durations.from_iso(written, "query.step")
    except CalendarError as error:
        raise invalid("query.step", written, "write an ISO duration, such as PT6H") from error
    if step < 60_000_000:
        raise invalid("query.step", written, "a minute at least")
    return step
