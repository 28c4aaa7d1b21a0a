"""How soon a breach is seen: ``python -m tests.bench.latency --log postgres|kafka``.

From the last byte of the request that makes a target breached to the bytes of ``TargetBreached`` at a client of the
live stream and, on Kafka, at a consumer of ``slm.breaches``, while other measurements keep coming. Sender and receivers
are one process: there is one clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.clock import SECOND, real_now
from slm_events.catalogue import BREACHES, PUBLISHED
from slm_events.instants import to_text
from slm_events.monitor import TargetBreached
from tests.bench import agreed
from tests.bench.agreed import month_start
from tests.bench.figures import circumstances, milliseconds
from tests.bench.system import PARTITIONS, System, started_on
from tests.bench.wire import Connection, events

JSON, NDJSON = "application/json", "application/x-ndjson"
OTHERS = 100
"""Indicators of the other load, two targets each."""
REQUESTS_A_SECOND = 10
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Load:
    """The other load: rows a second, and number of indicators in one request."""

    rows: int
    indicators: int

    def __str__(self) -> str:
        return f"{self.rows:,} rows/s beside them, {self.indicators} indicators a request"


@dataclass
class Seen:
    """Target key → the instants at which its breach was received."""

    at: dict[str, list[float]] = field(default_factory=dict)

    def note(self, key: str, came_at: float) -> None:
        self.at.setdefault(key, []).append(came_at)

    def lost(self, sent: dict[str, float]) -> int:
        return len(sent.keys() - self.at.keys())

    @property
    def doubled(self) -> int:
        return sum(len(times) - 1 for times in self.at.values())

    def delays(self, sent: dict[str, float]) -> list[float]:
        return [times[0] - sent[key] for key, times in self.at.items() if key in sent]


async def measure(log: str, breaches: int, a_second: float, load: Load, profile: Path | None = None) -> list[str]:
    """Start an installation, breach ``breaches`` targets, and say how soon each receiver saw it, one line for each
    receiver.
    """
    async with started_on(log, profile) as system:
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        keys = await _agreements(system, cast, breaches)
        receivers: dict[str, Seen] = {"event stream": Seen()}
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_ended, await _listening(system, cast, receivers))
            stack.push_async_callback(_ended, [asyncio.create_task(_other_load(system, cast, load))])
            await system.at_rest()
            with system.profiling():
                before, began = sum(system.cpu().values()), time.perf_counter()
                sent = await _breach_all(system, cast, keys, a_second)
                await _until(lambda: all(not seen.lost(sent) for seen in receivers.values()))
            cores = (sum(system.cpu().values()) - before) / (time.perf_counter() - began)
            # What is told a second time is told soon after the first.
            await asyncio.sleep(2.0)
        return [
            f"{log}, {name}, {load}: {milliseconds(seen.delays(sent))} ms; {len(sent)} breaches, "
            f"{seen.lost(sent)} lost, {seen.doubled} doubled; {cores:.2f} cores busy; {circumstances()}"
            for name, seen in receivers.items()
        ]


async def _agreements(system: System, cast: Cast, breaches: int) -> list[str]:
    """Registers and agrees on everything; the keys of the availability targets, which are their indicators' too."""
    effective_at = month_start(real_now())
    if real_now() - effective_at < 7_200 * SECOND:
        raise SystemExit("the budget of a month cannot be spent in its first two hours; run this later")
    keys = [f"site-{number:04d}" for number in range(breaches)]
    await agreed.register(system, cast, keys, "availability", initial_state="up")
    available = {
        "aggregation": "availability",
        "objective": {"at_least": "99.9", "unit": "percent"},
        "window": {"calendar": "month"},
    }
    targets = [{"key": key, "title": key, "indicator": key, **available} for key in keys]
    others = [f"load-{number:03d}" for number in range(OTHERS)]
    await agreed.register(system, cast, others, "value", unit="ms")
    targets += agreed.of_values(others)
    await agreed.agree(system, cast, "latency", effective_at, targets)
    return keys


