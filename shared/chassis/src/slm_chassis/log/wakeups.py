"""Lets the readers of this process know at once that a topic has grown, so that nobody polls to find out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


class Wakeups:
    """Topic → the bells of those who wait for it."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = {}

    @contextmanager
    def bell(self, topics: Iterable[str]) -> Iterator[Bell]:
        """A bell that ``ring`` of any of the topics rings."""
        bell, names = Bell(), list(topics)
        for topic in names:
            self._bells.setdefault(topic, set()).add(bell)
        try:
            yield bell
        finally:
            for topic in names:
                self._bells[topic].discard(bell)

    def ring(self, topic: str) -> None:
        for bell in self._bells.get(topic, ()):
            bell.ring()

    def ring_all(self) -> None:
        for topic in self._bells:
            self.ring(topic)


class Bell:
    """Remembers a ring until it is heard: ``clear`` before looking, ``wait`` after having found nothing."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    def clear(self) -> None:
        self._rung.clear()

    async def wait(self, seconds: float) -> bool:
        """Until the next ring, or the time is over; whether it has rung."""
        if not self._rung.is_set() and seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._rung.wait()
        return self._rung.is_set()
