from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from slm_events.instants import to_text
from slm_events.review import ActionPlanEnded, ActionPlanOpened
from slm_review.application import agreements, breaches, plans, windows
from slm_review.domain.plans import ActionPlan
from tests.support.review import (
    NOVEMBER,
    STEPS,
    MemoryDesk,
    MemoryLedger,
    at,
    at_risk,
    breached,
    cleared,
    closed,
    finalized,
    id_of,
    month,
    withdrawn,
)

HOUR: tuple[str, None, None] = ("PT1H", None, None)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def only(ledger: MemoryLedger) -> ActionPlan:
    (plan,) = ledger.plans.values.values()
    return plan


async def test_a_risk_opens_the_agreed_steps_with_their_owners(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", until="2026-11-22T11:40"))
    (opened,) = ledger.told(ActionPlanOpened)
    assert opened.owner == "Checkout team"
    assert opened.steps == [
        {"step": "Fail over", "owner": "Duty manager"},
        {"step": "Call supplier", "owner": "Checkout team"},
    ]


async def test_a_plan_is_due_before_the_projected_breach(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", until="2026-11-22T11:40"))
    (opened,) = ledger.told(ActionPlanOpened)
    assert (opened.due_at, opened.time_left_seconds) == (to_text(at("2026-11-22T11:30")), 6000)


async def test_without_a_projection_the_window_ends_the_time_left() -> None:
    ledger = MemoryLedger("2026-11-30T23:51")
    await plans.open_plan(ledger, at_risk("r", "2026-11-30T23:50"))
    assert only(ledger).time_left_seconds == 540


async def test_in_a_rolling_window_there_is_time_until_it_has_turned_over(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T09:30", window=HOUR))
    assert (only(ledger).due_at, only(ledger).time_left_seconds) == (at("2026-11-22T10:24"), 1800)


async def test_where_nothing_says_when_harm_comes_the_plan_has_no_date(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T09:30", window=("snow/INC1", None, None)))
    assert (only(ledger).state, only(ledger).due_at, only(ledger).time_left_seconds) == ("open", None, None)


async def test_where_the_breach_was_projected_for_the_past_no_time_is_left(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-02T10:00", until="2026-11-02T11:00"))
    assert only(ledger).time_left_seconds == 0


async def test_a_risk_heard_twice_makes_one_plan(ledger: MemoryLedger) -> None:
    for _ in range(2):
        await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    assert len(ledger.published) == len(ledger.plans.values) == 1


async def test_a_breach_of_its_window_ends_a_plan_as_breached(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T11:00"))
    (ended,) = ledger.told(ActionPlanEnded)
    assert (ended.outcome, ended.breach_id) == ("breached", id_of("b"))
    assert ended.ended_at == to_text(at("2026-11-22T11:00"))


async def test_a_breach_of_another_window_ends_nothing(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T11:00", ("2026-Q4", None, None)))
    assert only(ledger).state == "open"


SOON = "2026-11-22T20:00"


async def later(ledger: MemoryLedger, instant: str) -> None:
    ledger.now = at(instant)
    await plans.end_quiet_plans(MemoryDesk(ledger))


async def test_a_plan_averts_harm_if_the_window_closes_without_the_breach(
    ledger: MemoryLedger,
) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", until=SOON))
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-22T10:30"))
    assert (only(ledger).state, ledger.told(ActionPlanEnded)) == ("open", [])
    await later(ledger, "2026-11-22T11:30")
    assert (only(ledger).state, ledger.told(ActionPlanEnded)) == ("watching", [])
    await windows.keep_window(ledger, closed(NOVEMBER))
    (ended,) = ledger.told(ActionPlanEnded)
    assert (ended.outcome, ended.breach_id, ended.ended_at) == ("averted", None, to_text(at("2026-11-22T10:30")))


async def test_a_risk_that_went_away_without_a_breach_in_sight_averted_nothing(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-22T10:30"))
    await later(ledger, "2026-11-22T11:29")
    assert only(ledger).state == "open"
    await later(ledger, "2026-11-22T11:30")
    (ended,) = ledger.told(ActionPlanEnded)
    assert ended.outcome == "cleared"


async def test_a_window_without_a_breach_in_sight_averts_nothing_at_close() -> None:
    ledger = MemoryLedger("2026-12-01T00:10")
    await plans.open_plan(ledger, at_risk("r", "2026-11-30T23:30"))
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-30T23:50"))
    await windows.keep_window(ledger, closed(NOVEMBER))
    (ended,) = ledger.told(ActionPlanEnded)
    assert ended.outcome == "cleared"


async def test_a_risk_that_comes_back_soon_is_the_same_plan(ledger: MemoryLedger) -> None:
    for revision, minute in enumerate((0, 20, 40)):
        await plans.open_plan(ledger, at_risk("r", f"2026-11-22T10:{minute:02d}", until=SOON, revision=revision))
        await plans.end_plan(ledger, cleared("r", "averted", f"2026-11-22T10:{minute + 10}", revision=revision))
    assert (len(ledger.told(ActionPlanOpened)), ledger.told(ActionPlanEnded)) == (1, [])
    await later(ledger, "2026-11-22T11:49")
    assert only(ledger).state == "open"
    await later(ledger, "2026-11-22T11:50")
    assert only(ledger).state == "watching"


async def test_the_latest_revision_of_a_risk_counts_in_any_order(ledger: MemoryLedger) -> None:
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-22T10:30", revision=1))
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:20", revision=1))
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-22T10:10"))
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    assert (only(ledger).cleared_at, only(ledger).risk_revision) == (at("2026-11-22T10:30"), 1)


async def test_harm_over_a_rolling_window_is_averted_one_window_later(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", until="2026-11-22T12:00", window=HOUR))
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-22T10:30", HOUR))
    await later(ledger, "2026-11-22T12:59")
    assert only(ledger).state == "watching"
    await later(ledger, "2026-11-22T13:00")
    assert only(ledger).state == "averted"


@pytest.mark.parametrize(("threshold", "outcome"), [("50", "cleared"), ("75", "averted"), ("90", "averted")])
async def test_a_ticket_met_after_a_late_warning_averted_harm(
    ledger: MemoryLedger, threshold: str, outcome: str
) -> None:
    ticket = ("snow/INC1", "2026-11-22T09:00", "2026-11-22T13:00")
    risk = dataclasses.replace(at_risk("r", "2026-11-22T10:00", window=ticket), cause="elapsed", threshold=threshold)
    await plans.open_plan(ledger, risk)
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-22T10:30", ticket))
    assert only(ledger).state == outcome


async def test_a_plan_ends_once_however_it_is_told(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    for _ in range(2):
        await breaches.handle_breach(ledger, breached("b", "2026-11-22T11:00"))
        await plans.end_plan(ledger, cleared("r", "breached", "2026-11-22T11:00"))
    assert len(ledger.told(ActionPlanEnded)) == 1


async def test_a_risk_that_ended_in_a_breach_waits_to_name_it(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    await plans.end_plan(ledger, cleared("r", "breached", "2026-11-22T11:00"))
    assert only(ledger).state == "open"
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T11:00"))
    assert (only(ledger).state, only(ledger).breach_id) == ("breached", id_of("b"))


@pytest.mark.parametrize(("verdict", "outcome"), [("met", "averted"), ("breached", "breached"), ("no_data", "averted")])
async def test_a_window_that_closed_tells_by_its_verdict(ledger: MemoryLedger, verdict: str, outcome: str) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", until=SOON))
    await plans.end_plan(ledger, cleared("r", "window_closed", "2026-12-01T00:00"))
    assert only(ledger).state == "open"
    await windows.keep_window(ledger, closed(NOVEMBER, verdict))
    assert only(ledger).state == outcome


async def test_a_verdict_heard_before_the_risk_was_cleared_counts_too(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", until=SOON))
    await windows.keep_window(ledger, closed(NOVEMBER))
    assert only(ledger).state == "open"
    await plans.end_plan(ledger, cleared("r", "window_closed", "2026-12-01T00:00"))
    assert only(ledger).state == "averted"


async def test_a_clearing_heard_before_its_risk_is_kept_for_it(ledger: MemoryLedger) -> None:
    await plans.end_plan(ledger, cleared("r", "averted", "2026-11-22T10:30"))
    assert ledger.published == []
    ledger.now = at("2026-11-22T11:30")
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    assert [type(event) for event in ledger.published] == [ActionPlanOpened, ActionPlanEnded]
    assert only(ledger).state == "cleared"


async def test_a_breach_heard_before_its_risk_ends_the_plan_at_once(ledger: MemoryLedger) -> None:
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T11:00"))
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    assert (only(ledger).state, only(ledger).breach_id) == ("breached", id_of("b"))


async def test_last_weeks_breach_of_a_rolling_window_does_not_end_todays_plan(ledger: MemoryLedger) -> None:
    await breaches.handle_breach(ledger, breached("b", "2026-11-15T11:00", HOUR))
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", window=HOUR))
    assert only(ledger).state == "open"


async def test_a_breach_found_late_ends_the_plan_despite_its_earlier_date(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:40"))
    assert (only(ledger).state, only(ledger).breach_id) == ("breached", id_of("b"))


async def test_a_rolling_breach_found_late_is_named_when_its_risk_ends(
    ledger: MemoryLedger,
) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", window=HOUR))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:40", HOUR))
    assert only(ledger).state == "open"
    await plans.end_plan(ledger, cleared("r", "breached", "2026-11-22T10:10", HOUR))
    assert (only(ledger).state, only(ledger).breach_id) == ("breached", id_of("b"))


async def test_a_withdrawn_breach_does_not_end_a_later_plan(ledger: MemoryLedger) -> None:
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T11:00"))
    await breaches.withdraw_breach(ledger, withdrawn("b"))
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00"))
    assert only(ledger).state == "open"


async def test_a_risk_without_steps_waits_for_the_agreement(ledger: MemoryLedger) -> None:
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", responsible={}))
    assert ledger.published == []
    await agreements.keep_agreement(ledger, finalized())
    (opened,) = ledger.told(ActionPlanOpened)
    assert (opened.owner, len(opened.steps)) == (STEPS["owner"], 2)


async def test_where_nobody_was_named_the_provider_owns_the_plan(ledger: MemoryLedger) -> None:
    event = finalized()
    bare = dataclasses.replace(event, targets=[{**event.targets[0], "responsible": None}])
    await agreements.keep_agreement(ledger, bare)
    await plans.open_plan(ledger, at_risk("r", "2026-11-22T10:00", responsible={}))
    assert (only(ledger).owner, only(ledger).steps) == ("Northwind IT", [])


@pytest.mark.parametrize("marked", [{"import_id": "an import"}, {"catch_up": 1}])
async def test_history_opens_no_plan_for_a_window_that_is_over(marked: dict[str, Any]) -> None:
    ledger = MemoryLedger("2026-12-20T00:00")
    await agreements.keep_agreement(ledger, finalized())
    past = dataclasses.replace(at_risk("past", "2026-11-10T00:00"), **marked)
    await plans.open_plan(ledger, past)
    await plans.end_plan(ledger, dataclasses.replace(cleared("past", "breached", "2026-11-10T01:00"), **marked))
    assert ledger.plans.values == {}
    present = at_risk("now", "2026-12-10T00:00", window=month(12))
    await plans.open_plan(ledger, dataclasses.replace(present, **marked))
    assert len(ledger.plans.values) == 1
