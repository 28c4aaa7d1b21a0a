"""The worker that changes the state of agreements when it is due."""

from __future__ import annotations

import asyncio

from slm_agreement.application import terms
from slm_agreement.application.ledger import Desk
from slm_chassis.workers import Progress

_PAUSE_SECONDS = 0.2
"""Real seconds between two checks. A check with nothing due is one query on a partial index."""


class TermTimer:
    """Applies the changes that are due. Several replicas may run; each change happens once."""

    name = "term timer"

    def __init__(self, desk: Desk, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._desk = desk
        self._pause_seconds = pause_seconds
        self.progress = Progress()

    async def step(self) -> int:
        """Check once; return the number of changes."""
        turns = await terms.turn_due(self._desk)
        self.progress.beat()
        return turns

    async def run(self) -> None:
        """Check again and again until cancelled."""
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)
