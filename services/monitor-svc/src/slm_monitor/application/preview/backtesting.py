"""The worker of back-tests. It evaluates one window at a time, so that other jobs and a restart wait only briefly."""

from __future__ import annotations

import asyncio

import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.identity import new_id
from slm_chassis.workers import Progress
from slm_monitor.application.history.draft_history import PagedTicketHistory
from slm_monitor.application.preview import backtests
from slm_monitor.application.preview.backtests import BacktestJob, BacktestJobStore

PAUSE_SECONDS = 0.5
RENEW_SECONDS = 10.0
_logger = structlog.get_logger(__name__)


class BacktestWorker:
    """A worker that evaluates back-test jobs under a lease. Any number of workers may run on one database."""

    name = "backtests"

    def __init__(
        self, jobs: BacktestJobStore, history: PagedTicketHistory, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self.progress = Progress()
        self._jobs = jobs
        self._history = history
        self._pause_seconds = pause_seconds

    async def run(self) -> None:
        """Evaluate jobs until cancelled. Raises infrastructure faults, after which the worker is started again."""
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)

    async def step(self) -> bool:
        """Evaluate one window of one job; return False if no job waits."""
        token = new_id()
        job = await self._jobs.claim(token)
        self.progress.beat()
        if job is None:
            return False
        try:
            row = await self._evaluate(job, token)
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            _logger.warning("back-test failed", backtest_id=job.backtest_id, exc_info=error)
            await self._jobs.failed(job, token, f"{type(error).__name__}: {error}"[:300])
            return True
        if row is not None:
            await self._jobs.judged(job, token, row)
        return True

    async def _evaluate(self, job: BacktestJob, token: str) -> dict[str, object] | None:
        """Evaluate the job's next window, and renew the lease meanwhile; None if the lease was lost."""
        span = job.spans[len(job.judged)]
        work = asyncio.create_task(
            backtests.evaluate_backtest_window(self._history, job.question, span, job.requested_at)
        )
        try:
            while not (await asyncio.wait([work], timeout=RENEW_SECONDS))[0]:
                self.progress.beat()
                if not await self._jobs.renew(job, token):
                    return None
            return await work
        finally:
            work.cancel()
