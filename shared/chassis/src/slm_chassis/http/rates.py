"""How many requests a principal, or an address without a key, may make in a span of time: counted by ``limits``."""

from __future__ import annotations

import math

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from slm_chassis.clock import SECOND, real_now
from slm_chassis.http.problems import Problem

_MOST_KEPT = 50_000
"""Counters in memory; beyond, those whose span is over are thrown away."""


def _now() -> float:
    return real_now() / SECOND


class Counters(Storage):
    """Counters of one process. The storage that ``limits`` brings starts a thread for every hundredth of a second."""

    STORAGE_SCHEME = ["slm"]  # noqa: RUF012  the base class has it so

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = _now()
        count, until = self._found.get(key, (0, 0.0))
        if until <= now:
            if len(self._found) >= _MOST_KEPT:
                self._forget(now)
            count, until = 0, now + expiry
        self._found[key] = count + amount, until
        return count + amount

    def get(self, key: str) -> int:
        count, until = self._found.get(key, (0, 0.0))
        return count if until > _now() else 0

    def get_expiry(self, key: str) -> float:
        return max(self._found.get(key, (0, 0.0))[1], _now())

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        count = len(self._found)
        self._found.clear()
        return count

    def clear(self, key: str) -> None:
        self._found.pop(key, None)

    def _forget(self, now: float) -> None:
        self._found = {key: kept for key, kept in self._found.items() if kept[1] > now}
        if len(self._found) >= _MOST_KEPT:
            # That many callers within one span: the oldest counter makes room.
            self._found.pop(next(iter(self._found)))


class Rate:
    """One limit, such as ``1000/second``, counted for each holder apart. Raises ValueError for a text that is none."""

    def __init__(self, text: str, name: str) -> None:
        self._item = limits.parse(text)
        self._name = name
        self._counters = Counters()
        self._limiter = FixedWindowRateLimiter(self._counters)
        self._policy = f"{self._item.amount};w={self._item.get_expiry()}"

    def spend(self, holder: str) -> dict[str, str]:
        """Count one request; the ``RateLimit-*`` headers of its answer. Raises 429 where it is one too many."""
        within = self._limiter.hit(self._item, self._name, holder)
        headers = self._headers(holder)
        if not within:
            headers["Retry-After"] = str(max(1, int(headers["RateLimit-Reset"])))
            detail = (
                f"At most {self._item} are taken of one {self._name}. Nothing of this was taken; send it again later."
            )
            raise Problem(429, "rate-exceeded", f"Too many requests of one {self._name}", detail, headers=headers)
        return headers

    def _headers(self, holder: str) -> dict[str, str]:
        reset, remaining = self._limiter.get_window_stats(self._item, self._name, holder)
        return {
            "RateLimit-Limit": str(self._item.amount),
            "RateLimit-Remaining": str(remaining),
            "RateLimit-Reset": str(max(0, math.ceil(reset - _now()))),
            "RateLimit-Policy": self._policy,
        }
