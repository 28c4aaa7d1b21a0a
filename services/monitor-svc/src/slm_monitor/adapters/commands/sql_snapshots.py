"""What snapshots have told of tickets, in PostgreSQL: one at a time for each ticket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from slm_chassis.database import Database
from slm_monitor.application.intake.ticket_snapshots import RememberedTicket
from slm_monitor.domain.facts.facts import Fact

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 4011))"
_KNOWN = "SELECT subject, key, at, body, revision, recorded_at FROM fact WHERE subject = $1"
_KEEP = """
INSERT INTO ticket_snapshot VALUES ($1, $2, $3, $4)
ON CONFLICT (subject) DO UPDATE SET facts = excluded.facts, updated_at = excluded.updated_at,
                                    received_at = excluded.received_at
"""


class SqlSnapshots:
    """Snapshots of tickets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def of_ticket(self, subject: str, now: int) -> AsyncIterator[RememberedTicket]:
        """What is known, locked. The events are in the log before this commits: after a crash in between the same
        snapshot tells of the same events under the same ids."""
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            await driver.execute(_LOCK, subject)
            judged = {row["key"]: Fact(*row) for row in await driver.fetch(_KNOWN, subject)}
            kept = await driver.fetchval("SELECT facts FROM ticket_snapshot WHERE subject = $1", subject) or {}
            told = {key: Fact(subject, key, *rest) for key, *rest in kept.get("facts", ())}
            remembered = RememberedTicket(_newest(judged, told), kept.get("position", ""))
            yield remembered
            if remembered.keep:
                # What the judge has taken up need not be remembered twice.
                waiting = {key: fact for key, fact in {**told, **remembered.keep}.items() if judged.get(key) != fact}
                document = {"position": remembered.position, "facts": [_fact_row(fact) for fact in waiting.values()]}
                latest = max(fact.at for fact in remembered.keep.values())
                await driver.execute(_KEEP, subject, json.dumps(document), latest, now)


def _newest(judged: Mapping[str, Fact], told: Mapping[str, Fact]) -> dict[str, Fact]:
    found = dict(judged)
    for key, fact in told.items():
        if key not in found or fact.rank > found[key].rank:
            found[key] = fact
    return found


def _fact_row(fact: Fact) -> list[Any]:
    return [fact.key, fact.at, dict(fact.body), fact.revision, fact.recorded_at]
