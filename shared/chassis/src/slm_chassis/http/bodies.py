"""How many bytes of request bodies a process holds at once: beyond a limit it refuses instead of growing."""

from __future__ import annotations

from slm_chassis.faults import Overloaded

RETRY_SECONDS = 1
MAX_BODIES_BYTES = 256 << 20


class Bodies:
    """Bytes received of requests that are not answered yet; what is only announced may never come, and is not held."""

    def __init__(self, most: int = MAX_BODIES_BYTES) -> None:
        self._most = most
        self._held = 0

    def check(self, announced: int) -> None:
        """Before a body is read. Raises Overloaded where it would be too much."""
        if self._held + announced > self._most:
            raise Overloaded(f"{self._held} bytes of other requests are being worked on", RETRY_SECONDS)

    def hold(self, size: int) -> None:
        """Raises Overloaded where it is too much; held is then nothing of it."""
        self.check(size)
        self._held += size

    def release(self, size: int) -> None:
        self._held -= size
