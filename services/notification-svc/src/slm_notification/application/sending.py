"""The worker that sends due deliveries. Replicas share the work by leases; each endpoint has few requests at a time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from slm_chassis.clock import SECOND, real_now
from slm_notification.application.leased_work import LeasedWorker
from slm_notification.application.ports import Courier, NotificationDesk
from slm_notification.domain import attempts
from slm_notification.domain.attempts import AttemptAnswer, ClaimedDelivery, RetryRules

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


class WebhookSender(LeasedWorker[ClaimedDelivery]):
    """The worker that sends deliveries and stores how each attempt ended.

    A delivery is sent only if its lease lasts for a whole attempt, so that no other process sends the delivery
    meanwhile.
    """

    name = "sender of webhooks"

    def __init__(self, desk: NotificationDesk, courier: Courier, rules: RetryRules, limits: SendingLimits) -> None:
        super().__init__(limits.at_once)
        self._desk = desk
        self._courier = courier
        self._rules = rules
        self._limits = limits

    async def claim(self, room: int) -> Sequence[ClaimedDelivery]:
        return await self._desk.claim(room, self._limits.lease_seconds)

    async def release(self, claims: Sequence[ClaimedDelivery]) -> None:
        await self._desk.release(claims)

    async def prune(self) -> None:
        await self._desk.prune(self._limits.keep_microseconds)

    async def handle(self, claim: ClaimedDelivery) -> None:
        if claim.leased_until - real_now() < self._limits.attempt_seconds * SECOND:
            await self.release([claim])
            return
        answer = await self._courier.send(claim)
        # Storing may have to wait for the database: without this success the receiver would get it twice.
        await self.store(claim.leased_until, lambda: self._record(claim, answer))

    async def _record(self, claim: ClaimedDelivery, answer: AttemptAnswer) -> None:
        if answer.is_success:
            await self._desk.record_success(claim, answer)
            return
        # Not for secrets: spreads the attempts of endpoints that failed together.
        follows = attempts.after_failure(self._rules, claim, answer, real_now(), random.uniform(0.8, 1.2))
        await self._desk.record_failure(claim, answer, follows, self._rules.suspend_after)
        _log.info("webhook not accepted", endpoint_id=claim.endpoint_id, status=answer.status, attempts=claim.attempts)
