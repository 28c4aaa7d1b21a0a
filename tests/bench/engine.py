"""The judging engine by itself, on a store in memory: ``python -m tests.bench.engine [growth|tick|rest]``.

``growth``: what a measurement costs beside more and more targets, and more and more days of history before it (P6).
``tick``: one value of each of 1,000 indicators per minute, one in a hundred missing its promise, burn rates and events
included (P4). ``rest``: memory of a target, what keeping all of them costs while nothing comes, a restart (P5).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import pickle
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import psutil

from slm_chassis.collecting import exclude_from_collection
from slm_events.catalogue import MEASUREMENTS
from slm_monitor.application.engine.checkpointing import WHOLE_SECONDS
from slm_monitor.application.engine.partition import Partition, PartitionStepInput
from slm_monitor.application.state.partition_step import PartitionCheckpoint
from slm_monitor.domain.facts.facts import HOUR, MINUTE, MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.series.hour_buckets import HourChunk
from tests.bench.figures import circumstances
from tests.support.memory_store import MemoryEvaluationStore
from tests.support.monitor import DAY, PROVIDER, at, fast, finalized

BEGIN = at("2026-01-01T00:00")
FAST, SLOW = 100.0, 900.0
ROWS = 1_000
"""Number of rows in a batch."""


class _Store(MemoryEvaluationStore):
    """Keeps what it is given without the copies that make the other one a database: they would be most of the cost. Its
    record lies in a file, as it is no part of what the engine holds in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._record = sqlite3.connect("")
        self._record.execute("CREATE TABLE segment (subject TEXT, hour INTEGER, chunk BLOB)")
        self._record.execute("CREATE INDEX place ON segment (subject, hour)")

    async def checkpoint(self, partition: int, epoch: int, checkpoint: PartitionCheckpoint) -> None:
        series, checkpoint.series = checkpoint.series, {}
        self._series.update(series)
        windows, checkpoint.windows = checkpoint.windows, []
        self.windows.update({(each.target_id, each.window_id): each for each in windows})
        segments, checkpoint.segments = checkpoint.segments, []
        rows = ((subject, hour, pickle.dumps(chunk)) for subject, hour, chunks in segments for chunk in chunks)
        self._record.executemany("INSERT INTO segment VALUES (?, ?, ?)", rows)
        await super().checkpoint(partition, epoch, checkpoint)

    async def hours(self, subject: str, hours: Sequence[int]) -> Mapping[int, list[HourChunk]]:
        found: dict[int, list[HourChunk]] = {}
        asked = set(hours)
        wanted = "SELECT hour, chunk FROM segment WHERE subject = ? AND hour BETWEEN ? AND ?"
        for hour, chunk in self._record.execute(wanted, (subject, min(hours), max(hours))):
            if hour in asked:
                found.setdefault(hour, []).append(pickle.loads(chunk))
        return found


@dataclass
class Engine:
    """One partition that owns every indicator."""

    store: MemoryEvaluationStore
    partition: Partition
    names: list[str]
    now: int

    @classmethod
    async def of(cls, indicators: int, now: int) -> Engine:
        store = _Store()
        keys = [f"i{number:06}" for number in range(indicators)]
        for key in keys:
            subject = f"{PROVIDER}/{key}"
            store.registered[subject] = Indicator(subject, PROVIDER, key, "value", "ms")
        targets = [
            {
                **fast("99", warn_at={"burn_rate": "default"}),
                "target_id": key,
                "key": key,
                "indicator": {"owner_party_id": PROVIDER, "key": key},
            }
            for key in keys
        ]
        terms = asdict(finalized(*targets, effective_at="2026-01-01T00:00:00Z"))
        store.versions[terms["agreement_id"]] = [terms]
        engine = cls(store, await _started(store), [f"{PROVIDER}/{key}" for key in keys], now)
        await engine.step()
        return engine

    async def step(self, *values: MeasuredValues) -> None:
        """Run one step of the partition at the present instant."""
        positions = {
            topic: offset + bool(values)
            for topic, offset in self.partition.positions.items()
            if topic == MEASUREMENTS.name
        }
        step = await self.partition.step(PartitionStepInput(positions, list(values), watermark=self.now), self.now)
        blob_seq = await self.store.commit(0, self.partition.epoch, step)
        if blob_seq is not None:
            self.partition.blob_seq = blob_seq

    async def put_away(self, is_whole: bool = True) -> None:
        checkpoint = await self.partition.checkpoint(self.now, is_whole)
        if checkpoint is not None:
            await self.store.checkpoint(0, self.partition.epoch, checkpoint)

    def batch(self, of: range, share_slow: float = 0.0) -> MeasuredValues:
        """A batch with one present value of each of these indicators."""
        number = len(of)
        value = np.full(number, FAST)
        value[: int(number * share_slow)] = SLOW
        slot = np.arange(number, dtype=np.int32)
        instants = np.full(number, self.now, dtype=np.int64)
        return MeasuredValues([self.names[place] for place in of], slot, instants, value)


