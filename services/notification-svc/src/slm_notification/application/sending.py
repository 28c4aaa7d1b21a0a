"""The worker that sends due deliveries. Replicas share the work by leases; each endpoint has few requests at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from slm_chassis.clock import SECOND, real_now
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.workers import Backoff, Progress
from slm_notification.application.ports import Courier, NotificationDesk
from slm_notification.domain import attempts
from slm_notification.domain.attempts import AttemptAnswer, ClaimedDelivery, RetryRules

_POLL_SECONDS = 0.25
_DRAIN_SECONDS = 5.0
_PRUNE_SECONDS = 3_600.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SendingLimits:
    """The most requests at a time, the longest time of an attempt, and for how long events are kept."""

    at_once: int = 200
    """The most requests that this process has open at a time."""
    attempt_seconds: float = 15.0
    keep_microseconds: int = 30 * 86_400 * SECOND

    @property
    def lease_seconds(self) -> float:
        """Seconds for which a claimed delivery belongs to a process. If the process is killed, the delivery is sent
        again after this time.
        """
        return 2 * self.attempt_seconds + 1


class WebhookSender:
    """The worker that sends deliveries and stores how each attempt ended.

    A delivery is sent only if its lease lasts for a whole attempt, so that no other process sends the delivery
    meanwhile.
    """

    name = "sender of webhooks"

    def __init__(self, desk: NotificationDesk, courier: Courier, rules: RetryRules, limits: SendingLimits) -> None:
        self.progress = Progress()
        self._desk = desk
        self._courier = courier
        self._rules = rules
        self._limits = limits
        self._running: dict[asyncio.Task[None], ClaimedDelivery] = {}
        self._prune_at = 0.0

    async def run(self) -> None:
        """Send until cancelled. Open requests then get a few seconds to end; those left over are cancelled, and their
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
        """Begin to send due deliveries, as many as ``at_once`` still allows. Return their number."""
        room = self._limits.at_once - len(self._running)
        claims = await self._desk.claim(room, self._limits.lease_seconds) if room > 0 else []
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
            # The delivery is claimed again when its lease has ended.
            _log.error("delivery not handled", exc_info=error)

    async def _handle(self, claim: ClaimedDelivery) -> None:
        if claim.leased_until - real_now() < self._limits.attempt_seconds * SECOND:
            await self._desk.release([claim])
            return
        answer = await self._courier.send(claim)
        # Storing may have to wait for the database: without this success the receiver would get it twice.
        await self._stored(claim, lambda: self._record(claim, answer))

    async def _record(self, claim: ClaimedDelivery, answer: AttemptAnswer) -> None:
        if answer.is_success:
            await self._desk.record_success(claim, answer)
            return
        # Not for secrets: spreads the attempts of endpoints that failed together.
        follows = attempts.after_failure(self._rules, claim, answer, real_now(), random.uniform(0.8, 1.2))
        await self._desk.record_failure(claim, answer, follows, self._rules.suspend_after)
        _log.info("webhook not accepted", endpoint_id=claim.endpoint_id, status=answer.status, attempts=claim.attempts)

    async def _stored(self, claim: ClaimedDelivery, record: Callable[[], Awaitable[None]]) -> None:
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
        """Wait until an open request has ended, at most for ``_POLL_SECONDS``."""
        if self._running:
            await asyncio.wait(self._running, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(_POLL_SECONDS)

    async def _prune(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._prune_at:
            self._prune_at = now + _PRUNE_SECONDS
            await self._desk.prune(self._limits.keep_microseconds)

    async def _drain(self) -> None:
        if not self._running:
            return
        _, pending = await asyncio.wait(list(self._running), timeout=_DRAIN_SECONDS)
        given_back = [self._running[task] for task in pending if task in self._running]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        with suppress(Exception):
            await self._desk.release(given_back)
