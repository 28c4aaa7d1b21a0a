"""Work that runs for ever beside the HTTP door, and who restarts it, watches it and stops it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from slm_chassis.clock import Clock
from slm_chassis.faults import is_infrastructure_fault
from slm_events.instants import to_text

_log = structlog.get_logger(__name__)

FAILURES_TOLERATED = 3
"""Failures in a row, other than of the infrastructure, after which a worker counts as unhealthy."""
_SHOWN = 300
"""Characters of an error that are told."""


class Worker(Protocol):
    """Something that works until it is cancelled.

    A worker that has ``progress`` beats it at each turn, also an idle one; one without is not watched for standstill.
    """

    @property
    def name(self) -> str: ...

    async def run(self) -> None:
        """Work until cancelled. Raise an infrastructure fault to be started again, Halt to stay stopped."""
        ...


class Halt(Exception):
    """Going on would do harm, e.g. park everything after a bad deployment: stay stopped until somebody looks."""


class Progress:
    """A sign of life: when the worker last finished a turn."""

    def __init__(self) -> None:
        self._beat_at = time.monotonic()

    def beat(self) -> None:
        self._beat_at = time.monotonic()

    def idle_seconds(self) -> float:
        return time.monotonic() - self._beat_at


@dataclass
class Backoff:
    """Growing pauses with jitter: ``first`` seconds, twice as long each time, at most ``longest``."""

    first: float = 0.1
    longest: float = 10.0
    _tries: int = field(default=0, init=False)

    async def pause(self) -> None:
        await asyncio.sleep(self.next_seconds())

    def next_seconds(self) -> float:
        seconds = min(self.longest, self.first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        # Jitter spreads replicas that lost the same database at the same moment.
        return seconds * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._tries = 0


@dataclass
class _Post:
    """A worker, its task, and what went wrong with it lately."""

    worker: Worker
    task: asyncio.Task[None] | None = None
    failures: int = 0
    failed_at: float = 0.0
    trouble: str | None = None
    halted: bool = False


class Supervisor:
    """Keeps workers running: restarts with growing pauses, tells who is in trouble, stops them in time."""

    def __init__(self, workers: Sequence[Worker], clock: Clock, *, stall_seconds: float = 30.0) -> None:
        self._posts = [_Post(worker) for worker in workers]
        self._clock = clock
        self._stall_seconds = stall_seconds

    def start(self) -> None:
        """Start a task for each worker; call it inside the event loop they shall run in."""
        for post in self._posts:
            if post.task is None:
                post.task = asyncio.create_task(self._keep_running(post), name=post.worker.name)

    async def stop(self, timeout_seconds: float = 10.0) -> None:
        """Cancel the workers and wait for them; logs who did not end in time. May be called twice."""
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
        """What is wrong, one sentence a worker; empty where all is well."""
        return [problem for post in self._posts if (problem := self._problem(post)) is not None]

    def _problem(self, post: _Post) -> str | None:
        name = post.worker.name
        if post.task is None:
            return f"{name} is not running"
        # One that has worked for as long as a standstill may last is forgiven, though nothing has ended it since.
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
        # The first line, for anybody may ask whether we are ready: a database tells statements and values in the rest.
        said = next(iter(str(error).splitlines()), "")[:_SHOWN]
        post.trouble = f"{type(error).__name__}: {said} (at {to_text(self._clock.now())})"
        post.halted = isinstance(error, Halt)
        if is_infrastructure_fault(error):
            _log.warning("worker restarts", worker=post.worker.name, cause=post.trouble)
        else:
            post.failures += 1
            post.failed_at = time.monotonic()
            _log.error("worker failed", worker=post.worker.name, halted=post.halted, exc_info=error)
