"""A recovered target is evaluated by all facts that arrived meanwhile, also in windows closed long ago."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from slm_events.instants import to_text
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges
from tests.support.decisions import Signed
from tests.support.histories import History, Told, told_of
from tests.support.history_terms import composite, share, target
from tests.support.monitor import DAY, HOUR, PROVIDER, at, finalized, line_of
from tests.support.replays import Replay

BEGIN, DOWN, AFTER = at("2026-11-02T00:00"), at("2026-11-03T00:00"), at("2026-11-12T00:00")
KNOWN = {
    f"{PROVIDER}/{key}": Indicator(f"{PROVIDER}/{key}", PROVIDER, key, kind, initial_state="up")
    for key, kind in (("up", "availability"), ("latency", "value"))
}
NAMED = {"owner_party_id": PROVIDER, "key": "up"}
FAST: dict[str, Any] = {"share_at_most": "300"}
WEEK, SLIDING = {"calendar": "week"}, {"rolling": "P1D"}
TARGETS = [
    (target("up", "up", "availability", share("90"), WEEK), "2026-11-03T16:48"),
    (target("up-rolling", "up", "availability", share("90"), SLIDING), "2026-11-03T02:25"),
    (target("fast", "latency", FAST, share("90"), WEEK), "2026-11-09T00:00"),
    (target("fast-rolling", "latency", FAST, share("90"), SLIDING), "2026-11-03T00:00"),
    (
        target("made", None, composite("states", "serial", [{"indicator": NAMED}]), share("90"), WEEK),
        "2026-11-03T16:48",
    ),
]


def state(instant: int, value: str) -> Told:
    return told_of({"indicator": "up", "at": instant, "state": value}, KNOWN)


def latency(instant: int, value: int) -> Told:
    return told_of({"indicator": "latency", "at": instant, "value": value}, KNOWN)


@pytest.mark.parametrize(("terms", "certain_at"), TARGETS, ids=lambda each: str(each["key"]) if "key" in each else "")
async def test_what_came_meanwhile_is_judged(terms: dict[str, Any], certain_at: str) -> None:
    replay = await Replay.begin(History([], KNOWN))
    version = asdict(finalized(terms, effective_at="2026-11-02T00:00:00Z"))
    await replay.hear([Told(BEGIN, decision=Signed(version)), state(BEGIN, "up"), latency(BEGIN, 1)], AFTER)
    await replay.save(AFTER)
    replay.stumble([terms["target_id"]])
    slow = [latency(DOWN + hours * HOUR, 500) for hours in range(10)]
    await replay.hear([state(DOWN, "down"), state(DOWN + DAY, "up"), *slow], AFTER)
    await replay.save(AFTER)
    assert replay.store.unjudgeable.keys() == {terms["target_id"]} and not replay.store.breaches
    await replay.restart()
    await replay.hear([], AFTER + HOUR)
    (breach,) = replay.store.breaches.values()
    assert not replay.store.unjudgeable and to_text(breach.certain_at)[:16] == certain_at


def test_what_is_judged_by_label_is_taken_up_with_its_terms() -> None:
    line = line_of(target("by-site", "up", "availability", share("90"), WEEK, group_by=["site"]))
    aside, changes = FailedTargets({line.target_id: "KeyError: 'site'"}), EvaluationChanges()
    assert aside.returns(line)
    with aside.attaching(line):
        pass
    aside.tell(changes, AFTER)
    assert changes.unjudgeable == {line.target_id: None} and not aside.returns(line)
    assert [type(each.event).__name__ for each in changes.events] == ["TargetJudgeable"]
