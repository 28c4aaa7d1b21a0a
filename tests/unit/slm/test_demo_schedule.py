"""The demonstration's facts follow from the clock's beginning alone, and are made for a risk before a breach."""

from __future__ import annotations

from fractions import Fraction

from slm.demo import schedule, terms
from slm.demo.schedule import EFFECTIVE, FACTS_WAIT_FROM, FIRST_REPORTED, LAST, MINUTE, FactSchedule
from slm_events.instants import from_text

MONDAY = from_text("2026-11-02T10:00:00Z")


def instants_of(plan: FactSchedule, minute: int) -> list[int]:
    facts = plan.facts(minute)
    items = [*facts.measurements, *facts.ticket_events]
    return [from_text(item["at"] if "at" in item else item["outage"]["to"]) for item in items]


def test_facts_follow_from_the_beginning_alone() -> None:
    assert all(
        FactSchedule.beginning(MONDAY).facts(minute) == FactSchedule.beginning(MONDAY - MINUTE + 1).facts(minute)
        for minute in range(EFFECTIVE, 300)
    )


def test_nothing_is_told_before_it_happened_nor_before_the_agreement() -> None:
    plan = FactSchedule.beginning(MONDAY)
    for minute in range(EFFECTIVE, 300):
        assert all(plan.effective_at <= at < plan.at(minute + 1) for at in instants_of(plan, minute))


def test_equal_values_have_instants_of_their_own() -> None:
    plan = FactSchedule.beginning(MONDAY)
    told = [
        item["at"]
        for minute in range(EFFECTIVE, LAST)
        for item in plan.facts(minute).measurements
        if item["indicator"] == terms.LATENCY_INDICATOR
    ]
    assert len(set(told)) == len(told) == (LAST - EFFECTIVE) * schedule.VALUES_A_MINUTE


def test_the_first_outage_puts_the_month_at_risk_the_second_breaches() -> None:
    for origin in ("2026-11-02T10:00:00Z", "2026-11-29T23:00:00Z", "2026-12-01T00:00:00Z"):
        plan = FactSchedule.beginning(from_text(origin))
        budget = (1 - Fraction(terms.AVAILABILITY_PERCENT) / 100) * (plan.month.end - plan.effective_at)
        start, end = plan.first_outage
        assert plan.at(schedule.FIRST_OUTAGE) == start
        assert Fraction(1, 2) * budget < end - start < Fraction(3, 4) * budget
        assert end <= plan.at(FIRST_REPORTED + 1) <= plan.at(FACTS_WAIT_FROM)
        assert end - start + (schedule.SECOND_OVER - schedule.SECOND_OUTAGE) * MINUTE > budget


def test_a_play_lies_in_one_month() -> None:
    for minutes_before in range(30):
        plan = FactSchedule.beginning(from_text("2026-12-01T00:00:00Z") - minutes_before * MINUTE)
        assert plan.month.start <= plan.effective_at
        assert plan.at(LAST + 1) <= plan.month.end


def test_an_incident_of_everyday_traffic_is_opened_once_and_resolved() -> None:
    plan = FactSchedule.beginning(MONDAY)
    events = [event for minute in range(LAST + 1, 400) for event in plan.facts(minute).ticket_events]
    opened = [event["ticket"] for event in events if event["event"] == "opened"]
    assert len(set(opened)) == len(opened) > 3
    assert {event["ticket"] for event in events if event["event"] == "resolved"} <= set(opened)
    assert len({(event["ticket"], event["id"]) for event in events}) == len(events)
