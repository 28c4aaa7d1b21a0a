"""Exclusions: their effect under notice and cap, the targets that they concern, and their effect on figures."""

from __future__ import annotations

import random
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import pytest

from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions import exclusion_workflow, maintenance_rules
from slm_monitor.domain.exclusions.exclusion_workflow import (
    ActingParty,
    ExclusionDecisionNotAllowed,
    ExclusionRecord,
    InvalidExclusionTransition,
)
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, ExclusionScope
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.states.timeline import build_state_timeline
from slm_monitor.domain.windows import availability_evaluation
from tests.support.monitor import AGREEMENT, CUSTOMER, HOUR, PROVIDER, at, available, fast, finalized, line_of, outage

START, END = at("2026-11-01T00:00"), at("2026-12-01T00:00")
NIGHT = (at("2026-11-10T22:00"), at("2026-11-11T02:00"))


def agreed(**planned: Any) -> dict[str, Any]:
    return asdict(finalized(available(), fast(), planned_maintenance=planned))


def exclusion(
    *intervals: tuple[int, int],
    name: str = "a",
    kind: str = "planned",
    announced: str = "2026-11-01T00:00",
    decided: str = "2026-11-02T00:00",
    **scope: set[str],
) -> ApprovedExclusion:
    named = ExclusionScope(**{field: frozenset(names) for field, names in scope.items()})
    return ApprovedExclusion(name, AGREEMENT, kind, intervals or (NIGHT,), named, at(announced), at(decided))


def excluded(*approved: ApprovedExclusion, **planned: Any) -> ExclusionIndex:
    return ExclusionIndex([AgreementTerms(AGREEMENT, [agreed(**planned)], None)], approved)


def judged(down: tuple[str, str], *intervals: tuple[int, int], **terms: Any) -> WindowEvaluation:
    target = line_of(available(**terms)).latest
    timeline = build_state_timeline([outage(*down)], "up")
    return availability_evaluation.evaluate_availability(timeline, target, START, END, END, (), intervals)


def test_excluded_downtime_leaves_the_figure_and_stays_in_the_raw_one() -> None:
    found = judged(("2026-11-10T22:00", "2026-11-11T02:00"), NIGHT)
    assert (found.figure, found.total) == (Fraction(1), END - START - 4 * HOUR)
    assert found.detail["raw_figure"] == f"{Fraction(716, 720) * 100}"
    assert found.detail["excluded"] == 4 * HOUR


def test_excused_time_counts_as_up_whatever_the_state() -> None:
    found = judged(("2026-11-10T21:00", "2026-11-11T02:00"), NIGHT, planned_downtime="excused")
    assert (found.total, found.total - found.good) == (END - START, HOUR)


def test_overlapping_exclusions_count_once() -> None:
    later = (NIGHT[0] + HOUR, NIGHT[1] + HOUR)
    found = judged(("2026-11-10T22:00", "2026-11-11T04:00"), NIGHT, later, NIGHT)
    assert found.detail["excluded"] == 5 * HOUR
    assert found.total - found.good == HOUR


def test_the_budget_shrinks_by_what_is_excluded_anywhere_in_the_window() -> None:
    alone = judged(("2026-11-05T10:00", "2026-11-05T10:43:12"))
    assert alone.met and alone.breached_at is None
    # 0.1 % of 716 hours: an exclusion still to come takes its share of the budget now.
    assert judged(("2026-11-05T10:00", "2026-11-05T10:43:12"), NIGHT).breached_at == at("2026-11-05T10:42:57.6")


def test_planned_time_announced_too_late_does_not_count_and_says_why() -> None:
    late = exclusion(announced="2026-11-08T22:00")
    counted = maintenance_rules.compute_effective_exclusions([late], [agreed(notice="P3D")])["a"]
    assert counted.intervals == ()
    assert [(each.cause, each.detail) for each in counted.uncounted] == [
        ("announced_late", "announced P2D ahead, the agreement wants P3D")
    ]
    assert maintenance_rules.compute_effective_exclusions([late], [agreed(notice="P2D")])["a"].uncounted == ()


def test_notice_and_cap_are_for_planned_time_only() -> None:
    storm = exclusion(kind="force_majeure", announced="2026-11-11T12:00")
    counted = maintenance_rules.compute_effective_exclusions(
        [storm], [agreed(notice="P3D", cap={"hours": "1", "per": "month"})]
    )["a"]
    assert (counted.intervals, counted.uncounted) == ((NIGHT,), ())


def test_exclusions_beyond_a_months_cap_do_not_count_the_next_month_restarts() -> None:
    nights = [(at(f"2026-{day}T00:00"), at(f"2026-{day}T03:00")) for day in ("11-10", "11-17", "12-01")]
    counted = maintenance_rules.compute_effective_exclusions(
        [exclusion(*nights)], [agreed(cap={"hours": "4", "per": "month"})]
    )["a"]
    assert counted.intervals == (nights[0], (nights[1][0], nights[1][0] + HOUR), nights[2])
    assert [(each.cause, each.interval) for each in counted.uncounted] == [
        ("past_cap", (nights[1][0] + HOUR, nights[1][1]))
    ]


def test_of_two_that_compete_for_a_cap_the_first_approved_counts() -> None:
    first = exclusion((at("2026-11-20T00:00"), at("2026-11-20T04:00")), name="b", decided="2026-11-03T00:00")
    second = exclusion(NIGHT, name="a", decided="2026-11-04T00:00")
    counted = maintenance_rules.compute_effective_exclusions(
        [second, first], [agreed(cap={"hours": "4", "per": "month"})]
    )
    assert (counted["a"].intervals, counted["b"].intervals) == ((), first.intervals)


