"""Derivations of figures: ``/api/v1/targets/{target_id}/explain``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from slm_calendar.errors import CalendarError
from slm_chassis.http import accept, instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, invalid
from slm_events.instants import from_text
from slm_monitor.api.dependencies import TheReaders
from slm_monitor.api.responses.explanations import TargetExplanation
from slm_monitor.api.results.targets import AtMinPosition, own_target
from slm_monitor.application.explain import explanation, explanation_text
from slm_monitor.application.explain.explanation import EXPLAINED, ExplanationQuestion, NoSuchWindow
from slm_monitor.application.history.fact_history import NotInRecord, target_row
from slm_monitor.application.history.window_result import verdict_with_warning
from slm_monitor.domain.terms.terms import NotJudgeable

router = APIRouter(prefix="/api/v1/targets", tags=["targets"])

WindowName = Annotated[
    str | None,
    Query(
        description="`2026-11` of a calendar window, `PT1H` of a rolling one; that of now if left out", max_length=40
    ),
]
KnownAt = Annotated[str | None, Query(description="As the facts received by this instant had it")]


def with_text(declared: dict[str, Any], description: str) -> dict[str, Any]:
    """The declaration of an operation whose answer is also to be had as text for people."""
    text = {"schema": {"type": "string", "description": description}}
    declared["responses"][200]["content"] = {"text/plain": text}
    return declared


@router.get(
    "/{target_id}/explain",
    dependencies=[AtMinPosition],
    **with_text(
        operation(
            "Explain the figure of a target",
            TargetExplanation,
            "not-judged-yet",
            "not-in-record",
            "not-explained",
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
    at: Annotated[str | None, Query(description="Of a rolling window; now if left out")] = None,
    known_at: KnownAt = None,
    format: Annotated[Literal["json", "text"] | None, Query(description="Or send Accept: text/plain")] = None,
) -> Response:
    """Explain the figure of a window: terms, intervals with their facts, sums, budget and verdict."""
    row = await own_target(target_id, caller, readers.queries)
    asked = ExplanationQuestion(window, instant(at, "at"), instant(known_at, "known_at"))
    accepted = (
        (await readers.accepted_windows.accepted(target_id, [window])).get(window) if window is not None else None
    )
    if accepted is not None and asked.known_at is None:
        # The accepted figure is explained by the facts known at acceptance. Later facts are shown as adjustments.
        asked = replace(asked, known_at=from_text(accepted["accepted_at"]))
    derivation = await explained(readers.record, row, asked, readers.clock.now())
    derivation["accepted"] = accepted
    seen_at = asked.known_at or asked.at or readers.clock.now()
    derivation["warnings"] = await readers.queries.warnings_at(target_id, derivation["window"]["id"], seen_at)
    # Burn rates look back beyond the window, so warnings are those that were published, not calculated again.
    derivation["verdict"] = verdict_with_warning(derivation["verdict"], bool(derivation["warnings"]))
    if format == "text" or (format is None and prefers_text(request)):
        return PlainTextResponse(explanation_text.explanation_text(derivation))
    return JSONResponse(derivation)


async def explained(record: Any, row: dict[str, Any], asked: ExplanationQuestion, now: int) -> dict[str, Any]:
    """Return the derivation. Raises a problem if there is none."""
    refuse_unexplained(row)
    try:
        return await explanation.explain_window(record, target_row(row), asked, now)
    except NoSuchWindow as error:
        raise Problem(404, "not-found", "No such window", f"{asked.window}: {error}.") from error
    except NotInRecord as error:
        raise facts_deleted(error) from error
    except (CalendarError, NotJudgeable) as error:
        raise invalid("query.window", asked.window, str(error)) from error


def facts_deleted(error: NotInRecord) -> Problem:
    """The problem for a figure that cannot be calculated again, because its facts were deleted."""
    return Problem(
        410,
        "not-in-record",
        "Its facts are no longer kept",
        f"The published figure stays as it is; {error}. Read it with GET /api/v1/targets/{{target_id}}/windows.",
    )


def refuse_unexplained(row: Mapping[str, Any], allowed: Collection[str] = EXPLAINED) -> None:
    """Raise a problem (422) for a target whose aggregation is not among ``allowed``."""
    aggregation = row["terms"]["aggregation"]
    kind = aggregation if isinstance(aggregation, str) else next(iter(aggregation))
    if kind not in allowed:
        raise Problem(
            422,
            "not-explained",
            "This kind of target is explained elsewhere",
            f"Figures of {kind} are not explained here. Explain the clock of a ticket with "
            "GET /api/v1/clocks/explain?source=&number=&target=.",
        )


def instant(text: str | None, field: str) -> int | None:
    """Read an instant of the query; None if it was left out. Raises a problem (422)."""
    return instants.optional(text, f"query.{field}")


def prefers_text(request: Request) -> bool:
    """Whether the client prefers plain text to JSON, by its ``Accept`` header."""
    return accept.best(request.headers.get("accept", ""), ("application/json", "text/plain")) == "text/plain"
