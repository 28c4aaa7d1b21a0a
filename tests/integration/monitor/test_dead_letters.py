"""Records that cannot be evaluated become dead letters alone, and are evaluated when they are redriven."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from slm_chassis import dead_letters
from slm_chassis.access import Principal
from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import Record, StoredRecord
from slm_chassis.outbox import OutboxRelay
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.application.intake.record_reader import IntakeRecordReader
from tests.support.judged import EVERYTHING, PARTITIONS, Monitor, monitor
from tests.support.monitor import PROVIDER, available, finalized

UP = "payments.checkout"
OPERATOR = Principal("operator", None, "operator", frozenset({"operator"}))


async def ready(held: Monitor) -> None:
    await held.register(UP, "availability")
    await held.hear(finalized(available()))
    await held.settle()


def outage(**more: Any) -> dict[str, Any]:
    return {"indicator": UP, "outage": {"from": "2026-11-05T10:00:00Z", "to": "2026-11-05T12:00:00Z"}, **more}


async def test_an_unreadable_record_is_quarantined_and_the_others_are_evaluated(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        good = [outage(owner=PROVIDER)]
        home = partition_of(f"{PROVIDER}/{UP}", PARTITIONS)
        bad = Record("k", b"\xff\x00", {"content-type": "application/vnd.slm.intake+msgpack"})
        told = Record("k", json.dumps(good).encode(), {"ce_source": "/gateway"})
        await held.log.append("slm.measurements", [bad, told], home)
        await held.settle()
        assert len(await held.breaches()) == 1
        # Whoever may write to the topic can say that a record comes from a door: it is no fault of ours.
        assert await dead_letters.fetch_dead_letters(held.database) == []
        page = await TargetQueries(held.database).quarantine(OPERATOR, EVERYTHING, {})
        assert [row["reason"].partition(":")[0] for row in page["items"]] == ["malformed"]


class Broken:
    """A reader that cannot read what contains ``broken``, until it is mended."""

    def __init__(self, reader: IntakeRecordReader) -> None:
        self._reader = reader
        self.is_mended = False

    async def read(self, partition: int, records: Sequence[StoredRecord]) -> Any:
        if not self.is_mended and any(b"broken" in record.value for record in records):
            raise ValueError("a bug")
        return await self._reader.read(partition, records)


async def test_a_redriven_record_is_evaluated_and_no_longer_a_dead_letter(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        held.judge._reader = broken = Broken(held.judge._reader)  # type: ignore[assignment]
        await held.measure(outage(id="broken"))
        await held.settle()
        (letter,) = await dead_letters.fetch_dead_letters(held.database)
        broken.is_mended = True
        await dead_letters.redrive_record(held.database, letter.dead_letter_id)
        while await OutboxRelay(held.database, held.log).step():
            pass
        await held.settle()
        assert len(await held.breaches()) == 1
        assert await dead_letters.fetch_dead_letters(held.database) == []
