"""Routes for previews, which evaluate draft terms over the facts in the request and store nothing:
``/api/v1/previews``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_chassis.http import instants
from slm_chassis.http.access import authenticate
from slm_chassis.http.json_types import NO_TEXT
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, invalid
from slm_monitor.adapters.formats import wire_formats
from slm_monitor.adapters.formats.wire_formats import ItemDecoder
from slm_monitor.api.drafts.critical_periods import DraftCriticalPeriods
from slm_monitor.api.responses.previews import BurnRatePreview, ClockPreview, WindowPreview
from slm_monitor.application.preview import burn_rate_preview, clock_preview, window_preview
from slm_monitor.application.preview.burn_rate_preview import BurnRatePreviewQuestion
from slm_monitor.application.preview.clock_preview import ClockPreviewQuestion
from slm_monitor.application.preview.preview_terms import PreviewRejected
from slm_monitor.application.preview.window_preview import WindowPreviewQuestion
from slm_monitor.domain.facts.intake_items import SentMeasurement, SentTicketEvent
from slm_monitor.domain.terms import burn_rate

router = APIRouter(prefix="/api/v1/previews", tags=["previews"], dependencies=[Depends(authenticate)])

T = TypeVar("T")
Item = TypeVar("Item", SentMeasurement, SentTicketEvent)
_EXPONENT = re.compile(r"\d[eE][+-]?\d{3,}")
_NESTED = 4
"""Levels of questions that are read: one more than the depth to which composites may be nested."""

Exact = Annotated[str, Field(pattern=r"^-?\d{1,30}(\.\d{1,30}|/\d{1,30})?$", examples=["99.9", "1999/20"])]


class _PreviewBody(BaseModel):
    model_config = {"extra": "forbid"}


class PreviewInterval(_PreviewBody):
    """A time interval in a preview request: it includes the instant ``from`` and does not
    include the instant ``to``.
    """

    start: str = Field(alias="from", examples=["2026-11-01T00:00:00Z"])
    end: str = Field(alias="to", examples=["2026-12-01T00:00:00Z"])
    reason: str | None = None

    def pair(self, field: str) -> tuple[int, int]:
        """Return the interval as (start, end) in µs. Raises a problem that names ``field`` if it is invalid."""
        return instants.read_instant(self.start, f"{field}.from"), instants.read_instant(self.end, f"{field}.to")


class ClockToPreview(_PreviewBody):
    """Request body of a clock preview: per-ticket targets as an agreement writes them, and the events of one ticket."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "targets": [
                        {
                            "key": "p1",
                            "objective": {"within": {"calendar": "PT4H"}},
                            "clock": "resolution",
                            "applies_to": {"type": "incident"},
                            "start": "opened",
                            "stop": "resolved",
                        }
                    ],
                    "events": [
                        {"event": "opened", "at": "2026-11-22T10:00:00Z", "type": "incident"},
                        {"event": "resolved", "at": "2026-11-22T13:00:00Z"},
                    ],
                }
            ]
        }
    }

    targets: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]
    events: Annotated[list[dict[str, Any]], Field(max_length=10_000)]
    service_hours: str | dict[str, Any] = "24x7"
    also_service_hours: Annotated[list[str | dict[str, Any]], Field(max_length=20)] = []
    """Further service hours that apply at the same time. The earliest deadline and the longest
    elapsed time are taken.
    """
    as_of: str | None = None
    window: PreviewInterval | None = None
    escalations: Annotated[list[dict[str, Any]], Field(max_length=100)] = []
    warn_at: Annotated[list[Annotated[int, Field(ge=0, le=1000), NO_TEXT]], Field(max_length=100)] = []


