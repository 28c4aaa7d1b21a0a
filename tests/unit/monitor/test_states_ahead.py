"""A change of a result by time alone is evaluated at its instant, however far ahead."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from slm_monitor.domain.facts.intake_items import Indicator
from tests.support.decisions import Signed
from tests.support.histories import History, Told, told_of
from tests.support.history_terms import composite, share, target
from tests.support.monitor import DAY, HOUR, MINUTE, PROVIDER, at, finalized
from tests.support.replays import Replay

BEGIN = at("2026-11-01T00:00")
NAME = {"owner_party_id": PROVIDER, "key": "up"}
UP = Indicator(f"{PROVIDER}/up", PROVIDER, "up", "availability", initial_state="up")
SIX_HOURS = {"rolling": "PT6H"}
TARGETS = [
    target("states", "up", "availability", share("90"), SIX_HOURS, unknown="down"),
    target(
        "composed", None, composite("states", "serial", [{"indicator": NAME}]), share("90"), SIX_HOURS, unknown="down"
    ),
    target("outages", "up", {"outages": {"at_least": "PT37M"}}, {"at_most": "0"}, SIX_HOURS, unknown="down"),
    target("weeks", "up", {"outages": {"at_least": "PT37M"}}, {"at_most": "0"}, {"calendar": "week"}, unknown="down"),
]


async def breached(terms: dict[str, Any], indicator: Indicator, *items: dict[str, Any]) -> list[tuple[int, int]]:
    """(hours, minutes) from the beginning at which a target is breached, told at the instant at which it is."""
    known = {indicator.subject: indicator}
    replay = await Replay.begin(History([], known))
    await replay.hear([Told(BEGIN - DAY, decision=Signed(asdict(finalized(terms))))], BEGIN)
    await replay.hear([told_of({"indicator": "up", **each}, known) for each in items], BEGIN + 2 * HOUR)
    for _ in range(1_000):
        dues = [replay.partition.next_due(), replay.partition.derived_due()]
        due = min(each for each in dues if each is not None)
        await replay.hear([], max(due, replay.store.watermark))
        if replay.store.breaches:
            (breach,) = replay.store.breaches.values()
            assert breach.certain_at == replay.store.watermark
            return [divmod((breach.certain_at - BEGIN) // MINUTE, 60)]
    return []


@pytest.mark.parametrize("age", [5, 50])
@pytest.mark.parametrize("terms", TARGETS, ids=lambda each: str(each["key"]))
async def test_silence_is_judged_as_it_begins_to_count(terms: dict[str, Any], age: int) -> None:
    indicator = replace(UP, stale_after=age * HOUR)
    assert await breached(terms, indicator, {"at": BEGIN + HOUR, "state": "up"}) == [(age + 1, 37)]


@pytest.mark.parametrize("ahead", [6, 51])
@pytest.mark.parametrize("terms", TARGETS, ids=lambda each: str(each["key"]))
async def test_a_state_told_ahead_is_judged_as_it_begins(terms: dict[str, Any], ahead: int) -> None:
    told = [{"at": BEGIN + HOUR, "state": "up"}, {"at": BEGIN + ahead * HOUR, "state": "down"}]
    assert await breached(terms, UP, *told) == [(ahead, 37)]
