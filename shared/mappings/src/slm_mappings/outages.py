"""Conversion of outage records to measurements, one for each indicator that a record names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_events.instants import to_text
from slm_mappings import times, values
from slm_mappings.mapping_parts import TranslatedColumn
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.outage_mapping import IndicatorNames, Length, OutageMapping
from slm_mappings.records import Record

Item = dict[str, Any]
_MICROSECONDS = {"seconds": 10**6, "minutes": 60 * 10**6, "hours": 3_600 * 10**6, "days": 86_400 * 10**6}
_CLOCK = re.compile(r"(\d{1,6}):([0-5]\d)(?::([0-5]\d))?")
_LONGEST = 100 * 366 * 86_400 * 10**6
_LONGEST_NAME = 200
"""Characters of the longest id of a record and of the longest name of an indicator, as the API takes them.

The id is part of each measurement of the record and the name may stand in a key several times, so that longer ones
would make far more text than the record has.
"""


def outage_measurements(rows: Iterable[Record], mapping: OutageMapping, oddities: Oddities) -> Iterator[Item]:
    """Yield outages as items of POST /api/v1/measurements. ``oddities`` collects what is left out or unusual.

    An outage without an end becomes the state ``down`` from its start. This item has the id that the whole outage will
    have, so a later import that gives the end replaces the item.
    """
    reader = _Reader(mapping, oddities)
    for row in rows:
        yield from reader.measurements_of(row)


class _Reader:
    """Converts one record at a time. It remembers the name from which each indicator key was made, to report different
    names with the same key.
    """

    def __init__(self, mapping: OutageMapping, oddities: Oddities) -> None:
        self._mapping = mapping
        self._oddities = oddities
        self._instant = times.time_reader(mapping.times)
        self._names: dict[str, str] = {}

    def measurements_of(self, row: Record) -> Iterator[Item]:
        mapping = self._mapping
        excluded = next(
            (each for each in mapping.exclude_where if values.holds_for_rows(each, [row], mapping.missing)), None
        )
        if excluded is not None:
            # Such a record need not have an id.
            self._oddities.note(f"records left out: {excluded}", self._known_id(row) or f"record {row.place}")
            return
        own = self._id(row)
        begins = self._time(row, mapping.begins)
        if begins is None:
            self._oddities.note(f"records left out: {mapping.begins} is missing", own)
            return
        state = "down" if mapping.state is None else self._state(row, mapping.state)
        if state is None:
            self._oddities.note("records left out: state.values does not list their state", own)
            return
        ends = self._end(row, begins)
        if ends is not None and ends <= begins:
            self._oddities.note("records left out: they end at or before their beginning", own)
            return
        if ends is None and mapping.still_open == "left_out":
            self._oddities.note("records left out: they have no end", own)
            return
        keys = self._keys(row, own)
        if not keys:
            self._oddities.note(f"records left out: {mapping.indicator.column} names nothing", own)
            return
        if ends is None and mapping.state is None:
            self._oddities.note(
                "outages without an end: down from their beginning, until an import gives their end", own
            )
        for key in keys:
            fact = (
                {"at": to_text(begins), "state": state}
                if ends is None
                else {"outage": {"from": to_text(begins), "to": to_text(ends)}}
            )
            yield {"indicator": key, **fact, "id": f"{own}/{key}", "source": mapping.source}

    def _id(self, row: Record) -> str:
        columns = [self._mapping.id] if isinstance(self._mapping.id, str) else self._mapping.id
        parts = []
        for column in columns:
            part = values.text_of(row, column, self._mapping.missing)
            if part is None:
                remedy = "every record needs an id, otherwise a second import would count it twice"
                raise _outage_refusal(row, column, "", remedy)
            parts.append(part)
            if sum(map(len, parts)) + len(parts) > _LONGEST_NAME:
                raise _outage_refusal(row, column, part, f"an id has at most {_LONGEST_NAME} characters")
        return "/".join(parts)

    def _known_id(self, row: Record) -> str:
        columns = [self._mapping.id] if isinstance(self._mapping.id, str) else self._mapping.id
        known = (values.value_of(row, column, self._mapping.missing) for column in columns)
        return "/".join(str(each) for each in known if isinstance(each, str | int))[:_LONGEST_NAME]

    def _state(self, row: Record, source: TranslatedColumn) -> str | None:
        """Return the state that the record shows; None if its text is dropped."""
        text = values.text_of(row, source.column, self._mapping.missing)
        if text in source.values:
            return source.values[text]
        if source.others == "drop":
            return None
        raise _outage_refusal(row, source.column, text or "", "state.values does not list it; add it, or others: drop")

    def _time(self, row: Record, column: str) -> int | None:
        value = values.text_of(row, column, self._mapping.missing)
        try:
            return None if value is None else self._instant(value)
        except ValueError:
            remedy = f"it is not a time in the mapping's times.format, {self._mapping.times.format}"
            raise _outage_refusal(row, column, value, remedy) from None

    def _end(self, row: Record, begins: int) -> int | None:
        """Return the end of the outage, microseconds UTC; None if it has not ended or the record has no end."""
        if self._mapping.ends is not None:
            return self._time(row, self._mapping.ends)
        length = self._mapping.length
        if length is None:
            return None
        value = values.text_of(row, length.column, self._mapping.missing)
        if value is None:
            return None
        try:
            return begins + length_of(value.strip(), length)
        except (ValueError, InvalidOperation):
            raise _outage_refusal(row, length.column, value, f"it is not a length in {length.unit}") from None

    def _keys(self, row: Record, own: str) -> list[str]:
        if self._mapping.indicator.column is None:
            return [self._mapping.indicator.key]
        names = [name.strip() for name in values.texts_of(row, self._mapping.indicator.column, self._mapping.missing)]
        keys = {}
        for name in dict.fromkeys(name for name in names if name):
            if len(name) > _LONGEST_NAME:
                remedy = f"the name of an indicator has at most {_LONGEST_NAME} characters"
                raise _outage_refusal(row, self._mapping.indicator.column, name, remedy)
            key = indicator_key(name, self._mapping.indicator)
            if key is None:
                remedy = "it has no ASCII letter or digit; give its key in indicator.values, or use {name}"
                raise _outage_refusal(row, self._mapping.indicator.column, name, remedy)
            if (other := self._names.setdefault(key, name)) != name and name not in self._mapping.indicator.values:
                self._oddities.note(f"names that share the indicator {key}: {other!r} and others", own)
            keys[key] = name
        return list(keys)


def indicator_key(name: str, names: IndicatorNames) -> str | None:
    """Return the key of the indicator with this name; None if the name has no letter a–z or digit for ``{slug}``.

    ``Git Operations`` → ``github.git-operations`` if the mapping's key is ``github.{slug}``.
    """
    if name in names.values:
        return names.values[name]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug and "{slug}" in names.key:
        return None
    return names.key.replace("{slug}", slug).replace("{name}", name)


def length_of(value: str, length: Length) -> int:
    """Return a duration in microseconds. Raises ValueError or InvalidOperation for text that is not a duration."""
    if length.unit == "iso":
        try:
            return durations.from_iso(value, "length")
        except CalendarError as problem:
            raise ValueError(value) from problem
    if length.unit == "clock":
        written = _CLOCK.fullmatch(value)
        if written is None:
            raise ValueError(value)
        hours, minutes, seconds = (int(part or 0) for part in written.groups())
        return ((hours * 60 + minutes) * 60 + seconds) * 10**6
    count = Decimal(value)
    if not count.is_finite() or not 0 <= count <= _LONGEST // _MICROSECONDS[length.unit]:
        raise ValueError(value)
    return int(count * _MICROSECONDS[length.unit])


def _outage_refusal(row: Record, column: str, value: object, remedy: str) -> ImportRefused:
    return ImportRefused(
        "The mapping does not fit the file", [ImportFinding(f"line {row.place}, {column}", value, remedy)]
    )
