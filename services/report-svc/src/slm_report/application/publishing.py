"""The worker that publishes reports when they are due and revises them when something new is known."""

from __future__ import annotations

import asyncio

from slm_chassis.workers import Progress
from slm_report.application import reports
from slm_report.application.ports import Desk

_POLL_SECONDS = 0.5


class Publisher:
    """Settles one agreement's agenda a turn; any number of replicas share the work by row locks."""

    name = "publisher of reports"

    def __init__(self, desk: Desk, quiet_seconds: float) -> None:
        self.progress = Progress()
        self._desk = desk
        self._quiet_seconds = quiet_seconds

    async def run(self) -> None:
        while True:
            busy = await self.step()
            if not busy:
                await asyncio.sleep(_POLL_SECONDS)

    async def step(self) -> bool:
        """One turn; whether there was anything to do."""
        busy = await reports.settle_next(self._desk, self._quiet_seconds)
        self.progress.beat()
        return busy
