"""How fast report-svc and review-svc hear: ``python -m tests.bench.projections [--events 50000]``.

Events of five agreements as an import of tickets gives them: clocks that stop, breaches of tickets, warnings that come
and go, windows that close. They lie in a log in memory, so that hearing alone is measured; the state is in a real
PostgreSQL. The process keeps to one core (P8).
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gc
import itertools
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import SystemClock
from slm_chassis.identity import named_id
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record, TopicPartition
from slm_chassis.migrations import migrate
from slm_chassis.subscriptions import Subscriptions
from slm_events.catalogue import PUBLISHED, TOPICS
from slm_events.envelope import Envelope, to_headers, to_json
from slm_events.instants import to_text
from slm_report import bootstrap as report
from slm_report.settings import ReportSettings
from slm_review import bootstrap as review
from slm_review.settings import ReviewSettings
from tests.bench.figures import circumstances
from tests.bench.profiled import Samples
from tests.bench.system import cpu_of
from tests.support import postgres
from tests.support import report as of_report
from tests.support import review as of_review

AGREEMENTS = 5
MINUTE = 60_000_000
SOURCE = "/slm/bench/monitor"
PIECE = 50_000
"""How many events lie in the log at once: memory holds no more of millions."""


def agreement_id(number: int) -> str:
    return named_id(of_report.AGREEMENT, "of a benchmark", number)


def heard_by_report(count: int) -> Iterator[Any]:
    """Two tickets of five are late, one of ten warned of; a window closes with every fifty tickets."""
    start = of_report.at("2026-11-01T00:00")
    for number in range(AGREEMENTS):
        yield of_report.finalized(of_report.MONTHLY, of_report.TICKETS, agreement_id=agreement_id(number))
    made = 0
    for ticket in range(count):
        if made >= count:
            return
        agreement, at = agreement_id(ticket % AGREEMENTS), to_text(start + ticket * MINUTE // 2)
        mine: dict[str, Any] = {"agreement_id": agreement, "published_at": at}
        late = ticket % 5 < 2
        stop = of_report.stopped(str(ticket), at, "completed_late" if late else "met", at)
        yield dataclasses.replace(stop, **mine)
        made += 1
        if late:
            window = (f"servicenow/{ticket}", at, at)
            yield dataclasses.replace(of_report.breached(f"breach {ticket}", at, window, of_report.TICKETS), **mine)
            made += 1
        if ticket % 10 == 0:
            yield dataclasses.replace(of_report.at_risk(f"risk {ticket}", at), **mine)
            yield dataclasses.replace(of_report.cleared(f"risk {ticket}", "averted", at), **mine)
            made += 2
        if ticket % 50 == 0:
            window = (f"w{ticket}", at, to_text(start + (ticket + 1) * MINUTE))
            yield dataclasses.replace(of_report.closed(window), agreement_id=agreement)
            made += 1


def heard_by_review(count: int) -> Iterator[Any]:
    """Breaches of tickets, warnings that come and go, and windows that close."""
    start = of_review.at("2026-11-01T00:00")
    for number in range(AGREEMENTS):
        yield of_review.finalized(agreement_id=agreement_id(number), review={"on_breach": True})
    for number in range(count // 4):
        agreement, at = agreement_id(number % AGREEMENTS), to_text(start + number * MINUTE)
        ticket = (f"servicenow/{number}", at, at)
        mine: dict[str, Any] = {"agreement_id": agreement, "published_at": at}
        yield dataclasses.replace(of_review.at_risk(f"risk {number}", at, window=ticket), **mine)
        yield dataclasses.replace(of_review.breached(f"breach {number}", at, ticket), **mine)
        yield dataclasses.replace(of_review.cleared(f"risk {number}", "breached", at, ticket), **mine)
        month = of_review.month(number % 12 + 1)
        closing = of_review.closed(month, revision=number)
        yield dataclasses.replace(closing, agreement_id=agreement)


def headers_of(event: Any, number: int) -> dict[str, str]:
    """The headers that a published event has: an id of its own, and what caused it."""
    row, at = PUBLISHED[type(event)], to_text(of_report.at("2026-11-01T00:00") + number * 1_000)
    identity = str(uuid.UUID(int=number))
    subject = str(getattr(event, row.subject_field))
    causes = {"correlation_id": identity, "causation_id": identity}
    envelope = Envelope(
        id=identity, source=SOURCE, type=row.type, subject=subject, time=at, recorded_at=at, data=event, **causes
    )
    return to_headers(envelope)


async def appended(log: MemoryEventLog, events: Iterator[Any], first: int) -> int:
    """Append the events, whose ids count from ``first``; return how many they were."""
    count = 0
    records: dict[str, list[Record]] = {}
    for event in events:
        row = PUBLISHED[type(event)]
        record = Record(str(getattr(event, row.key_field)), to_json(event), headers_of(event, first + count))
        records.setdefault(row.topic.name, []).append(record)
        count += 1
    for topic, waiting in records.items():
        await log.append(topic, waiting)
    return count


async def forget(log: MemoryEventLog) -> None:
    """Delete the records that have been heard, so that memory does not grow with millions of them."""
    for topic in TOPICS:
        for number, end in (await log.end_offsets(topic)).items():
            log.forget(TopicPartition(topic, number), end)


@dataclass
class Piece:
    """Some of the events: how many they were, and the seconds that hearing them took."""

    events: int
    took: float
    """By the clock."""
    spent: float
    """CPU time of this process."""
    stored: float
    """CPU time of PostgreSQL."""


def said(pieces: Sequence[Piece]) -> str:
    """Events a second of some pieces, by the clock and of CPU time."""
    count = sum(piece.events for piece in pieces)
    took, spent, stored = (sum(getattr(piece, name) for piece in pieces) for name in ("took", "spent", "stored"))
    return (
        f"{count:,} events, {count / spent:,.0f} a second of its own CPU, {count / took:,.0f} by the clock; "
        f"PostgreSQL {stored / count * 1e6:.1f} µs of CPU an event"
    )


async def postmaster(app: ServiceApp) -> psutil.Process:
    """The process of PostgreSQL, whose children serve its connections."""
    async with app.database.read() as connection:
        server = psutil.Process((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()).parent()
    assert server is not None
    return server


async def measure(
    name: str,
    build: Callable[[str, MemoryEventLog], Awaitable[ServiceApp]],
    events: Iterator[Any],
    samples: Samples | None = None,
) -> str:
    """Events a second of wall time and of the process's own CPU: of all, and of the first and the last tenth."""
    url = await postgres.fresh_database(f"slm_bench_{name}")
    await migrate(url, f"slm_{name}")
    log = MemoryEventLog()
    await log.ensure_topics(topic_specs(4))
    app = await build(url, log)
    heard = next(worker for worker in app.workers if isinstance(worker, Subscriptions))
    server = await postmaster(app)
    pieces: list[Piece] = []
    count = 0
    while more := await appended(log, itertools.islice(events, PIECE), count):
        count += more
        # A log of its own process does not make the collector of garbage walk through it.
        gc.collect()
        gc.freeze()
        began, cpu, stored = time.perf_counter(), time.process_time(), cpu_of(server)
        with samples.taken() if samples else nullcontext():
            while await heard.step(0.0):
                pass
        pieces.append(Piece(more, time.perf_counter() - began, time.process_time() - cpu, cpu_of(server) - stored))
        gc.unfreeze()
        await forget(log)
    async with app.database.read() as connection:
        inserted = (await connection.execute(text("SELECT count(*) FROM inbox"))).scalar_one()
        aside = (await connection.execute(text("SELECT count(*) FROM dead_letter"))).scalar_one()
    await heard.close()
    await app.stop()
    assert (inserted, aside) == (count, 0), (inserted, aside, count)
    lines = [f"{name}-svc: {said(pieces)}; {circumstances()}"]
    if len(pieces) >= 10:
        tenth = len(pieces) // 10
        lines += [f"  the first of them: {said(pieces[:tenth])}", f"  the last of them: {said(pieces[-tenth:])}"]
    return "\n".join(lines)


async def _report(url: str, log: MemoryEventLog) -> ServiceApp:
    return await report.build(ReportSettings(database_url=url), log, SystemClock())


async def _review(url: str, log: MemoryEventLog) -> ServiceApp:
    return await review.build(ReviewSettings(database_url=url), log, SystemClock())


SERVICES: dict[str, tuple[Callable[..., Awaitable[ServiceApp]], Callable[[int], Iterator[Any]]]] = {
    "report": (_report, heard_by_report),
    "review": (_review, heard_by_review),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--only", choices=sorted(SERVICES), help="one service instead of both")
    parser.add_argument("--profile", type=Path, help="write where the CPU time of hearing goes to this file")
    given = parser.parse_args()
    postgres.session()
    # The server is a process of its own: on its core it waits for nobody.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    samples = Samples() if given.profile else None
    try:
        for name in [given.only] if given.only else SERVICES:
            build, events = SERVICES[name]
            print(asyncio.run(measure(name, build, events(given.events), samples)), flush=True)
    finally:
        postgres.end_session()
    if samples is not None:
        given.profile.write_text(samples.text())


if __name__ == "__main__":
    main()
