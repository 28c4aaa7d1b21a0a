"""What measurements cost: ``python -m tests.bench.intake --log postgres|kafka --rows-a-request 1000``.

Values of many indicators, each of them judged over a month and a rolling hour with burn rate warnings, durable before
the answer. CPU seconds count every process of the system: all services, PostgreSQL with all its backends; a broker is
shown beside them. ``--by record`` writes the same batches to ``slm.measurements`` instead, one a record.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.clock import real_now
from slm_chassis.log.partitioner import partition_of
from slm_events.catalogue import MEASUREMENTS
from slm_events.instants import to_text
from tests.bench import agreed
from tests.bench.figures import circumstances, milliseconds
from tests.bench.system import PARTITIONS, SOURCE, System, started_on
from tests.bench.wire import Connection

NDJSON = "application/x-ndjson"
SETTLE_SECONDS = 1.5
"""A checkpoint is at most a second behind: what it costs belongs to the rows."""
VALUES = tuple(60 + n * 37 % 200 for n in range(97))
"""Measured milliseconds in turn, within the 300 that are promised."""
MISSED, EVERY = 310, 1_000
"""Each thousandth value of an indicator misses them: a tenth of what the objective allows, so that nothing is told."""
WARM_UP_ROWS = 150
"""Of each indicator, before anything is counted: one value missed among few would be a breach."""


@dataclass(frozen=True)
class Work:
    """The load to send. Each client has indicators of its own, as a collector does."""

    rows: int
    rows_a_request: int
    indicators: int
    clients: int
    by: str
    """``request``, ``record`` (indicators of all partitions mixed) or ``sorted record`` (of one partition)."""

    def __str__(self) -> str:
        each = self.rows_a_request // self.indicators
        return f"{self.rows_a_request:,} rows a {self.by}, {self.indicators:,} indicators × {each}"


@dataclass
class Sent:
    """The results of a run."""

    rows: int = 0
    answered: list[float] = field(default_factory=list)
    """Seconds from the last byte sent to the answer."""
    position: dict[str, int] = field(default_factory=dict)

    def note(self, rows: int, seconds: float, position: str) -> None:
        self.rows += rows
        self.answered.append(seconds)
        for part in position.split("."):
            place, _, offset = part.partition(":")
            self.position[place] = max(self.position.get(place, 0), int(offset))

    def min_position(self) -> str:
        return ".".join(f"{place}:{offset}" for place, offset in sorted(self.position.items()))


async def measure(log: str, work: Work, profile: Path | None = None) -> str:
    """Start an installation, send the rows of ``work``, wait until they are judged, and say what it took."""
    async with started_on(log, profile) as system:
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        keys = [[f"c{client}-i{n:05d}" for n in range(work.indicators)] for client in range(work.clients)]
        everyone = [key for theirs in keys for key in theirs]
        await agreed.agree_on_values(system, cast, "intake", agreed.month_start(real_now()), everyone)
        await _warm_up(system, cast, keys)
        at_rest = await system.at_rest()
        with system.profiling():
            before, began = system.cpu(), time.perf_counter()
            sent = await _send(system, cast, keys, work, work.rows)
            acknowledged = time.perf_counter()
            await judged(system, cast, sent.min_position())
            ended = time.perf_counter()
            await asyncio.sleep(SETTLE_SECONDS)
        spent = {name: seconds - before[name] for name, seconds in system.cpu().items()}
        held = system.memory()
    took = Took(spent, held, at_rest, acknowledged - began, ended - acknowledged)
    return _line(log, work, sent, took)


@dataclass(frozen=True)
class Took:
    """The cost of a run. ``at_rest``: percent of a core that the system needs without any rows."""

    spent: dict[str, float]
    held: dict[str, float]
    at_rest: float
    seconds: float
    behind: float


def _line(log: str, work: Work, sent: Sent, took: Took) -> str:
    millions = sent.rows / 1_000_000
    spent, held = took.spent, took.held
    total = spent["services"] + spent["postgres"]
    shares = ", ".join(f"{name} {value / millions:.2f}" for name, value in spent.items())
    memory = ", ".join(f"{name} {value:.0f}" for name, value in held.items())
    return (
        f"{log}, {work}: {total / millions:.2f} CPU s per million ({shares}); {sent.rows / took.seconds:,.0f} rows/s; "
        f"answer {milliseconds(sent.answered)} ms; judged {took.behind:.2f} s after the last answer; "
        f"at rest {took.at_rest:.1f} % of a core; memory MB: {memory}; {sent.rows:,} rows, "
        f"{circumstances()}"
    )


async def _warm_up(system: System, cast: Cast, keys: list[list[str]]) -> None:
    connection = await Connection.open(system.address("monitor"), cast.integrator_key)
    everyone = [key for theirs in keys for key in theirs]
    for _ in range(0, WARM_UP_ROWS, 10):
        await connection.post("/api/v1/measurements", _body(everyone, 10 * len(everyone), 0), NDJSON)
    await connection.close()


async def _send(system: System, cast: Cast, keys: list[list[str]], work: Work, rows: int) -> Sent:
    sent = Sent()
    turns = rows // work.rows_a_request // work.clients
    if work.by == "request":
        clients = [_requests(system, cast, theirs, work, turns, sent) for theirs in keys]
    else:
        clients = [_records(system, cast, theirs, work, turns, sent) for theirs in keys]
    await asyncio.gather(*clients)
    return sent


async def _requests(system: System, cast: Cast, keys: list[str], work: Work, turns: int, sent: Sent) -> None:
    """One client of the REST intake, which sends one request after the other."""
    connection = await Connection.open(system.address("monitor"), cast.integrator_key)
    for turn in range(turns):
        body = _body(keys, work.rows_a_request, turn)
        sent_at, answered_at, answer = await connection.post("/api/v1/measurements", body, NDJSON)
        assert answer["accepted"] == work.rows_a_request, answer
        sent.note(work.rows_a_request, answered_at - sent_at, answer["position"])
    await connection.close()


async def _records(system: System, cast: Cast, keys: list[str], work: Work, turns: int, sent: Sent) -> None:
    """One producer, a few records on their way at a time, as Kafka's clients do."""
    if system.kafka is None:
        raise SystemExit("records need --log kafka")
    producer = AIOKafkaProducer(bootstrap_servers=system.kafka, acks="all", max_request_size=16 << 20)
    await producer.start()
    try:
        room = asyncio.Semaphore(4)
        async with asyncio.TaskGroup() as group:
            for turn in range(turns):
                await room.acquire()
                theirs, partition = _addressed(cast, keys, work, turn)
                body = _body(theirs, work.rows_a_request, turn)
                group.create_task(_record(producer, body, partition, work, sent, room.release))
    finally:
        await producer.stop()


