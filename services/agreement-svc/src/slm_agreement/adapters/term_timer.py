"""The worker that turns agreements when their instants come."""

from __future__ import annotations

import asyncio

from slm_agreement.application import terms
from slm_agreement.application.ledger import Desk
from slm_chassis.workers import Progress

_PAUSE_SECONDS = 0.2
"""Real time between two looks; a look with nothing due is one query on a partial index."""


class TermTimer:
    """Turns what is due; any number of replicas may look, each turn happens once."""

    name = "term timer"

    def __init__(self, desk: Desk, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._desk = desk
        self._pause_seconds = pause_seconds
        self.progress = Progress()

    async def step(self) -> int:
        """One look; how many turns it made."""
        turns = await terms.turn_due(self._desk)
        self.progress.beat()
        return turns

    async def run(self) -> None:
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)
