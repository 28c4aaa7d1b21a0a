"""Clocks of tickets as an author may write them: starts, stops, pauses, escalations, and what never applies."""

from __future__ import annotations

from typing import Any

import pytest

from slm_agreement.domain.checks import clock_slips
from slm_agreement.domain.terms import ticket_conditions
from tests.unit.agreement.aggregation_terms import faults, taken, target
from tests.unit.agreement.people import AVAILABILITY, CLOCK


def test_a_clock_knows_every_policy_of_tickets() -> None:
    document = {
        **CLOCK, "clock": "update", "objective": {"within": {"business_days": 2}}, "after_first_response": True,
        "applies_to": {"type": ["incident", "problem"], "priority": "P1", "vip": True, "x_region": ["EU"]},
        "start": {"event": "assigned", "team": "network"}, "pause": ["waiting", {"state": "on_hold", "vip": "false"}],
        "on_reopen": "new_clock", "on_terms_change": "carry_elapsed", "carry_pauses": False, "notify_past_due": True,
        "warn_at": {"elapsed": ["80"]},
        "escalations": [{"at": {"service_time": "-PT30M"}, "to": "Team lead"}, {"at": {"business_days": 1},
                        "level": "hierarchical"}],
    }  # fmt: skip
    clock = target(document)
    assert clock["applies_to"] == {
        "type": ["incident", "problem"], "priority": ["P1"], "vip": ["true"], "x_region": ["EU"],
    }  # fmt: skip
    assert clock["start"] == [{"event": ["assigned"], "team": ["network"]}]
    assert clock["pause"] == ["waiting", {"state": ["on_hold"], "vip": ["false"]}]
    assert clock["escalations"] == [
        {"at": {"service_time": "-PT30M"}, "level": "functional", "to": "Team lead"},
        {"at": {"business_days": 1}, "level": "hierarchical", "to": None},
    ]
    stops = {kind: target(CLOCK, clock=kind)["stop"] for kind in ("response", "ownership", "closure", "update")}
    assert stops == {
        "response": ["first_response", "resolved", "closed"], "ownership": ["resolved", "closed"], "closure": "closed",
        "update": "agent_replied",
    }  # fmt: skip


def test_an_ownership_clock_runs_for_each_assignment_and_others_may() -> None:
    owned = target(CLOCK, clock="ownership")
    assert (owned["start"], owned["each"]) == ("assigned", "assignment")
    assert target(CLOCK, clock="ownership", start="opened")["each"] is None
    assert target(CLOCK, start="assigned")["each"] is None
    assert target(CLOCK, start={"event": "assigned", "team": "a"}, each="assignment")["each"] == "assignment"
    assert "targets[0].each" in faults({**CLOCK, "each": "assignment"})
    assert "targets[0].each" in faults({**CLOCK, "start": "assigned", "each": "team"})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"clock": "response", "start": "first_response"}, "event first_response"),
        ({"start": ["opened", "resolved"]}, "event resolved"),
        ({"start": {"event": "fulfilled", "vip": True}}, "event fulfilled, vip true"),
        ({"start": "closed"}, "event closed"),
        ({"start": "reopened", "cancel": "reopened"}, "event reopened"),
    ],
)
def test_a_start_that_stops_its_clock_is_a_slip(changed: dict[str, Any], told: str) -> None:
    [finding] = clock_slips.find_clock_slips([target(CLOCK, **changed)])
    assert (finding.severity, finding.value) == ("slip", told)


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"clock": "ownership"}, {"clock": "closure", "start": "resolved"},
        {"start": {"event": "assigned"}, "stop": {"event": "assigned", "team": "network"}},
        {"start": {"event": "assigned", "team": "a"}, "stop": "assigned", "each": "assignment"},
    ],
)  # fmt: skip
def test_a_clock_that_can_run_is_no_slip(changed: dict[str, Any]) -> None:
    assert clock_slips.find_clock_slips([target(CLOCK, **changed)]) == []


def test_a_clock_may_name_several_service_hours_and_nothing_else_may() -> None:
    assert target(CLOCK, service_hours=["24x7"])["service_hours"] == ["24x7"]
    assert "targets[0].service_hours" in faults({**CLOCK, "service_hours": ["nights"]})
    assert "targets[0].service_hours" in faults({**AVAILABILITY, "service_hours": ["24x7"]})


def test_a_clock_that_never_applies_is_a_finding_with_a_remedy() -> None:
    wide = {**CLOCK, "key": "all", "applies_to": {}}
    [finding] = ticket_conditions.find_unreachable_clocks(taken(wide, CLOCK))
    assert (finding.field, finding.severity) == ("targets[1].applies_to", "error")
    assert finding.remedy == "all comes first and matches all of these tickets: write this target before it"
    [same] = ticket_conditions.find_unreachable_clocks(taken(CLOCK, {**CLOCK, "key": "again"}))
    assert "matches the same tickets" in same.remedy
    for settled in ([CLOCK, wide], [CLOCK, {**CLOCK, "key": "p2", "applies_to": {"priority": "P2"}}],
                    [CLOCK, {**CLOCK, "key": "r", "clock": "response"}],
                    [CLOCK, {**CLOCK, "key": "eu", "applies_to": {"site": "EU"}}]):  # fmt: skip
        assert ticket_conditions.find_unreachable_clocks(taken(*settled)) == []
