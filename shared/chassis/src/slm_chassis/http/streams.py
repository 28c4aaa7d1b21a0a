"""A registry of a service's open event streams (server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.metrics import Metrics


class Streams:
    """The open event streams of a service. They are ended at shutdown and when the caller's key stops being valid."""

    def __init__(self, metrics: Metrics, access: AccessRegistry | None = None) -> None:
        self._gauge = metrics.http_streams
        self._open: dict[asyncio.Task[object], str | None] = {}
        self._ended: set[asyncio.Task[object]] = set()
        self._access = access
        self.ending = False
        if access is not None:
            access.on_death(self._end_those_of)

    def end(self) -> None:
        """End all streams, including those that begin later. Their clients then reconnect to another process."""
        self.ending = True
        for task in self._open:
            self._end(task)

    def ender(self) -> Callable[[], None]:
        """Return a function that ends the stream of the present request. After the stream's end it does nothing."""
        task = asyncio.current_task()
        assert task is not None

        def end() -> None:
            if task in self._open:
                self._end(task)

        return end

    def was_ended(self, task: asyncio.Task[object]) -> bool:
        """Whether this registry ended the stream of the task by cancelling it."""
        return task in self._ended

    def add(self, task: asyncio.Task[object], key_id: str | None = None) -> None:
        """Register the stream that a task answers with. The stream ends if the key ``key_id`` is revoked.

        ``key_id`` is None for a stream that was opened without a key.
        """
        self._open[task] = key_id
        self._gauge.set(len(self._open))
        # The key may have been revoked since it was checked.
        if self.ending or (key_id is not None and self._access is not None and self._access.is_dead(key_id)):
            self._end(task)

    def discard(self, task: asyncio.Task[object]) -> None:
        """Forget a stream that has ended."""
        self._open.pop(task, None)
        self._ended.discard(task)
        self._gauge.set(len(self._open))

    def _end_those_of(self, key_id: str) -> None:
        for task in [task for task, opened_with in self._open.items() if opened_with == key_id]:
            self._end(task)

    def _end(self, task: asyncio.Task[object]) -> None:
        self._ended.add(task)
        task.cancel()
