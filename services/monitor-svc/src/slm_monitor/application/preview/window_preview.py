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
from slm_monitor.application.explain.explanation_dispatch import ExplainedWindow, KnownFacts
from slm_monitor.application.preview.preview_terms import (
    LONGEST,
    NOBODY,
    PreviewRejected,
    accounts_of,
    dated_hours,
    refusal,
    terms_of,
)
from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import Indicator, Measurement
from slm_monitor.domain.intake import validation
from slm_monitor.domain.states import joint_states
from slm_monitor.domain.states.joint_states import JointStates
from slm_monitor.domain.states.timeline import timeline_of
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FOREVER, RECOVERED, ServiceLevelTarget

_KINDS = {
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
        return _preview(asked)
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error


def _preview(asked: WindowQuestion) -> dict[str, Any]:
    span = _span(asked)
    asked = replace(asked, service_hours=dated_hours(asked.service_hours, *span))
    return _evaluated(asked, span) | accounts_of(asked.service_hours)


def _evaluated(asked: WindowQuestion, span: tuple[int, int]) -> dict[str, Any]:
    rule = _composite(asked)
    if rule is None:
        return _answer(asked, span, explanation_dispatch.explain_figure(_target(asked), _facts(asked, span)))
    if rule["of"] == "states":
        target = _target(asked, "availability")
        states = JointStates([_timeline(member) for member, _ in asked.members], _needed(rule, len(asked.members)))
        return _answer(asked, span, explanation_dispatch.explain_figure(target, _facts(asked, span), states))
    answers = [preview_window(member) for member, _ in asked.members]
    if rule["of"] == "verdicts":
        return _of_verdicts(rule, answers, span)
    return _of_figures(asked, rule, answers, span)


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
    kind = target.indicator_kind or _KINDS.get(target.aggregation, "value")
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


def _composite(asked: WindowQuestion) -> Mapping[str, Any] | None:
    aggregation = asked.terms.get("aggregation")
    if not isinstance(aggregation, Mapping) or "composite" not in aggregation:
        return None
    rule = aggregation["composite"]
    if not isinstance(rule, Mapping) or rule.get("of") not in ("states", "figures", "verdicts"):
        raise refusal("terms.aggregation.composite.of", rule, "states, figures or verdicts")
    if not asked.members:
        raise refusal("members", [], "a composite needs its members")
    return rule


def _needed(rule: Mapping[str, Any], members: int) -> int:
    """The number of members that must hold: all of them, or the k of ``{"k_of_n": k}``. Raises PreviewRejected."""
    written = rule.get("rule")
    if written in ("serial", "all_of"):
        return members
    needed = written.get("k_of_n") if isinstance(written, Mapping) else None
    if not isinstance(needed, int) or not 1 <= needed <= members:
        remedy = f'serial, all_of, or {{"k_of_n": k}} with k from 1 to {members}'
        raise refusal("terms.aggregation.composite.rule", written, remedy)
    return needed


def _of_verdicts(
    rule: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], span: tuple[int, int]
) -> dict[str, Any]:
    decided = {"met": True, "at_risk": True, "breached": False}
    held = joint_states.enough_are_met([decided.get(each["verdict"]) for each in answers], _needed(rule, len(answers)))
    verdict = "no_data" if held is None else "met" if held else "breached"
    return {**_framed(span), "verdict": verdict, "members": list(answers)}


def _of_figures(
    asked: WindowQuestion, rule: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], span: tuple[int, int]
) -> dict[str, Any]:
    target = _target(asked, "ratio")
    measured = [
        (Fraction(each["figure"]), weight)
        for each, (_, weight) in zip(answers, asked.members, strict=True)
        if each["figure"] is not None
    ]
    combine = {"weighted_mean": joint_states.weighted_mean, "missing_sum": joint_states.missing_sum}.get(
        str(rule.get("rule"))
    )
    if combine is None:
        raise refusal("terms.aggregation.composite.rule", rule.get("rule"), "weighted_mean or missing_sum")
    figure = combine([share for share, _ in measured], [weight for _, weight in measured]) if measured else None
    assert target.objective is not None
    assert target.promise is not None
    met = figure is not None and target.promise.is_kept(figure)
    return {
        **_framed(span),
        "figure": figures.exact(figure),
        "figure_display": target.display(figure),
        "objective": figures.exact(target.objective),
        "verdict": "no_data" if figure is None else "met" if met else "breached",
        "members": list(answers),
    }


def _answer(asked: WindowQuestion, span: tuple[int, int], seen: ExplainedWindow) -> dict[str, Any]:
    return {**_framed(span), **seen.document()}


def _framed(span: tuple[int, int]) -> dict[str, Any]:
    return {"window": {"from": to_text(span[0]), "to": to_text(span[1]), "length": durations.to_iso(span[1] - span[0])}}
