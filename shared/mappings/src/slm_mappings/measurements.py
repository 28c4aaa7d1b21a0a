"""Conversion of each record to one measurement. A record that cannot be converted is set aside; all others are sent."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from slm_events.instants import to_text
from slm_mappings import times, values
from slm_mappings.mapping_parts import TranslatedColumn
from slm_mappings.measurement_columns import ColumnReader, RecordRefused
from slm_mappings.measurement_mapping import ColumnName, MeasurementMapping
from slm_mappings.messages import Oddities
from slm_mappings.outages import indicator_key, length_of
from slm_mappings.records import Record
from slm_mappings.set_aside import Aside, BadRow

Item = dict[str, Any]
STATES = ("up", "down", "degraded", "unknown")
LOOKED_BACK = 100_000
"""How many of the last records are remembered to notice one that comes twice."""


class PlacedItem(NamedTuple):
    """An item of POST /api/v1/measurements, and the place in the file of the record from which the item was made."""

    row: int
    item: Item


def measurement_items(
    rows: Iterable[Record], mapping: MeasurementMapping, oddities: Oddities, aside: Aside
) -> Iterator[PlacedItem]:
    """Yield the measurement of each record.

    ``oddities`` counts the records that are left out; ``aside`` is called with each record that cannot be converted.
    Raises ImportRefused if the whole file cannot be converted, because its heading lacks a column of the mapping or the
    mapping's time zone is unknown.
    """
    reader = _MeasurementReader(mapping, oddities)
    earlier = _SentContents()
    for row in rows:
        try:
            item = reader.item_of(row)
            if item is not None and earlier.is_new(item):
                yield PlacedItem(row.place, item)
            elif item is not None:
                oddities.note(
                    "rows equal to one before, counted once: name columns that tell them apart in id",
                    f"line {row.place}",
                )
        except RecordRefused as refused:
            aside(BadRow(row.place, refused.column, refused.value, refused.remedy, dict(row.values)))


class _SentContents:
    """Remembers the last ``LOOKED_BACK`` measurements, to find repetitions and ids that are used twice."""

    def __init__(self) -> None:
        self._contents: OrderedDict[object, str] = OrderedDict()

    def is_new(self, item: Item) -> bool:
        """Remember an item, and return False if an equal one was remembered already.

        Raises RecordRefused if another item with the same id was remembered, unless ``recorded_at`` tells which of the
        two is newer.
        """
        content = json.dumps(item, sort_keys=True)
        name = (item["indicator"], item["source"], item["id"]) if "id" in item else content
        earlier = self._contents.get(name)
        if earlier == content or (earlier is not None and "id" not in item):
            return False
        if earlier is not None and "recorded_at" not in item:
            remedy = "a row before it has this id and other values; name further columns in id, or recorded_at"
            raise RecordRefused("id", item["id"], remedy)
        self._contents[name] = content if "id" in item else ""
        if len(self._contents) > LOOKED_BACK:
            self._contents.popitem(last=False)
        return True


class _MeasurementReader:
    """Converts one record at a time."""

    def __init__(self, mapping: MeasurementMapping, oddities: Oddities) -> None:
        self._mapping = mapping
        self._oddities = oddities
        self._columns = ColumnReader(mapping.missing, mapping.decimal, mapping.times, times.time_reader(mapping.times))
        self._names: dict[str, str] = {}
        self._content: Callable[[Record], Item | None] = {
            "probes": self._probe,
            "states": self._state,
            "ratios": self._ratio,
            "values": self._value,
            "occurrences": self._occurrence,
            "counters": self._counter,
            "ratings": self._rating,
            "recoveries": self._recovery,
        }[mapping.measures]

    def item_of(self, row: Record) -> Item | None:
        """Return the record's item; None if it is left out. Raises RecordRefused."""
        mapping, columns = self._mapping, self._columns
        for condition in mapping.exclude_where:
            if values.holds_for_rows(condition, [row], mapping.missing):
                self._leave_out(str(condition), row)
                return None
        item: Item = {"indicator": self._indicator(row)}
        if mapping.at is not None:
            item["at"] = columns.instant(row, mapping.at)
        content = self._content(row)
        if content is None:
            return None
        item |= content
        item["source"] = self._source(row)
        if mapping.id is not None:
            item["id"] = "/".join(columns.required(row, column) for column in mapping.id_columns)
        if mapping.recorded_at is not None:
            item["recorded_at"] = columns.instant(row, mapping.recorded_at)
        if mapping.unit is not None:
            item["unit"] = mapping.unit
        labels = {name: columns.optional(row, column) for name, column in mapping.labels.items()}
        if named := {name: value for name, value in labels.items() if value is not None}:
            item["labels"] = named
        return item

    def _leave_out(self, reason: str, row: Record) -> None:
        self._oddities.note(f"records left out: {reason}", f"line {row.place}")

    def _indicator(self, row: Record) -> str:
        names = self._mapping.indicator
        if names.column is None:
            return names.key
        name = self._columns.required(row, names.column).strip()
        key = indicator_key(name, names)
        if key is None:
            remedy = "it has no ASCII letter or digit; give its key in indicator.values, or use {name}"
            raise RecordRefused(names.column, name, remedy)
        if (other := self._names.setdefault(key, name)) != name and name not in names.values:
            self._oddities.note(f"names that share the indicator {key}: {other!r} and others", f"line {row.place}")
        return key

    def _source(self, row: Record) -> str:
        source = self._mapping.source
        return self._columns.required(row, source.column) if isinstance(source, ColumnName) else source

    def _probe(self, row: Record) -> Item | None:
        ok = self._mapping.ok
        assert ok is not None
        if isinstance(ok, str | TranslatedColumn):
            text = self._columns.translated(row, ok)
            return None if self._is_dropped(text, ok, row) else {"ok": self._columns.truth(text, ok)}
        # A record without the column says nothing about the probe, unless that is the test.
        if ok.missing is None:
            self._columns.required(row, ok.column)
        return {"ok": values.passes_test(ok, row, self._mapping.missing)}

    def _state(self, row: Record) -> Item | None:
        written = self._mapping.state
        assert written is not None
        state = self._columns.translated(row, written)
        if self._is_dropped(state, written, row):
            return None
        if state not in STATES:
            column = written if isinstance(written, str) else written.column
            raise RecordRefused(column, state, f"it is no state; use {', '.join(STATES)}, by state.values")
        return {"state": state}

    def _is_dropped(self, text: str | None, written: TranslatedColumn | str, row: Record) -> bool:
        if text is None and isinstance(written, TranslatedColumn):
            self._leave_out(f"{written.column} is not listed in values", row)
        return text is None

    def _ratio(self, row: Record) -> Item:
        mapping = self._mapping
        assert mapping.total is not None
        name = "good" if mapping.good is not None else "bad"
        column = mapping.good or mapping.bad or ""
        total, part = self._columns.whole(row, mapping.total), self._columns.whole(row, column)
        if part > total:
            raise RecordRefused(column, part, f"it is more than the total of {total}")
        return {name: part, "total": total}

    def _value(self, row: Record) -> Item:
        mapping = self._mapping
        assert mapping.value is not None
        if mapping.failed is not None and values.passes_test(mapping.failed, row, mapping.missing):
            return {"failed": True}
        return {"value": self._columns.number(row, mapping.value)}

    def _occurrence(self, row: Record) -> Item | None:
        mapping, item = self._mapping, Item()
        if mapping.count is not None:
            item["count"] = self._columns.whole(row, mapping.count)
            if item["count"] == 0:
                self._leave_out(f"{mapping.count} is 0", row)
                return None
        if mapping.category is not None:
            category = self._columns.translated(row, mapping.category)
            if self._is_dropped(category, mapping.category, row):
                return None
            item["category"] = category
        return item

    def _counter(self, row: Record) -> Item:
        columns = self._mapping.cumulative
        assert columns is not None
        named = {name: getattr(columns, name) for name in ("good", "bad", "total", "count")}
        reading: Item = {name: self._columns.whole(row, column) for name, column in named.items() if column is not None}
        if columns.since is not None:
            reading["since"] = self._columns.instant(row, columns.since)
        return {"cumulative": reading}

    def _rating(self, row: Record) -> Item:
        mapping = self._mapping
        assert mapping.score is not None
        assert mapping.scale is not None
        item: Item = {"score": self._columns.number(row, mapping.score)}
        if not float(mapping.scale.lowest) <= item["score"] <= float(mapping.scale.highest):
            remedy = f"it is not on the scale from {mapping.scale.lowest} to {mapping.scale.highest}"
            raise RecordRefused(mapping.score, item["score"], remedy)
        if mapping.respondent is not None:
            item["respondent"] = self._columns.optional(row, mapping.respondent)
        if mapping.touch_point is not None:
            item["touch_point"] = self._columns.translated(row, mapping.touch_point, is_required=False)
        return {name: value for name, value in item.items() if value is not None}

    def _recovery(self, row: Record) -> Item | None:
        columns = self._mapping.recovery
        assert columns is not None
        began = self._columns.microseconds(row, columns.outage_start)
        column = columns.service_restored or (columns.length.column if columns.length else "")
        if self._columns.optional(row, column) is None:
            self._leave_out("they have no end", row)
            return None
        if columns.length is None:
            restored = self._columns.microseconds(row, column)
        else:
            text = self._columns.required(row, column)
            try:
                restored = began + length_of(text.strip(), columns.length)
            except (ValueError, ArithmeticError):
                raise RecordRefused(column, text, f"it is not a length in {columns.length.unit}") from None
        if restored < began:
            raise RecordRefused(column, self._columns.optional(row, column), "it ends before its start")
        recovery = {"outage_start": to_text(began), "service_restored": to_text(restored)}
        if columns.data_restored_to is not None and self._columns.optional(row, columns.data_restored_to) is not None:
            recovery["data_restored_to"] = self._columns.instant(row, columns.data_restored_to)
        is_test = columns.test is not None and values.passes_test(columns.test, row, self._mapping.missing)
        return {"recovery": recovery, "test": True} if is_test else {"recovery": recovery}
