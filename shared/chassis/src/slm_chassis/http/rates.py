"""Rate limits: for each principal, and for each address that sends requests without a key. The library ``limits``
counts the requests.
"""

from __future__ import annotations

import math

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from slm_chassis.clock import SECOND, real_now
from slm_chassis.http.problems import Problem

_MOST_KEPT = 50_000
"""The most counters in memory. Beyond that, expired ones are deleted."""


def _now() -> float:
    return real_now() / SECOND


class Counters(Storage):
    """The counters of one process. The in-memory storage of ``limits`` would start a thread every hundredth of a
    second.
    """

    STORAGE_SCHEME = ["slm"]  # noqa: RUF012  the base class has it so

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """The error classes of this storage, as the library ``limits`` requires."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter, which expires after ``expiry`` seconds; return the new count."""
        now = _now()
        count, until = self._found.get(key, (0, 0.0))
        if until <= now:
            if len(self._found) >= _MOST_KEPT:
                self._forget(now)
            count, until = 0, now + expiry
        self._found[key] = count + amount, until
        return count + amount

    def get(self, key: str) -> int:
        """Return the count; 0 if the counter has expired."""
        count, until = self._found.get(key, (0, 0.0))
        return count if until > _now() else 0

    def get_expiry(self, key: str) -> float:
        """Return the time at which the counter expires, in seconds since 1970."""
        return max(self._found.get(key, (0, 0.0))[1], _now())

    def check(self) -> bool:
        """Return True: a storage in memory always works. The library ``limits`` requires the method."""
        return True

    def reset(self) -> int:
        """Delete all counters and return how many there were."""
        count = len(self._found)
        self._found.clear()
        return count

    def clear(self, key: str) -> None:
        """Delete one counter."""
        self._found.pop(key, None)

    def _forget(self, now: float) -> None:
        self._found = {key: kept for key, kept in self._found.items() if kept[1] > now}
        if len(self._found) >= _MOST_KEPT:
            # All counters are current, so the oldest is deleted.
            self._found.pop(next(iter(self._found)))


class RateLimit:
    """A rate limit, such as ``1000/second``, counted separately for each ``holder``: a principal or a client address.

    Raises ValueError for text that is no rate limit.
    """

    def __init__(self, text: str, name: str) -> None:
        self._item = limits.parse(text)
        self._name = name
        self._counters = Counters()
        self._limiter = FixedWindowRateLimiter(self._counters)
        self._policy = f"{self._item.amount};w={self._item.get_expiry()}"

    def spend(self, holder: str) -> dict[str, str]:
        """Count a request of ``holder`` and return the ``RateLimit-*`` headers; raises 429 if the limit is exceeded."""
        within = self._limiter.hit(self._item, self._name, holder)
        headers = self._headers(holder)
        if not within:
            headers["Retry-After"] = str(max(1, int(headers["RateLimit-Reset"])))
            detail = (
                f"The limit is {self._item} for one {self._name}. Nothing of this request was done; send it again"
                " later."
            )
            raise Problem(429, "rate-exceeded", f"Too many requests from one {self._name}", detail, headers=headers)
        return headers

    def _headers(self, holder: str) -> dict[str, str]:
        reset, remaining = self._limiter.get_window_stats(self._item, self._name, holder)
        return {
            "RateLimit-Limit": str(self._item.amount),
            "RateLimit-Remaining": str(remaining),
            "RateLimit-Reset": str(max(0, math.ceil(reset - _now()))),
            "RateLimit-Policy": self._policy,
        }
