"""Loaded objects are excluded from garbage collection, and collected in a quiet moment."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from slm_chassis.clock import SystemClock
from slm_monitor.application.engine import checkpointing
from slm_monitor.application.engine.checkpointing import CheckpointSchedule
from tests.support import collection
from tests.support.memory_store import MemoryEvaluationStore


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


class _Knot:
    def __init__(self) -> None:
        self.self = self


def test_loaded_objects_are_frozen_at_once_when_busy_and_collected_when_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = CheckpointSchedule(MemoryEvaluationStore(), SystemClock())
    away.note_records(0)
    monkeypatch.setattr(checkpointing, "exclude_from_collection", collection.exclude_from_collection)
    monkeypatch.setattr(checkpointing, "GROWN_SECONDS", 0.0)
    knot = _Knot()
    is_there = weakref.ref(knot)
    away.grown()
    away.tidy()
    frozen = gc.get_freeze_count()
    assert frozen > 1_000
    del knot
    gc.collect()
    assert is_there() is not None

    monkeypatch.setattr(checkpointing, "QUIET_SECONDS", 0.0)
    away.tidy()
    assert is_there() is None
    assert gc.get_freeze_count() > 1_000


def test_where_nothing_was_loaded_nothing_is_done() -> None:
    gc.unfreeze()
    away = CheckpointSchedule(MemoryEvaluationStore(), SystemClock())
    away.tidy()
    assert gc.get_freeze_count() == 0