async def _started(store: MemoryEvaluationStore) -> Partition:
    loaded = await store.take_over(0)
    partition = Partition(loaded, store, 1)
    await partition.recover(loaded)
    return partition


async def _cost(engine: Engine, batches: int) -> float:
    """CPU microseconds of a value: batches of a thousand, round the indicators, a second between them; figures are put
    away with each, rows as often as the judge does."""
    number = len(engine.names)
    began = time.process_time()
    for turn in range(batches):
        engine.now += 1_000_000
        first = turn * ROWS % number
        await engine.step(engine.batch(range(first, min(first + ROWS, number))))
        await engine.put_away(is_whole=turn % WHOLE_SECONDS == WHOLE_SECONDS - 1)
    return (time.process_time() - began) * 1e6 / (batches * min(ROWS, number))


async def growth() -> None:
    """Measure the cost of a value beside more targets and more history (P6)."""
    for indicators in (100, 1_000, 10_000, 100_000):
        engine = await Engine.of(indicators, BEGIN + HOUR)
        await _fill(engine, days=1, every=6 * HOUR)
        cost = await _cost(engine, max(120, indicators // ROWS))
        print(f"{indicators:,} targets, 1 day of history: {cost:.1f} µs CPU a value; {circumstances()}", flush=True)
    for days in (1, 10, 30, 90):
        engine = await Engine.of(1_000, BEGIN + HOUR)
        await _fill(engine, days=days, every=6 * HOUR)
        print(f"1,000 targets, {days} days of history: {await _cost(engine, 240):.1f} µs CPU a value", flush=True)


async def _fill(engine: Engine, days: int, every: int) -> None:
    end = engine.now + days * DAY
    while engine.now < end:
        for first in range(0, len(engine.names), 10_000):
            await engine.step(engine.batch(range(first, min(first + 10_000, len(engine.names)))))
        await engine.put_away()
        engine.now += every
    # As the judge does once nothing comes.
    exclude_from_collection()


async def tick() -> None:
    """Measure one value a minute of each of 1,000 indicators (P4)."""
    engine = await Engine.of(1_000, BEGIN + HOUR)
    await _fill(engine, days=30, every=6 * HOUR)
    events, spent = len(engine.store.events), []
    for number in range(30):
        engine.now = (engine.now // MINUTE + 1) * MINUTE
        share = 0.01 if number % 2 else 0.0
        began = time.process_time()
        await engine.step(engine.batch(range(1_000), share))
        await engine.put_away()
        spent.append(time.process_time() - began)
    told = len(engine.store.events) - events
    print(
        f"1,000 values of 1,000 targets a tick: median {1_000 * sorted(spent)[15]:.1f} ms CPU, worst "
        f"{1_000 * max(spent):.1f} ms; {told} events in 30 ticks; {circumstances()}"
    )


async def rest(most: int = 100_000) -> None:
    """Measure memory, idle cost and restart of many targets (P5)."""
    process, held = psutil.Process(), []
    for indicators in (most // 10, most):
        gc.collect()
        before = process.memory_full_info().uss
        engine = await Engine.of(indicators, BEGIN + HOUR)
        await _fill(engine, days=30, every=DAY)
        gc.collect()
        held.append((indicators, process.memory_full_info().uss - before))
        began, minutes = time.process_time(), 10
        for _ in range(minutes):
            engine.now += MINUTE
            await engine.step()
            await engine.put_away()
        idle = (time.process_time() - began) / (minutes * 60)
        began = time.process_time()
        engine.partition = await _started(engine.store)
        while (due := engine.partition.timers.next_due()) is not None and due <= engine.now:
            await engine.step()
        print(
            f"{indicators:,} targets: {held[-1][1] / indicators / 1024:.1f} KB each, "
            f"{100 * idle:.2f} % of a core at rest, restart {time.process_time() - began:.1f} CPU s; {circumstances()}",
            flush=True,
        )
        del engine
    (few, small), (many, large) = held
    print(f"slope: {(large - small) / (many - few) / 1024:.1f} KB a target")


PARTS = {"growth": growth, "tick": tick, "rest": rest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    for part in parser.parse_args().parts or PARTS:
        asyncio.run(PARTS[part]())


if __name__ == "__main__":
    main()
