"""Limits on attempts to log in or to use a password or code. The limits hold for all replicas together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.errors import TooManyAttempts

_MINUTE = 60_000_000
_SECOND = 1_000_000
WINDOW = 15 * _MINUTE
"""Length of the time window in which attempts are counted, in microseconds."""


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """The number of attempts that a subject (an account, a network address) may make in a time window."""

    subject: str
    most: int


def log_in_limits(account: str, address: str) -> list[AttemptLimit]:
    """Return the limits on logging in to one account and from one network address.

    The order is the same for every caller, so that transactions do not deadlock. ``account`` may be any text: attempts
    at unknown accounts are counted as well, so that the refusal does not reveal which accounts exist.
    """
    return [
        AttemptLimit(f"account {account} from {address}", 5),
        AttemptLimit(f"account {account}", 20),
        AttemptLimit(f"address {address}", 50),
    ]


async def count_attempt(ledgers: LedgerFactory, limits: Sequence[AttemptLimit]) -> None:
    """Count one attempt in a transaction of its own, before it is known whether the attempt succeeds.

    Raises TooManyAttempts if a limit is exceeded.
    """
    seconds = 0
    async with ledgers.begin() as ledger:
        for limit in limits:
            attempts = await ledger.attempt(limit.subject, WINDOW)
            if attempts.count > limit.most:
                seconds = max(seconds, -(-(attempts.until - ledger.now) // _SECOND))
        await ledger.forget_attempts()
    if seconds:
        raise TooManyAttempts(f"There were too many attempts. Try again in {seconds} s.", seconds)


async def take_back_attempt(ledger: Ledger, limits: Sequence[AttemptLimit]) -> None:
    """Take back the count of an attempt that succeeded, so that many people behind one network address can log in."""
    for limit in limits:
        await ledger.take_back_attempt(limit.subject)
