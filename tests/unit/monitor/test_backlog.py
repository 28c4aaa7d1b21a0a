"""The backlog of evaluation: from the ends of the log and the positions that any replica has evaluated."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from slm_chassis.app import topic_specs
from slm_chassis.faults import Overload
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_monitor.application.intake.backlog import IntakeBacklogMonitor

TOPIC = "slm.measurements"


class Judged:
    """The evaluated positions, as the store returns them."""

    def __init__(self) -> None:
        self.at = {(topic, number): 0 for topic in (TOPIC, "slm.tickets") for number in range(2)}

    async def __call__(self) -> Mapping[tuple[str, int], int]:
        return dict(self.at)


@pytest.fixture
async def log() -> MemoryEventLog:
    log = MemoryEventLog()
    await log.ensure_topics(topic_specs(2))
    return log


def backlog(
    log: MemoryEventLog, judged: Judged, shown: dict[tuple[str, int], int] | None = None
) -> IntakeBacklogMonitor:
    told = {} if shown is None else shown
    return IntakeBacklogMonitor(
        log, judged, 10, lambda topic, partition, records: told.update({(topic, partition): records})
    )


async def append(log: MemoryEventLog, records: int, partition: int = 0) -> list[tuple[int, int]]:
    return list(await log.append(TOPIC, [Record("", b"")] * records, partition))


async def test_records_of_others_count_once_the_ends_were_read(log: MemoryEventLog) -> None:
    shown: dict[tuple[str, int], int] = {}
    held = backlog(log, Judged(), shown)
    await append(log, 10)
    held.check(TOPIC, [0])
    await held.look()
    with pytest.raises(Overload):
        held.check(TOPIC, [0])
    held.check(TOPIC, [1])
    assert shown[TOPIC, 0] == 10 and shown[TOPIC, 1] == 0


async def test_own_records_count_at_once(log: MemoryEventLog) -> None:
    held = backlog(log, Judged())
    await held.look()
    held.appended(TOPIC, await append(log, 9))
    held.check(TOPIC, [0])
    held.appended(TOPIC, await append(log, 1))
    with pytest.raises(Overload, match="10 records"):
        held.check(TOPIC, [0])


async def test_a_request_stays_unread_only_if_no_partition_could_accept_it(log: MemoryEventLog) -> None:
    held = backlog(log, Judged())
    await append(log, 10, 0)
    await held.look()
    held.check_any(TOPIC)
    await append(log, 10, 1)
    await held.look()
    with pytest.raises(Overload):
        held.check_any(TOPIC)
    held.check_any("slm.tickets")


async def test_a_refused_client_learns_when_to_return_by_the_pace_of_evaluation(log: MemoryEventLog) -> None:
    judged = Judged()
    held = backlog(log, judged)
    await append(log, 1_000)
    await held.look()
    with pytest.raises(Overload) as unknown:
        held.check(TOPIC, [0])
    assert unknown.value.retry_after == 5
    judged.at[TOPIC, 0] = 1
    await held.look()
    with pytest.raises(Overload) as slow:
        held.check(TOPIC, [0])
    assert slow.value.retry_after == 50
    judged.at[TOPIC, 0] = 991
    held.check(TOPIC, [1])
    await held.look()
    held.check(TOPIC, [0])
