"""The history of an indicator's states equals one built from scratch after any facts, also for stale time."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_monitor.application.state.state_store import StateFactCache
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.labelled_state_history import LabelledStateHistory
from slm_monitor.domain.states.state_history import BEFORE_ALL_WINDOWS, StateHistory
from slm_monitor.domain.states.timeline import StateSegment, build_state_timeline
from tests.support.monitor import DAY, HOUR, at, outage, state

START, END = at("2026-11-01T00:00"), at("2026-12-01T00:00")


def test_a_record_gives_the_timeline_that_is_made_anew_of_what_holds() -> None:
    seeded = random.Random(5)
    for _ in range(30):
        record, facts = StateHistory(), dict[str, Fact]()
        for _number in range(60):
            instant = START + seeded.randrange(720) * HOUR
            body: dict[str, Any] = {"state": seeded.choice(["up", "down", "degraded", "unknown"])}
            if seeded.random() < 0.2:
                body["previous"] = seeded.choice(["up", "none"])
            if seeded.random() < 0.3:
                body = {"from": instant, "to": instant + seeded.randrange(20) * HOUR}
            if seeded.random() < 0.1:
                instant, body = 0, {"retracted": True}
            fact = Fact("s", f"{seeded.randrange(40)}", instant, body, seeded.randrange(3))
            held = facts.get(fact.key)
            before = build_state_timeline(facts.values(), "up", DAY).segments(START, END)
            is_new, since = record.add(fact)
            assert is_new == (held is None or fact.rank > held.rank)
            if is_new:
                facts[fact.key] = fact
            expected = build_state_timeline(facts.values(), "up", DAY).segments(START, END)
            assert record.timeline("up", DAY).segments(START, END) == expected
            _same_before(before, expected, since)


def _same_before(before: list[StateSegment], after: list[StateSegment], since: int | None) -> None:
    """Check that nothing changed before the returned instant."""
    until = END if since is None else max(START, since)
    assert _states(before, until) == _states(after, until)


def _states(segments: list[StateSegment], until: int) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for each in segments:
        if each.start < until and (not found or found[-1][1] != each.state):
            found.append((each.start, each.state))
    return found


def test_a_part_of_the_timeline_is_that_part_of_the_whole() -> None:
    record = StateHistory(
        [
            state("2026-11-02T00:00", "down"),
            outage("2026-11-03T00:00", "2026-11-04T00:00"),
            state("2026-11-03T12:00", "up"),
            outage("2026-11-08T00:00", "2026-11-09T00:00"),
        ]
    )
    whole = record.timeline("up", 2 * DAY).segments(START, END)
    for first in range(0, 10 * 24, 7):
        start, end = START + first * HOUR, START + (first + 31) * HOUR
        part = record.timeline("up", 2 * DAY).segments(start, end)
        clipped = [
            StateSegment(max(each.start, start), min(each.end, end), each.state)
            for each in whole
            if each.end > start and each.start < end
        ]
        assert _states(part, end) == _states(clipped, end)


def test_the_first_word_changes_all_that_was_before_it() -> None:
    record = StateHistory()
    assert record.add(state("2026-11-05T00:00", "up")) == (True, BEFORE_ALL_WINDOWS)
    assert record.add(state("2026-11-06T00:00", "down")) == (True, at("2026-11-06T00:00"))
    assert record.add(state("2026-11-06T00:00", "down")) == (False, None)


def test_silence_makes_the_state_unknown_from_its_age_until_the_next_word() -> None:
    facts = [state("2026-11-02T00:00", "up"), state("2026-11-02T01:00", "up"), state("2026-11-03T00:00", "up")]
    segments = build_state_timeline(facts, "up", 6 * HOUR).segments(START, at("2026-11-04T00:00"))
    assert [(each.start, each.end) for each in segments if each.state == "unknown"] == [
        (at("2026-11-02T07:00"), at("2026-11-03T00:00")),
        (at("2026-11-03T06:00"), at("2026-11-04T00:00")),
    ]


def test_an_outage_is_a_word_until_its_end() -> None:
    facts = [outage("2026-11-02T00:00", "2026-11-03T00:00")]
    segments = build_state_timeline(facts, "up", HOUR).segments(START, at("2026-11-04T00:00"))
    assert [(each.start, each.state) for each in segments] == [
        (START, "up"),
        (at("2026-11-02T00:00"), "down"),
        (at("2026-11-03T00:00"), "up"),
        (at("2026-11-03T01:00"), "unknown"),
    ]


class Kept:
    """A store that counts how often it is read."""

    def __init__(self) -> None:
        self.facts_of: dict[str, dict[str, Fact]] = {}
        self.reads: list[str] = []

    async def facts(self, subjects: list[str]) -> dict[str, dict[str, Fact]]:
        self.reads += subjects
        return {subject: self.facts_of.get(subject, {}) for subject in subjects}


@pytest.mark.parametrize(("most", "reads"), [(100, 3), (2, 4)])
async def test_what_is_not_spoken_of_leaves_memory_and_is_read_again(most: int, reads: int) -> None:
    store = Kept()
    states = StateFactCache(store, most)  # type: ignore[arg-type]
    for number, subject in enumerate(["a", "b", "c", "a"]):
        facts = [Fact(subject, f"{number} {each}", START + each, {"state": "up"}) for each in range(2)]
        await states.accept_facts(facts, lambda subject, since: None)
        store.facts_of.setdefault(subject, {}).update({fact.key: fact for fact in facts})
    assert len(store.reads) == reads
    assert len(states._records["a"]) == 4


told = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 50), st.sampled_from("ab-")), max_size=40
)


@given(told)
def test_states_by_label_are_those_of_the_facts_with_that_label(told: list[tuple[int, int, int, str]]) -> None:
    grouped, known = LabelledStateHistory(("site",)), StateHistory()
    for number, revision, minute, site in told:
        labels = {} if site == "-" else {"labels": {"site": site}}
        made = state(f"2026-11-05T10:{minute:02d}", "down" if minute % 2 else "up", **labels)
        fact = replace(made, key=f"f{number}", revision=revision)
        if known.add(fact)[0]:
            grouped.add(fact)
    for site in "ab":
        mine = [fact for fact in known.facts.values() if fact.body.get("labels") == {"site": site}]
        record = grouped.records.get((("site", site),), StateHistory())
        span = (at("2026-11-05T09:00"), at("2026-11-05T12:00"))
        assert record.timeline("up").segments(*span) == StateHistory(mine).timeline("up").segments(*span)
