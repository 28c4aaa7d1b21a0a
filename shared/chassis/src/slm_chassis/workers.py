"""Workers that run until they are cancelled, and the supervisor that restarts, monitors and stops them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from slm_chassis.clock import Clock
from slm_chassis.faults import is_infrastructure_fault
from slm_events.instants import to_text

_log = structlog.get_logger(__name__)

FAILURES_TOLERATED = 3
"""The number of failures in a row, not counting infrastructure faults, up to which a worker counts as healthy."""
_SHOWN = 300
"""How many characters of an error a health report shows."""


class Worker(Protocol):
    """Something that works until it is cancelled.

    A worker with a ``progress`` calls ``progress.beat`` at each turn, even if there was nothing to do. If a worker
    without a ``progress`` hangs, nobody notices.
    """

    @property
    def name(self) -> str:
        """The worker's name in logs and health reports."""

    async def run(self) -> None:
        """Work until cancelled. Raise an infrastructure fault to be started again, or Halt to stay stopped."""
        ...


class Halt(Exception):
    """Raised by a worker that must stop, for example because it would park every record after a bad deployment.

    The supervisor does not start the worker again; a person must find the cause and restart the process.
    """


class Progress:
    """When a worker last finished a turn."""

    def __init__(self) -> None:
        self._beat_at = time.monotonic()

    def beat(self) -> None:
        """Record that a turn is finished."""
        self._beat_at = time.monotonic()

    def idle_seconds(self) -> float:
        """Return the real seconds since the last turn."""
        return time.monotonic() - self._beat_at


class Rest:
    """The rest of a worker that has found nothing to do: at least ``shortest`` seconds and at most ``longest``.

    Between the two, ``wake`` ends the rest. Each commit calls ``wake``, so that a worker finds new work soon although
    its rests are long.
    """

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = max(shortest, longest)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """End the present rest as soon as its shortest time is over. If the worker is not resting, end its next rest
        then.
        """
        self._woken.set()

    async def take(self) -> None:
        """Rest once."""
        await asyncio.sleep(self._shortest)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._longest - self._shortest):
                await self._woken.wait()
        self._woken.clear()


@dataclass
class Backoff:
    """Growing pauses with jitter: ``first`` seconds, doubled each time, at most ``longest``."""

    first: float = 0.1
    longest: float = 10.0
    _tries: int = field(default=0, init=False)

    async def pause(self) -> None:
        """Sleep for the next pause."""
        await asyncio.sleep(self.next_seconds())

    def next_seconds(self) -> float:
        """Return the next pause in seconds."""
        seconds = min(self.longest, self.first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        # Jitter spreads replicas that lost the same database at the same moment.
        return seconds * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with the shortest pause."""
        self._tries = 0


@dataclass
class _Post:
    """A worker under supervision, with its task and its latest failures."""

    worker: Worker
    task: asyncio.Task[None] | None = None
    failures: int = 0
    failed_at: float = 0.0
    trouble: str | None = None
    halted: bool = False


class Supervisor:
    """Keeps workers running: restarts them with growing pauses, reports those in trouble, and stops them."""

    def __init__(self, workers: Sequence[Worker], clock: Clock, *, stall_seconds: float = 30.0) -> None:
        self._posts = [_Post(worker) for worker in workers]
        self._clock = clock
        self._stall_seconds = stall_seconds

    def start(self) -> None:
        """Start a task for each worker. Must be called inside the event loop in which they run."""
        for post in self._posts:
            if post.task is None:
                post.task = asyncio.create_task(self._keep_running(post), name=post.worker.name)

    async def stop(self, timeout_seconds: float = 10.0) -> None:
        """Cancel the workers and wait for them; log those that do not end in time. A second call does nothing."""
        tasks = [post.task for post in self._posts if post.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=timeout_seconds)
            for task in pending:
                _log.error("worker did not stop", worker=task.get_name(), timeout_seconds=timeout_seconds)
        for post in self._posts:
            post.task = None

    def healthy(self) -> list[str]:
        """Return the problems of the workers, one sentence for each worker that has one; empty if all workers are
        healthy.
        """
        return [problem for post in self._posts if (problem := self._problem(post)) is not None]

    def _problem(self, post: _Post) -> str | None:
        name = post.worker.name
        if post.task is None:
            return f"{name} is not running"
        # A worker that has run long enough since its last failure counts as healthy again.
        forgiven = time.monotonic() - post.failed_at > self._stall_seconds
        if post.halted or (post.failures >= FAILURES_TOLERATED and not forgiven):
            return f"{name} {'stopped' if post.halted else 'keeps failing'}: {post.trouble}"
        progress = getattr(post.worker, "progress", None)
        if isinstance(progress, Progress) and progress.idle_seconds() > self._stall_seconds:
            cause = f": {post.trouble}" if post.trouble else ""
            return f"{name} has not moved for {progress.idle_seconds():.0f} s{cause}"
        return None

    async def _keep_running(self, post: _Post) -> None:
        backoff = Backoff()
        while True:
            started = time.monotonic()
            try:
                await post.worker.run()
                raise RuntimeError("the worker ended; a worker runs until it is cancelled")
            except (Exception, asyncio.CancelledError) as error:
                task = asyncio.current_task()
                if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                    raise
                if time.monotonic() - started > self._stall_seconds:
                    backoff.reset()
                    post.failures = 0
                self._note(post, error)
                if post.halted:
                    return
            await backoff.pause()

    def _note(self, post: _Post, error: BaseException) -> None:
        # Only the first line: everybody may read /readyz, and the rest of a database error shows statements and values.
        said = next(iter(str(error).splitlines()), "")[:_SHOWN]
        post.trouble = f"{type(error).__name__}: {said} (at {to_text(self._clock.now())})"
        post.halted = isinstance(error, Halt)
        if is_infrastructure_fault(error):
            _log.warning("worker restarts", worker=post.worker.name, cause=post.trouble)
        else:
            post.failures += 1
            post.failed_at = time.monotonic()
            _log.error("worker failed", worker=post.worker.name, halted=post.halted, exc_info=error)
