"""Workers that are told of new work look for it by themselves too: news may be lost, and the work must not be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from slm_agreement.adapters.term_timer import TermTimer
from slm_chassis.lag import LagMeter
from slm_chassis.outbox import OutboxRelay
from slm_monitor.adapters.causes.cause_grouping import CauseGroupingWorker
from slm_notification.application.leased_work import LeasedWorker
from slm_report.application.publishing import Publisher

AWAITED_SECONDS = 30.0
"""Much more than the longest safety interval, two seconds: a busy machine turns no test red."""


class DeafDatabase:
    """Takes the functions to be called at a commit, and never calls them: all news are lost."""

    source = "test"

    def on_commit(self, _: Callable[[], None]) -> None: ...


class Leased(LeasedWorker[int]):
    name = "leased"

    async def claim(self, room: int) -> Sequence[int]:
        return []

    async def handle(self, claim: int) -> None: ...

    async def release(self, claims: Sequence[int]) -> None: ...

    async def prune(self) -> None: ...


NOTHING = cast(Any, None)
DEAF = cast(Any, DeafDatabase())


async def forever() -> None:
    await asyncio.Event().wait()


def deaf_relay() -> OutboxRelay:
    relay = OutboxRelay(DEAF, NOTHING)
    # It holds that it hears of other processes: the longest pause, and nothing is heard.
    relay._is_listening = True
    relay._listen = forever  # type: ignore[method-assign]
    return relay


@pytest.mark.parametrize(
    ("look", "make"),
    [
        ("step", lambda: TermTimer(NOTHING)),
        ("step", lambda: CauseGroupingWorker(DEAF, NOTHING, NOTHING)),
        ("step", lambda: Leased(1)),
        ("step", lambda: Publisher(NOTHING)),
        ("look", lambda: LagMeter("group", DEAF, NOTHING, [])),
        ("step", deaf_relay),
    ],
    ids=["terms", "causes", "leased work", "reports", "lag", "relay"],
)
async def test_work_is_found_though_its_news_were_lost(look: str, make: Callable[[], Any]) -> None:
    worker, looks, found = make(), 0, asyncio.Event()

    async def count() -> int:
        nonlocal looks
        looks += 1
        if looks == 2:
            found.set()
        return 0

    setattr(worker, look, count)
    running = asyncio.create_task(worker.run())
    try:
        await asyncio.wait_for(found.wait(), AWAITED_SECONDS)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
