"""The limit of request bodies that a process holds in memory, in total and for each party."""

from __future__ import annotations

from collections import Counter

from slm_chassis.faults import Overload

RETRY_SECONDS = 1
_SHARE = 4
"""The requests of one party may together hold a quarter of the bytes (one part in ``_SHARE``)."""


class BodyBudget:
    """Counts the body bytes in memory of all requests that are not answered yet.

    A ``holder`` is a party, the operators together, or all callers without a key together. Bytes that were announced
    and have not arrived are not counted, because they may never come. ``largest`` is the largest allowed body: a
    holder's share is never smaller, so that such a body can be accepted.
    """

    def __init__(self, most: int, largest: int) -> None:
        self._most = max(most, largest)
        self._share = max(self._most // _SHARE, largest)
        self._held = 0
        self._of: Counter[str] = Counter()

    def check(self, announced: int, holder: str) -> None:
        """Check, before a body is read, that there is room for it; raises Overload if not."""
        if self._of[holder] + announced > self._share:
            raise Overload(f"{self._of[holder]} bytes of your other requests are being worked on", RETRY_SECONDS)
        if self._held + announced > self._most:
            raise Overload(f"{self._held} bytes of other requests are being worked on", RETRY_SECONDS)

    def hold(self, size: int, holder: str) -> None:
        """Count received bytes; raises Overload, without counting any, if there is no room for them."""
        self.check(size, holder)
        self._held += size
        self._of[holder] += size

    def release(self, size: int, holder: str) -> None:
        """Stop counting the bytes of an answered request."""
        self._held -= size
        self._of[holder] -= size
        if self._of[holder] <= 0:
            del self._of[holder]
