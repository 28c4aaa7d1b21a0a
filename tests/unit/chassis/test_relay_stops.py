"""A relay stops when told to, also at the very moment at which a commit wakes it."""

from __future__ import annotations

import asyncio

import pytest

from slm_chassis.outbox import OutboxRelay
from tests.support import api as trial


class IdleRelay(OutboxRelay):
    """Finds nothing to relay and has no database to listen to."""

    async def step(self) -> int:
        return 0

    async def _listen(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("woken", [False, True])
async def test_a_stop_is_not_lost_to_a_wake_in_the_same_turn(woken: bool) -> None:
    relay = IdleRelay(trial.nowhere(), await trial.memory_log(), poll_seconds=0.05)
    task = asyncio.create_task(relay.run())
    await asyncio.sleep(0.01)
    if woken:
        relay.wake()
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=1.0)
    task.cancel()
    assert done
