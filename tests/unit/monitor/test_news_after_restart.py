"""A decision just after a restart reaches instances by label too, even if none was evaluated since."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, ExclusionScope
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.terms import instances
from tests.support.decisions import Approved, Overturned, Signed
from tests.support.histories import History, Told, told_of
from tests.support.history_terms import share, target
from tests.support.monitor import AGREEMENT, DAY, HOUR, PROVIDER, at, finalized
from tests.support.replays import Replay

BEGIN, DOWN, AFTER = at("2026-11-02T00:00"), at("2026-11-03T00:00"), at("2026-11-12T00:00")
UP = Indicator(f"{PROVIDER}/up", PROVIDER, "up", "availability", initial_state="up")
BY_SITE = target("by-site", "up", "availability", share("90"), {"calendar": "week"}, group_by=["site"])
SITE = instances.derive_target_instance_id(BY_SITE["target_id"], (("site", "M"),))
LABELS = {"site": "M"}


def state(instant: int, value: str) -> Told:
    return told_of({"indicator": "up", "at": instant, "state": value, "labels": LABELS}, {UP.subject: UP})


async def restarted() -> Replay:
    """A week that was breached and has closed, and a judge that has just begun anew."""
    replay = await Replay.begin(History([], {UP.subject: UP}))
    await replay.hear(
        [Told(BEGIN, decision=Signed(asdict(finalized(BY_SITE, effective_at="2026-11-02T00:00:00Z"))))], BEGIN
    )
    await replay.hear([state(BEGIN, "up"), state(DOWN, "down"), state(DOWN + DAY, "up")], DOWN + DAY)
    await replay.hear([], AFTER)
    assert (week(replay).verdict, week(replay).closed_at) == ("breached", AFTER)
    await replay.restart()
    return replay


def week(replay: Replay) -> TargetWindow:
    return replay.store.windows[SITE, "2026-W45"]


def events(replay: Replay) -> list[tuple[str, Any]]:
    told = [each.event for each in replay.store.events]
    return [(type(each).__name__, each.cause) for each in told if hasattr(each, "cause")]


async def test_an_exclusion_restates_its_window() -> None:
    replay = await restarted()
    excluded = ApprovedExclusion("x", AGREEMENT, "claim", ((DOWN, DOWN + DAY),), ExclusionScope(), AFTER, AFTER)
    await replay.hear([Told(AFTER, decision=Approved(excluded))], AFTER)
    assert (week(replay).verdict, week(replay).figure) == ("met", "100/1")
    assert ("WindowRestated", "exclusion") in events(replay)


async def test_a_dispute_withdraws_its_breach() -> None:
    replay = await restarted()
    (breach,) = replay.store.breaches.values()
    await replay.hear([Told(AFTER, decision=Overturned.of(breach))], AFTER)
    assert week(replay).verdict == "met" and ("BreachWithdrawn", "dispute") in events(replay)


async def test_what_was_accepted_is_adjusted_by_what_comes_with_it() -> None:
    replay = await restarted()
    replay.store.tell("accepted", windows=[[SITE, "2026-W45", 0]], accepted_at=AFTER)
    await replay.hear([state(DOWN + HOUR, "up")], AFTER)
    assert (week(replay).verdict, week(replay).frozen_at) == ("breached", AFTER)
    assert events(replay)[-1] == ("WindowAdjusted", "fact")


@pytest.mark.parametrize("expires_at", [AFTER, AFTER + DAY])
async def test_an_import_that_ends_has_it_judged(expires_at: int) -> None:
    replay = await restarted()
    replay.store.holds["i"] = ImportHold("i", PROVIDER, frozenset({"up"}), frozenset(), expires_at, expires_at)
    replay.store.tell("hold", import_id="i")
    await replay.hear([state(DOWN + HOUR, "up")], AFTER)
    assert week(replay).verdict == "breached"
    # Facts of its past keep it open for an hour more; that its time is over is told to every partition.
    for _ in range(2):
        await replay.hear([], AFTER + HOUR)
    assert (week(replay).verdict == "met") == (expires_at == AFTER)
    replay.release()
    await replay.hear([], AFTER)
    assert week(replay).verdict == "met"