class WindowToPreview(_PreviewBody):
    """Request body of a window preview: one target as an agreement writes it, the facts of its indicator, and the
    window.
    """

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "terms": {
                        "key": "up",
                        "aggregation": "availability",
                        "window": {"calendar": "month"},
                        "objective": {"at_least": "99.9", "unit": "percent"},
                    },
                    "window": "2026-11",
                    "initial_state": "up",
                    "facts": [{"outage": {"from": "2026-11-10T10:00:00Z", "to": "2026-11-10T10:30:00Z"}}],
                }
            ]
        }
    }

    terms: dict[str, Any]
    window: PreviewInterval | str | None = None
    facts: Annotated[list[dict[str, Any]], Field(max_length=100_000)] = []
    service_hours: str | dict[str, Any] = "24x7"
    timezone: str = "UTC"
    exclusions: Annotated[list[PreviewInterval], Field(max_length=10_000)] = []
    initial_state: str = Field("unknown", pattern="^(up|down|degraded|unknown)$")
    as_of: str | None = None
    effective_at: str | None = None
    ends_at: str | None = None
    weight: Exact = "1"
    """The weight of this target if it is a member of a composite."""
    critical_periods: DraftCriticalPeriods = []
    """Critical periods, in local times of ``timezone``: ``window`` may be the id of an occurrence, such as
    ``election-night/2026-11-03``.
    """
    members: Annotated[list[WindowToPreview], Field(max_length=100)] = []


class BurnRatesToPreview(_PreviewBody):
    """Request body of a burn rate preview: an objective and its warnings.

    ``period`` is an ISO duration such as P30D, or the name of a calendar window. Without ``pairs``, the default pairs
    are used.
    """

    model_config = {"json_schema_extra": {"examples": [{"objective": "99.9", "period": "P30D"}]}}

    objective: Exact
    """The objective in percent."""
    period: str = Field(examples=["P30D", "month"])
    pairs: Annotated[list[dict[str, Any]], Field(max_length=100)] | None = None
    rate: Exact | None = None
    bad_share: Exact = "1"
    budget_drop: Annotated[list[dict[str, Any]], Field(max_length=100)] = []
    time_to_exhaustion: Annotated[list[str], Field(max_length=100)] = []


@router.post("/clock", **operation("Preview the clocks of a ticket", ClockPreview))
def preview_clock(asked: ClockToPreview) -> dict[str, Any]:
    """Calculate the clocks of a ticket under draft terms: deadline, elapsed time, verdict, and how they are derived."""
    events = [{"source": "preview", "ticket": "1", **event} for event in asked.events]
    question = ClockPreviewQuestion(
        targets=[
            {"aggregation": "clock", "window": {"per": "ticket"}, **_without_huge_numbers(target, "targets")}
            for target in asked.targets
        ],
        events=_converted(events, wire_formats.TICKET_EVENTS, "events"),
        service_hours=[asked.service_hours, *asked.also_service_hours],
        as_of=instants.read_optional_instant(asked.as_of, "as_of"),
        window=asked.window.pair("window") if asked.window else None,
        escalations=[_offset(document, number) for number, document in enumerate(asked.escalations)],
        warn_at=asked.warn_at,
    )
    return _as_problem(lambda: clock_preview.preview_clocks(question))


@router.post("/window", **operation("Preview a window of a target", WindowPreview))
def preview_window(asked: WindowToPreview) -> dict[str, Any]:
    """Evaluate a window of a target under draft terms: figure, budget, verdict, and how they are derived."""
    question = _window_question(asked, asked.window, _NESTED)
    return _as_problem(lambda: window_preview.preview_window(question))


