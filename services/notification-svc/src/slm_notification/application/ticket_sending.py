"""The worker that writes due figures into tickets.

Replicas share the work by leases: only one process uses a writer at a time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from slm_chassis.clock import SECOND, real_now
from slm_mappings.ticket_writing import TicketWriting
from slm_notification.application.leased_work import LeasedWorker
from slm_notification.application.ticket_writing import NO_TICKET, WriterOffice
from slm_notification.application.tool_requests import MOST_FOUND_AT_ONCE
from slm_notification.domain.attempts import AttemptAnswer, RetryRules
from slm_notification.domain.ticket_writers import DueWrite, WriteEnd, WriterClaim, follows, holds_all

_REFUSED = (400, 422)
"""The HTTP statuses with which tools answer a search that they cannot read."""
_NO_NUMBER = "No ticket of the tool can have this number."
_NO_CONNECTOR = "The connector is not installed any more, so nothing can be written."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WritingLimits:
    """The most writers and requests at a time, the time of a request, and for how long ended tickets are kept."""

    writers: int = 20
    """The most writers that this process uses at a time."""
    parallel: int = 4
    """The most requests to a tool at a time."""
    attempt_seconds: float = 15.0
    keep_microseconds: int = 30 * 86_400 * SECOND

    @property
    def lease_seconds(self) -> float:
        """Seconds for which a claimed writer belongs to a process. If the process is killed, another process continues
        after this time.
        """
        return 2 * self.attempt_seconds + 1


@dataclass
class _Batch:
    """The tickets of a claimed writer that are still to be written. ``is_held``: the tool wants no requests now."""

    claim: WriterClaim
    writing: TicketWriting
    left: list[DueWrite] = field(default_factory=list)
    is_held: bool = False


class TicketWriterWorker(LeasedWorker[WriterClaim]):
    """The worker that writes tickets and stores how each attempt ended."""

    name = "writer of tickets"

    def __init__(self, office: WriterOffice, rules: RetryRules, limits: WritingLimits) -> None:
        super().__init__(limits.writers)
        self._office = office
        self._rules = rules
        self._limits = limits

    async def claim(self, room: int) -> Sequence[WriterClaim]:
        return await self._office.desk.claim(room, MOST_FOUND_AT_ONCE, self._limits.lease_seconds)

    async def release(self, claims: Sequence[WriterClaim]) -> None:
        for claim in claims:
            await self._office.desk.release(claim)

    async def prune(self) -> None:
        await self._office.desk.prune(self._limits.keep_microseconds)

    async def handle(self, claim: WriterClaim) -> None:
        writing = self._office.writing_of(claim.writer.connector)
        if writing is None:
            await self._end(claim, claim.due[0], AttemptAnswer(None, _NO_CONNECTOR))
        else:
            batch = _Batch(claim, writing)
            await self._find(batch)
            await asyncio.gather(*(self._write(batch) for _ in range(self._limits.parallel)))
        await self.release([claim])

    async def _find(self, batch: _Batch) -> None:
        """Fill ``batch.left`` with the tickets that can be written.

        If the tool has its own ids of tickets, ask the tool for the ids that are not stored yet.
        """
        claim, writing = batch.claim, batch.writing
        for write in claim.due:
            if writing.is_number(write.ticket):
                batch.left.append(write)
            else:
                await self._end(claim, write, AttemptAnswer(400, _NO_NUMBER))
        unknown = [each for each in batch.left if each.reference is None] if writing.find else []
        if not unknown:
            return
        answer, found = await self._office.courier.find(claim, writing, [each.ticket for each in unknown])
        if not answer.is_success:
            # What is refused to a search for one number may be that number; anything else hinders all tickets.
            is_number = len(unknown) == 1 and answer.status in _REFUSED
            await self._end(claim, unknown[0], answer, is_for_all=not is_number)
            batch.left = [each for each in batch.left if is_number and each is not unknown[0]]
            return
        await self._office.desk.keep_references(claim, found)
        for write in unknown:
            batch.left.remove(write)
            if write.ticket in found:
                batch.left.append(replace(write, reference=found[write.ticket]))
            else:
                await self._end(claim, write, AttemptAnswer(404, NO_TICKET))

    async def _write(self, batch: _Batch) -> None:
        claim, seconds = batch.claim, self._limits.attempt_seconds
        # What is left when the lease ends soon, or the tool wants no more requests, is claimed again.
        while batch.left and not batch.is_held and claim.leased_until - real_now() >= seconds * SECOND:
            write = batch.left.pop(0)
            answer = await self._office.courier.change(claim, batch.writing, write)
            batch.is_held = (await self._end(claim, write, answer)).hold_until is not None or batch.is_held

    async def _end(
        self, claim: WriterClaim, write: DueWrite, answer: AttemptAnswer, *, is_for_all: bool = False
    ) -> WriteEnd:
        # Not for secrets: spreads the attempts of writers that failed together.
        jitter = random.uniform(0.8, 1.2)
        end = (holds_all if is_for_all else follows)(self._rules, claim, write, answer, real_now(), jitter)
        # Storing may have to wait for the database: without a success the ticket would be written again.
        await self.store(
            claim.leased_until, lambda: self._office.desk.record(claim, write, end, self._rules.suspend_after)
        )
        if end.state != "written":
            _log.info("ticket not written", writer_id=claim.writer.writer_id, status=answer.status)
        return end
