"""Warnings for time budgets, by level and kind, and evaluation that continues from a saved point."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.states.timeline import build_state_timeline
from slm_monitor.domain.windows import availability_evaluation
from tests.support.monitor import DAY, HOUR, MINUTE, at, available, line_of, outage, state

START, END = at("2026-11-01T00:00"), at("2026-12-01T00:00")


def judged(*facts: Fact, as_of: str, **terms: Any) -> WindowEvaluation:
    target = line_of(available(**terms)).latest
    return availability_evaluation.evaluate_availability(
        build_state_timeline(facts, "up"), target, START, END, at(as_of)
    )


def warned(found: WindowEvaluation) -> dict[str, int]:
    """The warnings that would begin; of those that only go on where they stand none is among them."""
    return {f"{risk.cause} {risk.threshold}": risk.at for risk in found.risks if not risk.keeps}


# -- degraded by weight -----------------------------------------------------------------------------------------


def test_degraded_time_counts_by_its_weight_exactly() -> None:
    facts = [state("2026-11-02T00:00", "degraded"), state("2026-11-05T00:00", "up")]
    found = judged(*facts, as_of="2026-12-01T00:00", at_least="90", degraded={"weight": "1/3"})
    assert found.figure == 1 - Fraction(2, 3) * Fraction(3, 30)
    assert judged(*facts, as_of="2026-12-01T00:00", at_least="90", degraded="down").figure == Fraction(27, 30)
    assert judged(*facts, as_of="2026-12-01T00:00", at_least="90", degraded="removed").figure == 1


def test_half_weight_spends_the_budget_half_as_fast() -> None:
    fact = state("2026-11-05T10:00", "degraded")
    found = judged(fact, as_of="2026-11-05T10:00", degraded={"weight": "0.5"})
    assert found.breached_at == at("2026-11-05T11:26:24")


# -- the second level -------------------------------------------------------------------------------------------


def test_unacceptable_service_is_missed_at_an_instant_of_its_own() -> None:
    found = judged(state("2026-11-05T10:00", "down"), as_of="2026-11-05T10:00", unacceptable={"at_least": "99"})
    assert {each.level: each.at for each in found.missed} == {
        "objective": at("2026-11-05T10:43:12"),
        "unacceptable": at("2026-11-05T17:12:00"),
    }
    figures = {each.level: each.figure for each in found.missed}
    assert figures["unacceptable"] == 1 - Fraction(432 * MINUTE, 4 * DAY + 17 * HOUR + 12 * MINUTE)


# -- warnings ---------------------------------------------------------------------------------------------------


def test_a_projection_warns_while_the_figure_to_date_is_below_the_objective() -> None:
    down = outage("2026-11-02T00:00", "2026-11-02T00:30")
    # 30 minutes are 0.1 % of 500 hours: from then on the month's pace is good enough again.
    found = judged(down, as_of="2026-11-02T00:30", warn_at={"projected": True})
    assert warned(found) == {"projection objective": at("2026-11-02T00:30")}
    assert found.again == START + 500 * HOUR
    assert warned(judged(down, as_of="2026-11-21T20:00", warn_at={"projected": True})) == {}


def test_a_projection_that_downtime_will_bring_is_known_ahead() -> None:
    # 240 hours of the month have gone: 14.4 minutes of downtime are too many for that pace, a little later.
    found = judged(state("2026-11-11T00:00", "down"), as_of="2026-11-11T00:00", warn_at={"projected": True})
    instant = warned(found)["projection objective"]
    spent = instant - at("2026-11-11T00:00")
    assert Fraction(spent, 240 * HOUR + spent) > Fraction(1, 1000) >= Fraction(spent - 1, 240 * HOUR + spent - 1)


def test_a_budget_about_to_end_warns_at_the_first_possible_instant() -> None:
    found = judged(
        state("2026-11-05T10:00", "down"), as_of="2026-11-05T10:00", warn_at={"time_to_exhaustion": ["PT30M"]}
    )
    assert warned(found) == {"time_to_exhaustion PT30M": at("2026-11-05T10:13:12") + 1}


def test_a_drop_of_the_budget_is_measured_over_its_own_time() -> None:
    facts = [outage("2026-11-03T00:00", "2026-11-03T00:20"), outage("2026-11-05T10:00", "2026-11-05T10:10")]
    drops = {"budget_drop": [{"by": "20", "within": "PT1H"}]}
    # 10 of 43.2 minutes are 23 %; the 20 of two days before are out of it.
    assert list(warned(judged(*facts, as_of="2026-11-05T10:10", warn_at=drops))) == ["budget_drop 20/PT1H"]
    assert warned(judged(*facts, as_of="2026-11-05T11:02", warn_at=drops)) == {}


def test_the_state_tells_how_fast_the_budget_burns_and_where_that_ends() -> None:
    found = judged(outage("2026-11-02T00:00", "2026-11-02T00:21:36"), as_of="2026-11-04T00:00")
    assert found.detail["consumed_percent"] == "50/1"
    assert found.detail["burn_rate"] == "5/1"
    assert found.detail["projected_at"] == "2026-11-07T00:00:00.000000Z"


# -- measuring on -----------------------------------------------------------------------------------------------


def test_measuring_on_from_the_last_change_gives_what_measuring_anew_gives() -> None:
    seeded = random.Random(11)
    terms = line_of(
        available(
            "97",
            degraded={"weight": "1/7"},
            unacceptable={"at_least": "95"},
            planned_downtime="removed",
            service_hours="business",
            warn_at={"budget_consumed": ["50", "90"], "projected": True},
        )
    ).latest
    excluded = [(at("2026-11-10T09:00"), at("2026-11-10T12:00"))]
    for lag in [0, HOUR, 3 * DAY, 60 * DAY] * 5:
        facts: list[Fact] = []
        passed = availability_evaluation.begin_availability_progress(terms, (START, END), excluded)
        now = START
        while now < END:
            now += seeded.randrange(1, 2 * DAY)
            if seeded.random() < 0.7:
                kind = seeded.choice(["up", "down", "degraded", "unknown"])
                facts.append(Fact("s", f"{len(facts)}", now, {"state": kind}))
            timeline = build_state_timeline(facts, "up")
            # What is known for certain lags behind the facts, as it does in the judge.
            as_of = max(START, now - lag)
            assert passed.holds(terms, (START, END), excluded, now)
            found, passed = availability_evaluation.continue_availability_progress(timeline, passed, as_of, (), now)
            assert found == availability_evaluation.evaluate_availability(
                timeline, terms, START, END, as_of, (), excluded
            )


def test_a_fact_of_the_past_makes_it_begin_anew() -> None:
    terms = line_of(available()).latest
    excluded: list[tuple[int, int]] = []
    passed = availability_evaluation.begin_availability_progress(terms, (START, END), excluded)
    timeline = build_state_timeline([state("2026-11-05T00:00", "down")], "up")
    _, passed = availability_evaluation.continue_availability_progress(timeline, passed, at("2026-11-06T00:00"))
    assert passed.upto == at("2026-11-05T00:00")
    assert passed.holds(terms, (START, END), excluded, at("2026-11-05T00:00"))
    assert not passed.holds(terms, (START, END), excluded, at("2026-11-04T00:00"))
    assert not passed.holds(terms, (START, END), [(0, 1)], None)
