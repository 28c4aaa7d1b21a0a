"""Staleness of one partition's indicators: an event is published when an indicator becomes stale, and when it sends
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.holds import ImportHolds
from slm_monitor.application.state.loaded_partition import LoadedPartition
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.application.state.timers import SILENCE, TimerHeap
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, parse_series_indicator
from slm_monitor.domain.lifecycle.target_state import EvaluationMoment
from slm_monitor.domain.states import staleness
from slm_monitor.domain.states.staleness import WatchedIndicator


class StalenessMonitor:
    """Keeps the last signal of each indicator that has a ``stale_after``. Of other indicators it keeps only the
    names.
    """

    def __init__(self, store: EvaluationStore, timers: TimerHeap, loaded: LoadedPartition) -> None:
        self._store = store
        self._timers = timers
        self._watched: dict[str, WatchedIndicator | None] = {}
        """Indicator → its last signal and staleness; None: the indicator has no ``stale_after``."""
        self._published = dict(loaded.silences)
        self._woken: set[str] = set()

    async def recover(self, subjects: Iterable[str]) -> None:
        """Read the last signal of each of these indicators after a restart, and set its timer."""
        found = await self._store.last_signals(sorted(subjects))
        for subject, (age, last) in found.items():
            self._watched[subject] = WatchedIndicator(age, last, self._published.get(subject))
            self._set(subject)

    async def note_values(self, values: MeasuredValues | None) -> None:
        """Record the latest instant that each series has in accepted rows. ``values`` None: no rows were accepted."""
        if values is None or not len(values):
            return
        watched = [await self._watch(parse_series_indicator(subject)) for subject in values.subjects]
        if not any(watched):
            return
        latest = np.full(len(values.subjects), np.iinfo(np.int64).min, dtype=np.int64)
        np.maximum.at(latest, values.slot, values.at)
        for subject, held, at in zip(values.subjects, watched, latest.tolist(), strict=True):
            if held is not None:
                self._note_signal(parse_series_indicator(subject), at)

    async def note_facts(self, facts: Sequence[Fact], last_of: Mapping[str, int | None]) -> None:
        """Record the signals in accepted facts. ``last_of``: indicator of states → instant of its last signal, or None
        if it has no signal.
        """
        for fact in facts:
            subject = parse_series_indicator(fact.subject)
            if subject.count("/") != 1 or subject in last_of or fact.body.get("retracted"):
                continue
            if await self._watch(subject) is not None:
                self._note_signal(subject, fact.at)
        for subject, last in last_of.items():
            held = await self._watch(subject)
            if held is not None:
                held.last = last
                self._set(subject)

    async def is_watched(self, subject: str) -> bool:
        return await self._watch(subject) is not None

    async def _watch(self, subject: str) -> WatchedIndicator | None:
        if subject not in self._watched:
            indicator = await self._store.indicator(subject)
            age = None if indicator is None else indicator.stale_after
            self._watched[subject] = None if age is None else WatchedIndicator(age, None, self._published.get(subject))
        return self._watched[subject]

    def _note_signal(self, subject: str, at: UtcMicroseconds) -> None:
        held = self._watched[subject]
        assert held is not None
        if held.last is None or at > held.last:
            held.last = at
            self._set(subject)

    def _set(self, subject: str) -> None:
        held = self._watched[subject]
        assert held is not None
        self._timers.set((SILENCE, subject), held.due)
        if held.since is not None:
            self._woken.add(subject)

    def wake(self, subject: str) -> None:
        """Mark an indicator for the next evaluation, because its timer fired."""
        self._woken.add(subject)

    async def evaluate(self, holds: ImportHolds, moment: EvaluationMoment, step: PartitionStepChanges) -> None:
        """Publish which indicators became stale, and which stale indicators send again.

        If a silence began in the past that an import holds, it is published after the import has ended.
        """
        for subject in sorted(self._woken):
            held, indicator = self._watched.get(subject), await self._store.indicator(subject)
            if held is None or indicator is None:
                continue
            through = holds.through(subject)
            if through is not None and held.due is not None and held.due <= through:
                continue
            self._woken.discard(subject)
            before, turn = held.since, held.turn(moment.as_of)
            if held.since != before:
                step.silences[subject] = held.since
            if turn is not None and held.last is not None:
                since = held.since if turn == "stale" else before
                assert since is not None
                event_of = (
                    staleness.build_indicator_stale_event
                    if turn == "stale"
                    else staleness.build_indicator_resumed_event
                )
                event = event_of(indicator, held.last, since, now=moment.now)
                at = since if turn == "stale" else held.last
                step.changes.publish(event, at, staleness.derive_staleness_event_id(indicator, turn, since))
            if held.due is not None and held.due > moment.as_of:
                self._timers.set((SILENCE, subject), held.due)
