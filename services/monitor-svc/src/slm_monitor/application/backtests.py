"""Draft terms tried on stored history: which windows they would have met, and what could be promised instead."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

from slm_calendar import windows
from slm_events.instants import to_text
from slm_monitor.application import record as records
from slm_monitor.application import window_figures
from slm_monitor.application.preview_terms import refusal, terms_of
from slm_monitor.application.record import Record
from slm_monitor.domain import figures
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.promise import AT_LEAST, AT_MOST
from slm_monitor.domain.terms import COUNTED, STATED, ServiceLevelTarget

MEASURED = STATED | COUNTED
"""The aggregations whose figures follow from the facts of one indicator."""
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STANDARD = 12
MOST_WINDOWS = 400
_DECIMALS = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """Terms as a preview takes them, and the indicator (by its subject) whose history they are tried on."""

    terms: Mapping[str, Any]
    indicator: str
    service_hours: Any = "24x7"
    timezone: str = "UTC"

    def document(self) -> dict[str, Any]:
        return {"terms": dict(self.terms), "indicator": self.indicator, "service_hours": self.service_hours,
                "timezone": self.timezone}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """One window to judge."""

    window_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Job:
    """A back-test as it is kept; ``judged`` has a row for each window that is through, in their order."""

    backtest_id: str
    owner_party_id: str
    question: Question
    spans: Sequence[Span]
    state: str
    judged: Sequence[Mapping[str, Any]]
    requested_at: int
    failure: str | None = None
    ended_at: int | None = None


class Jobs(Protocol):
    """Where back-tests are kept."""

    async def claim(self, token: str) -> Job | None:
        """A job with a window to judge that nobody works on, ours for a while; those that are behind come first."""
        ...

    async def renew(self, job: Job, token: str) -> bool: ...

    async def judged(self, job: Job, token: str, row: Mapping[str, Any]) -> bool:
        """Keep a window's outcome; False where the job is no longer ours, or was cancelled."""
        ...

    async def failed(self, job: Job, token: str, reason: str) -> None: ...


def target_of(question: Question) -> ServiceLevelTarget:
    """The terms, parsed. Raises Refused naming the field."""
    document = {"window": {"calendar": "month"}, **question.terms}
    (target,) = terms_of([document], question.service_hours, timezone=question.timezone)
    if target.aggregation not in MEASURED:
        remedy = f"figures of {', '.join(sorted(MEASURED))} follow from an indicator's history"
        raise refusal("terms.aggregation", target.aggregation, remedy)
    return replace(target, indicator=question.indicator)


def spans_of(
    target: ServiceLevelTarget, now: int, first: int | None, last: int, between: tuple[int, int] | None
) -> list[Span]:
    """The windows that are over: the ``last`` so many, or those that begin in a stretch. None of them lies wholly
    before ``first``, the first fact there is: nothing is known of it.

    A rolling target is tried on stretches of its length, one after the other up to now.
    """
    if first is None:
        return []
    begins, ends = between or (max(first, now - _longest(target) * (last + 1)), now)
    if target.window_kind == "rolling":
        length, end = target.rolling_microseconds, min(ends, now) // MINUTE * MINUTE
        found = [Span(to_text(at), at - length, at) for at in range(end, first, -length)[:MOST_WINDOWS]]
        found = [span for span in reversed(found) if between is None or span.start >= begins]
    else:
        found = [
            Span(each.id, each.start, each.end)
            for each in windows.windows_between(target.window, target.zone, max(begins, first), ends)  # type: ignore[arg-type]
            if each.end <= now and (between is None or each.start >= begins)
        ]
    return found[-MOST_WINDOWS:] if between is not None else found[-last:]


def _longest(target: ServiceLevelTarget) -> int:
    days = {"day": 2, "week": 8, "month": 32, "quarter": 93, "year": 367}.get(target.window, 0)
    return days * 86_400_000_000 or target.rolling_microseconds


async def judge(record: Record, question: Question, span: Span) -> dict[str, Any]:
    """One window under the draft; the work is done beside the event loop."""
    target = target_of(question)
    facts = await records.known(record, target, (span.start, span.end), span.end + target.closing_delay)
    seen = await asyncio.to_thread(window_figures.seen, target, facts, brief=True)
    attained = seen.extra.get("quantile") if target.aggregation == "quantile" else None
    return {
        "window_id": span.window_id,
        "from": to_text(span.start),
        "to": to_text(span.end),
        "figure": figures.exact(target.shown(seen.figure)),
        "figure_display": target.display(seen.figure),
        "attained": attained or figures.exact(target.shown(seen.figure)),
        "verdict": seen.verdict,
        "budget_consumed_share": (seen.budget_document() or {}).get("consumed_share"),
    }


def outcome(question: Question, judged: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the windows come to: how many were met, the worst, and what 11 of 12 of them would have met."""
    target = target_of(question)
    assert target.promise is not None
    counted = [each for each in judged if each["attained"] is not None]
    rises = AT_LEAST if target.aggregation != "quantile" and target.promise.comparison == AT_LEAST else AT_MOST
    met = sum(each["verdict"] == "met" for each in counted)
    # The worst first: the lowest of what is promised to be at least, the highest of what is promised to be at most.
    ordered = sorted(counted, key=lambda each: Fraction(each["attained"]), reverse=rises == AT_MOST)
    share = Fraction(met, len(counted)) if counted else None
    return {
        "windows": len(judged),
        "judged": len(counted),
        "met": met,
        "missed": len(counted) - met,
        "attained_share": figures.exact(share),
        "realistic": _realistic(share),
        "worst": ordered[0] if ordered else None,
        "suggested_objective": _suggested(rises, ordered, target.promise.unit),
    }


def _realistic(share: Fraction | None) -> str | None:
    """``ok``, ``warning`` where fewer than 90 % of the windows would have been met, ``error`` where fewer than half."""
    if share is None:
        return None
    return "error" if share < Fraction(1, 2) else "warning" if share < Fraction(9, 10) else "ok"


def _suggested(rises: str, ordered: Sequence[Mapping[str, Any]], unit: str) -> dict[str, str] | None:
    """The tightest objective that 11 of 12 windows would have met, at four decimals, and exactly."""
    if not ordered:
        return None
    missed = len(ordered) - -(-11 * len(ordered) // 12)
    exact = Fraction(ordered[missed]["attained"])
    scaled = exact * _DECIMALS
    # Rounded away from tight, or the windows would not have met it.
    units = scaled.__floor__() if rises == AT_LEAST else scaled.__ceil__()
    return {rises: figures.display(Fraction(units, _DECIMALS)), "unit": unit, "exact": figures.exact(exact) or ""}
