"""Results are a function of facts and terms: order of arrival, repetitions and restarts change nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from tests.support.histories import has_gaps, history
from tests.support.history_terms import CLOSING, TARGETS
from tests.support.monitor import DAY, MINUTE
from tests.support.replays import Replay, in_order, out_of_order

FACTS = 2_000
WITHIN = CLOSING - 40 * MINUTE
"""A correction may speak of another instant than it comes at, but not of one further away than this leaves."""
EACH_TIME, ALL = range(3), range(200)
_in_order: dict[int, Replay] = {}
"""What the histories told last come to in order: several laws compare with it, and none changes it."""


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Byte for byte; what differs is named."""
    for part in one:
        if isinstance(one[part], dict):
            wrong = [
                name for name in one[part].keys() | other[part].keys() if one[part].get(name) != other[part].get(name)
            ]
            assert not wrong, [(name, one[part].get(name), other[part].get(name)) for name in sorted(wrong)[:3]]
        assert json.dumps(one[part], default=str) == json.dumps(other[part], default=str), part


async def figures(replay: Replay) -> dict[str, Any]:
    found = await replay.figures()
    for part in ("windows", "clocks"):
        found[part] = dict(sorted(found[part].items()))
    return {**found, "explained": await replay.explained()}


async def told_in_order(seed: int) -> Replay:
    if seed not in _in_order:
        if len(_in_order) == len(EACH_TIME):
            _in_order.clear()
        _in_order[seed] = await in_order(history(seed, FACTS))
    return _in_order[seed]


async def replayed(seed: int, latest: int) -> tuple[Replay, Replay]:
    of, ordered = history(seed, FACTS), await told_in_order(seed)
    mixed = await out_of_order(of, ordered.disputes, Random(seed), latest)
    same(await figures(ordered), await figures(mixed))
    return ordered, mixed


async def within_the_delay(seed: int) -> None:
    ordered, mixed = await replayed(seed, WITHIN)
    if not has_gaps(seed):
        assert ordered.restatements() == mixed.restatements() == 0
    assert len(ordered.store.windows) > 100 and any(each.standing for each in ordered.store.breaches.values())


async def beyond_the_delay(seed: int) -> None:
    _, mixed = await replayed(seed, 5 * DAY)
    assert mixed.restatements() > 100


@pytest.mark.parametrize("seed", EACH_TIME)
async def test_shuffled_and_repeated_facts_within_the_closing_delay_give_equal_results(seed: int) -> None:
    await within_the_delay(seed)


@pytest.mark.parametrize("seed", EACH_TIME[:2])
async def test_later_facts_come_to_the_same_by_restatements(seed: int) -> None:
    await beyond_the_delay(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", ALL)
async def test_two_hundred_histories_come_to_the_same_however_they_are_told(seed: int) -> None:
    await within_the_delay(seed)
    await beyond_the_delay(seed)


@pytest.mark.parametrize("seed", EACH_TIME[1:2])
async def test_what_is_told_twice_is_handled_once(seed: int) -> None:
    of = history(seed, FACTS)
    replay = await in_order(of)
    before, events = await figures(replay), len(replay.store.events)
    facts = [each for each in of.told if each.values is not None or each.fact is not None]
    step = await replay.hear(facts, replay.store.watermark)
    assert step.facts == [] and step.blob is None
    await replay.finish()
    assert len(replay.store.events) == events
    same(before, await figures(replay))


@pytest.mark.parametrize(("parts", "whole"), [("up-day", "up-month"), ("orders-day", "orders-month")])
@pytest.mark.parametrize("seed", EACH_TIME[:2])
async def test_the_figure_of_a_window_follows_from_those_of_its_parts(seed: int, parts: str, whole: str) -> None:
    replay = await told_in_order(seed)
    ids = {each["key"]: each["target_id"] for each in TARGETS}
    windows = list(replay.store.windows.values())
    wholes = [each for each in windows if each.target_id == ids[whole]]
    assert any(each.total for each in wholes)
    for window in wholes:
        within = [
            each
            for each in windows
            if each.target_id == ids[parts] and window.start <= each.start and each.end <= window.end
        ]
        assert (window.good, window.total) == (_sum(within, "good"), _sum(within, "total"))


def _sum(windows: Sequence[Any], name: str) -> int:
    return sum(getattr(window, name) for window in windows)
