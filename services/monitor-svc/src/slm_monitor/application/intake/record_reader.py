"""Reading of intake records into the facts of one partition; rows that belong to another partition are forwarded to
it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

import numpy as np

from slm_chassis.clock import Clock
from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import Record, StoredRecord
from slm_events.catalogue import TICKETS
from slm_monitor.application.state.partition_step import QuarantineEntry
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, indicator_of
from slm_monitor.domain.facts.intake_items import CounterReading, Indicator, Measurement, TicketMessage
from slm_monitor.domain.facts.rejections import Rejection, shown_value
from slm_monitor.domain.intake import fast_path
from slm_monitor.domain.intake.fast_path import PlainValues
from slm_monitor.domain.intake.validation import ValidatedBatch, admit_measurements, admit_ticket_events

ANYONE = "*"
"""Stands for a party in the settings: the source is the operator's, and each of its items names its party."""


class RecordFormat(Protocol):
    """The format of records, which the adapter implements."""

    internal: str

    def plain_values(self, body: bytes, content_type: str) -> PlainValues | None: ...

    def measurements(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, Measurement]], list[Rejection]]: ...

    def ticket_events(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, TicketMessage]], list[Rejection]]: ...

    def raw(self, body: bytes, content_type: str) -> Sequence[Any]:
        """The items of a batch as JSON, valid or not. Raises ValueError if the body is no batch."""
        ...

    def decode(self, body: bytes) -> tuple[MeasuredValues | None, list[Fact]]:
        """Decode a record written by ``encode``. Raises ValueError for any other content."""
        ...

    def encode(self, values: MeasuredValues, facts: Sequence[Fact]) -> bytes: ...


class Indicators(Protocol):
    """The register of indicators."""

    async def indicators(self, subjects: Sequence[str]) -> Mapping[str, Indicator]: ...

    async def limits(self, subjects: Sequence[str]) -> Mapping[str, frozenset[tuple[str, float]]]:
        """By indicator, the limits that its targets compare values with."""
        ...


@dataclass(slots=True)
class ReadRecords:
    """The content of records: rows, facts, records to forward to other partitions, and quarantine entries."""

    values: list[MeasuredValues] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    forwards: list[tuple[str, int, Record]] = field(default_factory=list)
    quarantined: list[QuarantineEntry] = field(default_factory=list)


class RecordReader:
    """Reads records. ``sources``: ``ce_source`` of records of other writers → the party they write for, or ANYONE."""

    def __init__(
        self, form: RecordFormat, indicators: Indicators, clock: Clock, partitions: int, sources: Mapping[str, str]
    ) -> None:
        self._form = form
        self._indicators = indicators
        self._clock = clock
        self._partitions = partitions
        self._sources = sources

    async def read(self, partition: int, records: Sequence[StoredRecord]) -> ReadRecords:
        read = ReadRecords()
        for record in records:
            if record.headers.get("content-type") == self._form.internal:
                self._read_own(record, read)
            else:
                await self._read_foreign(partition, record, read)
        return read

    def _read_own(self, record: StoredRecord, read: ReadRecords) -> None:
        """Read a record that claims to come from our own intake. Any writer to the topic can claim so, so it is decoded
        with care."""
        try:
            values, facts = self._form.decode(record.value)
        except ValueError as error:
            read.quarantined.append(QuarantineEntry(None, record.key, f"malformed: {error}", _whole(record)))
            return
        read.facts += facts
        if values is not None:
            read.values.append(values)

    async def _read_foreign(self, partition: int, record: StoredRecord, read: ReadRecords) -> None:
        """Check and read a record that no intake has checked; items that are refused go to the quarantine with the
        reason."""
        source = record.headers.get("ce_source", "")
        spoken_for = self._sources.get(source)
        owner = None if spoken_for == ANYONE else spoken_for
        if spoken_for is None:
            reason = f"unknown_source: ce_source: {source!r} speaks for no party; the operator names it in the settings"
            read.quarantined.append(QuarantineEntry(None, record.key, reason, _whole(record)))
            return
        content_type = record.headers.get("content-type", "application/json")
        # The log's own time decides whether an instant lies in the future, so that the result does not depend on the
        # time of reading.
        now = self._clock.of_real(record.appended_at)
        try:
            admitted, items = await self._admit(record, content_type, owner, now)
        except ValueError as error:
            read.quarantined.append(QuarantineEntry(owner, record.key, f"malformed: {error}", _whole(record)))
            return
        undecoded = any(refusal.index not in items for refusal in admitted.refusals)
        raw = self._form.raw(record.value, content_type) if undecoded else []
        for refusal in admitted.refusals:
            fact = item_json(items[refusal.index]) if refusal.index in items else raw_fact(raw[refusal.index])
            reason = f"{refusal.reason}: {refusal.field}: {refusal.remedy}"
            read.quarantined.append(QuarantineEntry(owner, record.key, reason, fact))
        self._sort(partition, record.topic, admitted, read)

    async def _admit(
        self, record: StoredRecord, content_type: str, owner: str | None, now: int
    ) -> tuple[ValidatedBatch, dict[int, Any]]:
        empty = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))
        if record.topic == TICKETS.name:
            messages, refusals = self._form.ticket_events(record.value, content_type)
            facts, refused = admit_ticket_events(messages, owner, now, may_name_owner=owner is None)
            return ValidatedBatch(empty, facts, [*refusals, *refused]), dict(messages)
        values = await plain_batch(self._form, self._indicators, record.value, content_type, owner, now)
        if values is not None:
            return ValidatedBatch(values), {}
        items, refusals = self._form.measurements(record.value, content_type)
        known = await known_indicators(self._indicators, items, owner)
        admitted = admit_measurements(items, owner, known.get, now, may_name_owner=owner is None)
        admitted.refusals += refusals
        return admitted, dict(items)

    def _sort(self, partition: int, topic: str, admitted: ValidatedBatch, read: ReadRecords) -> None:
        for number, values, facts in by_partition(admitted, self._partitions):
            if number == partition:
                read.facts += facts
                if len(values):
                    read.values.append(values)
            else:
                record = Record("", self._form.encode(values, facts), {"content-type": self._form.internal})
                read.forwards.append((topic, number, record))


