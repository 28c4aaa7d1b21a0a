"""Whoever asks for ends of topics at the same time is answered by one query, and never by one from before."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from slm_chassis.log.port import LogUnavailable
from slm_chassis.log.postgres_offsets import OffsetsReader
from slm_chassis.log.postgres_pool import Pool


class Table:
    """A pool without a database: a query returns the ends at its beginning, and the test decides when it returns."""

    def __init__(self) -> None:
        self.end = 1
        self.asked: list[list[str]] = []
        self.goes_on = asyncio.Event()
        self.is_away = False

    async def rows(self, _: str, topics: list[str]) -> list[tuple[Any, ...]]:
        self.asked.append(topics)
        seen = self.end
        await self.goes_on.wait()
        if self.is_away:
            raise LogUnavailable("away")
        return [(topic, number, 0, seen) for topic in topics if topic != "unknown" for number in (0, 1)]


async def test_questions_of_one_turn_are_one_query() -> None:
    table = Table()
    table.goes_on.set()
    reader = OffsetsReader(cast(Pool, table))
    found = await asyncio.gather(*(reader.read(topic) for topic in ("b", "a", "b", "unknown")))
    assert found == [[(0, 0, 1), (1, 0, 1)]] * 3 + [[]]
    assert table.asked == [["a", "b", "unknown"]]


async def test_a_question_is_not_answered_by_a_query_from_before_it() -> None:
    table = Table()
    reader = OffsetsReader(cast(Pool, table))
    first = asyncio.create_task(reader.read("a"))
    await asyncio.sleep(0.01)
    table.end = 2
    second = asyncio.create_task(reader.read("a"))
    await asyncio.sleep(0.01)
    table.goes_on.set()
    assert (await first, await second) == ([(0, 0, 1), (1, 0, 1)], [(0, 0, 2), (1, 0, 2)])


async def test_an_outage_reaches_all_who_asked_and_one_who_gave_up_harms_nobody() -> None:
    table = Table()
    reader = OffsetsReader(cast(Pool, table))
    gone, waiting = (asyncio.create_task(reader.read("a")) for _ in range(2))
    await asyncio.sleep(0.01)
    gone.cancel()
    table.is_away = True
    table.goes_on.set()
    with pytest.raises(LogUnavailable):
        await waiting
    table.is_away = False
    assert await reader.read("a") == [(0, 0, 1), (1, 0, 1)]
