"""Held history is evaluated once the import ends, by a request or by expiry."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.domain.facts.intake_items import Indicator
from tests.support.decisions import Signed
from tests.support.histories import History, Told, told_of
from tests.support.history_terms import composite, share, target
from tests.support.monitor import HOUR, PROVIDER, at, finalized
from tests.support.replays import Replay

BEGIN = at("2026-11-02T00:00")
UP = Indicator(f"{PROVIDER}/up", PROVIDER, "up", "availability", initial_state="up")
NAMED = {"owner_party_id": PROVIDER, "key": "up"}
MADE = target("made", None, composite("states", "serial", [{"indicator": NAMED}]), share("90"), {"calendar": "day"})


@pytest.mark.parametrize("is_completed", [True, False])
async def test_derived_targets_of_held_indicators_are_evaluated_when_the_hold_ends(is_completed: bool) -> None:
    replay = await Replay.begin(History([], {UP.subject: UP}))
    version = asdict(finalized(MADE, effective_at="2026-11-02T00:00:00Z"))
    await replay.hear([Told(BEGIN, decision=Signed(version))], BEGIN)
    replay.store.holds["i"] = ImportHold(
        "i", PROVIDER, frozenset({"up"}), frozenset(), BEGIN + 20 * HOUR, BEGIN + 20 * HOUR
    )
    replay.store.tell("hold", import_id="i")
    down = [{"at": BEGIN + HOUR, "state": "down"}, {"at": BEGIN + 9 * HOUR, "state": "up"}]
    await replay.hear([told_of({"indicator": "up", **each}, {UP.subject: UP}) for each in down], BEGIN + 10 * HOUR)
    await replay.hear([], BEGIN + 11 * HOUR)
    assert not replay.store.breaches
    if is_completed:
        replay.release()
    for hours in (12, 21, 22):
        await replay.hear([], BEGIN + hours * HOUR)
        assert bool(replay.store.breaches) == (hours > 12 or is_completed)
    assert not await replay.store.inbox([0])