def _addressed(cast: Cast, keys: list[str], work: Work, turn: int) -> tuple[list[str], int]:
    partition = turn % PARTITIONS
    if work.by == "record":
        return keys, partition
    return [key for key in keys if partition_of(f"{cast.provider_party_id}/{key}", PARTITIONS) == partition], partition


async def _record(
    producer: AIOKafkaProducer, body: bytes, partition: int, work: Work, sent: Sent, done: Callable[[], None]
) -> None:
    began = time.perf_counter()
    headers = [("content-type", NDJSON.encode()), ("ce_source", SOURCE.encode())]
    stored = await producer.send_and_wait(MEASUREMENTS.name, body, partition=partition, headers=headers)
    sent.note(work.rows_a_request, time.perf_counter() - began, f"m{partition}:{stored.offset + 1}")
    done()


def _body(keys: list[str], rows: int, turn: int) -> bytes:
    """Rows of the present, as many of each indicator one after the other, a microsecond apart."""
    now = real_now()
    each, odd = divmod(rows, len(keys))
    instants = [to_text(now + number) for number in range(each + 1)]
    lines = [
        f'{{"indicator":"{key}","at":"{instants[number]}","value":{_value(turn * each + number + 7 * place)}}}'
        for place, key in enumerate(keys)
        for number in range(each + (place < odd))
    ]
    return "\n".join(lines).encode()


def _value(number: int) -> int:
    return MISSED if number % EVERY == EVERY - 1 else VALUES[number % len(VALUES)]


async def judged(system: System, cast: Cast, position: str) -> None:
    """Wait until a position is evaluated, with the rows that were forwarded to other partitions."""
    await _reached(system, cast, position)
    if system.kafka is not None:
        await _reached(system, cast, await _end(system.kafka))


async def _reached(system: System, cast: Cast, position: str) -> None:
    headers = {"Authorization": f"Bearer {cast.viewer_key}"}
    while True:
        answer = await system.client.get(f"/api/v1/targets?limit=1&min_position={position}", headers=headers)
        if answer.status_code != 504:
            answer.raise_for_status()
            return


async def _end(address: str) -> str:
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(MEASUREMENTS.name, n) for n in range(PARTITIONS)])
    finally:
        await consumer.stop()
    return ".".join(f"m{source.partition}:{end}" for source, end in sorted(ends.items()) if end)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.intake", description=__doc__)
    parser.add_argument("--log", choices=("postgres", "kafka"), default="postgres")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rows-a-request", type=int, default=1_000)
    parser.add_argument("--indicators", type=int, default=100, help="indicators of one request")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--by", choices=("request", "record", "sorted record"), default="request")
    parser.add_argument("--profile", type=Path, help="a file for the figures of cProfile; embedded only")
    given = parser.parse_args()
    work = Work(given.rows, given.rows_a_request, given.indicators, given.clients, given.by)
    print(asyncio.run(measure(given.log, work, given.profile)))


if __name__ == "__main__":
    main()
