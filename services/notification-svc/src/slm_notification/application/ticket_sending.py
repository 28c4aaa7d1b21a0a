"""The worker that writes due figures into tickets. Replicas share the work, but only one uses a writer at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from slm_chassis.clock import SECOND, real_now
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.workers import Backoff, Progress
from slm_mappings.ticket_writing import TicketWriting
from slm_notification.application.ticket_writing import NO_TICKET, WriterOffice
from slm_notification.application.tool_requests import MOST_FOUND_AT_ONCE
from slm_notification.domain.attempts import AttemptAnswer, RetryRules
from slm_notification.domain.ticket_writers import DueWrite, WriteEnd, WriterClaim, follows, holds_all

_POLL_SECONDS = 0.25
_DRAIN_SECONDS = 5.0
_PRUNE_SECONDS = 3_600.0
_REFUSED = (400, 422)
"""What tools answer to a search that they cannot read."""
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
        """Seconds for which a claimed writer belongs to a process. If the process is killed, another goes on then."""
        return 2 * self.attempt_seconds + 1


@dataclass
class _Batch:
    """The tickets of a claimed writer that are still to be written. ``is_held``: the tool wants no requests now."""

    claim: WriterClaim
    writing: TicketWriting
    left: list[DueWrite] = field(default_factory=list)
    is_held: bool = False


class TicketWriterWorker:
    """The worker that writes tickets and stores how each attempt ended."""

    name = "writer of tickets"

    def __init__(self, office: WriterOffice, rules: RetryRules, limits: WritingLimits) -> None:
        self.progress = Progress()
        self._office = office
        self._rules = rules
        self._limits = limits
        self._running: dict[asyncio.Task[None], WriterClaim] = {}
        self._prune_at = 0.0

    async def run(self) -> None:
        """Write until cancelled. Open requests then get a few seconds to end; those left over are cancelled, and their
        claims given back.
        """
        try:
            while True:
                claimed = await self.step()
                await self._prune()
                if not claimed:
                    await self._pause()
        finally:
            await self._drain()

    async def step(self) -> int:
        """Begin to write due tickets; return how many writers were claimed for it."""
        room = self._limits.writers - len(self._running)
        desk, seconds = self._office.desk, self._limits.lease_seconds
        claims = await desk.claim(room, MOST_FOUND_AT_ONCE, seconds) if room > 0 else []
        for claim in claims:
            task = asyncio.create_task(self._handle(claim))
            self._running[task] = claim
            task.add_done_callback(self._forget)
        self.progress.beat()
        return len(claims)

    async def settle(self) -> None:
        """Wait until no request is open and all results are stored."""
        while self._running:
            await asyncio.wait(self._running)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The writer is claimed again when its lease has ended.
            _log.error("tickets not written", exc_info=error)

    async def _handle(self, claim: WriterClaim) -> None:
        writing = self._office.writing_of(claim.writer.connector)
        if writing is None:
            await self._end(claim, claim.due[0], AttemptAnswer(None, _NO_CONNECTOR))
        else:
            batch = _Batch(claim, writing)
            await self._find(batch)
            await asyncio.gather(*(self._write(batch) for _ in range(self._limits.parallel)))
        await self._office.desk.release(claim)

    async def _find(self, batch: _Batch) -> None:
        """Fill ``batch.left`` with the tickets that can be written, after asking for those that the tool calls by ids
        that are not known yet.
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
        await self._stored(claim, lambda: self._office.desk.record(claim, write, end, self._rules.suspend_after))
        if end.state != "written":
            _log.info("ticket not written", writer_id=claim.writer.writer_id, status=answer.status)
        return end

    async def _stored(self, claim: WriterClaim, record: Callable[[], Awaitable[None]]) -> None:
        backoff = Backoff()
        while True:
            try:
                await record()
                return
            except Exception as error:
                if not is_infrastructure_fault(error) or real_now() > claim.leased_until:
                    raise
            await backoff.pause()

    async def _pause(self) -> None:
        """Wait until a writer's work has ended, at most for ``_POLL_SECONDS``."""
        if self._running:
            await asyncio.wait(self._running, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(_POLL_SECONDS)

    async def _prune(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._prune_at:
            self._prune_at = now + _PRUNE_SECONDS
            await self._office.desk.prune(self._limits.keep_microseconds)

    async def _drain(self) -> None:
        if not self._running:
            return
        _, pending = await asyncio.wait(list(self._running), timeout=_DRAIN_SECONDS)
        given_back: Sequence[WriterClaim] = [self._running[task] for task in pending if task in self._running]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        with suppress(Exception):
            for claim in given_back:
                await self._office.desk.release(claim)
