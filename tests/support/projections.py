"""What a projection makes of a history that is cut into batches: its tables, and the events that it publishes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.database import Database
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_chassis.subscriptions import Subscriptions
from slm_events.catalogue import PUBLISHED
from slm_events.envelope import Envelope, to_headers, to_json
from tests.support import postgres

Build = Callable[[str, MemoryEventLog], Awaitable[ServiceApp]]
WHEN = "2026-11-22T10:00:00.000000Z"


@dataclass(frozen=True)
class Heard:
    """One record of a history: an event under an id, or ``broken``, which no service can read."""

    event: Any
    event_id: str
    broken: bool = False

    @property
    def topic(self) -> str:
        return PUBLISHED[type(self.event)].topic.name

    def record(self) -> Record:
        row = PUBLISHED[type(self.event)]
        envelope = Envelope(
            id=self.event_id,
            source="/slm/test/other",
            type=row.type,
            subject=str(getattr(self.event, row.subject_field)),
            time=WHEN,
            recorded_at=WHEN,
            data=self.event,
            correlation_id=self.event_id,
        )
        value = b"{}" if self.broken else to_json(self.event)
        return Record(str(getattr(self.event, row.key_field)), value, to_headers(envelope))


def pieces(history: Sequence[Heard], sizes: Iterator[int]) -> Iterator[list[Heard]]:
    """Cut a history into batches of these sizes. A batch is of one topic, so that all cuts are handled in one order."""
    piece: list[Heard] = []
    size = next(sizes)
    for each in history:
        if piece and (len(piece) == size or each.topic != piece[0].topic):
            yield piece
            piece, size = [], next(sizes)
        piece.append(each)
    if piece:
        yield piece


async def tables_after(
    package: str, build: Build, history: Sequence[Heard], sizes: Iterator[int], *, restart_each: int | None = None
) -> dict[str, list[str]]:
    """Table → its rows, after a new service has handled the history in batches of these sizes.

    ``restart_each``: stop the service, and start it again, after so many batches.
    """
    url = await postgres.copy_tables_of(package)
    log = MemoryEventLog()
    # One partition, so that a piece of a history is one batch.
    await log.ensure_topics(topic_specs(1))
    app = await build(url, log)
    for number, piece in enumerate(pieces(history, sizes), 1):
        await log.append(piece[0].topic, [each.record() for each in piece])
        subscriptions = _subscriptions(app)
        while await subscriptions.step(0.0):
            pass
        if restart_each is not None and number % restart_each == 0:
            await _stop(app)
            app = await build(url, log)
    found = await _rows(app.database)
    await _stop(app)
    await postgres.drop_database(url)
    return found


def _subscriptions(app: ServiceApp) -> Subscriptions:
    return next(worker for worker in app.workers if isinstance(worker, Subscriptions))


async def _stop(app: ServiceApp) -> None:
    await _subscriptions(app).close()
    await app.stop()


_TABLES = """
SELECT table_name, array_agg(column_name::text ORDER BY column_name) AS columns
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name <> 'alembic_version' AND data_type <> 'timestamp with time zone'
GROUP BY table_name
"""
"""All tables with their columns, except the server's own times."""
_CHANCE = {"epoch", "seq", "dead_letter_id"}
"""Columns that count starts and transactions, or are random."""


async def _rows(database: Database) -> dict[str, list[str]]:
    async with database.read() as connection:
        tables = (await connection.execute(text(_TABLES))).all()
        found = {}
        for name, columns in tables:
            listed = ", ".join(f'"{column}"' for column in columns if column not in _CHANCE)
            order = "ORDER BY seq" if name == "outbox" else ""
            query = f'SELECT row_to_json(kept) FROM (SELECT {listed} FROM "{name}" {order}) AS kept'
            rows = [_without_chance(row) for (row,) in await connection.execute(text(query))]
            found[name] = [json.dumps(row, sort_keys=True) for row in rows]
            if name != "outbox":
                found[name].sort()
    return found


def _without_chance(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the random id of its event, and with the event's data instead of bytes."""
    if isinstance(row.get("headers"), dict):
        row["headers"].pop("ce_id", None)
    if isinstance(row.get("value"), str):
        # Bytes are shown as hexadecimal digits. Objects that were stored in between have their names in another order.
        row["value"] = json.loads(bytes.fromhex(row["value"].removeprefix("\\x")))
    return row
