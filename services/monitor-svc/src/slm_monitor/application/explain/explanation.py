"""Explanation of a figure: terms, window, every interval with its facts, sums and verdict, so that a reader can
recalculate the figure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_calendar import durations
from slm_calendar.intervals import Interval
from slm_events.aggregations import STATES
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.evaluators.schedule.calendar_windows import find_window_at
from slm_monitor.application.explain import derived_explanation, explanation_dispatch
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import FactHistoryStore, TargetIdentity
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.explanations.window_result import ExplainedWindow, KnownWindowFacts, build_exclusion_document
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory, TargetTermsHistory, list_figure_histories

_LAST = 253_402_300_799_000_000


class NoSuchWindow(ValueError):
    """The target has no window with this id, or none at this instant."""


@dataclass(frozen=True)
class ExplanationQuestion:
    """The window to explain.

    ``window``: the id of a calendar window, or the length of a rolling window that ends at ``at``. If ``window`` is
    None, it is the window that contains ``at``. If ``at`` is None, the present instant is used. ``known_at``: only
    facts received by this instant are used; None: all facts.
    """

    window: str | None
    at: UtcMicroseconds | None = None
    known_at: UtcMicroseconds | None = None


@dataclass(frozen=True)
class EvaluatedWindow:
    """The evaluated window of a target: its terms, its facts, and its outcome."""

    terms: FigureTarget
    window_id: str
    facts: KnownWindowFacts
    seen: ExplainedWindow


async def explain_window(
    record: FactHistoryStore, target: TargetIdentity, asked: ExplanationQuestion, now: UtcMicroseconds
) -> dict[str, Any]:
    """Return the explanation of a window's figure as JSON.

    Raises NoSuchWindow, and CalendarError for an invalid window id.
    """
    agreement = await record.agreement(target.agreement_id)
    lines = records.select_terms_histories(agreement, target)
    present = now if asked.known_at is None else min(now, asked.known_at)
    terms, span = find_window_of_question(lines, asked, present)
    name = asked.window or name_window(lines, terms, span)
    evaluated = await evaluate_window(record, terms, name, span, present, asked.known_at)
    return await asyncio.to_thread(build_explanation_document, agreement, evaluated, asked)


def find_window_of_question(
    histories: Sequence[TargetTermsHistory], asked: ExplanationQuestion, present: UtcMicroseconds
) -> tuple[FigureTarget, Interval]:
    """Return the terms and the bounds of the window in question. Raises NoSuchWindow, CalendarError."""
    lines = list_figure_histories(histories)
    if asked.window is None:
        return _present(lines, asked.at or present)
    if any(line.latest.window_kind == "rolling" and line.latest.window == asked.window for line in lines):
        at = present if asked.at is None else asked.at
        for line in lines:
            terms = line.at(at)
            if terms is not None and terms.window == asked.window:
                return terms, records.compute_rolling_span(line, terms, at)
        raise NoSuchWindow("no terms are in force at that instant")
    window = records.find_calendar_window(lines, asked.window)
    if window is None:
        raise NoSuchWindow("the target has no window of that id")
    terms, span = window
    if span.start > present:
        raise NoSuchWindow("this window has not begun")
    return terms, (span.start, span.end)


def _present(lines: Sequence[FigureHistory], at: UtcMicroseconds) -> tuple[FigureTarget, Interval]:
    for line in lines:
        terms = line.at(at)
        if terms is not None and terms.window_kind == "rolling":
            return terms, records.compute_rolling_span(line, terms, at)
        span = None if terms is None else find_window_at(line, at)
        if terms is not None and span is not None:
            return line.at(span.start) or terms, (span.start, span.end)
    raise NoSuchWindow("no window of the target is open at that instant; name a window")


def name_window(lines: Sequence[TargetTermsHistory], terms: FigureTarget, span: Interval) -> str:
    """Return the id of the window with this span. The id of a rolling window is its length."""
    if terms.window_kind == "rolling":
        return terms.window
    named = (find_window_at(line, span[0]) for line in list_figure_histories(lines))
    return next(each.id for each in named if each is not None and (each.start, each.end) == span)


async def evaluate_window(
    record: FactHistoryStore,
    terms: FigureTarget,
    window_id: str,
    span: Interval,
    present: UtcMicroseconds,
    known_at: UtcMicroseconds | None,
) -> EvaluatedWindow:
    """Evaluate a window from its facts. ``known_at``: only facts known at that instant are used; None: all facts known
    now.

    A long computation runs in a thread, so that other requests are answered meanwhile.
    """
    # The outcome of a closed window does not depend on when it is asked for. Outages are the exception: one may reach
    # the counted length later.
    is_rolling = terms.window_kind == "rolling"
    as_of = min(present, span[1] + (0 if is_rolling else terms.closing_delay))
    if terms.kind.source == STATES and terms.kind.is_number and not is_rolling:
        as_of = present
    subject = terms.indicator
    if subject is None or terms.kind.is_derived:
        facts, seen = await derived_explanation.explain_derived_window(
            record, terms, window_id, span, as_of, known_at, _of_member(record, window_id, present, known_at)
        )
    else:
        await records.check_facts_are_stored(record, subject, span)
        facts = await records.read_known_facts(record, terms, span, as_of, known_at)
        seen = await asyncio.to_thread(explanation_dispatch.explain_window_figure, terms, facts)
    return EvaluatedWindow(terms, window_id, facts, await _as_decided(record, seen, window_id, facts.span, known_at))


async def _as_decided(
    record: FactHistoryStore, seen: ExplainedWindow, window_id: str, span: Interval, known_at: UtcMicroseconds | None
) -> ExplainedWindow:
    """Return the outcome without the missed levels that a dispute overturned."""
    if not seen.missed and seen.verdict != "breached":
        return seen
    if seen.target.window_kind == "rolling":
        minute = records.compute_evaluation_minute(seen.target, span)
        runs = await record.overturned_runs(seen.target.target_id, window_id, minute, known_at)
        return seen.without(runs) if runs else seen
    names = {target_events.derive_breach_id(seen.target, window_id, level, 0): level for level, _ in seen.target.levels}
    decided = {names[each] for each in await record.overturned(names, known_at)}
    return seen.without(decided) if decided else seen


def _of_member(
    record: FactHistoryStore, window_id: str, present: UtcMicroseconds, known_at: UtcMicroseconds | None
) -> derived_explanation.Judge:
    async def member(terms: FigureTarget, span: Interval) -> derived_explanation.Outcome:
        # If both parties accepted a member's window, its figure is the one that they accepted, unless the reader asks
        # for another instant.
        known = await record.accepted_at(terms.target_id, window_id) if known_at is None else known_at
        seen_at = present if known is None else min(present, known)
        evaluated = await evaluate_window(record, terms, window_id, span, seen_at, known)
        return evaluated.facts, evaluated.seen

    return member


def build_explanation_document(
    agreement: AgreementTerms, evaluated: EvaluatedWindow, asked: ExplanationQuestion
) -> dict[str, Any]:
    """Return the explanation as JSON. The same facts give the same bytes, in whatever order they arrived."""
    terms, facts = evaluated.terms, evaluated.facts
    signed = _signed(agreement, terms)
    start, end = facts.span
    return {
        "target_id": terms.target_id,
        "target_key": terms.key,
        "target_title": terms.title,
        "agreement_id": terms.agreement_id,
        "agreement_version": terms.version,
        "indicator": signed.get("indicator"),
        "terms": {name: value for name, value in signed.items() if value is not None},
        "judged_by": _judged_by(terms),
        "window": {
            "id": evaluated.window_id,
            "from": to_text(start),
            "to": to_text(min(end, _LAST)),
            "timezone": terms.zone,
            "closes_at": to_text(min(end + terms.closing_delay, _LAST)) if terms.window_kind == "calendar" else None,
            "service_time": durations.to_iso(terms.hours.open_time(start, end)),
        },
        "as_of": to_text(min(facts.as_of, end + terms.closing_delay)),
        "known_at": None if asked.known_at is None else to_text(asked.known_at),
        "excluded": [{"from": to_text(begins), "to": to_text(ends)} for begins, ends in facts.excluded],
        "exclusions": [build_exclusion_document(*each, facts.span) for each in facts.exclusions],
        **evaluated.seen.document(),
        "levels": evaluated.seen.levels_document(facts.as_of),
        "figure": _in_unit(evaluated.seen),
        "figure_share": evaluated.seen.document()["figure"],
    }


def _in_unit(seen: ExplainedWindow) -> str | None:
    shown = seen.target.shown(seen.figure)
    return None if shown is None else f"{shown.numerator}/{shown.denominator}"


def _signed(agreement: AgreementTerms, terms: FigureTarget) -> Mapping[str, Any]:
    """Return the target as written in the signed version that applies to it; empty if this version is missing."""
    target_id = terms.instance_of or terms.target_id
    for version in agreement.versions:
        if version["version"] == terms.version:
            return next(each for each in version["targets"] if each["target_id"] == target_id)
    return {}


def _judged_by(terms: FigureTarget) -> str:
    if terms.window_kind == "rolling":
        return "the terms in force at the instant of judging"
    return "the terms in force at the window's start"
