"""The worker that opens scheduled reviews when they are due, and ends action plans whose risk did not return."""

from __future__ import annotations

import asyncio

from slm_chassis.workers import Progress
from slm_review.application import cadence, plans
from slm_review.application.ledger import Desk

_PAUSE_SECONDS = 1.0
"""Real seconds between two checks. A check that finds no due review is one indexed query."""


class CalendarWatch:
    """The worker that opens due reviews and ends action plans. Several replicas may run; each review is opened once."""

    name = "calendar-watch"

    def __init__(self, desk: Desk, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._desk = desk
        self._pause_seconds = pause_seconds
        self.progress = Progress()

    async def step(self) -> int:
        """Open due reviews and end plans once; return the number of opened reviews and changed plans together."""
        opened = await cadence.open_due_reviews(self._desk) + await plans.end_quiet_plans(self._desk)
        self.progress.beat()
        return opened

    async def run(self) -> None:
        """Open due reviews and end plans again and again, with pauses, until cancelled."""
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)