async def _listening(system: System, cast: Cast, receivers: dict[str, Seen]) -> list[asyncio.Task[Any]]:
    opened = asyncio.Event()
    tasks = [asyncio.create_task(_stream(system, cast, receivers["event stream"], opened))]
    if system.kafka is not None:
        receivers["Kafka consumer"] = Seen()
        assigned = asyncio.Event()
        tasks.append(asyncio.create_task(_consumer(system.kafka, receivers["Kafka consumer"], assigned)))
        await _flowing(assigned, tasks)
    await _flowing(opened, tasks)
    return tasks


async def _flowing(receiving: asyncio.Event, tasks: list[asyncio.Task[Any]]) -> None:
    """Wait until every receiver receives. Raises the error that ended a receiver."""
    waiting = asyncio.create_task(receiving.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS)
    for task in done:
        task.result()
    assert waiting in done, "a receiver hears nothing"


async def _stream(system: System, cast: Cast, seen: Seen, opened: asyncio.Event) -> None:
    path = "/api/v1/stream?type=TargetBreached"
    async for came_at, _, event in events(system.address("monitor"), cast.viewer_key, path, opened.set):
        seen.note(event["data"]["target_key"], came_at)


async def _consumer(address: str, seen: Seen, assigned: asyncio.Event) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:
        partitions = [TopicPartition(BREACHES.name, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        assigned.set()
        async for record in consumer:
            came_at = time.perf_counter()
            if dict(record.headers)["ce_type"] == PUBLISHED[TargetBreached].type.encode():
                seen.note(json.loads(record.value)["target_key"], came_at)
    finally:
        await consumer.stop()


async def _other_load(system: System, cast: Cast, load: Load) -> None:
    """Values of other indicators, all well within their objective, in evenly spaced requests."""
    if not load.rows:
        return
    connection = await Connection.open(system.address("monitor"), cast.integrator_key)
    each, turn = max(1, load.rows // REQUESTS_A_SECOND), 0
    began = time.perf_counter()
    while True:
        await connection.post("/api/v1/measurements", _rows(load, each, turn), NDJSON)
        turn += 1
        await asyncio.sleep(max(0.0, began + turn * each / load.rows - time.perf_counter()))


def _rows(load: Load, count: int, turn: int) -> bytes:
    now = real_now()
    return "\n".join(
        f'{{"indicator":"load-{(turn * load.indicators + n % load.indicators) % OTHERS:03d}",'
        f'"at":"{to_text(now + n)}","value":120}}'
        for n in range(count)
    ).encode()


async def _breach_all(system: System, cast: Cast, keys: list[str], a_second: float) -> dict[str, float]:
    """Report one outage a target that has just spent its budget; key → when the last byte of the report was sent."""
    connection = await Connection.open(system.address("monitor"), cast.integrator_key)
    sent: dict[str, float] = {}
    began = time.perf_counter()
    for turn, key in enumerate(keys):
        await asyncio.sleep(max(0.0, began + turn / a_second - time.perf_counter()))
        # A thousandth of a month is 40 to 45 minutes: the budget is spent some minutes ago at most.
        now = real_now()
        outage = {"from": to_text(now - 2_700 * SECOND), "to": to_text(now)}
        body = json.dumps([{"indicator": key, "outage": outage}]).encode()
        sent[key], _, _ = await connection.post("/api/v1/measurements", body, JSON)
    await connection.close()
    return sent


async def _until(reached: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not reached() and time.monotonic() < give_up_at:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def _ended(tasks: list[asyncio.Task[Any]]) -> None:
    failed = [task for task in tasks if task.done() and not task.cancelled() and task.exception()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in failed:
        task.result()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency", description=__doc__)
    parser.add_argument("--log", choices=("postgres", "kafka"), default="postgres")
    parser.add_argument("--breaches", type=int, default=1_000)
    parser.add_argument("--per-second", type=float, default=10.0, help="breaches a second")
    parser.add_argument("--rows", type=int, default=1_000, help="rows a second of other load")
    parser.add_argument("--indicators", type=int, default=10, help="indicators of one request of the other load")
    parser.add_argument("--profile", type=Path, help="a file for the figures of cProfile; embedded only")
    given = parser.parse_args()
    load = Load(given.rows, given.indicators)
    print(*asyncio.run(measure(given.log, given.breaches, given.per_second, load, given.profile)), sep="\n")


if __name__ == "__main__":
    main()
