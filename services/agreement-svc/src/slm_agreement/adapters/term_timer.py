"""The worker that applies automatic changes of agreements when they are due."""

from __future__ import annotations

import asyncio

from slm_agreement.application import terms
from slm_agreement.application.ledger import LedgerFactory
from slm_chassis.workers import Progress

_PAUSE_SECONDS = 0.2
"""Real seconds between two looks for due changes. A look that finds none costs one query on a partial index."""


class TermTimer:
    """A worker that applies due changes of agreements. Several replicas may run; each change is applied once."""

    name = "term timer"

    def __init__(self, ledgers: LedgerFactory, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._ledgers = ledgers
        self._pause_seconds = pause_seconds
        self.progress = Progress()

    async def step(self) -> int:
        """Apply the changes that are due now; return how many changes of agreements were applied."""
        turns = await terms.apply_due_changes(self._ledgers)
        self.progress.beat()
        return turns

    async def run(self) -> None:
        """Apply the automatic changes of agreements (taking effect, ending, missed answers) as they fall due.

        Runs until the task is cancelled.
        """
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)
