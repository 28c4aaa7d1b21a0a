"""An installation whose time stands still, and when all that was asked of it has been done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

import slm_chassis.identity
from slm_chassis.app import ServiceApp
from slm_chassis.clock import ManualClock
from slm_chassis.log.port import EventLog, TopicPartition
from slm_chassis.workers import Rest, Worker
from slm_events.catalogue import TOPICS
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker

_SOON_SECONDS = 0.03
_PATIENCE_SECONDS = 120.0
_ASLEEP_SECONDS = 86_400.0
_POSITIONS = text("SELECT consumer, topic, partition, position FROM consumer_position")
_WAITING = text("SELECT count(*) FROM outbox")
_NEWS = text("SELECT count(*) FROM judge_inbox")


class StillClock(ManualClock):
    """Stands still until it is moved. Whoever waits for an instant that is not there yet looks again in a moment."""

    def real_seconds(self, microseconds: int) -> float:
        return _SOON_SECONDS if microseconds > 0 else 0.0


class NeverQuiet(AssertionError):
    """Something is still at work after two minutes; the text says what."""


@contextmanager
def counted_ids() -> Iterator[None]:
    """New ids in the order in which they were made, so that lists sorted by them have one order in every play."""
    numbers = iter(range(1, 1 << 62))

    def new_id() -> int:
        return next(numbers) << 8

    class Counted:
        @staticmethod
        def randbits(bits: int) -> int:
            return new_id()

    identity: Any = slm_chassis.identity
    kept = identity.secrets, identity.real_now
    identity.secrets, identity.real_now = Counted, lambda: 1_793_000_000_000_000
    try:
        yield
    finally:
        identity.secrets, identity.real_now = kept


@contextmanager
def steady(apps: Sequence[ServiceApp]) -> Iterator[None]:
    """Answers do not depend on how busy the machine is.

    Workers that look at their tables now and then are asleep, as ``Quiet`` turns them itself; and keys are not refused
    where the log is slow.
    """
    access: Any = slm_chassis.access_registry
    catch_up = access.AccessRegistry.catch_up
    kept = access.FRESH_SECONDS, catch_up.__defaults__
    access.FRESH_SECONDS = _PATIENCE_SECONDS
    catch_up.__defaults__ = (_PATIENCE_SECONDS,)
    for worker in lookers(apps):
        if hasattr(worker, "_pause_seconds"):
            worker._pause_seconds = _ASLEEP_SECONDS
        if hasattr(worker, "_rest"):
            # Its shortest time, during which nothing wakes it, is as long as its longest.
            worker._rest = Rest(_ASLEEP_SECONDS, _ASLEEP_SECONDS)
    try:
        yield
    finally:
        access.FRESH_SECONDS, catch_up.__defaults__ = kept


def lookers(apps: Sequence[ServiceApp]) -> list[Any]:
    """The workers that neither read the log nor are woken: they look at a table for what is due."""
    names = {
        "term timer",
        "publisher of reports",
        "calendar-watch",
        "silent exclusions",
        "backtests",
        "back-tests of revisions",
        "grouping of causes",
    }
    found: list[Worker] = [worker for app in apps for worker in app.workers if worker.name in names]
    assert len(found) == len(names), [worker.name for app in apps for worker in app.workers]
    return found


class Quiet:
    """Waits until an installation has nothing left to do at the instant that its clock shows."""

    def __init__(self, apps: Sequence[ServiceApp], log: EventLog, clock: StillClock) -> None:
        self._apps = apps
        self._log = log
        self._clock = clock
        self._lookers = lookers(apps)
        [self._judge] = [worker for app in apps for worker in app.workers if isinstance(worker, EvaluationWorker)]

    async def wait(self) -> None:
        """Return once nothing is under way. Raises NeverQuiet."""
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while True:
            ends, reason = await self._ends(), await self._busy()
            # Asked twice: what was under way at the first question may have been published after it was asked.
            if reason is None and not await self._look() and await self._busy() is None and ends == await self._ends():
                break
            if time.monotonic() > give_up_at:
                raise NeverQuiet(reason or "there is always something due")
            await asyncio.sleep(_SOON_SECONDS)
        for app in self._apps:
            await app.access.catch_up()

    async def _look(self) -> bool:
        """Turn those who look for what is due until one has done something; whether one has.

        One at a time: what two of them publish side by side would be read in any order.
        """
        for worker in self._lookers:
            if await worker.step():
                return True
        return False

    async def _busy(self) -> str | None:
        """What is under way; None where nothing is."""
        ends = await self._ends()
        for app in self._apps:
            async with app.database.read() as connection:
                if (await connection.execute(_WAITING)).scalar_one():
                    return f"{app.context} has not published all"
                for row in await connection.execute(_POSITIONS):
                    if row.position < ends.get(TopicPartition(row.topic, row.partition), 0):
                        return f"{row.consumer} has not read {row.topic} to its end"
                if app.context == "monitor" and (await connection.execute(_NEWS)).scalar_one():
                    return "the judge has news"
        return self._judging(ends)

    def _judging(self, ends: Mapping[TopicPartition, int]) -> str | None:
        judge, now = self._judge, self._clock.now()
        if judge._inbox_rings or not judge._owned:
            return "the judge has news to read"
        for number, partition in judge._owned.items():
            behind = any(at < ends[TopicPartition(topic, number)] for topic, at in partition.positions.items())
            derived = partition.derived_due()
            is_due = number in judge._firing._far or (derived is not None and derived <= now)
            if behind or is_due or not judge._firing.is_settled(number, partition) or not partition.is_saved:
                return f"partition {number} is not judged"
        return None

    async def _ends(self) -> dict[TopicPartition, int]:
        return {
            TopicPartition(topic, number): end
            for topic in TOPICS
            for number, end in (await self._log.end_offsets(topic)).items()
        }