def test_time_that_is_excluded_already_uses_no_cap_again() -> None:
    again = exclusion(NIGHT, name="b", decided="2026-11-04T00:00")
    counted = maintenance_rules.compute_effective_exclusions(
        [exclusion(), again], [agreed(cap={"hours": "4", "per": "month"})]
    )
    assert counted["b"].intervals == (NIGHT,)


def test_a_stretch_is_measured_by_the_version_in_force_at_its_start() -> None:
    strict = asdict(
        finalized(available(), version=2, effective_at="2026-12-01T00:00:00Z", planned_maintenance={"notice": "P90D"})
    )
    nights = (NIGHT, (at("2026-12-10T22:00"), at("2026-12-11T02:00")))
    counted = maintenance_rules.compute_effective_exclusions([exclusion(*nights)], [agreed(), strict])["a"]
    assert counted.intervals == (NIGHT,)


@pytest.mark.parametrize(
    ("scope", "concerned"),
    [
        ({}, True),
        ({"services": {"service"}}, True),
        ({"services": {"another"}}, False),
        ({"indicators": {f"{PROVIDER}/payments.checkout"}}, True),
        ({"indicators": {f"{PROVIDER}/payments.checkout-latency"}}, False),
        ({"targets": {available()["target_id"]}}, True),
        ({"targets": {"another"}, "services": {"service"}}, True),
    ],
)
def test_an_exclusion_concerns_what_it_names_or_all_of_its_agreement(scope: Any, concerned: bool) -> None:
    target = line_of(available()).latest
    assert excluded(exclusion(**scope)).intervals_of(target) == ([NIGHT] if concerned else [])


def test_what_changed_is_told_from_the_first_instant_that_differs() -> None:
    held = excluded(exclusion())
    line = line_of(available())
    assert held.update(AGREEMENT, [agreed()], [exclusion()]).since(line) is None
    later = (NIGHT[1], NIGHT[1] + HOUR)
    assert held.update(AGREEMENT, [agreed()], [exclusion(NIGHT, later)]).since(line) == NIGHT[1]
    assert held.update(AGREEMENT, [agreed()], []).since(line) == NIGHT[0]
    assert held.intervals_of(line.latest) == []


def test_uncounted_time_is_reported_when_it_arises_and_when_it_ends() -> None:
    held, line, late = excluded(notice="P5D"), line_of(available()), exclusion(announced="2026-11-08T00:00")
    terms = [agreed(notice="P5D")]
    assert held.update(AGREEMENT, terms, [late]).since(line) == NIGHT[0]
    assert held.intervals_of(line.latest) == []
    assert held.update(AGREEMENT, terms, [late]).since(line) is None
    assert held.update(AGREEMENT, terms, []).since(line) == NIGHT[0]


def test_whole_minutes_are_out_where_their_start_is() -> None:
    half = 30 * 1_000_000
    held = excluded(exclusion((START + half, START + 3 * 2 * half)))
    first = START // 60_000_000
    assert held.minutes_of(line_of(fast()).latest) == [(first + 1, first + 3)]


def test_the_order_in_which_exclusions_are_heard_never_matters() -> None:
    rng = random.Random(7)
    days = [at(f"2026-11-{day:02d}T00:00") for day in range(3, 25)]
    approved = [
        exclusion(
            (start, start + rng.randrange(1, 9) * HOUR),
            name=f"e{number}",
            decided=f"2026-11-02T0{rng.randrange(10)}:00",
        )
        for number, start in enumerate(rng.choices(days, k=20))
    ]
    terms = agreed(cap={"hours": "40", "per": "month"})
    expected = maintenance_rules.compute_effective_exclusions(approved, [terms])
    for _ in range(20):
        rng.shuffle(approved)
        assert maintenance_rules.compute_effective_exclusions(approved, [terms]) == expected


def requested(by: str = PROVIDER) -> ExclusionRecord:
    return ExclusionRecord(
        exclusion_id="e",
        agreement_id=AGREEMENT,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        kind="planned",
        scope=ExclusionScope(),
        intervals=(NIGHT,),
        recurrence=None,
        text="upgrade",
        evidence=(),
        requested_by=ActingParty(by, "p"),
        requested_at=START,
        announced_at=START,
    )


def test_only_the_other_party_decides() -> None:
    with pytest.raises(ExclusionDecisionNotAllowed):
        exclusion_workflow.apply_exclusion_decision(requested(), "approved", ActingParty(PROVIDER, "p"), "", START)
    assert (
        exclusion_workflow.apply_exclusion_decision(
            requested(), "approved", ActingParty(CUSTOMER, "c"), "", START
        ).state
        == "approved"
    )
    assert (
        exclusion_workflow.apply_exclusion_decision(
            requested(CUSTOMER), "rejected", ActingParty(PROVIDER, "p"), "", START
        ).state
        == "rejected"
    )


def test_a_decision_is_final_and_only_an_approved_exclusion_is_revoked() -> None:
    approved = exclusion_workflow.apply_exclusion_decision(
        requested(), "approved", ActingParty(CUSTOMER, "c"), "", START
    )
    with pytest.raises(InvalidExclusionTransition, match="it is approved"):
        exclusion_workflow.apply_exclusion_decision(approved, "rejected", ActingParty(CUSTOMER, "c"), "", START)
    with pytest.raises(InvalidExclusionTransition, match="it is requested"):
        exclusion_workflow.apply_exclusion_revocation(requested(), ActingParty(CUSTOMER, "c"), "why", START)
    assert (
        exclusion_workflow.apply_exclusion_revocation(approved, ActingParty(PROVIDER, "p"), "why", START).approved()
        is None
    )
