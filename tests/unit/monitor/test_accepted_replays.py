"""Acceptance freezes the published result, which depends on the order of arrival; nothing else does."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

from slm_events.monitor import WindowAdjusted
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from tests.support.histories import history
from tests.support.history_terms import TARGETS
from tests.support.monitor import DAY
from tests.support.replays import Replay, in_order, out_of_order

FACTS = 1_000
IDS = {each["key"]: each["target_id"] for each in TARGETS}
Key = tuple[str, str]


def members_of(target: dict[str, Any]) -> list[str]:
    """The targets whose windows a target is made of."""
    aggregation = target["aggregation"]
    made = aggregation.get("composite", {}) if isinstance(aggregation, dict) else {}
    return [IDS[each["target"]] for each in made.get("members", ()) if "target" in each]


MADE_OF = {each["target_id"]: members_of(each) for each in TARGETS}


def told_of(window: TargetWindow) -> tuple[Any, ...]:
    return (window.version, window.verdict, window.figure)


def adjustments(replay: Replay) -> dict[Key, list[WindowAdjusted]]:
    found: dict[Key, list[WindowAdjusted]] = {}
    for each in replay.store.events:
        if isinstance(each.event, WindowAdjusted):
            found.setdefault((each.event.target_id, each.event.window_id), []).append(each.event)
    return found


async def accepted(seed: int) -> None:
    """Facts come up to five days late, and windows are accepted as they stand meanwhile.

    A window that was accepted stays as it was, breaches too; its last adjustment, where it has any, says what the
    facts come to in order, and the differences of all of them add up to that. What was not accepted is as it is in
    order, unless it is made of figures that were.
    """
    of = history(seed, FACTS)
    ordered = await in_order(of)
    mixed = await out_of_order(of, ordered.disputes, Random(seed), 5 * DAY, accepting=True)
    adjusted, windows, plain = adjustments(mixed), mixed.store.windows, ordered.store.windows
    frozen = {key for key, window in windows.items() if mixed.store.as_accepted(window).frozen_at is not None}
    assert frozen == mixed.accepted.keys() and len(frozen) > 20 and len(adjusted) > 2 and adjusted.keys() <= frozen
    assert windows.keys() == plain.keys()
    for key, window in windows.items():
        is_made_of_accepted = any((member, key[1]) in frozen for member in MADE_OF.get(key[0], ()))
        if key in frozen:
            as_accepted, breaches = mixed.accepted[key]
            assert (told_of(window), window.revision) == (told_of(as_accepted), as_accepted.revision), key
            assert mixed.breaches_of(key) == breaches, key
            _check_adjustments(window, adjusted.get(key, []), None if is_made_of_accepted else plain[key])
        elif not is_made_of_accepted:
            in_order_too = plain[key]
            assert (told_of(window), window.good, window.total) == (
                told_of(in_order_too),
                in_order_too.good,
                in_order_too.total,
            ), key
            assert mixed.breaches_of(key) == ordered.breaches_of(key), key


def _check_adjustments(window: TargetWindow, told: list[WindowAdjusted], in_order: TargetWindow | None) -> None:
    assert [each.number for each in told] == list(range(1, len(told) + 1))
    last = (told[-1].verdict, told[-1].figure) if told else (window.verdict, window.figure)
    assert in_order is None or last == (in_order.verdict, in_order.figure)
    figures = [window.figure, *(each.figure for each in told)]
    if None not in figures:
        moved = sum((Fraction(each.difference or 0) for each in told), Fraction(0))
        assert Fraction(window.figure or 0) + moved == Fraction(last[1] or 0)


@pytest.mark.parametrize("seed", range(2))
async def test_accepted_windows_stay_and_adjustments_lead_to_what_the_facts_give(seed: int) -> None:
    await accepted(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
async def test_forty_histories_with_accepted_periods_come_to_the_same(seed: int) -> None:
    await accepted(seed)
