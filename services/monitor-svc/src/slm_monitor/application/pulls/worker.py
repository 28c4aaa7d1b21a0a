"""The worker that runs pulls that are due. Replicas share the pulls by leases: one process at a time runs a pull."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.workers import Progress
from slm_mappings.pull_recipes import PullRecipe
from slm_monitor.application.pulls.ports import PullStore
from slm_monitor.domain.pulls.pulls import ClaimedPull

AT_ONCE = 4
"""The most pulls that one process runs at a time."""
_POLL_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class PullRunner(Protocol):
    """Runs pulls."""

    async def run(self, claim: ClaimedPull) -> None:
        """Run a claimed pull until the run is done, has sent MOST_REQUESTS requests, or fails; store the outcome."""
        ...


class RunnerByKind:
    """Runs each pull as its connector says: by the runner of tickets, of samples or of outages."""

    def __init__(self, recipes: Mapping[str, PullRecipe], runners: Mapping[str, PullRunner]) -> None:
        self._recipes = recipes
        self._runners = runners

    async def run(self, claim: ClaimedPull) -> None:
        """Run a claimed pull; the outcome is stored.

        If the pull's connector no longer exists, the runner of tickets stores as the outcome that it is missing.
        """
        recipe = self._recipes.get(claim.pull.connector)
        await self._runners["tickets" if recipe is None else recipe.reads].run(claim)


class PullWorker:
    """Claims pulls that are due and runs them, a few at a time."""

    name = "puller"

    def __init__(self, store: PullStore, runner: PullRunner, lease_seconds: float) -> None:
        self.progress = Progress()
        self._store = store
        self._runner = runner
        self._lease_seconds = lease_seconds
        self._running: dict[asyncio.Task[None], ClaimedPull] = {}

    async def run(self) -> None:
        """Run pulls until cancelled. Cancelling stops the runs under way; this or another process continues them."""
        try:
            while True:
                await self.step()
                self.progress.beat()
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            await self._stop()

    async def step(self) -> int:
        """Begin to run pulls that are due, as many as there is room for; return their number."""
        begun = 0
        while len(self._running) < AT_ONCE:
            claim = await self._store.claim(self._lease_seconds)
            if claim is None:
                break
            task = asyncio.create_task(self._runner.run(claim))
            self._running[task] = claim
            task.add_done_callback(self._forget)
            begun += 1
        return begun

    async def settle(self) -> None:
        """Wait until no pull runs."""
        while self._running:
            await asyncio.wait(self._running)

    def _forget(self, task: asyncio.Task[None]) -> None:
        claim = self._running.pop(task, None)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # Claimed again when its lease has ended.
        log = _log.warning if is_infrastructure_fault(error) else _log.error
        log("pull not finished", pull_id=claim.pull.pull_id if claim else "", exc_info=error)

    async def _stop(self) -> None:
        running = dict(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for claim in running.values():
            with suppress(Exception):
                await self._store.release(claim)
