"""The last use of each API key: recorded in memory at each request, stored at most once a minute for each key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.tables import key_use as table
from slm_chassis.workers import Progress
from slm_events.instants import UtcMicroseconds

TURN_SECONDS = 1.0
"""Seconds between two turns of the worker that stores uses. A stored use is exact to this time."""
MINUTE = 60_000_000
KEPT = 400 * 24 * 60 * MINUTE
"""Microseconds after which a use is deleted. Most uses are of sessions, whose keys expired within twelve hours."""
_PRUNED_EVERY = 24 * 60 * MINUTE


class KeyUses:
    """The keys that this process has seen since ``take`` was called last, each with its principal."""

    def __init__(self) -> None:
        self._seen: dict[str, Principal] = {}

    def note(self, principal: Principal) -> None:
        """Record that a key was used just now. This only sets an entry of a dictionary; no clock is read."""
        if principal.key_id is not None:
            self._seen[principal.key_id] = principal

    def take(self) -> Mapping[str, Principal]:
        """Return key id → principal of every key used since the last call."""
        seen, self._seen = self._seen, {}
        return seen


class KeyUseWriter:
    """A worker that stores the uses of keys: the first use of a key within a second, later ones once a minute.

    A process that ends without warning loses the uses of at most the last minute.
    """

    name = "key uses"

    def __init__(self, database: Database, uses: KeyUses) -> None:
        self.progress = Progress()
        self._database = database
        self._uses = uses
        self._waiting: dict[str, tuple[Principal, int]] = {}
        self._stored_at: dict[str, int] = {}
        self._pruned_at: UtcMicroseconds | None = None

    async def run(self) -> None:
        """Store the recorded uses once a second until cancelled."""
        while True:
            await self.look()
            self.progress.beat()
            await asyncio.sleep(TURN_SECONDS)

    async def look(self) -> None:
        """Store the latest use of each key that was used, except of keys whose use was stored within the last minute.

        Once a day, also delete old uses.
        """
        now = self._database.clock.now()
        self._waiting |= {key_id: (principal, now) for key_id, principal in self._uses.take().items()}
        self._stored_at = {key_id: at for key_id, at in self._stored_at.items() if now - at < MINUTE}
        due = {key_id: use for key_id, use in self._waiting.items() if key_id not in self._stored_at}
        if due:
            await self._store(due)
            self._stored_at |= dict.fromkeys(due, now)
            self._waiting = {key_id: use for key_id, use in self._waiting.items() if key_id not in due}
        if self._pruned_at is None or now - self._pruned_at >= _PRUNED_EVERY:
            await self._prune(now)
            self._pruned_at = now

    async def _store(self, due: Mapping[str, tuple[Principal, int]]) -> None:
        # Sorted, so that two replicas lock the same rows in the same order.
        rows = [
            {
                "key_id": key_id,
                "principal_id": principal.principal_id,
                "party_id": principal.party_id,
                "last_used_at": at,
            }
            for key_id, (principal, at) in sorted(due.items())
        ]
        new = insert(table).values(rows)
        latest = func.greatest(table.c.last_used_at, new.excluded.last_used_at)
        async with self._database.begin() as transaction:
            await transaction.execute(
                new.on_conflict_do_update(index_elements=[table.c.key_id], set_={"last_used_at": latest})
            )

    async def _prune(self, now: UtcMicroseconds) -> None:
        async with self._database.begin() as transaction:
            await transaction.execute(delete(table).where(table.c.last_used_at < now - KEPT))
