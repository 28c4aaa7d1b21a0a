"""The contract of the evaluation store, kept by PostgreSQL and by the store in memory that replays use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from slm_chassis.clock import ManualClock
from slm_chassis.database import Database
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.application.state.loaded_partition import SeriesCheckpoint
from slm_monitor.application.state.partition_step import PartitionCheckpoint, PartitionStepChanges
from slm_monitor.application.state.ports import EvaluationStore, PartitionNotOwned
from slm_monitor.domain.facts.facts import HOUR, Fact, MeasuredValues
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.series.hour_buckets import HourChunk
from tests.support.memory_store import MemoryEvaluationStore
from tests.support.monitor import at
from tests.support.monitor_service import migrated_database

SUBJECT = "party/indicator"
NOON = at("2026-11-05T12:00")


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[EvaluationStore]:
    if request.param == "memory":
        yield MemoryEvaluationStore()
        return
    request.getfixturevalue("postgres")
    clock = ManualClock(NOON)
    database = await Database.open(await migrated_database(), clock=clock, source="/slm/test/monitor")
    kept = SqlEvaluationStore(database, clock)
    await kept.prepare(1)
    yield kept
    await database.close()


def step(before: int, after: int, **more: Any) -> PartitionStepChanges:
    """A step that takes in measurements from one position to another."""
    return PartitionStepChanges(
        {MEASUREMENTS.name: before, TICKETS.name: 0},
        {MEASUREMENTS.name: after, TICKETS.name: 0},
        received_at=NOON,
        **more,
    )


def state(key: str, value: str, instant: int = NOON, revision: int = 0) -> Fact:
    return Fact(SUBJECT, key, instant, {"state": value}, revision, 0)


def rows(*instants: int) -> MeasuredValues:
    return MeasuredValues([SUBJECT], np.zeros(len(instants), np.int32), np.array(instants), np.ones(len(instants)))


async def test_facts_are_read_by_subject_key_and_span_the_last_write_wins(
    store: EvaluationStore,
) -> None:
    epoch = (await store.take_over(0)).epoch
    await store.commit(0, epoch, step(0, 1, facts=[state("a", "down"), state("b", "up", NOON + HOUR)]))
    await store.commit(0, epoch, step(1, 2, facts=[state("a", "up", revision=1)]))
    found = (await store.facts([SUBJECT, "party/other"]))[SUBJECT]
    assert {key: (fact.body["state"], fact.revision) for key, fact in found.items()} == {"a": ("up", 1), "b": ("up", 0)}
    assert (await store.known([(SUBJECT, "a"), (SUBJECT, "c")])).keys() == {(SUBJECT, "a")}
    assert [fact.key for fact in await store.facts_between(SUBJECT, NOON, NOON + HOUR)] == ["a"]


async def test_a_step_from_an_unexpected_position_is_refused_and_changes_nothing(
    store: EvaluationStore,
) -> None:
    epoch = (await store.take_over(0)).epoch
    await store.commit(0, epoch, step(0, 3))
    with pytest.raises(PartitionNotOwned):
        await store.commit(0, epoch, step(0, 5, facts=[state("a", "down")]))
    assert await store.facts([SUBJECT]) == {}
    assert (await store.processed_positions())[MEASUREMENTS.name, 0] == 3


async def test_whoever_lost_the_partition_writes_nothing_and_is_told(store: EvaluationStore) -> None:
    lost = (await store.take_over(0)).epoch
    await store.take_over(0)
    with pytest.raises(PartitionNotOwned):
        await store.commit(0, lost, step(0, 1, facts=[state("a", "down")]))
    with pytest.raises(PartitionNotOwned):
        await store.checkpoint(0, lost, PartitionCheckpoint({}, 0))
    with pytest.raises(PartitionNotOwned):
        await store.reload(0, lost)
    assert await store.facts([SUBJECT]) == {}


async def test_rows_come_back_after_a_restart_until_a_checkpoint_has_stored_them(store: EvaluationStore) -> None:
    epoch = (await store.take_over(0)).epoch
    blob = await store.commit(0, epoch, step(0, 1, blob=rows(NOON, NOON + 1)))
    loaded = await store.take_over(0)
    assert [(values.at.tolist(), received) for values, received in loaded.blobs] == [([NOON, NOON + 1], NOON)]
    assert loaded.blob_seq == blob and await store.hours(SUBJECT, [NOON // HOUR]) == {}
    chunk = HourChunk(np.array([NOON, NOON + 1]), np.ones(2))
    segments = [(SUBJECT, NOON // HOUR, [chunk])]
    series = {SUBJECT: SeriesCheckpoint(NOON + 1)}
    assert blob is not None
    await store.checkpoint(0, loaded.epoch, PartitionCheckpoint({}, blob, segments, series))
    loaded = await store.take_over(0)
    assert list(loaded.blobs) == [] and loaded.series[SUBJECT].high_water == NOON + 1
    (found,) = (await store.hours(SUBJECT, [NOON // HOUR]))[NOON // HOUR]
    assert found.at.tolist() == [NOON, NOON + 1]


async def test_the_latest_instant_of_single_facts_is_known_after_a_restart(store: EvaluationStore) -> None:
    epoch = (await store.take_over(0)).epoch
    await store.commit(0, epoch, step(0, 1, recounted={SUBJECT: NOON}))
    assert (await store.take_over(0)).series[SUBJECT].high_water == NOON


async def test_committed_results_do_not_follow_later_changes_in_memory(
    store: EvaluationStore,
) -> None:
    epoch = (await store.take_over(0)).epoch
    window = TargetWindow("target", "2026-11", 1, NOON, NOON + HOUR, verdict="met", figure="1/1")
    one = step(0, 1)
    one.changes.windows["target", "2026-11"] = window
    one.changes.unjudgeable["target"] = "TypeError: broken"
    await store.commit(0, epoch, one)
    window.verdict = "breached"
    loaded = await store.reload(0, epoch)
    assert [(each.verdict, each.figure) for each in loaded.windows] == [("met", "1/1")]
    assert loaded.unjudgeable == {"target": "TypeError: broken"}
    two = step(1, 2)
    two.changes.unjudgeable["target"] = None
    two.changes.dropped_windows.add(("target", "2026-11"))
    await store.commit(0, epoch, two)
    loaded = await store.reload(0, epoch)
    assert list(loaded.windows) == [] and loaded.unjudgeable == {}
