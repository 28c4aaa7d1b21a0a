"""Group commit of the PostgreSQL log: all waiting records are appended in one transaction by one statement."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import asyncpg

from slm_chassis.log.port import LogUnavailable, Record, RecordRefused, StoredRecord
from slm_chassis.log.postgres_pool import connect, raise_log_unavailable

COMMIT_BYTES = 16 << 20
APPEND = "SELECT append_records($1, $2, $3, $4, $5, $6, $7)"


@dataclass(slots=True)
class RecordToAppend:
    """A record to append; ``place`` is its partition's row id in the tables, ``partition`` the partition's number."""

    place: int
    partition: int
    record: Record
    headers: bytes


@dataclass(slots=True)
class AppendRequest:
    """One call of ``append`` that waits: its rows, and the future that will hold their offsets."""

    topic: str
    rows: Sequence[RecordToAppend]
    size: int
    offsets: asyncio.Future[list[int]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommitWriter:
    """The task that appends for a process.

    It calls ``appended`` after each commit with the records that are now durable.
    """

    def __init__(self, url: str, client: str, appended: Callable[[Sequence[StoredRecord]], None]) -> None:
        self._url = url
        self._client = client
        self._appended = appended
        self._queue: asyncio.Queue[AppendRequest] = asyncio.Queue()
        self._connection: asyncpg.Connection | None = None
        self._held_over: AppendRequest | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that appends."""
        self._task = asyncio.create_task(self._run(), name="log writer")

    async def stop(self) -> None:
        """Stop the task that appends. Appends that still wait raise LogUnavailable."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        while self._held_over or not self._queue.empty():
            _fail(self._held_over or self._queue.get_nowait(), LogUnavailable("the log is closed"))
            self._held_over = None
        if self._connection is not None:
            self._connection.terminate()

    async def append(self, topic: str, rows: Sequence[RecordToAppend]) -> list[int]:
        """Append the rows and return their offsets once they are durable; raises LogUnavailable."""
        if self._task is None:
            raise LogUnavailable("the log is closed")
        request = AppendRequest(topic, rows, sum(len(row.record.value) + len(row.headers) for row in rows))
        self._queue.put_nowait(request)
        return await request.offsets

    async def _run(self) -> None:
        while True:
            # A caller that gave up may have appended the record again. Appended late, it would come after newer ones.
            requests = [request for request in await self._next_requests() if not request.offsets.done()]
            if not requests:
                continue
            try:
                await self._commit(requests)
            except asyncio.CancelledError:
                for request in requests:
                    _fail(request, LogUnavailable("the log was closed while it appended"))
                raise

    async def _next_requests(self) -> list[AppendRequest]:
        first = self._held_over or await self._queue.get()
        self._held_over = None
        requests, size = [first], first.size
        while not self._queue.empty():
            request = self._queue.get_nowait()
            size += request.size
            if size > COMMIT_BYTES:
                self._held_over = request
                break
            requests.append(request)
        return requests

    async def _commit(self, requests: list[AppendRequest]) -> None:
        try:
            with raise_log_unavailable():
                stored = await self._insert([(request.topic, row) for request in requests for row in request.rows])
        except LogUnavailable as cause:
            for request in requests:
                _fail(request, cause)
        except Exception as cause:
            await self._commit_singly(requests, cause)
        else:
            self._appended(stored)
            offsets = iter([record.offset for record in stored])
            for request in requests:
                _answer(request, [next(offsets) for _ in request.rows])

    async def _commit_singly(self, requests: list[AppendRequest], cause: Exception) -> None:
        """Append each request in a transaction of its own, so that a refused request does not make the others fail."""
        if len(requests) == 1:
            _fail(requests[0], RecordRefused(f"the log refused the records: {cause}"))
            return
        for request in requests:
            await self._commit([request])

    async def _insert(self, given: Sequence[tuple[str, RecordToAppend]]) -> list[StoredRecord]:
        rows = [row for _, row in given]
        counts = Counter(row.place for row in rows)
        places = sorted(counts)
        turns = {place: turn for turn, place in enumerate(places)}
        ranks, seen = [], dict.fromkeys(places, 0)
        for row in rows:
            ranks.append(seen[row.place])
            seen[row.place] += 1
        *firsts, appended_at = await (await self._connected()).fetchval(
            APPEND,
            places,
            [counts[place] for place in places],
            [turns[row.place] + 1 for row in rows],
            ranks,
            [row.record.key.encode() for row in rows],
            [row.record.value for row in rows],
            [row.headers for row in rows],
        )
        return [
            StoredRecord(
                topic,
                row.partition,
                firsts[turns[row.place]] + rank,
                row.record.key,
                row.record.value,
                row.record.headers,
                appended_at,
            )
            for (topic, row), rank in zip(given, ranks, strict=True)
        ]

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, self._client)
        return self._connection


def _answer(request: AppendRequest, offsets: list[int]) -> None:
    if not request.offsets.done():
        request.offsets.set_result(offsets)


def _fail(request: AppendRequest, cause: Exception) -> None:
    if not request.offsets.done():
        request.offsets.set_exception(cause)
