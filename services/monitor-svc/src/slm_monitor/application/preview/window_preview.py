"""Preview of a target's window under draft terms: the evaluator's figures from the given facts, with an explanation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar import critical_periods, durations, windows
from slm_calendar.errors import CalendarError
from slm_calendar.windows import Window
from slm_events.aggregations import COMPOSITES
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.explain import explanation_dispatch
from slm_monitor.application.explain.derived_explanation import convert_to_member_outcome, explain_composite_window
from slm_monitor.application.explain.explanation_dispatch import ExplainedWindow, KnownWindowFacts
from slm_monitor.application.preview.preview_terms import (
    LONGEST_PREVIEW_MICROSECONDS,
    NOBODY,
    PreviewRejected,
    build_icalendar_report,
    build_preview_rejection,
    parse_preview_targets,
    resolve_holidays_to_dates,
)
from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import Indicator, SentMeasurement
from slm_monitor.domain.intake import validation
from slm_monitor.domain.states.joint_states import JointMemberStates
from slm_monitor.domain.states.timeline import build_state_timeline
from slm_monitor.domain.terms.composite_terms import (
    KINDS,
    STATES,
    VERDICTS,
    CompositeTerms,
    TargetMember,
    parse_combination_rule,
)
from slm_monitor.domain.terms.terms import FOREVER, ClockTarget, FigureTarget

_LONG_AGO = -(2**55)


@dataclass(frozen=True)
class WindowPreviewQuestion:
    """A question for a preview: which outcome does a window have under draft terms? Instants are µs since 1970.

    ``window`` is an interval, or an id such as 2026-11. Of an occurrence of one of the ``critical_periods``, the id is
    like election-night/2026-11-03. ``terms``: one target. For a composite, ``members`` has a pair for each member: the
    question about the member's window, and the member's weight.
    """

    terms: Mapping[str, Any]
    window: str | tuple[int, int]
    facts: Sequence[SentMeasurement] = ()
    service_hours: Any = "24x7"
    timezone: str = "UTC"
    exclusions: Sequence[tuple[int, int]] = ()
    initial_state: str = "unknown"
    as_of: UtcMicroseconds | None = None
    effective_at: UtcMicroseconds = _LONG_AGO
    ends_at: UtcMicroseconds = FOREVER
    members: Sequence[tuple[WindowPreviewQuestion, Fraction]] = ()
    critical_periods: Sequence[Mapping[str, Any]] = ()


def preview_window(asked: WindowPreviewQuestion) -> dict[str, Any]:
    """Return figure, budget, verdict and explanation as JSON. Raises PreviewRejected that names the invalid field."""
    try:
        return _previewed(asked)[1]
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error


def _previewed(asked: WindowPreviewQuestion) -> tuple[ExplainedWindow, dict[str, Any]]:
    """Return the evaluated window, and the JSON answer that shows it."""
    span = _span(asked)
    asked = replace(asked, service_hours=resolve_holidays_to_dates(asked.service_hours, *span))
    seen = _evaluated(asked, span)
    framed = {"from": to_text(span[0]), "to": to_text(span[1]), "length": durations.to_iso(span[1] - span[0])}
    return seen, {"window": framed, **seen.document()} | build_icalendar_report(asked.service_hours)


def _evaluated(asked: WindowPreviewQuestion, span: tuple[int, int]) -> ExplainedWindow:
    made = _composite_terms(asked)
    if made is None:
        return explanation_dispatch.explain_window_figure(_target(asked), _facts(asked, span))
    if made.of == VERDICTS:
        # A composite of verdicts promises only that enough members are met, so its objective may be left out.
        asked = replace(asked, terms={"objective": {"at_least": "100", "unit": "percent"}, **asked.terms})
    facts = _facts(asked, span)
    if made.of == STATES:
        states = JointMemberStates([_timeline(member) for member, _ in asked.members], made.needed)
        return explanation_dispatch.explain_window_figure(_target(asked, "availability"), facts, states)
    seen = [_previewed(member) for member, _ in asked.members]
    members = [
        convert_to_member_outcome(member, window, facts.as_of)
        for member, (window, _) in zip(made.members, seen, strict=True)
    ]
    return explain_composite_window(_target(asked, "ratio"), made, members, [document for _, document in seen], facts)


def _span(asked: WindowPreviewQuestion) -> tuple[int, int]:
    """Return the window's interval, cut to the term."""
    if isinstance(asked.window, str):
        named = _named_window(asked, asked.window)
        start, end = named.start, named.end
    else:
        start, end = asked.window
    if end <= start:
        raise build_preview_rejection("window.to", to_text(end), "give an end after the start")
    start, end = max(start, asked.effective_at), min(end, asked.ends_at)
    if end <= start:
        raise build_preview_rejection("window", to_text(start), "it lies outside the term of the agreement")
    if max(end, asked.as_of or end) - start > LONGEST_PREVIEW_MICROSECONDS:
        raise build_preview_rejection("window", to_text(end), "a preview looks at ten years at most")
    return start, end


