"""The worker that writes the Monday mails. Written mails are sent like all other mails."""

from __future__ import annotations

import asyncio

import structlog

from slm_chassis.clock import SECOND
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.workers import Backoff, Progress
from slm_notification.application.week_ports import AnswersUnavailable, DueWeek, Product, WeekDesk
from slm_notification.domain.weeks import content_of_week, week_of

_POLL_SECONDS = 2.0
_AT_ONCE = 100
_MOST_REFUSED = 3
"""If this number of people in a row get no answer, the worker assumes that the product is away."""
LATEST = 24 * 3_600 * SECOND
"""How late a Monday mail may be, in microseconds of the installation's clock. A later one is left out: it would come
in the middle of the week.
"""
_log = structlog.get_logger(__name__)


class WeekWriter:
    """The worker that asks the product for the figures of each Monday mail that is due, and stores the mail.

    A mail is sent only after it is stored, and a stored mail is not written again. So nobody gets two mails: if a
    process is killed before it has stored a mail, the mail is written anew.
    """

    name = "writer of Monday mails"

    def __init__(self, desk: WeekDesk, product: Product, retry_seconds: float = 30.0) -> None:
        """``retry_seconds``: real seconds until a person's mail is tried again, if the product did not answer."""
        self.progress = Progress()
        self._desk = desk
        self._product = product
        self._retry_seconds = retry_seconds
        self._again_at: dict[str, float] = {}
        """Person id → when to try again, in seconds of the loop's clock."""
        self._away_until = 0.0

    async def run(self) -> None:
        """Write mails until cancelled."""
        backoff = Backoff()
        while True:
            try:
                written = await self.step()
                backoff.reset()
            except Exception as error:
                if not is_infrastructure_fault(error):
                    raise
                await backoff.pause()
                continue
            if not written:
                await asyncio.sleep(_POLL_SECONDS)

    async def step(self) -> int:
        """Write the mails that are due. Return how many were written."""
        written = refused = 0
        now = asyncio.get_running_loop().time()
        if now < self._away_until:
            self.progress.beat()
            return 0
        self._again_at = {person_id: at for person_id, at in self._again_at.items() if at > now}
        for due in await self._desk.weeks_due(_AT_ONCE, self._again_at):
            try:
                written += await self._write(due)
                refused = 0
            except AnswersUnavailable as why:
                _log.warning("Monday mail not written yet", person_id=due.person_id, reason=str(why))
                self._again_at[due.person_id] = asyncio.get_running_loop().time() + self._retry_seconds
                refused += 1
            self.progress.beat()
            if refused >= _MOST_REFUSED:
                self._away_until = self._again_at[due.person_id]
                break
        self.progress.beat()
        return written

    async def _write(self, due: DueWeek) -> bool:
        week = week_of(due.due_at, due.time_zone)
        if due.principal_id is None or self._desk.clock.now() - due.due_at > LATEST:
            _log.warning("Monday mail left out", person_id=due.person_id, week=week.name)
            await self._desk.store_week(due, week, None)
            return False
        told = await self._product.answers(due, week)
        content = content_of_week(told, week, self._desk.clock.now()) if told else None
        return await self._desk.store_week(due, week, content) and content is not None
