"""The common base of the workers that claim work by leases, do it in tasks, and store how it ended."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog

from slm_chassis.clock import real_now
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.workers import Backoff, Progress, Rest

_POLL_SECONDS, _LONGEST_SECONDS = 0.25, 1.0
"""The least and the most seconds between two looks for due work: the least after events were received."""
_DRAIN_SECONDS = 5.0
_PRUNE_SECONDS = 3_600.0
_log = structlog.get_logger(__name__)

Claim = TypeVar("Claim")


class LeasedWorker(ABC, Generic[Claim]):
    """A worker that claims work, one task for each claim. If the process is killed, its claims end with their leases,
    and another process claims the work.
    """

    name: str

    def __init__(self, at_once: int) -> None:
        """``at_once``: the highest number of claims that this process works on at the same time."""
        self.progress = Progress()
        self._at_once = at_once
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._prune_at = 0.0
        self._rest = Rest(_POLL_SECONDS, _LONGEST_SECONDS)

    def wake(self) -> None:
        """Look for due work soon, because events have been received."""
        self._rest.wake()

    @abstractmethod
    async def claim(self, room: int) -> Sequence[Claim]:
        """Claim at most ``room`` pieces of work that are due."""

    @abstractmethod
    async def handle(self, claim: Claim) -> None:
        """Do the work of a claim and store how it ended."""

    @abstractmethod
    async def release(self, claims: Sequence[Claim]) -> None:
        """Give claims back, so that any process can claim the work at once."""

    @abstractmethod
    async def prune(self) -> None:
        """Delete data that need not be kept any longer."""

    async def run(self) -> None:
        """Work until cancelled. Then open requests get a few seconds to end. The requests that have not ended are
        cancelled, and their claims are given back.
        """
        try:
            while True:
                claimed = await self.step()
                await self._prune_hourly()
                if not claimed:
                    await self._pause()
        finally:
            await self._drain()

    async def step(self) -> int:
        """Claim due work and begin it. At most ``at_once`` claims are worked on at the same time. Return the number of
        claims begun.
        """
        room = self._at_once - len(self._running)
        claims = await self.claim(room) if room > 0 else []
        for claim in claims:
            task = asyncio.create_task(self.handle(claim))
            self._running[task] = claim
            task.add_done_callback(self._forget)
        self.progress.beat()
        return len(claims)

    async def settle(self) -> None:
        """Wait until no work is going on and all results are stored."""
        while self._running:
            await asyncio.wait(self._running)

    async def store(self, leased_until: int, record: Callable[[], Awaitable[None]]) -> None:
        """Call ``record`` until it succeeds. While the database is away it is called again until the lease ends:
        without the result, the work would be done again.
        """
        backoff = Backoff()
        while True:
            try:
                await record()
                return
            except Exception as error:
                if not is_infrastructure_fault(error) or real_now() > leased_until:
                    raise
            await backoff.pause()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The work is claimed again when its lease has ended.
            _log.error("claimed work not done", worker=self.name, exc_info=error)

    async def _pause(self) -> None:
        """Wait until a task has ended, at most ``_POLL_SECONDS``. If no task is running, wait until there may
        be work.
        """
        if self._running:
            await asyncio.wait(self._running, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        else:
            await self._rest.take()

    async def _prune_hourly(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._prune_at:
            self._prune_at = now + _PRUNE_SECONDS
            await self.prune()

    async def _drain(self) -> None:
        if not self._running:
            return
        _, pending = await asyncio.wait(list(self._running), timeout=_DRAIN_SECONDS)
        given_back = [self._running[task] for task in pending if task in self._running]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        with suppress(Exception):
            await self.release(given_back)
