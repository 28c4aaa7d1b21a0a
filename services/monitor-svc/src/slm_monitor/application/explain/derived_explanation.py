"""Explanation of a derived target's window, from the states, figures or verdicts of its members, or from tickets'
clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.application.explain import explanation_dispatch
from slm_monitor.application.history import closed_tickets
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import NOTHING, History, TargetRow
from slm_monitor.application.history.window_result import ExplainedWindow, KnownFacts, certain_since, verdict_of
from slm_monitor.domain.facts.facts import MINUTE, Fact
from slm_monitor.domain.series import accumulators
from slm_monitor.domain.states.joint_states import JointStates
from slm_monitor.domain.states.timeline import Timeline, timeline_of
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.composite_terms import FIGURES, STATES, CompositeTerms, Member, composition_of
from slm_monitor.domain.terms.terms import ServiceLevelTarget, parse_targets
from slm_monitor.domain.terms.terms_history import TermsHistory, lines_of
from slm_monitor.domain.windows import compliance, composite_evaluation, series_evaluation

Outcome = tuple[KnownFacts, ExplainedWindow]
Judge = Callable[[ServiceLevelTarget, Interval], Awaitable[Outcome]]


async def explain_derived(
    record: History,
    terms: ServiceLevelTarget,
    window_id: str,
    span: Interval,
    as_of: int,
    known_at: int | None,
    judge: Judge,
) -> Outcome:
    """The facts and the outcome of a window, by what is known of its members. ``judge`` evaluates a member's window."""
    excluded, named = await records.excluded_time(record, terms, span, known_at)
    facts = KnownFacts(span, as_of, NOTHING, (), excluded, "unknown", is_distinct=True, exclusions=named)
    if terms.aggregation == "compliance":
        return facts, await _of_tickets(record, terms, facts, known_at)
    made = await _composition(record, terms)
    if made.of == STATES:
        return await _of_states(record, terms, made, facts, known_at)
    return facts, await _of_windows(record, terms, made, window_id, facts, judge)


async def _composition(record: History, terms: ServiceLevelTarget) -> CompositeTerms:
    agreement = await record.agreement(terms.agreement_id)
    version = next(each for each in agreement.versions if each["version"] == terms.version)
    return composition_of(terms, parse_targets(version))


# -- of states ------------------------------------------------------------------------------------------------------


async def _of_states(
    record: History, terms: ServiceLevelTarget, made: CompositeTerms, facts: KnownFacts, known_at: int | None
) -> Outcome:
    timelines: list[Timeline] = []
    single: list[Fact] = []
    for member in made.members:
        assert member.subject is not None
        await records.check_is_recorded(record, member.subject, facts.span)
        indicator, key = await record.indicator(member.subject), member.subject.split("/", 1)[1]
        theirs = await record.single(member.subject, None, known_at)
        initial, stale = (indicator.initial_state, indicator.stale_after) if indicator else ("unknown", None)
        timelines.append(timeline_of(theirs, initial, stale))
        single += [replace(fact, key=f"{key}\x1f{fact.key}") for fact in theirs]
    whole = replace(facts, single=single)
    return whole, await asyncio.to_thread(
        explanation_dispatch.explain_figure, terms, whole, JointStates(timelines, made.needed)
    )


# -- of figures and verdicts ------------------------------------------------------------------------------------------


async def _of_windows(
    record: History, terms: ServiceLevelTarget, made: CompositeTerms, window_id: str, facts: KnownFacts, judge: Judge
) -> ExplainedWindow:
    agreement = await record.agreement(terms.agreement_id)
    keys = {line.target_id: line.latest.key for line in lines_of(agreement.versions, agreement.ended_at)}
    members, listed = [], []
    for member in made.members:
        assert member.target_id is not None
        lines = records.lines_of_target(agreement, TargetRow(terms.agreement_id, member.target_id))
        found = _member_window(terms, lines, window_id, facts)
        seen = None if found is None else (await judge(*found))[1]
        members.append(member_outcome(member, seen, facts.as_of))
        listed.append(
            {
                "target_id": member.target_id,
                "target_key": keys.get(member.target_id),
                "weight": str(member.weight),
                "figure": None if seen is None else figures.exact(seen.target.shown(seen.figure)),
                "verdict": None if seen is None else seen.verdict,
            }
        )
    return explain_composite(terms, made, members, listed, facts)


