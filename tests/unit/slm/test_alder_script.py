"""The demonstration's facts are a pure function of the present instant, and hold what its stories tell."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from slm.demo.alder.live import scripted_states
from slm.demo.alder.script import agreements, companies, history, targets, tickets
from slm.demo.alder.script.facts import HistoryFacts, history_of
from slm.demo.alder.script.stories import stories
from slm.demo.alder.script.timeline import HOUR, MINUTE, Timeline
from slm_events.instants import from_text

NOWS = (
    "2026-11-30T15:20:31.647206Z",
    "2027-03-28T03:30:00Z",
    "2028-02-29T20:59:59Z",
    "2026-10-26T00:10:00Z",
    "2027-01-03T06:00:00Z",
)
"""The last day of a month, a night in which clocks change, a leap day, the other clock change, a New Year."""


@pytest.fixture(params=NOWS)
def timeline(request: pytest.FixtureRequest) -> Timeline:
    return Timeline(from_text(request.param))


@cache
def facts_of(timeline: Timeline) -> HistoryFacts:
    return history_of(timeline)


def measured(timeline: Timeline, indicator: str) -> list[dict[str, Any]]:
    return [each for each in facts_of(timeline).measurements if each["indicator"] == indicator]


def down(timeline: Timeline, indicator: str, back: int) -> int:
    """Microseconds of downtime of an indicator in the month ``back`` months ago."""
    month = timeline.month(back)
    mine = [each for each in history.outages(timeline) if each.indicator == indicator]
    return sum(each.end - each.begin for each in mine if month.start <= each.begin < month.end)


def scores(timeline: Timeline, back: int) -> list[int]:
    month = timeline.month(back)
    stars = measured(timeline, targets.DESK_STARS)
    return [each["score"] for each in stars if month.start <= from_text(each["at"]) < month.end]


def test_the_same_seed_gives_the_same_facts(timeline: Timeline) -> None:
    assert history_of(timeline) == facts_of(timeline)
    assert history_of(timeline, seed=1) != facts_of(timeline)


def test_nothing_lies_in_the_future_or_before_the_agreements(timeline: Timeline) -> None:
    facts = facts_of(timeline)
    instants = [from_text(each["at"] if "at" in each else each["outage"]["to"]) for each in facts.measurements]
    told = [from_text(each["at"]) for each in facts.ticket_events]
    assert timeline.begin <= min(instants + told)
    assert max(instants + told) <= timeline.now


def test_every_fact_has_an_identity_of_its_own(timeline: Timeline) -> None:
    facts = facts_of(timeline)
    named = [(each["indicator"], each["id"]) for each in facts.measurements if "id" in each]
    batched = [(each["indicator"], each["at"]) for each in facts.measurements if "id" not in each]
    events = [(each["ticket"], each["id"]) for each in facts.ticket_events]
    for identities in (named, batched, events):
        assert Counter(identities).most_common(1)[0][1] == 1


def test_there_are_at_most_three_thousand_tickets_and_no_probe_each_minute(timeline: Timeline) -> None:
    assert 1_000 < len(tickets.tickets(timeline)) <= tickets.MOST
    facts = facts_of(timeline)
    assert not [each for each in facts.measurements if "ok" in each or "state" in each]
    assert facts.count < 25_000


def test_there_are_twelve_agreements_about_six_services_and_three_in_negotiation() -> None:
    assert len(agreements.SIGNED) == 12
    assert {each.kind for each in agreements.SIGNED} == {"sla", "ola", "uc"}
    assert len(companies.SERVICES) == 6
    used = {each.service for each in (*agreements.SIGNED, agreements.COUNTERED)}
    assert {each.key for each in companies.SERVICES} <= used
    names = [each.key for each in companies.PEOPLE]
    assert len(set(names)) == len(names)


def test_checkout_has_two_minutes_left_of_this_month_and_mail_one(timeline: Timeline) -> None:
    allowed = timeline.month(0).length // 1000
    assert allowed - down(timeline, targets.CHECKOUT, 0) == history.CHECKOUT_LEFT
    assert allowed - down(timeline, targets.MAIL, 0) == history.MAIL_LEFT


def test_in_the_first_hours_of_a_month_outages_fit_into_what_has_passed() -> None:
    early = Timeline(from_text("2026-11-30T23:30:00Z"))
    present = [each for each in history.outages(early) if each.begin >= early.month(0).start]
    assert present
    assert all(each.begin < each.end <= early.now for each in present)
    ends = sorted((each.begin, each.end) for each in present if each.indicator == targets.CHECKOUT)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ends))


@pytest.mark.parametrize("minutes", [0, 1, 20, 45, 120, 300, 40_000])
def test_mail_breaks_its_promise_within_the_hour_that_is_played_whenever_it_starts(minutes: int) -> None:
    timeline = Timeline(from_text("2026-11-30T23:00:00Z") + minutes * MINUTE)
    left = history.mail_downtime_left(timeline)
    went_down, came_back = (each for each in scripted_states(timeline.now, left) if each["indicator"] == targets.MAIL)
    assert from_text(came_back["at"]) - from_text(went_down["at"]) > left >= history.MAIL_LEFT
    assert from_text(came_back["at"]) < timeline.now + HOUR


def test_only_last_month_and_the_maintained_one_broke_the_promise_of_checkout(timeline: Timeline) -> None:
    broken = {back for back, month in timeline.past() if down(timeline, targets.CHECKOUT, back) > month.length // 1000}
    assert broken == {history.BREACH_BACK, history.MAINTENANCE_BACK}
    without = down(timeline, targets.CHECKOUT, history.MAINTENANCE_BACK) - HOUR
    assert without < timeline.month(history.MAINTENANCE_BACK).length // 1000
    begin, end = history.maintenance_interval(timeline)
    mine = [each for each in history.outages(timeline) if each.indicator == targets.CHECKOUT]
    assert any(each.begin <= begin and end <= each.end for each in mine)


def test_seven_months_would_have_failed_the_draft_of_next_year(timeline: Timeline) -> None:
    months = [
        back for back, month in timeline.past() if down(timeline, targets.CHECKOUT, back) > month.length // 10_000
    ]
    assert len(months) == 7


def test_one_outage_of_mail_breaks_every_promise_of_mail(timeline: Timeline) -> None:
    month = timeline.month(history.MAIL_BACK)
    assert down(timeline, targets.MAIL, history.MAIL_BACK) > month.length * 5 // 1000


def test_stars_fall_for_three_months_and_stay_above_what_was_promised(timeline: Timeline) -> None:
    means = {back: Fraction(sum(found), len(found)) for back in range(6, 0, -1) if (found := scores(timeline, back))}
    assert max(means[back] for back in (3, 2, 1)) < min(means[back] for back in (6, 5, 4))
    assert min(means.values()) > Fraction(7, 2)
    assert all(len(scores(timeline, back)) >= 30 for back in means)


def test_the_urgent_incident_has_41_minutes_left_of_four_hours(timeline: Timeline) -> None:
    [urgent] = [each for number, each in tickets.tickets(timeline) if number == tickets.URGENT_NUMBER]
    assert urgent.priority == "P1"
    assert urgent.opened_at + 4 * HOUR - timeline.now == 41 * MINUTE
    assert "resolved" not in [event for event, _, _ in urgent.steps]


def test_the_portal_has_been_silent_for_four_and_a_half_hours(timeline: Timeline) -> None:
    last = max(from_text(each["at"]) for each in measured(timeline, targets.PORTAL_PAGES))
    assert history.SILENT_FOR <= timeline.now - last < history.SILENT_FOR + MINUTE


def test_every_story_is_for_somebody_who_can_log_in_and_has_a_place_once_the_world_is_there(
    timeline: Timeline,
) -> None:
    can_log_in = {person.key for person in companies.PEOPLE if person.logs_in}
    places = {name: "id" for each in agreements.SIGNED for name in _places_of(each)}
    places |= {each.key: "id" for each in (agreements.DRAFT, agreements.COUNTERED, agreements.UNSIGNED)}
    places |= {"breach": "id", "withdrawn": "id", "waiting": "id", "cause": "id", "urgent": "id"}
    told = stories(timeline)
    assert len({each.key for each in told}) == len(told)
    for story in told:
        assert story.person in can_log_in
        assert story.place(places) is not None, story
    assert next(each for each in told if each.key == "breach").place({}) is None
    assert next(each for each in told if each.key == "breach").title.startswith(timeline.month(1).name)


def _places_of(plan: agreements.AgreementPlan) -> list[str]:
    return [plan.key, *(f"{plan.key}-{each['key']}" for each in plan.targets)]
