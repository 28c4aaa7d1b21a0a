"""A target's window under draft terms: the evaluator's figures from the given facts, and their explanation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar import durations, windows
from slm_calendar.errors import CalendarError
from slm_events.instants import to_text
from slm_monitor.application.explain import explanation_dispatch
from slm_monitor.application.explain.derived_explanation import explain_composite, member_outcome
from slm_monitor.application.explain.explanation_dispatch import ExplainedWindow, KnownFacts
from slm_monitor.application.preview.preview_terms import (
    LONGEST,
    NOBODY,
    PreviewRejected,
    accounts_of,
    refusal,
    terms_of,
    with_dated_holidays,
)
from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import Indicator, Measurement
from slm_monitor.domain.intake import validation
from slm_monitor.domain.states.joint_states import JointStates
from slm_monitor.domain.states.timeline import timeline_of
from slm_monitor.domain.terms.composite_terms import KINDS, STATES, VERDICTS, CompositeTerms, Member, combined
from slm_monitor.domain.terms.terms import FOREVER, RECOVERED, ServiceLevelTarget

_INDICATOR_KINDS = {
    "availability": "availability",
    "outages": "availability",
    "ratio": "ratio",
    "time_slices": "ratio",
    "count": "count",
    "composite": "ratio",
    "compliance": "ratio",
    "nps": "rating",
    **dict.fromkeys(RECOVERED, "recovery"),
}
_LONG_AGO = -(2**55)


@dataclass(frozen=True)
class WindowQuestion:
    """The question for a window's outcome. Instants are µs since 1970, UTC; ``window`` is an id such as 2026-11, or an
    interval.

    ``terms``: one target. A composite has its members in ``members``, each a question of its own.
    """

    terms: Mapping[str, Any]
    window: str | tuple[int, int]
    facts: Sequence[Measurement] = ()
    service_hours: Any = "24x7"
    timezone: str = "UTC"
    exclusions: Sequence[tuple[int, int]] = ()
    initial_state: str = "unknown"
    as_of: int | None = None
    effective_at: int = _LONG_AGO
    ends_at: int = FOREVER
    members: Sequence[tuple[WindowQuestion, Fraction]] = ()


def preview_window(asked: WindowQuestion) -> dict[str, Any]:
    """Return figure, budget, verdict and explanation. Raises PreviewRejected that names the field."""
    try:
        return _previewed(asked)[1]
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error


def _previewed(asked: WindowQuestion) -> tuple[ExplainedWindow, dict[str, Any]]:
    """The evaluated window, and the answer that shows it."""
    span = _span(asked)
    asked = replace(asked, service_hours=with_dated_holidays(asked.service_hours, *span))
    seen = _evaluated(asked, span)
    framed = {"from": to_text(span[0]), "to": to_text(span[1]), "length": durations.to_iso(span[1] - span[0])}
    return seen, {"window": framed, **seen.document()} | accounts_of(asked.service_hours)


def _evaluated(asked: WindowQuestion, span: tuple[int, int]) -> ExplainedWindow:
    made = _composite_terms(asked)
    if made is None:
        return explanation_dispatch.explain_figure(_target(asked), _facts(asked, span))
    if made.of == VERDICTS:
        # Enough met members are all that it promises; an objective has no say in it and may be left out.
        asked = replace(asked, terms={"objective": {"at_least": "100", "unit": "percent"}, **asked.terms})
    facts = _facts(asked, span)
    if made.of == STATES:
        states = JointStates([_timeline(member) for member, _ in asked.members], made.needed)
        return explanation_dispatch.explain_figure(_target(asked, "availability"), facts, states)
    seen = [_previewed(member) for member, _ in asked.members]
    members = [
        member_outcome(member, window, facts.as_of) for member, (window, _) in zip(made.members, seen, strict=True)
    ]
    return explain_composite(_target(asked, "ratio"), made, members, [document for _, document in seen], facts)


def _span(asked: WindowQuestion) -> tuple[int, int]:
    """The window, clipped to the term."""
    if isinstance(asked.window, str):
        named = windows.window_of_id(asked.window, asked.timezone)
        start, end = named.start, named.end
    else:
        start, end = asked.window
    if end <= start:
        raise refusal("window.to", to_text(end), "give an end after the start")
    start, end = max(start, asked.effective_at), min(end, asked.ends_at)
    if end <= start:
        raise refusal("window", to_text(start), "it lies outside the term of the agreement")
    if max(end, asked.as_of or end) - start > LONGEST:
        raise refusal("window", to_text(end), "a preview looks at ten years at most")
    return start, end


def _target(asked: WindowQuestion, aggregation: str | None = None) -> ServiceLevelTarget:
    document = {"window": {"calendar": "month"}, **asked.terms}
    if aggregation is not None:
        document["aggregation"] = aggregation
    (target,) = terms_of([document], asked.service_hours, timezone=asked.timezone)
    if target.clock is not None:
        raise refusal("terms.aggregation", "clock", "clocks have a preview of their own: POST /api/v1/previews/clock")
    return target


def _facts(asked: WindowQuestion, span: tuple[int, int]) -> KnownFacts:
    target = _target(asked, "availability" if asked.members else None)
    kind = target.indicator_kind or _INDICATOR_KINDS.get(target.aggregation, "value")
    indicator = Indicator(f"{NOBODY}/{NOBODY}", NOBODY, NOBODY, kind, initial_state=asked.initial_state)
    taken = validation.admit_measurements(enumerate(asked.facts), NOBODY, lambda _: indicator, FOREVER, True)
    if taken.refusals:
        raise PreviewRejected(
            [{"field": f"facts[{r.index}].{r.field}", "value": r.value, "remedy": r.remedy} for r in taken.refusals]
        )
    as_of = span[1] + target.closing_delay if asked.as_of is None else asked.as_of
    single = counters.counts_from_readings(_holding(taken.facts))
    return KnownFacts(span, as_of, taken.values, single, tuple(asked.exclusions), asked.initial_state, as_of)


def _holding(facts: Iterable[Fact]) -> list[Fact]:
    """Of several facts under one key, the one with the highest rank."""
    held: dict[str, Fact] = {}
    for fact in facts:
        before = held.get(fact.key)
        if before is None or fact.rank > before.rank:
            held[fact.key] = fact
    return list(held.values())


def _timeline(member: WindowQuestion) -> Any:
    facts = _facts(member, (0, 1))
    return timeline_of(facts.single, member.initial_state)


def _composite_terms(asked: WindowQuestion) -> CompositeTerms | None:
    """The rule of a composite and its members, in their order; None for any other target."""
    aggregation = asked.terms.get("aggregation")
    if not isinstance(aggregation, Mapping) or "composite" not in aggregation:
        return None
    written = aggregation["composite"]
    of = written.get("of") if isinstance(written, Mapping) else None
    if of not in KINDS:
        raise refusal("terms.aggregation.composite.of", written, ", ".join(KINDS[:-1]) + f" or {KINDS[-1]}")
    if not asked.members:
        raise refusal("members", [], "a composite needs its members")
    try:
        return combined(of, written.get("rule"), [Member(None, None, weight) for _, weight in asked.members])
    except ValueError as wrong:
        raise refusal("terms.aggregation.composite.rule", written.get("rule"), f"write {wrong}") from wrong
