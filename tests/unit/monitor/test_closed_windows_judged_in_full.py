"""A closed window that is evaluated in full is written in the same step, even if only its counts change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.domain.facts.intake_items import Indicator
from tests.support.decisions import Signed
from tests.support.histories import History, Told, told_of
from tests.support.history_terms import target
from tests.support.monitor import DAY, HOUR, PROVIDER, at, finalized
from tests.support.replays import Replay

BEGIN = at("2026-11-02T00:00")
AFTER = BEGIN + 3 * DAY
KNOWN = {f"{PROVIDER}/sizes": Indicator(f"{PROVIDER}/sizes", PROVIDER, "sizes", "value")}
LARGEST: dict[str, Any] = target("largest", "sizes", "max", {"at_most": "550"}, {"calendar": "day"})


def size(hours: int, value: int) -> Told:
    return told_of({"indicator": "sizes", "at": BEGIN + hours * HOUR, "value": value}, KNOWN)


def number_of(replay: Replay) -> int:
    return int(replay.store.windows[LARGEST["target_id"], "2026-11-02"].total)


@pytest.mark.parametrize("why", ["a hold ended", "it was taken up"])
async def test_a_restart_before_it_is_put_away_loses_nothing(why: str) -> None:
    replay = await Replay.begin(History([], KNOWN))
    version = asdict(finalized(LARGEST, effective_at="2026-11-02T00:00:00Z"))
    await replay.hear([Told(BEGIN, decision=Signed(version)), size(1, 500)], AFTER)
    await replay.save(AFTER)
    assert number_of(replay) == 1
    if why == "a hold ended":
        replay.store.holds["i"] = ImportHold("i", PROVIDER, frozenset({"sizes"}), frozenset(), AFTER, AFTER + DAY)
        replay.store.tell("hold", import_id="i")
    else:
        replay.stumble([LARGEST["target_id"]])
    await replay.hear([size(hours, 100) for hours in range(2, 7)], AFTER)
    await replay.save(AFTER)
    assert number_of(replay) == 1
    if why == "a hold ended":
        replay.release()
    else:
        await replay.restart()
    for _ in range(2):
        await replay.hear([], AFTER + HOUR)
    await replay.restart()
    await replay.hear([], AFTER + HOUR)
    await replay.save(AFTER + HOUR)
    assert not replay.store.unjudgeable and number_of(replay) == 6
