"""A worker that falls is put on its feet again, unless that would do harm; and somebody hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from slm_chassis.clock import SystemClock
from slm_chassis.workers import Backoff, Halt, Progress, Rest, Supervisor, Worker


class Scripted:
    """A worker that does what it is told at each start, and then works quietly for ever."""

    name = "scripted"

    def __init__(self, *script: Callable[[], Awaitable[None]]) -> None:
        self._script = list(script)
        self.starts = 0
        self.progress = Progress()

    async def run(self) -> None:
        self.starts += 1
        if self._script:
            await self._script.pop(0)()
        while True:
            self.progress.beat()
            await asyncio.sleep(0.01)


def raising(error: BaseException) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


@asynccontextmanager
async def supervised(*workers: Worker, stall_seconds: float = 30.0) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(workers, SystemClock(), stall_seconds=stall_seconds)
    supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def reaches(worker: Scripted, starts: int) -> None:
    async with asyncio.timeout(10):
        while worker.starts < starts:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.02)


async def test_a_worker_is_started_again_after_an_infrastructure_fault_and_stays_healthy() -> None:
    worker = Scripted(*[raising(ConnectionRefusedError("no database"))] * 3)
    async with supervised(worker) as supervisor:
        await reaches(worker, 4)
        assert supervisor.healthy() == []


async def test_a_worker_that_keeps_failing_is_reported_and_still_tried() -> None:
    worker = Scripted(*[raising(ValueError("a bug"))] * 3)
    async with supervised(worker) as supervisor:
        await reaches(worker, 4)
        (problem,) = supervisor.healthy()
        assert "keeps failing" in problem and "a bug" in problem


async def test_a_worker_that_failed_often_and_works_again_is_healthy_again() -> None:
    worker = Scripted(*[raising(ValueError("a bug"))] * 3)
    async with supervised(worker, stall_seconds=1.0) as supervisor:
        await reaches(worker, 4)
        assert supervisor.healthy()
        await asyncio.sleep(1.1)
        assert supervisor.healthy() == []


async def test_nobody_who_asks_for_its_health_hears_statements_and_values() -> None:
    worker = Scripted(raising(Halt("duplicate key\nDETAIL: Key (email)=(ada@example.com)\n[SQL: INSERT]")))
    async with supervised(worker) as supervisor:
        await reaches(worker, 1)
        (problem,) = supervisor.healthy()
        assert "duplicate key" in problem
        assert "ada@example.com" not in problem and "INSERT" not in problem


async def test_a_worker_that_halts_stays_stopped_and_is_reported() -> None:
    worker = Scripted(raising(Halt("everything is poison")))
    async with supervised(worker) as supervisor:
        await reaches(worker, 1)
        await asyncio.sleep(0.3)
        (problem,) = supervisor.healthy()
        assert worker.starts == 1
        assert "everything is poison" in problem


async def test_a_worker_cancelled_by_somebody_else_is_started_again() -> None:
    worker = Scripted(raising(asyncio.CancelledError()))
    async with supervised(worker):
        await reaches(worker, 2)


async def test_a_worker_that_stands_still_is_reported() -> None:
    async def stand_still() -> None:
        await asyncio.sleep(60)

    async with supervised(Scripted(stand_still), stall_seconds=0.05) as supervisor:
        await asyncio.sleep(0.2)
        (problem,) = supervisor.healthy()
        assert "has not moved" in problem


async def test_one_workers_trouble_is_not_anothers() -> None:
    bad, good = Scripted(raising(Halt("no"))), Scripted()
    async with supervised(bad, good) as supervisor:
        await reaches(good, 1)
        assert len(supervisor.healthy()) == 1


async def test_stop_waits_for_workers_to_put_things_in_order() -> None:
    order: list[str] = []

    async def tidy() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            order.append("tidied")

    worker = Scripted(tidy)
    async with supervised(worker):
        await reaches(worker, 1)
    assert order == ["tidied"]


async def test_stop_does_not_wait_for_ever() -> None:
    released = asyncio.Event()

    async def refuse() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    worker = Scripted(refuse)
    supervisor = Supervisor([worker], SystemClock())
    supervisor.start()
    await reaches(worker, 1)
    async with asyncio.timeout(5):
        await supervisor.stop(timeout_seconds=0.05)
    released.set()
    await asyncio.sleep(0.05)


async def test_a_stopped_supervisor_says_so() -> None:
    supervisor = Supervisor([Scripted()], SystemClock())
    assert supervisor.healthy() == ["scripted is not running"]
    supervisor.start()
    await asyncio.sleep(0)
    assert supervisor.healthy() == []
    await supervisor.stop()
    await supervisor.stop()
    assert supervisor.healthy() == ["scripted is not running"]


def test_pauses_grow_to_their_limit_and_begin_anew() -> None:
    backoff = Backoff(first=1.0, longest=8.0)
    pauses = [backoff.next_seconds() for _ in range(40)]
    limits = [1.0, 2.0, 4.0, 8.0, *[8.0] * 36]
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, limits, strict=True))
    backoff.reset()
    assert backoff.next_seconds() <= 1.0


@pytest.mark.parametrize("error", [ConnectionRefusedError("away"), ValueError("bug")])
async def test_a_worker_that_ran_for_long_is_forgiven_what_was_before(error: Exception) -> None:
    async def run_and_fail() -> None:
        await asyncio.sleep(0.1)
        raise error

    worker = Scripted(*[run_and_fail] * 4)
    async with supervised(worker, stall_seconds=0.05) as supervisor:
        await reaches(worker, 5)
        assert not any("keeps failing" in problem for problem in supervisor.healthy())


async def seconds_of(rest: Rest) -> float:
    began = asyncio.get_running_loop().time()
    await rest.take()
    return asyncio.get_running_loop().time() - began


async def test_a_rest_lasts_until_news_but_never_less_nor_more_than_agreed() -> None:
    rest = Rest(0.1, 0.4)
    assert await seconds_of(rest) >= 0.39
    rest.wake()
    assert 0.09 <= await seconds_of(rest) < 0.35
    # The news were of work that has been looked for meanwhile.
    assert await seconds_of(rest) >= 0.39
    late = Rest(0.0, 60.0)
    waiting = asyncio.create_task(seconds_of(late))
    await asyncio.sleep(0.05)
    late.wake()
    assert await asyncio.wait_for(waiting, 5.0) >= 0.04
