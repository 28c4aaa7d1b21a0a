"""Counter readings of a partition's indicators, and the rows that change when a reading is added or replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.series.hour_buckets import MeasuredRow
from slm_monitor.domain.series.series import IndicatorSeries, MinuteSumChange, read_rows_from_fact

Added = Callable[[IndicatorSeries, Sequence[MinuteSumChange]], None]


class CounterSeriesOwner(Protocol):
    """The store that holds the series. The cache of counter readings changes their rows through this interface."""

    def named(self, subject: str) -> IndicatorSeries: ...

    async def change(
        self, series: IndicatorSeries, key: str, before: MeasuredRow | None, row: MeasuredRow | None, added: Added
    ) -> None: ...


class CounterReadingChanges:
    """The replaced and the new counter readings of a batch, by stream."""

    def __init__(self) -> None:
        self.gone: dict[str, dict[str, Fact]] = {}
        self.arrived: dict[str, dict[str, Fact]] = {}

    def note(self, before: Fact | None, fact: Fact) -> None:
        """Record that a fact counts from now on, in place of ``before``, the fact with the same key (None: there was
        none).
        """
        if before is not None and counters.is_counter_reading(before):
            self.gone.setdefault(counters.name_counter_stream(before), {})[before.key] = before
        if counters.is_counter_reading(fact):
            self.arrived.setdefault(counters.name_counter_stream(fact), {})[fact.key] = fact


class CounterReadingCache:
    """Keeps the last reading of each stream in memory, because nearly every new reading follows the last one."""

    def __init__(self, store: EvaluationStore, counting: CounterSeriesOwner) -> None:
        self._store = store
        self._counting = counting
        self._last: dict[str, Fact] = {}

    async def follow(self, moved: CounterReadingChanges, added: Added) -> None:
        """Change the rows of the readings that changed, and of the readings just after them.

        The row of a reading contains its difference from the reading before.
        """
        for stream in sorted(moved.gone.keys() | moved.arrived.keys()):
            gone, arrived = moved.gone.get(stream, {}), moved.arrived.get(stream, {})
            await self._follow(stream, gone, arrived, added)

    async def _follow(self, stream: str, gone: Mapping[str, Fact], arrived: Mapping[str, Fact], added: Added) -> None:
        instants = [fact.at for fact in (*gone.values(), *arrived.values())]
        first, last = min(instants), max(instants)
        before = await self._around(stream, first, last)
        after = {key: fact for key, fact in before.items() if key not in gone} | dict(arrived)
        one, two = _rows(before), _rows(after)
        series = self._counting.named(stream)
        for key in sorted(one.keys() | two.keys()):
            if one.get(key) != two.get(key):
                await self._counting.change(series, key, one.get(key), two.get(key), added)
        if all(fact.at <= last for fact in before.values()):
            # No reading came after the changed ones, so the latest of them is the last of the stream.
            self._last.pop(stream, None)
            if after:
                self._last[stream] = max(after.values(), key=counters.counter_reading_sort_key)

    async def _around(self, stream: str, first: UtcMicroseconds, last: UtcMicroseconds) -> dict[str, Fact]:
        held = self._last.get(stream)
        if held is not None and held.at < first:
            return {held.key: held}
        return {fact.key: fact for fact in await self._store.readings(stream, first, last)}

    async def counted(self, stream: str, facts: Sequence[Fact]) -> list[Fact]:
        """Return facts of a stream from the record, with each counter reading replaced by its increase since the
        reading before.
        """
        span = counters.find_reading_spans_by_stream(facts).get(stream)
        return counters.replace_readings_by_counts(
            facts, [] if span is None else await self._store.readings(stream, *span)
        )


def _rows(readings: Mapping[str, Fact]) -> dict[str, MeasuredRow]:
    return {
        fact.key: row
        for fact in counters.replace_readings_by_counts(readings.values())
        for row in read_rows_from_fact(fact)[1]
    }