@router.post("/burn-rate", **operation("Preview burn rate warnings", BurnRatePreview))
def preview_burn_rates(asked: BurnRatesToPreview) -> dict[str, Any]:
    """Calculate the burn rate warnings of an objective: window pairs, thresholds, detection times, and pairs that are
    left out.
    """
    question = BurnRatePreviewQuestion(
        objective=_fraction(asked.objective, "objective") / 100,
        period=burn_rate.NOMINAL_WINDOW_LENGTHS.get(asked.period)
        or _as_problem(lambda: durations.from_iso(asked.period, "period")),
        pairs=_without_huge_numbers(asked.pairs, "pairs"),
        rate=None if asked.rate is None else _fraction(asked.rate, "rate"),
        bad=_fraction(asked.bad_share, "bad_share"),
        drops=_without_huge_numbers(asked.budget_drop, "budget_drop"),
        exhaustions=asked.time_to_exhaustion,
    )
    return _as_problem(lambda: burn_rate_preview.preview_burn_rates(question))


def _window_question(asked: WindowToPreview, span: PreviewInterval | str | None, depth: int) -> WindowPreviewQuestion:
    if depth == 0:
        raise invalid("members", None, f"composites may be nested {_NESTED - 1} deep at most")
    span = asked.window or span
    if span is None:
        raise invalid("window", None, 'name the window, such as "2026-11", or give its from and to')
    facts = [{"indicator": "preview", **fact} for fact in asked.facts]
    question = WindowPreviewQuestion(
        terms=_without_huge_numbers(asked.terms, "terms"),
        window=span if isinstance(span, str) else span.pair("window"),
        facts=_converted(facts, wire_formats.MEASUREMENTS, "facts"),
        service_hours=asked.service_hours,
        timezone=asked.timezone,
        exclusions=[each.pair(f"exclusions[{number}]") for number, each in enumerate(asked.exclusions)],
        initial_state=asked.initial_state,
        as_of=instants.read_optional_instant(asked.as_of, "as_of"),
        critical_periods=[each.document() for each in asked.critical_periods],
        members=[
            (_window_question(member, span, depth - 1), _fraction(member.weight, "members.weight"))
            for member in asked.members
        ],
    )
    begins, ends = (
        instants.read_optional_instant(asked.effective_at, "effective_at"),
        instants.read_optional_instant(asked.ends_at, "ends_at"),
    )
    return replace(
        question,
        effective_at=question.effective_at if begins is None else begins,
        ends_at=question.ends_at if ends is None else ends,
    )


def _as_problem(work: Callable[[], T]) -> T:
    """Return the result of ``work``; convert its errors about the draft to problems."""
    try:
        return work()
    except OverflowError as error:
        raise invalid("body", None, "an instant that follows from it lies beyond the year 9999") from error
    except (PreviewRejected, CalendarError) as error:
        errors: Sequence[Any] = error.errors
        names = ", ".join(dict.fromkeys(str(each["field"]) for each in errors))
        raise Problem(422, "invalid-request", "The request is not valid", f"Correct {names}.", errors) from error


def _without_huge_numbers(document: Any, field: str) -> Any:
    """Return the document unchanged. Raises a problem if a number's exponent is so large that its digits would fill
    memory.
    """
    if isinstance(document, dict):
        for name, value in document.items():
            _without_huge_numbers(value, f"{field}.{name}")
    elif isinstance(document, list):
        for number, value in enumerate(document):
            _without_huge_numbers(value, f"{field}[{number}]")
    elif isinstance(document, str) and _EXPONENT.search(document):
        raise invalid(field, document[:80], "write the number in full, such as 99.95")
    return document


def _converted(items: Sequence[dict[str, Any]], decoder: ItemDecoder[Item], field: str) -> list[Item]:
    try:
        return decoder.converted(items)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise invalid(f"{field}{place.rstrip('`')}", None, message[:1].lower() + message[1:]) from error


def _fraction(text: str, field: str) -> Fraction:
    try:
        return Fraction(text) if "/" in text else Fraction(Decimal(text))
    except ZeroDivisionError as error:
        raise invalid(field, text, "no fraction has a denominator of zero") from error


def _offset(document: dict[str, Any], number: int) -> durations.Duration:
    return _as_problem(lambda: durations.parse_duration(document, f"escalations[{number}]", offset=True))
