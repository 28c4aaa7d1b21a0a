"""How fast report-svc and review-svc hear: ``python -m tests.bench.projections [--events 50000]``.

Events of five agreements as an import of tickets gives them: clocks that stop, breaches of tickets, warnings that come
and go, windows that close. They lie in a log in memory, so that hearing alone is measured; the state is in a real
PostgreSQL. The process keeps to one core (P8).
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from sqlalchemy import text

from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import SystemClock
from slm_chassis.identity import named_id
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_chassis.migrations import migrate
from slm_chassis.subscriptions import Subscriptions
from slm_events.catalogue import PUBLISHED
from slm_events.envelope import to_json
from slm_events.instants import to_text
from slm_report import bootstrap as report
from slm_report.settings import ReportSettings
from slm_review import bootstrap as review
from slm_review.settings import ReviewSettings
from tests.bench.figures import circumstances
from tests.support import postgres
from tests.support import report as of_report
from tests.support import review as of_review

AGREEMENTS = 5
MINUTE = 60_000_000


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


async def appended(log: MemoryEventLog, events: Iterator[Any]) -> int:
    count = 0
    records: dict[str, list[Record]] = {}
    for number, event in enumerate(events):
        row = PUBLISHED[type(event)]
        headers = {"ce_id": f"event-{number}", "ce_source": "/slm/bench/monitor", "ce_type": row.type}
        record = Record(str(getattr(event, row.key_field)), to_json(event), headers)
        records.setdefault(row.topic.name, []).append(record)
        count += 1
    for topic, waiting in records.items():
        await log.append(topic, waiting)
    return count


async def measure(
    name: str, build: Callable[[str, MemoryEventLog], Awaitable[ServiceApp]], events: Iterator[Any]
) -> str:
    """Events a second of wall time and of the process's own CPU, once all have been heard."""
    url = await postgres.fresh_database(f"slm_bench_{name}")
    await migrate(url, f"slm_{name}")
    log = MemoryEventLog()
    await log.ensure_topics(topic_specs(4))
    count = await appended(log, events)
    app = await build(url, log)
    heard = next(worker for worker in app.workers if isinstance(worker, Subscriptions))
    began, cpu = time.perf_counter(), time.process_time()
    while await heard.step(0.0):
        pass
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    async with app.database.read() as connection:
        inserted = (await connection.execute(text("SELECT count(*) FROM inbox"))).scalar_one()
        aside = (await connection.execute(text("SELECT count(*) FROM dead_letter"))).scalar_one()
    await heard.close()
    await app.stop()
    assert (inserted, aside) == (count, 0), (inserted, aside, count)
    return (
        f"{name}-svc: {count:,} events heard in {took:.1f} s, {count / took:,.0f} events/s; "
        f"{count / spent:,.0f} events a second of its own CPU; {circumstances()}"
    )


async def _report(url: str, log: MemoryEventLog) -> ServiceApp:
    return await report.build(ReportSettings(database_url=url), log, SystemClock())


async def _review(url: str, log: MemoryEventLog) -> ServiceApp:
    return await review.build(ReviewSettings(database_url=url), log, SystemClock())


async def run(count: int) -> None:
    print(await measure("report", _report, heard_by_report(count)), flush=True)
    print(await measure("review", _review, heard_by_review(count)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    given = parser.parse_args()
    postgres.session()
    # The server is a process of its own: on its core it waits for nobody.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        asyncio.run(run(given.events))
    finally:
        postgres.end_session()


if __name__ == "__main__":
    main()