async def plain_batch(
    form: RecordFormat, indicators: Indicators, body: bytes, content_type: str, owner: str | None, now: int
) -> MeasuredValues | None:
    """A batch of single values only, all of which are accepted; None: the items must be checked one by one."""
    if owner is None or (batch := form.plain_values(body, content_type)) is None:
        return None
    known = await indicators.indicators(batch.subjects(owner))
    return fast_path.validate_plain_values(batch, owner, known.get, now)


def _whole(record: StoredRecord) -> dict[str, Any]:
    return {"record": record.value.decode("utf-8", "replace")[:_SHOWN]}


_SHOWN = 2000


def raw_fact(item: Any) -> dict[str, Any]:
    """An item that could not be read, in a form that can be stored. A large item is cut."""
    if isinstance(item, dict) and len(text := json.dumps(item, default=str)) <= _LARGEST:
        return item if "NaN" not in text and "Infinity" not in text else {"value": text}
    return {"value": shown_value(item)}


_LARGEST = 65_536


def item_json(item: Any) -> dict[str, Any]:
    """An item as JSON, without fields that were left out, and with instants as text."""
    names = [each.name for each in fields(TicketMessage if hasattr(item, "event") else Measurement)]
    document: dict[str, Any] = json.loads(json.dumps({name: getattr(item, name) for name in names}, default=_written))
    return {name: value for name, value in document.items() if value is not None}


def _written(value: Any) -> Any:
    """JSON of a counter reading; any other value that JSON lacks is an instant, which becomes text."""
    if hasattr(value, "since"):
        names = [each.name for each in fields(CounterReading)]
        return {name: getattr(value, name) for name in names if getattr(value, name) is not None}
    return str(value)


async def known_indicators(
    indicators: Indicators, items: Sequence[tuple[int, Measurement]], owner: str | None
) -> Mapping[str, Indicator]:
    """The indicators of measurements; for those with histograms also the limits of their targets."""
    known = await indicators.indicators(subjects_of(items, owner))
    merged = [(number, item) for number, item in items if item.histogram is not None]
    if not merged:
        return known
    limits = await indicators.limits(subjects_of(merged, owner))
    return {subject: replace(each, limits=limits.get(subject, frozenset())) for subject, each in known.items()}


def subjects_of(items: Sequence[tuple[int, Measurement]], owner: str | None) -> list[str]:
    """The subjects of the indicators of measurements."""
    return list({f"{item.owner or owner}/{item.indicator}" for _, item in items})


def by_partition(admitted: ValidatedBatch, partitions: int) -> list[tuple[int, MeasuredValues, list[Fact]]]:
    """Split accepted rows and facts by the partition that evaluates them, ascending."""
    values, facts = admitted.values, admitted.facts
    homes = np.array([partition_of(indicator_of(subject), partitions) for subject in values.subjects], dtype=np.int32)
    rows = homes[values.slot] if len(values) else np.empty(0, dtype=np.int32)
    fact_homes: dict[int, list[Fact]] = {}
    for fact in facts:
        fact_homes.setdefault(partition_of(fact.subject, partitions), []).append(fact)
    found = sorted({*np.unique(rows).tolist(), *fact_homes})
    return [(number, _only(values, rows == number), fact_homes.get(number, [])) for number in found]


def _only(values: MeasuredValues, wanted: Any) -> MeasuredValues:
    if wanted.all():
        return values
    picked = values.selected(wanted)
    used, slot = np.unique(picked.slot, return_inverse=True)
    subjects = [picked.subjects[number] for number in used.tolist()]
    return MeasuredValues(subjects, slot.astype(np.int32), picked.at, picked.value, picked.out_of)
