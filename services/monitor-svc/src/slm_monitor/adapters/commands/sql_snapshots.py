"""Facts derived from snapshots of tickets, in PostgreSQL. A snapshot is a ticket as its tool shows it at one instant.
Snapshots of the same ticket are processed one after the other.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from slm_chassis.database import Database
from slm_monitor.application.intake.ticket_snapshots import LockedTicketFacts
from slm_monitor.domain.facts.facts import Fact

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 4011))"
_KNOWN = "SELECT subject, key, at, body, revision, recorded_at FROM fact WHERE subject = $1"
_KEEP = """
INSERT INTO ticket_snapshot VALUES ($1, $2, $3, $4)
ON CONFLICT (subject) DO UPDATE SET facts = excluded.facts, updated_at = excluded.updated_at,
                                    received_at = excluded.received_at
"""


class SqlSnapshots:
    """Facts derived from snapshots of tickets, kept until the partition of the ticket has stored them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def of_ticket(self, subject: str, now: int) -> AsyncIterator[LockedTicketFacts]:
        """Lock a ticket and yield an object with the ticket's known facts. Facts that the caller puts into ``keep`` of
        this object are stored when the ``async with`` ends.

        The caller appends the derived events to the log before this transaction commits. After a crash in between, the
        same snapshot leads to the same events with the same ids, so that nothing is counted twice.
        """
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            await driver.execute(_LOCK, subject)
            stored = {row["key"]: Fact(*row) for row in await driver.fetch(_KNOWN, subject)}
            kept = await driver.fetchval("SELECT facts FROM ticket_snapshot WHERE subject = $1", subject) or {}
            remembered_facts = {key: Fact(subject, key, *rest) for key, *rest in kept.get("facts", ())}
            remembered = LockedTicketFacts(_newest(stored, remembered_facts), kept.get("position", ""))
            yield remembered
            if remembered.keep:
                # A fact that its partition has stored already need not be remembered here too.
                waiting = {
                    key: fact
                    for key, fact in {**remembered_facts, **remembered.keep}.items()
                    if stored.get(key) != fact
                }
                document = {"position": remembered.position, "facts": [_fact_row(fact) for fact in waiting.values()]}
                latest = max(fact.at for fact in remembered.keep.values())
                await driver.execute(_KEEP, subject, json.dumps(document), latest, now)


def _newest(stored: Mapping[str, Fact], remembered_facts: Mapping[str, Fact]) -> dict[str, Fact]:
    found = dict(stored)
    for key, fact in remembered_facts.items():
        if key not in found or fact.rank > found[key].rank:
            found[key] = fact
    return found


def _fact_row(fact: Fact) -> list[Any]:
    return [fact.key, fact.at, dict(fact.body), fact.revision, fact.recorded_at]
