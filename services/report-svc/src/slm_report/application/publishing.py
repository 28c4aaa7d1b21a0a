"""The worker that publishes reports when they are due and revises them when something new is known."""

from __future__ import annotations

import asyncio

import structlog

from slm_chassis.workers import Progress
from slm_report.application import reports
from slm_report.application.ports import Desk

_POLL_SECONDS = 0.5
_POSTPONED_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class Publisher:
    """Settles one agreement's agenda a turn; any number of replicas share the work by row locks."""

    name = "publisher of reports"

    def __init__(self, desk: Desk) -> None:
        self.progress = Progress()
        self._desk = desk

    async def run(self) -> None:
        while True:
            busy = await self.step()
            if not busy:
                await asyncio.sleep(_POLL_SECONDS)

    async def step(self) -> bool:
        """One turn; whether there was anything to do."""
        try:
            busy = await reports.settle_next(self._desk)
        except reports.ReportFailure as unsettled:
            # One agreement whose facts cannot be told must not keep all others waiting.
            _log.error("reports not made", agreement_id=unsettled.agreement_id, exc_info=unsettled)
            await reports.postpone(self._desk, unsettled.agreement_id, _POSTPONED_SECONDS)
            busy = True
        self.progress.beat()
        return busy
