"""Routes for a target's past: windows with revisions, closed figures, budget over time: ``/api/v1/targets/{id}/…``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_chassis.access import Principal
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Page, Paging
from slm_chassis.http.problems import Problem, invalid
from slm_chassis.http.response_models import list_of
from slm_events.instants import from_text, to_text
from slm_monitor.api.dependencies import TargetReaders, TheReaders
from slm_monitor.api.responses.windows import BudgetSeries, ClosedFigure, WindowAnswer
from slm_monitor.api.results.explanations import (
    KnownAt,
    build_facts_deleted_problem,
    parse_query_instant,
    refuse_hidden_window,
    refuse_unexplained_aggregation,
)
from slm_monitor.api.results.filters import TheWindowFilters
from slm_monitor.api.results.targets import AtMinPosition, find_visible_target
from slm_monitor.application.explain import budget_series, explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion, NoSuchWindow
from slm_monitor.application.history import fact_history
from slm_monitor.application.history.fact_history import FactsNoLongerStored
from slm_monitor.application.reading import shown_windows
from slm_monitor.domain.explanations.window_result import combine_verdict_with_warning
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
"""The fields of a window that are also in its closed figure."""
_AT_ONCE = 50
"""Most windows that one answer calculates as they were known at an earlier instant."""


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
    row = await find_visible_target(target_id, caller, readers.queries)
    span = filters.span
    known = parse_query_instant(filters.known_at, "known_at")
    if known is None:
        verdicts = _verdicts_to_read(filters.verdict)
        found = await _windows(readers, row, paging, verdicts, filters.closed, span)
        shown = await _as_shown(readers, row, caller, found["items"], _closed_in(found))
        items = [each for each in shown if filters.verdict in (None, each["verdict"])]
        return {**found, "items": await _marked(readers, row, items)}
    refuse_unexplained_aggregation(row)
    page = Page(min(paging.limit, _AT_ONCE), paging.after)
    last = known if span[1] is None else min(known, span[1])
    found = await _windows(readers, row, page, (), None, (span[0], last + 1))
    as_known = [await _as_known(readers, row, each, known) for each in found["items"]]
    shown = await _as_shown(readers, row, caller, as_known, _closed_in(found))
    return {**found, "items": await _marked(readers, row, shown)}


async def _marked(readers: TargetReaders, row: Mapping[str, Any], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items of a target, each with the mark of an agreement on record if its agreement is one."""
    mark = (await readers.queries.record_marks([row["agreement_id"]])).get(row["agreement_id"])
    return items if mark is None else [{**each, "on_record": mark} for each in items]


def _closed_in(found: Mapping[str, Any]) -> set[str]:
    """Return the ids of those windows of a page that are closed now."""
    return {each["window_id"] for each in found["items"] if each["closed_at"] is not None}


def _verdicts_to_read(wanted: str | None) -> tuple[str, ...]:
    """Return the stored verdicts of the windows that may be shown with the verdict ``wanted``.

    A window ``at_risk`` is shown as ``met`` to some callers. If ``wanted`` is None, all verdicts are wanted, and the
    result is empty.
    """
    if wanted is None:
        return ()
    return ("met", "at_risk") if wanted == "met" else (wanted,)


async def _as_shown(
    readers: TargetReaders,
    row: dict[str, Any],
    caller: Principal,
    windows: Sequence[dict[str, Any]],
    closed: Collection[str],
) -> list[dict[str, Any]]:
    """Return windows without the fields that the caller may not see. ``closed``: the ids of windows that are closed
    now.
    """
    shown = await readers.views.shown_to(caller, [row["agreement_id"]], readers.clock.now())
    view = shown.of(row["agreement_id"])
    disclosed = await readers.queries.disclosed_windows(caller, [row["target_id"]]) if shown.views else set()
    items = []
    for each in windows:
        name = each["window_id"]
        is_disclosed = (row["target_id"], name) in disclosed
        window = shown_windows.hide_warnings(each, view, is_disclosed=is_disclosed)
        items.append(shown_windows.hide_live_figure(window, view, is_closed=name in closed))
    return items


