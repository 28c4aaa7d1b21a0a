"""A check that a service's database accepts writes and that its events reach the log, at most once a second."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import func, select, update

from slm_chassis.database import Database
from slm_chassis.faults import READ_ONLY, original_error, sqlstate
from slm_chassis.tables import outbox, write_probe

KEPT_SECONDS = 1.0
PATIENCE_SECONDS = 2.0
STUCK_SECONDS = 10.0
"""Seconds after which an event that still waits to be relayed is reported as a problem."""

_WORDS = {
    READ_ONLY: "it is read-only: it is a former primary, or was set to read-only",
    "53100": "its disk is full",
    "42501": "the role may not write to its tables",
    "42P01": "its tables are missing: it was never migrated, or by another version",
}


class WriteProbe:
    """Updates one row and commits. Reading would prove nothing: a former primary and a full disk still answer reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking = asyncio.Lock()
        self._found: list[str] = []
        self._asked_at: float | None = None
        self._oldest: int | None = None
        self._oldest_since = 0.0

    async def problems(self) -> list[str]:
        """Return the problems, one sentence each; empty if all is well. A result is reused for ``KEPT_SECONDS``."""
        async with self._asking:
            if self._asked_at is None or time.monotonic() - self._asked_at > KEPT_SECONDS:
                self._found = await self._ask()
                self._asked_at = time.monotonic()
            return self._found

    async def _ask(self) -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._database.begin() as transaction:
                await transaction.execute(update(write_probe).values(written_at=func.clock_timestamp()))
                oldest = (await transaction.execute(select(func.min(outbox.c.seq)))).scalar()
        except Exception as error:
            words = _WORDS.get(sqlstate(error) or "", type(original_error(error)).__name__)
            return [f"database: nothing can be written: {words}"]
        return self._stuck(oldest)

    def _stuck(self, oldest: int | None) -> list[str]:
        now = time.monotonic()
        if oldest is None or oldest != self._oldest:
            self._oldest, self._oldest_since = oldest, now
            return []
        if (waited := now - self._oldest_since) < STUCK_SECONDS:
            return []
        return [f"outbox: the oldest event has waited for {waited:.0f} s to reach the log"]
