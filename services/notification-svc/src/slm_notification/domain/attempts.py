"""What the answer to a delivery means, and when the next attempt is made. All instants are real time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds

GROWTH = 3
LONGEST_HOLD = 600 * SECOND
"""The longest time for which an endpoint that fails gets no request at all: a receiver that is back is noticed soon."""
_LARGEST_POWER = 30
SHOWN_OF_ANSWER = 200
"""Characters of an answer's body that are kept."""
GONE = 410


@dataclass(frozen=True, slots=True)
class RetryRules:
    """When failed deliveries are sent again, in microseconds."""

    first: int = 5 * SECOND
    """Pause after the first failure; each further pause is three times as long."""
    longest: int = 6 * 3_600 * SECOND
    give_up_after: int = 72 * 3_600 * SECOND
    """From the first attempt of a delivery; after it the delivery has failed."""
    suspend_after: int = 72 * 3_600 * SECOND
    """After so long without any success the endpoint is suspended."""


@dataclass(frozen=True, slots=True)
class AttemptAnswer:
    """How an attempt ended: with a status, or with a problem in words if there was no answer."""

    status: int | None
    problem: str = ""
    excerpt: str = ""
    """The beginning of the answer's body."""
    retry_after: int | None = None
    """Microseconds that the receiver asked to wait."""

    @property
    def is_success(self) -> bool:
        """Whether the receiver accepted the delivery: any status 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more deliveries."""
        return self.status == GONE


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this process may send until ``leased_until``. ``attempts`` counts this attempt, too."""

    delivery_id: str
    endpoint_id: str
    url: str
    body: str
    secrets: tuple[str, ...]
    attempts: int
    failures: int
    """Failed requests of the endpoint before this one."""
    first_attempt_at: UtcMicroseconds
    claimed_at: UtcMicroseconds
    leased_until: UtcMicroseconds

    def __repr__(self) -> str:
        return f"ClaimedDelivery({self.delivery_id}, attempt {self.attempts})"


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """What follows from a failed attempt."""

    state: Literal["waiting", "failed"]
    due_at: UtcMicroseconds
    """When the delivery is sent again, if it waits."""
    hold_until: UtcMicroseconds
    """Until when the endpoint gets no other request."""


def pause_after(rules: RetryRules, failures: int, jitter: float) -> int:
    """Return the pause after a number of failures in a row, in microseconds; ``jitter`` is a factor about 1."""
    grown = rules.first * GROWTH ** min(max(failures, 1) - 1, _LARGEST_POWER)
    return int(min(grown, rules.longest) * jitter)


def after_failure(
    rules: RetryRules, claim: ClaimedDelivery, answer: AttemptAnswer, now: UtcMicroseconds, jitter: float
) -> FailedAttempt:
    """Return what follows from a failed attempt: when it is tried again, and how long the endpoint is left alone."""
    asked = min(answer.retry_after or 0, rules.longest)
    due_at = now + max(pause_after(rules, claim.attempts, jitter), asked)
    hold = min(pause_after(rules, claim.failures + 1, jitter), LONGEST_HOLD)
    is_over = answer.is_gone or now - claim.first_attempt_at >= rules.give_up_after
    return FailedAttempt("failed" if is_over else "waiting", due_at, now + max(hold, asked))
