"""The worker of revisions' back-tests. It tests one target at a time, and publishes each result at once."""

from __future__ import annotations

import asyncio
from typing import Protocol

from slm_chassis.clock import Clock
from slm_chassis.identity import new_id
from slm_chassis.workers import Progress
from slm_events.backtests import TargetBacktested
from slm_monitor.application.preview import revision_backtests
from slm_monitor.application.preview.revision_backtests import MeasuredHistory, RevisionBacktest

PAUSE_SECONDS = 5.0
RENEW_SECONDS = 10.0


class RevisionBacktestStore(Protocol):
    """The store of the back-tests that wait for a worker."""

    async def claim(self, token: str) -> RevisionBacktest | None:
        """Lease a back-test that no worker holds; None if there is none. The one with the fewest results comes first,
        then the oldest.
        """
        ...

    async def renew(self, backtest: RevisionBacktest, token: str) -> bool:
        """Extend the lease; return False if it was lost."""
        ...

    async def publish(self, backtest: RevisionBacktest, token: str, event: TargetBacktested) -> bool:
        """Publish the result of one target and end the lease; return False if the lease was lost."""
        ...


class RevisionBacktestWorker:
    """A worker that back-tests revisions under a lease. Any number of workers may run on one database."""

    name = "back-tests of revisions"

    def __init__(
        self,
        waiting: RevisionBacktestStore,
        history: MeasuredHistory,
        clock: Clock,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.progress = Progress()
        self._waiting = waiting
        self._history = history
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """End the pause of a worker that waits for back-tests."""
        self._woken.set()

    async def run(self) -> None:
        """Test targets until cancelled. Raises infrastructure faults, after which the worker is started again."""
        while True:
            self._woken.clear()
            if not await self.step():
                try:
                    await asyncio.wait_for(self._woken.wait(), self._pause_seconds)
                except TimeoutError:
                    continue

    async def step(self) -> bool:
        """Test one target of one revision; return False if none waits."""
        token = new_id()
        backtest = await self._waiting.claim(token)
        self.progress.beat()
        if backtest is None:
            return False
        work = asyncio.create_task(
            revision_backtests.backtest_target(self._history, backtest, backtest.waiting[0], self._clock.now())
        )
        try:
            while not (await asyncio.wait([work], timeout=RENEW_SECONDS))[0]:
                self.progress.beat()
                if not await self._waiting.renew(backtest, token):
                    return True
            await self._waiting.publish(backtest, token, await work)
        finally:
            work.cancel()
        return True
