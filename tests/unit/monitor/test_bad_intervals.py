"""The bad interval of a breach or a risk, for each kind of target, and the keys on which it may share a cause."""

from __future__ import annotations

from typing import Any

import pytest

from slm_monitor.domain.causes.bad_intervals import PublishedFinding, find_bad_interval_of_finding
from slm_monitor.domain.causes.cause_keys import list_cause_keys_of_target
from slm_monitor.domain.causes.findings import BREACH, RISK
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED
from slm_monitor.domain.states.joint_states import JointMemberStates
from slm_monitor.domain.states.timeline import StateProvider, build_state_timeline
from tests.support.monitor import HOUR, MINUTE, PROVIDER, at, available, fast, outage, resolved, state, terms_of

BEGINS = at("2026-11-01T00:00")


def finding(instant: str, kind: str = BREACH, until: str | None = None, **document: Any) -> PublishedFinding:
    return PublishedFinding("f", kind, at(instant), None if until is None else at(until), document)


def down(start: str, end: str) -> dict[str, Any]:
    return {"down": [{"from": f"{start}:00.000000Z", "to": f"{end}:00.000000Z"}]}


def states(*facts: Any) -> StateProvider:
    return build_state_timeline(facts, "up")


def interval(found: PublishedFinding, target: dict[str, Any], seen: StateProvider | None = None) -> tuple[int, int]:
    (terms,) = terms_of(target)
    return find_bad_interval_of_finding(found, terms, seen, BEGINS)


def test_availability_has_the_whole_outage_of_its_last_evidence() -> None:
    seen = states(outage("2026-11-05T06:00", "2026-11-05T09:00"), outage("2026-11-05T03:00", "2026-11-05T03:20"))
    found = finding("2026-11-05T06:43", evidence=down("2026-11-05T06:00", "2026-11-05T06:43"))
    assert interval(found, available(), seen) == (at("2026-11-05T06:00"), at("2026-11-05T09:00"))


def test_an_outage_lasts_until_the_indicator_is_up_again() -> None:
    seen = states(state("2026-11-05T06:00", "down"))
    found = finding("2026-11-05T06:43", evidence=down("2026-11-05T06:00", "2026-11-05T06:43"))
    assert interval(found, available(), seen) == (at("2026-11-05T06:00"), OPEN_ENDED)


@pytest.mark.parametrize(("unknown", "end"), [("down", "2026-11-05T09:00"), ("removed", "2026-11-05T07:00")])
def test_the_target_says_whether_unknown_is_bad(unknown: str, end: str) -> None:
    seen = states(
        state("2026-11-05T06:00", "down"), state("2026-11-05T07:00", "unknown"), state("2026-11-05T09:00", "up")
    )
    found = finding("2026-11-05T06:43", evidence=down("2026-11-05T06:00", "2026-11-05T06:43"))
    assert interval(found, available(unknown=unknown), seen) == (at("2026-11-05T06:00"), at(end))


def test_without_evidence_the_last_outage_that_had_begun_counts() -> None:
    rolling = {**available(), "window": {"rolling": "P28D"}}
    seen = states(outage("2026-11-05T06:00", "2026-11-05T09:00"), outage("2026-11-05T10:00", "2026-11-05T11:00"))
    assert interval(finding("2026-11-05T06:44"), rolling, seen) == (at("2026-11-05T06:00"), at("2026-11-05T09:00"))


def test_a_risk_that_a_correction_refuted_keeps_the_time_of_its_warning() -> None:
    found = finding("2026-11-05T06:20", RISK, evidence=down("2026-11-05T06:00", "2026-11-05T06:20"))
    assert interval(found, available(), states()) == (at("2026-11-05T05:20"), at("2026-11-05T06:20") + 1)


def test_a_composite_of_states_is_bad_while_too_few_members_are_up() -> None:
    one = build_state_timeline([outage("2026-11-05T06:00", "2026-11-05T08:00")], "up")
    other = build_state_timeline([outage("2026-11-05T07:00", "2026-11-05T09:00")], "up")
    found = finding("2026-11-05T07:50", evidence=down("2026-11-05T07:00", "2026-11-05T07:50"))
    both_needed, one_needed = JointMemberStates([one, other], 2), JointMemberStates([one, other], 1)
    assert interval(found, available(), both_needed) == (at("2026-11-05T06:00"), at("2026-11-05T09:00"))
    assert interval(found, available(), one_needed) == (at("2026-11-05T07:00"), at("2026-11-05T08:00"))


def test_a_ticket_is_bad_from_the_start_of_its_clock() -> None:
    found = finding("2026-11-05T14:00", evidence={"started_at": "2026-11-05T10:00:00.000000Z"})
    assert interval(found, resolved()) == (at("2026-11-05T10:00"), at("2026-11-05T14:00") + 1)


def test_a_recovery_is_bad_from_the_outage_to_the_restored_service() -> None:
    told = {"from": "2026-11-05T06:00:00.000000Z", "to": "2026-11-05T08:00:00.000000Z"}
    found = finding("2026-11-05T08:00", evidence={"recoveries": [told]})
    assert interval(found, available()) == (at("2026-11-05T06:00"), at("2026-11-05T08:00"))


def test_a_summed_figure_is_about_the_hour_before_it_was_certain() -> None:
    found = finding("2026-11-30T00:00", window_start_at="2026-11-01T00:00:00.000000Z")
    assert interval(found, fast()) == (at("2026-11-29T23:00"), at("2026-11-30T00:00") + 1)
    begun = finding("2026-11-01T00:20", window_start_at="2026-11-01T00:00:00.000000Z")
    assert interval(begun, fast()) == (at("2026-11-01T00:00"), at("2026-11-01T00:20") + 1)


@pytest.mark.parametrize(
    ("window", "reach", "until"),
    [("PT5M", 5 * MINUTE, at("2026-11-05T10:30")), ("PT1H", HOUR, at("2026-11-05T10:30")), ("P1D", HOUR, None)],
)
def test_a_short_rolling_window_is_bad_until_it_recovers(window: str, reach: int, until: int | None) -> None:
    instant = at("2026-11-05T10:00")
    found = finding("2026-11-05T10:00", until="2026-11-05T10:30")
    assert interval(found, fast(window={"rolling": window})) == (instant - reach, until or instant + 1)


def test_keys_are_indicators_items_and_tickets() -> None:
    terms = terms_of(available(assets=["disk-1"]), resolved())
    assert list_cause_keys_of_target(terms[0], "2026-11", terms) == {
        f"indicator:{PROVIDER}/payments.checkout",
        "item:disk-1",
    }
    assert list_cause_keys_of_target(terms[1], "desk/INC1", terms) == {"ticket:desk/INC1"}


def test_a_composite_has_the_indicators_of_its_members() -> None:
    members = [{"target": "availability"}, {"target": "fast-month"}]
    both = {
        **available(),
        "key": "both",
        "target_id": "both",
        "indicator": None,
        "aggregation": {"composite": {"of": "verdicts", "rule": "all_of", "members": members}},
    }
    terms = terms_of(available(), fast(), both)
    assert list_cause_keys_of_target(terms[2], "2026-11", terms) == {
        f"indicator:{PROVIDER}/payments.checkout",
        f"indicator:{PROVIDER}/payments.checkout-latency",
    }
