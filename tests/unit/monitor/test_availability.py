"""Availability: counted time, the instant at which the budget is spent, and independence of the order of facts."""

from __future__ import annotations

import random
from fractions import Fraction

from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.states.timeline import build_state_timeline
from slm_monitor.domain.windows import availability_evaluation
from tests.support.monitor import DAY, HOUR, MINUTE, at, available, line_of, outage, state

START, END = at("2026-11-01T00:00"), at("2026-12-01T00:00")


def judged(*facts: Fact, as_of: str = "2026-12-01T00:00", initial: str = "up", **terms: object) -> WindowEvaluation:
    target = line_of(available(**terms)).latest  # type: ignore[arg-type]
    return availability_evaluation.evaluate_availability(
        build_state_timeline(facts, initial), target, START, END, at(as_of)
    )


def test_a_month_without_downtime_is_met_in_full() -> None:
    found = judged()
    assert (found.figure, found.met, found.breached_at) == (Fraction(1), True, None)


def test_overlapping_outages_count_once() -> None:
    found = judged(
        outage("2026-11-02T10:00", "2026-11-02T11:00"), outage("2026-11-02T10:30", "2026-11-02T12:00"), at_least="90"
    )
    assert found.total - found.good == 2 * HOUR


def test_the_breach_is_certain_at_the_instant_the_budget_is_spent() -> None:
    # 0.1 % of 30 days is 43.2 minutes.
    found = judged(state("2026-11-05T10:00", "down"), as_of="2026-11-05T10:10")
    assert found.breached_at == at("2026-11-05T10:43:12")


def test_downtime_that_spends_the_budget_exactly_and_ends_is_no_breach() -> None:
    found = judged(state("2026-11-05T10:00", "down"), state("2026-11-05T10:43:12", "up"))
    assert found.met and found.breached_at is None
    one_microsecond_more = judged(outage("2026-11-05T10:00", "2026-11-05T10:43:12.000001"))
    assert not one_microsecond_more.met
    assert one_microsecond_more.breached_at == at("2026-11-05T10:43:12")


def test_a_budget_spent_exactly_is_exceeded_by_the_next_second_of_downtime() -> None:
    found = judged(outage("2026-11-05T10:00", "2026-11-05T10:43:12"), outage("2026-11-20T00:00", "2026-11-20T00:01"))
    assert found.breached_at == at("2026-11-20T00:00")


def test_a_promise_of_everything_breaks_with_the_first_downtime() -> None:
    assert judged(outage("2026-11-05T10:00", "2026-11-05T10:01"), at_least="100").breached_at == at("2026-11-05T10:00")


def test_unknown_time_leaves_both_sides_and_shrinks_the_budget() -> None:
    found = judged(state("2026-11-16T00:00", "up"), initial="unknown", at_least="99")
    assert found.total == 15 * DAY
    assert found.detail["budget"] == f"{15 * DAY // 100}/1"


def test_unknown_time_after_downtime_can_itself_spend_the_budget() -> None:
    found = judged(
        state("2026-11-01T00:00", "up"),
        outage("2026-11-02T00:00", "2026-11-02T07:00"),
        state("2026-11-03T00:00", "unknown"),
        at_least="99",
    )
    # 7 h down = 1 % of 700 h: broken once fewer than 700 h can be known, 20 h into the unknown.
    assert found.breached_at == at("2026-11-03T20:00")


def test_downtime_outside_service_hours_costs_nothing() -> None:
    found = judged(outage("2026-11-07T00:00", "2026-11-08T23:00"), service_hours="business")
    assert found.figure == 1
    friday_evening = judged(outage("2026-11-06T17:30", "2026-11-09T08:30"), service_hours="business", at_least="90")
    assert friday_evening.total - friday_evening.good == HOUR


def test_degraded_counts_as_the_terms_say() -> None:
    facts = (state("2026-11-02T00:00", "degraded"), state("2026-11-02T10:00", "up"))
    assert judged(*facts, degraded="up", at_least="90").figure == 1
    assert judged(*facts, degraded="down", at_least="90").total - judged(*facts, degraded="down").good == 10 * HOUR
    assert judged(*facts, degraded="removed", at_least="90").total == 30 * DAY - 10 * HOUR


def test_what_the_first_change_says_was_before_it_opens_the_window() -> None:
    assert judged(state("2026-11-02T00:00", "up", previous="down"), at_least="90").total - DAY == 29 * DAY
    assert judged(state("2026-11-02T00:00", "up", previous="down"), initial="up").good == 29 * DAY
    assert judged(state("2026-11-02T00:00", "up", previous="none"), initial="up").total == 29 * DAY


def test_warnings_stand_where_their_share_of_the_budget_is_spent() -> None:
    found = judged(state("2026-11-05T10:00", "down"), warn_at={"budget_consumed": ["50", "75"]})
    assert [(risk.threshold, risk.at) for risk in found.risks] == [
        ("50", at("2026-11-05T10:00") + 43_200_000_000 * 36 // 1000 * 50 // 60),
        ("75", at("2026-11-05T10:32:24")),
    ]


def test_a_window_without_service_time_has_no_value() -> None:
    line = line_of(available(service_hours="business"))
    saturday, sunday = at("2026-11-07T00:00"), at("2026-11-08T00:00")
    found = availability_evaluation.evaluate_availability(
        build_state_timeline([], "up"), line.latest, saturday, sunday, sunday
    )
    assert (found.figure, found.scheduled) == (None, False)


def test_two_halves_add_up_to_the_whole() -> None:
    facts = [outage("2026-11-02T10:00", "2026-11-02T11:00"), outage("2026-11-14T23:30", "2026-11-15T01:00")]
    line = line_of(available("90"))
    middle = at("2026-11-15T00:00")
    timeline = build_state_timeline(facts, "up")
    whole = availability_evaluation.evaluate_availability(timeline, line.latest, START, END, END)
    halves = [
        availability_evaluation.evaluate_availability(timeline, line.latest, start, end, END)
        for start, end in ((START, middle), (middle, END))
    ]
    assert sum(half.good for half in halves) == whole.good
    assert sum(half.total for half in halves) == whole.total


def test_the_order_of_arrival_plays_no_part() -> None:
    seeded = random.Random(7)
    facts: list[Fact] = []
    for number in range(40):
        minute = START + seeded.randrange(29 * 24 * 60) * MINUTE
        kind = seeded.choice(["up", "down", "unknown", "degraded"])
        facts.append(Fact("s", f"{number}", minute, {"state": kind}))
    line = line_of(available("80", degraded="down"))
    first = availability_evaluation.evaluate_availability(
        build_state_timeline(facts, "up"), line.latest, START, END, END
    )
    for _ in range(5):
        seeded.shuffle(facts)
        assert (
            availability_evaluation.evaluate_availability(
                build_state_timeline(facts, "up"), line.latest, START, END, END
            )
            == first
        )
