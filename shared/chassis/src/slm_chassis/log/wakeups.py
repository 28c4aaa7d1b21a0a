"""Wake-up signals within one process: readers learn at once that a topic has grown, without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


class Wakeups:
    """The bells of waiting readers, by topic. A bell wakes its reader when the topic has grown."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = {}

    @contextmanager
    def bell(self, topics: Iterable[str]) -> Iterator[Bell]:
        """Yield a bell that rings when ``ring`` is called for one of the topics."""
        bell, names = Bell(), list(topics)
        for topic in names:
            self._bells.setdefault(topic, set()).add(bell)
        try:
            yield bell
        finally:
            for topic in names:
                self._bells[topic].discard(bell)

    def ring(self, topic: str) -> None:
        """Wake the readers that wait for new records of a topic."""
        for bell in self._bells.get(topic, ()):
            bell.ring()

    def ring_all(self) -> None:
        """Wake the readers of all topics, because signals about new records may have been missed."""
        for topic in self._bells:
            self.ring(topic)


class Bell:
    """A flag that a reader waits for. The reader calls ``clear`` before looking for work, and ``wait`` if there was
    none.
    """

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Set the flag and wake the reader that waits."""
        self._rung.set()

    def clear(self) -> None:
        """Clear the flag."""
        self._rung.clear()

    async def wait(self, seconds: float) -> bool:
        """Wait until the bell rings or the seconds are over; return whether it has rung."""
        if not self._rung.is_set() and seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._rung.wait()
        return self._rung.is_set()