def explain_composite(
    terms: ServiceLevelTarget,
    made: CompositeTerms,
    members: Sequence[composite_evaluation.MemberOutcome],
    listed: Sequence[Mapping[str, Any]],
    facts: KnownFacts,
) -> ExplainedWindow:
    """Evaluate the window ``facts.span`` of a composite of figures or verdicts from the outcomes of its members.

    ``listed`` are the members as the answer shows them.
    """
    finding = composite_evaluation.evaluate_composite(made, members, terms, facts.span[1], facts.as_of)
    return ExplainedWindow(
        terms,
        verdict_of(terms, finding, facts),
        finding.figure,
        "members",
        None,
        None,
        {"rule": made.rule, "of": made.of, "members": len(members)},
        certain_since(finding, facts.as_of),
        extra={"members": list(listed)},
        arithmetic=[_arithmetic(made, members)],
        missed=finding.missed,
    )


def _member_window(
    terms: ServiceLevelTarget, lines: Sequence[TermsHistory], window_id: str, facts: KnownFacts
) -> tuple[ServiceLevelTarget, Interval] | None:
    """A member's window with the same id, or its rolling window that ends with the same minute; None if it has none."""
    if terms.window_kind != "rolling":
        found = records.calendar_window(lines, window_id)
        return None if found is None else (found[0], (found[1].start, found[1].end))
    minute = facts.span[1] - MINUTE
    for line in lines:
        theirs = line.at(minute)
        if theirs is not None and theirs.window == terms.window:
            return theirs, records.rolling_span(line, theirs, minute)
    return None


def member_outcome(member: Member, seen: ExplainedWindow | None, as_of: int) -> composite_evaluation.MemberOutcome:
    """The outcome of a member's explained window, as the evaluation of its composite reads it; None: no window."""
    if seen is None:
        return composite_evaluation.MemberOutcome(None, None, None, is_final=True, weight=member.weight)
    verdict = {"met": True, "at_risk": True, "breached": False}.get(seen.verdict)
    breached_at = seen.breached_at if seen.breached_at is not None and seen.breached_at <= as_of else None
    return composite_evaluation.MemberOutcome(seen.figure, verdict, breached_at, is_final=True, weight=member.weight)


def _arithmetic(made: CompositeTerms, members: Sequence[composite_evaluation.MemberOutcome]) -> str:
    if made.of != FIGURES:
        held = sum(each.verdict is True for each in members)
        return f"{held} of {len(members)} members are met, {made.needed} are needed"
    parts = [(each.weight, each.figure) for each in members if each.figure is not None]
    if made.rule == "weighted_mean":
        return (
            f"figure = ({' + '.join(f'{weight} × {value}' for weight, value in parts)})"
            f" ÷ {sum((weight for weight, _ in parts), Fraction(0))}"
        )
    return "figure = 1 − " + " − ".join(f"{weight} × (1 − {value})" for weight, value in parts)


# -- of tickets -----------------------------------------------------------------------------------------------------


async def _of_tickets(
    record: History, terms: ServiceLevelTarget, facts: KnownFacts, known_at: int | None
) -> ExplainedWindow:
    """Compliance = tickets met ÷ tickets evaluated. A ticket counts in the window in which its clock ended."""
    assert terms.promise is not None
    agreement = await record.agreement(terms.agreement_id)
    key, lines = compliance.target_key(terms.parameters), lines_of(agreement.versions, agreement.ended_at)
    clocks = sorted({line.target_id for line in lines if line.latest.key == key})
    tickets = await closed_tickets.ended_tickets(record, terms, clocks, facts.span, facts.as_of, known_at)
    inconsistent = await record.tickets_inconsistent(clocks, facts.span)
    met, judged = sum(ticket.is_met for ticket in tickets), len(tickets)
    first_bad = (
        compliance.first_missed((each.ticket, each.ended_at, each.is_met) for each in tickets)
        if accumulators.has_no_budget(terms)
        else None
    )
    finding = series_evaluation.evaluate_share(met, judged, terms, facts.span[1], facts.as_of, first_bad=first_bad)
    allowed, spent = terms.promise.allowed, terms.promise.bad(met, judged)
    budget = allowed * judged if allowed else None
    listed: list[dict[str, Any]] = [
        {"ticket": ticket.ticket, "ended_at": to_text(ticket.ended_at), "met": ticket.is_met} for ticket in tickets
    ]
    return ExplainedWindow(
        terms,
        verdict_of(terms, finding, facts),
        finding.figure,
        "tickets",
        budget,
        Fraction(spent),
        {"judged": judged, "met": met, "missed": judged - met, "inconsistent": inconsistent},
        certain_since(finding, facts.as_of),
        burn_rate.burn_rate_of(spent, judged, 1 - allowed),
        extra={"tickets": listed},
        arithmetic=[f"figure = met ÷ judged = {met} ÷ {judged}" if judged else "figure: no ticket was judged"],
        missed=finding.missed,
    )
