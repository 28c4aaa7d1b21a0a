"""Route that explains how a figure was derived: ``GET /api/v1/targets/{target_id}/explain``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from slm_calendar.errors import CalendarError
from slm_chassis.access import Principal
from slm_chassis.http import accept, instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, invalid
from slm_events.aggregations import KINDS, read_name
from slm_events.instants import from_text
from slm_monitor.api.dependencies import TargetReaders, TheReaders
from slm_monitor.api.responses.explanations import TargetExplanation
from slm_monitor.api.results.targets import AtMinPosition, find_visible_target
from slm_monitor.application.explain import explanation, explanation_text
from slm_monitor.application.explain.explanation import ExplanationQuestion, NoSuchWindow
from slm_monitor.application.history.fact_history import FactsNoLongerStored, read_target_identity
from slm_monitor.application.reading import shown_windows
from slm_monitor.domain.explanations.window_result import combine_verdict_with_warning
from slm_monitor.domain.terms.terms import TermsNotEvaluable

router = APIRouter(prefix="/api/v1/targets", tags=["targets"])

WindowName = Annotated[
    str | None,
    Query(
        description="Id of a calendar window, such as `2026-11`, or length of a rolling window, such as `PT1H`. "
        "If left out: the window that contains `at`",
        max_length=40,
    ),
]
KnownAt = Annotated[
    str | None,
    Query(description="Answer with what was known at this instant, by the facts received until then; now if left out"),
]


def declare_plain_text_answer(declared: dict[str, Any], description: str) -> dict[str, Any]:
    """Return the OpenAPI declaration of an operation, extended by an answer in plain text."""
    text = {"schema": {"type": "string", "description": description}}
    declared["responses"][200]["content"] = {"text/plain": text}
    return declared


@router.get(
    "/{target_id}/explain",
    dependencies=[AtMinPosition],
    **declare_plain_text_answer(
        operation(
            "Explain the figure of a target",
            TargetExplanation,
            "not-judged-yet",
            "not-in-record",
            "not-explained",
            "shown-at-close",
        ),
        "The same for people, line by line",
    ),
)
async def explain_target(
    target_id: str,
    caller: Caller,
    request: Request,
    readers: TheReaders,
    window: WindowName = None,
    at: Annotated[
        str | None,
        Query(
            description="The instant at which a rolling window ends, or which the wanted window contains; now if left "
            "out"
        ),
    ] = None,
    known_at: KnownAt = None,
    format: Annotated[
        Literal["json", "text"] | None,
        Query(description="Format of the answer; the header `Accept: text/plain` also asks for text"),
    ] = None,
) -> Response:
    """Explain the figure of a window: terms, intervals with their facts, sums, budget and verdict."""
    row = await find_visible_target(target_id, caller, readers.queries)
    asked = ExplanationQuestion(window, parse_query_instant(at, "at"), parse_query_instant(known_at, "known_at"))
    accepted = (
        (await readers.accepted_windows.accepted(target_id, [window])).get(window) if window is not None else None
    )
    if accepted is not None and asked.known_at is None:
        # The accepted figure is explained by the facts known at acceptance. Later facts are shown as adjustments.
        asked = replace(asked, known_at=from_text(accepted["accepted_at"]))
    derivation = await explain_window_or_raise_problem(readers.record, row, asked, readers.clock.now())
    await refuse_hidden_window(readers, row, caller, derivation["window"]["id"])
    derivation["accepted"] = accepted
    mark = (await readers.queries.record_marks([row["agreement_id"]])).get(row["agreement_id"])
    if mark is not None:
        derivation["on_record"] = mark
    seen_at = asked.known_at or asked.at or readers.clock.now()
    # Burn rates look back beyond the window, so warnings are those that were published, not calculated again.
    warnings = await readers.queries.warnings_at(target_id, derivation["window"]["id"], seen_at)
    view = (await readers.views.shown_to(caller, [row["agreement_id"]], readers.clock.now())).of(row["agreement_id"])
    derivation["warnings"] = [each for each in warnings if shown_windows.is_risk_shown(each, view, seen_at)]
    derivation = shown_windows.hide_warnings(derivation, view, is_disclosed=bool(derivation["warnings"]))
    derivation["verdict"] = combine_verdict_with_warning(derivation["verdict"], bool(derivation["warnings"]))
    if format == "text" or (format is None and prefers_plain_text(request)):
        return PlainTextResponse(explanation_text.format_explanation(derivation))
    return JSONResponse(derivation)


async def explain_window_or_raise_problem(
    record: Any, row: dict[str, Any], asked: ExplanationQuestion, now: int
) -> dict[str, Any]:
    """Return the explanation of a window as JSON. Raises a problem if the window or its figure cannot be explained."""
    refuse_unexplained_aggregation(row)
    try:
        return await explanation.explain_window(record, read_target_identity(row), asked, now)
    except NoSuchWindow as error:
        raise Problem(404, "not-found", "No such window", f"{asked.window}: {error}.") from error
    except FactsNoLongerStored as error:
        raise build_facts_deleted_problem(error) from error
    except (CalendarError, TermsNotEvaluable) as error:
        raise invalid("query.window", asked.window, str(error)) from error


async def refuse_hidden_window(
    readers: TargetReaders, row: Mapping[str, Any], caller: Principal, window_id: str
) -> None:
    """Raise a problem (403) if the window is open and the caller may see figures of closed windows only."""
    shown = await readers.views.shown_to(caller, [row["agreement_id"]], readers.clock.now())
    if shown.of(row["agreement_id"]).live_figure:
        return
    if not await readers.queries.is_window_closed(row["target_id"], window_id):
        raise Problem(
            403,
            "shown-at-close",
            "The window is still open",
            f"By the agreement's `customer_sees` {shown_windows.AT_CLOSE}; ask again after that.",
        )


def build_facts_deleted_problem(error: FactsNoLongerStored) -> Problem:
    """Return the problem (410) for a figure that cannot be calculated again, because its facts were deleted."""
    return Problem(
        410,
        "not-in-record",
        "Its facts are no longer kept",
        f"The published figure stays as it is; {error}. Read it with GET /api/v1/targets/{{target_id}}/windows.",
    )


def refuse_unexplained_aggregation(row: Mapping[str, Any], *, measured: bool = False) -> None:
    """Raise a problem (422) for a target that this route does not explain: a per-ticket target, whose clocks another
    route explains.

    ``row``: the target as stored. ``measured``: True if derived targets are not explained either.
    """
    name = read_name(row["terms"]["aggregation"])
    kind = KINDS.get(name)
    if kind is None or not (kind.is_measured or (kind.is_derived and not measured)):
        raise Problem(
            422,
            "not-explained",
            "This kind of target is explained elsewhere",
            f"Figures of {name} are not explained here. Explain the clock of a ticket with "
            "GET /api/v1/clocks/explain?source=&number=&target=.",
        )


def parse_query_instant(text: str | None, field: str) -> int | None:
    """Parse an instant from the query parameter ``field`` to µs; None if it was left out. Raises a problem (422)."""
    return instants.read_optional_instant(text, f"query.{field}")


def prefers_plain_text(request: Request) -> bool:
    """Return whether the client prefers plain text to JSON, by its ``Accept`` header."""
    return (
        accept.preferred_media_type(request.headers.get("accept", ""), ("application/json", "text/plain"))
        == "text/plain"
    )
