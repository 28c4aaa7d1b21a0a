"""How many bytes of request bodies a process holds at once, together and of each party."""

from __future__ import annotations

from collections import Counter

from slm_chassis.faults import Overload

RETRY_SECONDS = 1
_SHARE = 4
"""The fraction of all bytes, one in so many, that the requests of one party may hold."""


class Bodies:
    """Bytes received of requests that are not answered yet; what is only announced may never come, and is not held.

    ``largest`` is the largest body there may be: a share that cannot hold one would refuse it for ever.
    """

    def __init__(self, most: int, largest: int) -> None:
        self._most = max(most, largest)
        self._share = max(self._most // _SHARE, largest)
        self._held = 0
        self._of: Counter[str] = Counter()

    def check(self, announced: int, holder: str) -> None:
        """Before a body is read. Raises Overload where it would be too much."""
        if self._of[holder] + announced > self._share:
            raise Overload(f"{self._of[holder]} bytes of your other requests are being worked on", RETRY_SECONDS)
        if self._held + announced > self._most:
            raise Overload(f"{self._held} bytes of other requests are being worked on", RETRY_SECONDS)

    def hold(self, size: int, holder: str) -> None:
        """Raises Overload where it is too much; held is then nothing of it."""
        self.check(size, holder)
        self._held += size
        self._of[holder] += size

    def release(self, size: int, holder: str) -> None:
        self._held -= size
        self._of[holder] -= size
        if self._of[holder] <= 0:
            del self._of[holder]