async def _windows(
    readers: TargetReaders,
    row: dict[str, Any],
    page: Page,
    verdicts: Sequence[str],
    closed: bool | None,
    span: tuple[int | None, int | None],
) -> dict[str, Any]:
    target_id, indicator = row["target_id"], row["indicator"]
    found: dict[str, Any] = await readers.queries.windows(target_id, page, closed, span, verdicts)
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
    """Return a window as it was known at an instant, from the facts received and the revisions published up to that
    instant.
    """
    agreement = await readers.record.agreement(row["agreement_id"])
    lines = fact_history.select_terms_histories(agreement, fact_history.read_target_identity(row))
    present = min(known_at, readers.clock.now())
    try:
        terms, span = explanation.find_window_of_question(
            lines, ExplanationQuestion(window["window_id"], None, known_at), present
        )
    except NoSuchWindow:
        # Terms that were not known then have removed this window.
        return {**window, "verdict": None, "figure": None, "figure_display": "–", "known_at": to_text(known_at)}
    try:
        evaluated = await explanation.evaluate_window(
            readers.record, terms, window["window_id"], span, present, known_at
        )
    except FactsNoLongerStored as error:
        raise build_facts_deleted_problem(error) from error
    seen = evaluated.seen
    warned = await readers.queries.warnings_at(row["target_id"], window["window_id"], present)
    return {
        "window_id": window["window_id"],
        "version": terms.version,
        "start_at": to_text(span[0]),
        "end_at": to_text(span[1]),
        "verdict": combine_verdict_with_warning(seen.verdict, bool(warned)),
        "figure": figures.format_exact_fraction(terms.shown(seen.figure)),
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
    since: Annotated[
        str | None, Query(alias="from", description="Only windows that begin at this instant or later")
    ] = None,
    until: Annotated[str | None, Query(alias="to", description="Only windows that begin before this instant")] = None,
) -> dict[str, Any]:
    """List the figures of closed windows as published, the newest first."""
    row = await find_visible_target(target_id, caller, readers.queries)
    span = (parse_query_instant(since, "from"), parse_query_instant(until, "to"))
    found = await readers.queries.windows(target_id, paging, closed=True, span=span)
    shown = [{name: each[name] for name in _CLOSED} for each in found["items"]]
    adjusted = await _with_adjustments(readers, target_id, shown)
    return {"items": await _marked(readers, row, adjusted), "next": found["next"]}


@router.get(
    "/{target_id}/budget",
    dependencies=[AtMinPosition],
    **operation(
        "Read the budget of a window step by step",
        BudgetSeries,
        "shown-at-close",
        "not-judged-yet",
        "not-in-record",
        "not-explained",
    ),
)
async def read_budget_series(
    target_id: str,
    caller: Caller,
    readers: TheReaders,
    window: Annotated[
        str,
        Query(
            description="Id of a calendar window, such as `2026-11`, or length of a rolling window, such as `PT1H`",
            max_length=40,
        ),
    ],
    step: Annotated[str, Query(description="Length of a step as an ISO duration, such as PT6H")] = "P1D",
    at: Annotated[str | None, Query(description="The instant at which a rolling window ends; now if left out")] = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """Calculate the figure and the budget of a window at the end of each step since the window began, for charts."""
    row = await find_visible_target(target_id, caller, readers.queries)
    refuse_unexplained_aggregation(row, measured=True)
    asked = ExplanationQuestion(window, parse_query_instant(at, "at"), parse_query_instant(known_at, "known_at"))
    await refuse_hidden_window(readers, row, caller, window)
    return {"target_id": target_id, "window_id": window, "points": await _points(readers, row, asked, _step(step))}


async def _with_adjustments(
    readers: TargetReaders, target_id: str, found: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return closed figures as published, each with its acceptance by both parties and adjustments by later facts."""
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
        terms, span = explanation.find_window_of_question(
            fact_history.select_terms_histories(agreement, fact_history.read_target_identity(row)), asked, present
        )
    except NoSuchWindow as error:
        raise Problem(404, "not-found", "No such window", f"{asked.window}: {error}.") from error
    except CalendarError as error:
        raise invalid("query.window", asked.window, str(error)) from error
    if (min(span[1], present) - span[0]) // step > budget_series.MOST_POINTS:
        raise invalid("query.step", durations.to_iso(step), f"at most {budget_series.MOST_POINTS} points at once")
    if terms.indicator is not None:
        try:
            await fact_history.check_facts_are_stored(readers.record, terms.indicator, span)
        except FactsNoLongerStored as error:
            raise build_facts_deleted_problem(error) from error
    return await budget_series.compute_budget_series(readers.record, terms, span, step, present, asked.known_at)


def _step(written: str) -> int:
    try:
        step = durations.from_iso(written, "query.step")
    except CalendarError as error:
        raise invalid("query.step", written, "write an ISO duration, such as PT6H") from error
    if step < 60_000_000:
        raise invalid("query.step", written, "a minute at least")
    return step
