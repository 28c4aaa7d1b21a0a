"""The meaning of the answer to a delivery, and the time of the next attempt. All instants are real time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.endpoints import EndpointKind

GROWTH = 3
LONGEST_HOLD = 600 * SECOND
"""The longest pause between two requests to a failing endpoint, unless the receiver asks for a longer one. It is short,
so that a receiver that works again is noticed soon.
"""
_LARGEST_POWER = 30
SHOWN_OF_ANSWER = 200
"""The number of characters that are kept of an answer's body."""
GONE = 410


@dataclass(frozen=True, slots=True)
class RetryRules:
    """The pauses before failed deliveries are sent again, and when to give up. All fields are in microseconds."""

    first: int = 5 * SECOND
    """The pause after the first failure. Each further pause is three times as long, but at most ``longest``."""
    longest: int = 6 * 3_600 * SECOND
    give_up_after: int = 72 * 3_600 * SECOND
    """If an attempt fails so long after the delivery's first attempt, the delivery is not sent again."""
    suspend_after: int = 72 * 3_600 * SECOND
    """An endpoint is suspended when its requests have failed for so long without any success."""


@dataclass(frozen=True, slots=True)
class AttemptAnswer:
    """The result of an attempt. ``status`` is None if there was no answer; ``problem`` says why the attempt failed, and
    is empty after a success.
    """

    status: int | None
    problem: str = ""
    excerpt: str = ""
    """The beginning of the answer's body."""
    retry_after: int | None = None
    """Microseconds that the receiver asked to wait before the next request; None if it did not ask."""

    @property
    def is_success(self) -> bool:
        """Whether the receiver accepted the delivery: status 2xx, and no error in the answer."""
        return self.status is not None and 200 <= self.status < 300 and not self.problem

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more deliveries: status 410."""
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
    """Number of failed requests to the endpoint since its last success, without this request."""
    first_attempt_at: UtcMicroseconds
    claimed_at: UtcMicroseconds
    leased_until: UtcMicroseconds
    kind: EndpointKind = "webhook"
    opening_body: str | None = None
    """The event that opened the alert which this delivery ends; None if there is none."""

    def __repr__(self) -> str:
        return f"ClaimedDelivery({self.delivery_id}, attempt {self.attempts})"


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """The consequences of a failed attempt for the delivery and for its endpoint."""

    state: Literal["waiting", "failed"]
    due_at: UtcMicroseconds
    """When the delivery is due again, if ``state`` is ``waiting``."""
    hold_until: UtcMicroseconds
    """The endpoint gets no new request before this instant."""


def pause_after(rules: RetryRules, failures: int, jitter: float) -> int:
    """Return the pause in microseconds after ``failures`` failures in a row. ``jitter`` is a random factor near 1."""
    grown = rules.first * GROWTH ** min(max(failures, 1) - 1, _LARGEST_POWER)
    return int(min(grown, rules.longest) * jitter)


def after_failure(
    rules: RetryRules, claim: ClaimedDelivery, answer: AttemptAnswer, now: UtcMicroseconds, jitter: float
) -> FailedAttempt:
    """Return what happens to the delivery and to its endpoint: whether and when the delivery is sent again, and how
    long the endpoint gets no request. ``jitter`` is a random factor near 1.
    """
    asked = min(answer.retry_after or 0, rules.longest)
    due_at = now + max(pause_after(rules, claim.attempts, jitter), asked)
    hold = min(pause_after(rules, claim.failures + 1, jitter), LONGEST_HOLD)
    is_over = answer.is_gone or now - claim.first_attempt_at >= rules.give_up_after
    return FailedAttempt("failed" if is_over else "waiting", due_at, now + max(hold, asked))
