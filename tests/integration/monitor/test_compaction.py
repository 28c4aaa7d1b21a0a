"""Compaction of the record: fewer segments with the same rows and the same instants of receipt."""

from __future__ import annotations

from sqlalchemy import text

from slm_monitor.adapters.store.compaction import Compaction
from slm_monitor.adapters.store.sql_history import SqlHistory
from tests.support.judged import PARTITIONS, Monitor, monitor
from tests.support.monitor import PROVIDER, at, fast, finalized

KEY = "payments.checkout-latency"
SUBJECT, DAY = f"{PROVIDER}/{KEY}", (at("2026-11-05T00:00"), at("2026-11-06T00:00"))


async def measured(held: Monitor, *minutes: int) -> None:
    """Send a value in each of these minutes, with a checkpoint after each."""
    for minute in minutes:
        await held.settle(f"2026-11-05T10:{minute:02}")
        await held.measure({"indicator": KEY, "at": f"2026-11-05T10:{minute:02}:00Z", "value": minute})
        await held.settle()
        await held.save()


async def segments(held: Monitor) -> list[tuple[int, int]]:
    """(rows, how many of its kind are loose)."""
    async with held.database.read() as connection:
        query = text("SELECT rows, (received_to IS NULL)::int FROM fact_segment ORDER BY hour, seq")
        return [(row[0], row[1]) for row in await connection.execute(query)]


async def known(held: Monitor, known_at: str | None = None) -> list[float]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    values = await record.values(SUBJECT, DAY, None if known_at is None else at(known_at))
    return [float(value) for value in values.value]


async def test_an_hour_that_is_over_becomes_one_segment_of_the_same_rows(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T09:00") as held:
        await held.register(KEY, "value")
        await held.hear(finalized(fast()))
        await measured(held, 1, 2, 3)
        compaction = Compaction(held.database, held.clock)
        assert await compaction.step() == 0
        await held.settle("2026-11-05T14:00")
        before = (await held.windows(fast()["target_id"]))["2026-11"]["figure"]
        assert await segments(held) == [(1, 1)] * 3
        assert await compaction.step() == 1
        assert await segments(held) == [(3, 0)]
        assert await compaction.step() == 0
        assert await known(held) == [1, 2, 3]
        assert await known(held, "2026-11-05T10:02") == [1, 2]
        # What comes late is counted as before, looked up among what was put together, and put to it.
        late = [
            {"indicator": KEY, "at": "2026-11-05T10:30:00Z", "value": 900},
            {"indicator": KEY, "at": "2026-11-05T10:02:00Z", "value": 2},
        ]
        await held.measure(*late)
        await held.settle()
        await held.save()
        assert (before, (await held.windows(fast()["target_id"]))["2026-11"]["figure"]) == ("100/1", "75/1")
        await held.settle("2026-11-05T15:00")
        assert await compaction.step() == 1
        assert await segments(held) == [(4, 0)]
        assert await known(held) == [1, 2, 3, 900]


async def test_what_cannot_be_read_is_left_and_holds_up_no_other(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T09:00") as held:
        await held.register(KEY, "value")
        await held.hear(finalized(fast()))
        await measured(held, 1, 2)
        async with held.database.begin() as transaction:
            await transaction.execute(text("UPDATE fact_segment SET data = 'broken', hour = hour - 1"))
        await measured(held, 3, 4)
        await held.settle("2026-11-05T14:00")
        compaction = Compaction(held.database, held.clock)
        assert (await compaction.step(), await compaction.step()) == (2, 0)
        assert await segments(held) == [(1, 0), (1, 0), (2, 0)]
