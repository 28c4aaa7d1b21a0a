"""The worker that publishes reports when they are due, and revises published ones when new facts arrive."""

from __future__ import annotations

import structlog

from slm_chassis.workers import Progress, Rest
from slm_report.application import reports
from slm_report.application.ports import Desk

_SHORTEST_SECONDS, _LONGEST_SECONDS = 0.5, 2.0
_POSTPONED_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class Publisher:
    """The worker that publishes and revises reports, one agreement after the other. Replicas share the work by row
    locks.
    """

    name = "publisher of reports"

    def __init__(self, desk: Desk) -> None:
        self.progress = Progress()
        self._desk = desk
        self._rest = Rest(_SHORTEST_SECONDS, _LONGEST_SECONDS)

    def wake(self) -> None:
        """Look for work soon, because events have been received."""
        self._rest.wake()

    async def run(self) -> None:
        """Publish and revise reports until cancelled; pause while there is nothing to do."""
        while True:
            busy = await self.step()
            if not busy:
                await self._rest.take()

    async def step(self) -> bool:
        """Write the due and stale reports of one agreement; return whether there were any."""
        try:
            busy = await reports.settle_next_agenda(self._desk)
        except reports.ReportFailure as unsettled:
            # An agreement whose reports fail must not block all others.
            _log.error("reports not made", agreement_id=unsettled.agreement_id, exc_info=unsettled)
            await reports.postpone_agreement(self._desk, unsettled.agreement_id, _POSTPONED_SECONDS)
            busy = True
        self.progress.beat()
        return busy