def _named_window(asked: WindowPreviewQuestion, window_id: str) -> Window:
    """Return the window with this id: an occurrence of a critical period of the question, or a calendar window."""
    periods = critical_periods.parse_critical_periods(asked.critical_periods, asked.timezone, None)
    named = (each.named(window_id) for each in periods.values())
    return next((each for each in named if each is not None), None) or windows.window_of_id(window_id, asked.timezone)


def _target(asked: WindowPreviewQuestion, aggregation: str | None = None) -> FigureTarget:
    document = {"window": {"calendar": "month"}, **asked.terms}
    if aggregation is not None:
        document["aggregation"] = aggregation
    (target,) = parse_preview_targets(
        [document], asked.service_hours, timezone=asked.timezone, periods=asked.critical_periods
    )
    if isinstance(target, ClockTarget):
        raise build_preview_rejection(
            "terms.aggregation", "clock", "clocks have a preview of their own: POST /api/v1/previews/clock"
        )
    return target


def _facts(asked: WindowPreviewQuestion, span: tuple[int, int]) -> KnownWindowFacts:
    target = _target(asked, "availability" if asked.members else None)
    kind = target.indicator_kind or next(iter(target.kind.indicators), "ratio")
    indicator = Indicator(f"{NOBODY}/{NOBODY}", NOBODY, NOBODY, kind, initial_state=asked.initial_state)
    taken = validation.validate_measurements(enumerate(asked.facts), NOBODY, lambda _: indicator, FOREVER, True)
    if taken.refusals:
        raise PreviewRejected(
            [{"field": f"facts[{r.index}].{r.field}", "value": r.value, "remedy": r.remedy} for r in taken.refusals]
        )
    as_of = span[1] + target.closing_delay if asked.as_of is None else asked.as_of
    single = counters.replace_readings_by_counts(_holding(taken.facts))
    return KnownWindowFacts(span, as_of, taken.values, single, tuple(asked.exclusions), asked.initial_state, as_of)


def _holding(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that count. If several facts have the same key, only the fact with the highest rank counts."""
    held: dict[str, Fact] = {}
    for fact in facts:
        before = held.get(fact.key)
        if before is None or fact.rank > before.rank:
            held[fact.key] = fact
    return list(held.values())


def _timeline(member: WindowPreviewQuestion) -> Any:
    facts = _facts(member, (0, 1))
    return build_state_timeline(facts.single, member.initial_state)


def _composite_terms(asked: WindowPreviewQuestion) -> CompositeTerms | None:
    """Return the rule of a composite and its members, in their order; None for any other target."""
    aggregation = asked.terms.get("aggregation")
    name = next((each for each in COMPOSITES if isinstance(aggregation, Mapping) and each in aggregation), None)
    if not isinstance(aggregation, Mapping) or name is None:
        return None
    written = aggregation[name]
    of = written.get("of") if isinstance(written, Mapping) else None
    if of not in KINDS:
        raise build_preview_rejection(
            "terms.aggregation.composite.of", written, ", ".join(KINDS[:-1]) + f" or {KINDS[-1]}"
        )
    if not asked.members:
        raise build_preview_rejection("members", [], "a composite needs its members")
    try:
        # The members of a draft have no ids yet. The rule needs only how many they are, and their weights.
        members = [TargetMember("", weight) for _, weight in asked.members]
        return parse_combination_rule(of, written.get("rule"), members)
    except ValueError as wrong:
        raise build_preview_rejection(
            "terms.aggregation.composite.rule", written.get("rule"), f"write {wrong}"
        ) from wrong
