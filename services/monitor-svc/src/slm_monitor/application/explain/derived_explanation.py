"""Explanation of a derived target's window: from the states, figures or verdicts of its members, or from the clocks of
tickets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.aggregations import TICKETS
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.explain import explanation_dispatch
from slm_monitor.application.history import closed_tickets
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import NOTHING, FactHistoryStore, TargetIdentity
from slm_monitor.domain.explanations.window_result import (
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
    settle_by_coverage,
)
from slm_monitor.domain.facts.facts import MINUTE, Fact
from slm_monitor.domain.lifecycle import coverage
from slm_monitor.domain.series import accumulators
from slm_monitor.domain.states.joint_states import JointMemberStates
from slm_monitor.domain.states.timeline import StateTimeline, build_state_timeline
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.composite_terms import (
    FIGURES,
    STATES,
    CompositeMember,
    CompositeTerms,
    parse_composite_terms,
)
from slm_monitor.domain.terms.terms import FigureTarget, parse_targets
from slm_monitor.domain.terms.terms_history import TargetTermsHistory, build_terms_histories, list_figure_histories
from slm_monitor.domain.windows import compliance, composite_evaluation, series_evaluation

Outcome = tuple[KnownWindowFacts, ExplainedWindow]
Judge = Callable[[FigureTarget, Interval], Awaitable[Outcome]]


async def explain_derived_window(
    record: FactHistoryStore,
    terms: FigureTarget,
    window_id: str,
    span: Interval,
    as_of: UtcMicroseconds,
    known_at: UtcMicroseconds | None,
    judge: Judge,
) -> Outcome:
    """Evaluate a derived target's window from its members or from ticket clocks; return its facts and its outcome.

    ``judge``: function that evaluates the window of a member. ``known_at``: the record as it was at that instant; None:
    as it is now.
    """
    excluded, named = await records.read_excluded_time(record, terms, span, known_at)
    facts = KnownWindowFacts(span, as_of, NOTHING, (), excluded, "unknown", is_distinct=True, exclusions=named)
    if terms.kind.source == TICKETS:
        return facts, await _of_tickets(record, terms, facts, known_at)
    made = await _composition(record, terms)
    if made.of == STATES:
        return await _of_states(record, terms, made, facts, known_at)
    return facts, await _of_windows(record, terms, made, window_id, facts, judge)


async def _composition(record: FactHistoryStore, terms: FigureTarget) -> CompositeTerms:
    agreement = await record.agreement(terms.agreement_id)
    version = next(each for each in agreement.versions if each["version"] == terms.version)
    return parse_composite_terms(terms, parse_targets(version))


# -- of states ------------------------------------------------------------------------------------------------------


async def _of_states(
    record: FactHistoryStore,
    terms: FigureTarget,
    made: CompositeTerms,
    facts: KnownWindowFacts,
    known_at: UtcMicroseconds | None,
) -> Outcome:
    timelines: list[StateTimeline] = []
    single: list[Fact] = []
    for member in made.indicators:
        await records.check_facts_are_stored(record, member.subject, facts.span)
        indicator, key = await record.indicator(member.subject), member.subject.split("/", 1)[1]
        theirs = await record.single(member.subject, None, known_at)
        initial, stale = (indicator.initial_state, indicator.stale_after) if indicator else ("unknown", None)
        timelines.append(build_state_timeline(theirs, initial, stale))
        single += [replace(fact, key=f"{key}\x1f{fact.key}") for fact in theirs]
    whole = replace(facts, single=single)
    return whole, await asyncio.to_thread(
        explanation_dispatch.explain_window_figure, terms, whole, JointMemberStates(timelines, made.needed)
    )


# -- of figures and verdicts ------------------------------------------------------------------------------------------


async def _of_windows(
    record: FactHistoryStore,
    terms: FigureTarget,
    made: CompositeTerms,
    window_id: str,
    facts: KnownWindowFacts,
    judge: Judge,
) -> ExplainedWindow:
    agreement = await record.agreement(terms.agreement_id)
    keys = {line.target_id: line.latest.key for line in build_terms_histories(agreement.versions, agreement.ended_at)}
    members, listed = [], []
    for member in made.targets:
        lines = records.select_terms_histories(agreement, TargetIdentity(terms.agreement_id, member.target_id))
        found = _member_window(terms, lines, window_id, facts)
        seen = None if found is None else (await judge(*found))[1]
        members.append(convert_to_member_outcome(member, seen, facts.as_of))
        listed.append(
            {
                "target_id": member.target_id,
                "target_key": keys.get(member.target_id),
                "weight": str(member.weight),
                "figure": None if seen is None else figures.format_exact_fraction(seen.target.shown(seen.figure)),
                "verdict": None if seen is None else seen.verdict,
            }
        )
    return explain_composite_window(terms, made, members, listed, facts)


def explain_composite_window(
    terms: FigureTarget,
    made: CompositeTerms,
    members: Sequence[composite_evaluation.CompositeMemberOutcome],
    listed: Sequence[Mapping[str, Any]],
    facts: KnownWindowFacts,
) -> ExplainedWindow:
    """Evaluate a composite's window from the figures or the verdicts of its members.

    ``members``: the members' outcomes. ``listed``: the members as the explanation shows them. The bounds of the window
    are ``facts.span``.
    """
    finding = composite_evaluation.evaluate_composite(made, members, terms, facts.span[1], facts.as_of)
    return ExplainedWindow(
        terms,
        determine_verdict_at(terms, finding, facts),
        finding.figure,
        "members",
        None,
        None,
        {"rule": made.rule, "of": made.of, "members": len(members)},
        find_instant_of_certain_miss(finding, facts.as_of),
        extra={"members": list(listed)},
        arithmetic=[_arithmetic(made, members)],
        missed=finding.missed,
    )


def _member_window(
    terms: FigureTarget, histories: Sequence[TargetTermsHistory], window_id: str, facts: KnownWindowFacts
) -> tuple[FigureTarget, Interval] | None:
    """Return a member's terms and interval that belong to a window of its composite; None if the member has no such
    window.

    For a calendar window, this is the member's window with the same id; for a rolling window, the member's window that
    ends with the same minute.
    """
    lines = list_figure_histories(histories)
    if terms.window_kind != "rolling":
        found = records.find_calendar_window(lines, window_id)
        return None if found is None else (found[0], (found[1].start, found[1].end))
    minute = facts.span[1] - MINUTE
    for line in lines:
        theirs = line.at(minute)
        if theirs is not None and theirs.window == terms.window:
            return theirs, records.compute_rolling_span(line, theirs, minute)
    return None


def convert_to_member_outcome(
    member: CompositeMember, seen: ExplainedWindow | None, as_of: UtcMicroseconds
) -> composite_evaluation.CompositeMemberOutcome:
    """Convert a member's explained window to the form in which its composite is evaluated. ``seen``: None if the member
    has no window.
    """
    if seen is None:
        return composite_evaluation.CompositeMemberOutcome(None, None, None, is_final=True, weight=member.weight)
    verdict = {"met": True, "at_risk": True, "breached": False}.get(seen.verdict)
    breached_at = seen.breached_at if seen.breached_at is not None and seen.breached_at <= as_of else None
    return composite_evaluation.CompositeMemberOutcome(
        seen.figure, verdict, breached_at, is_final=True, weight=member.weight
    )


def _arithmetic(made: CompositeTerms, members: Sequence[composite_evaluation.CompositeMemberOutcome]) -> str:
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
    record: FactHistoryStore, terms: FigureTarget, facts: KnownWindowFacts, known_at: UtcMicroseconds | None
) -> ExplainedWindow:
    """Evaluate compliance: tickets met ÷ tickets evaluated. A ticket counts in the window in which its clock ended."""
    agreement = await record.agreement(terms.agreement_id)
    key, lines = (
        compliance.read_compliance_target_key(terms.parameters),
        build_terms_histories(agreement.versions, agreement.ended_at),
    )
    clocks = sorted({line.target_id for line in lines if line.latest.key == key})
    tickets = await closed_tickets.find_tickets_ended_in_span(record, terms, clocks, facts.span, facts.as_of, known_at)
    inconsistent, unjudgeable = await record.tickets_left_out(clocks, facts.span)
    met, judged = sum(ticket.is_met for ticket in tickets), len(tickets)
    first_bad = (
        compliance.find_first_missed_ticket((each.ticket, each.ended_at, each.is_met) for each in tickets)
        if accumulators.has_no_error_budget(terms)
        else None
    )
    finding = series_evaluation.evaluate_good_share(met, judged, terms, facts.span[1], facts.as_of, first_bad=first_bad)
    finding = compliance.add_ticket_coverage(finding, terms, judged, inconsistent, unjudgeable)
    finding = settle_by_coverage(terms, finding, facts)
    allowed, spent = terms.promise.allowed, terms.promise.bad(met, judged)
    budget = allowed * judged if allowed else None
    listed: list[dict[str, Any]] = [
        {"ticket": ticket.ticket, "ended_at": to_text(ticket.ended_at), "met": ticket.is_met} for ticket in tickets
    ]
    return ExplainedWindow(
        terms,
        determine_verdict_at(terms, finding, facts),
        finding.figure,
        "tickets",
        budget,
        Fraction(spent),
        {
            "judged": judged,
            "met": met,
            "missed": judged - met,
            "inconsistent": inconsistent,
            **coverage.select_coverage_fields(finding.detail),
        },
        find_instant_of_certain_miss(finding, facts.as_of),
        burn_rate.compute_burn_rate(spent, judged, 1 - allowed),
        extra={"tickets": listed},
        arithmetic=[f"figure = met ÷ judged = {met} ÷ {judged}" if judged else "figure: no ticket was judged"],
        missed=finding.missed,
    )
