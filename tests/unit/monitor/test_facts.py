"""Of several contents of one fact, the highest revision wins, then the latest recording, then always the same one."""

from __future__ import annotations

from itertools import permutations

from slm_monitor.domain.facts.facts import Fact


def told(revision: int, recorded_at: int, state: str) -> Fact:
    return Fact("party/indicator", "id", 0, {"state": state}, revision, recorded_at)


def held(*facts: Fact) -> Fact:
    return max(facts, key=lambda fact: fact.rank)


def test_a_higher_revision_holds_over_one_recorded_later() -> None:
    for order in permutations([told(1, 10, "down"), told(0, 20, "up")]):
        assert held(*order).revision == 1


def test_of_one_revision_what_was_recorded_last_holds() -> None:
    for order in permutations([told(0, 10, "down"), told(0, 20, "up"), told(0, 15, "degraded")]):
        assert held(*order).recorded_at == 20


def test_between_equals_the_content_decides_and_not_the_order() -> None:
    assert len({held(*order).body["state"] for order in permutations([told(0, 0, "up"), told(0, 0, "down")])}) == 1
