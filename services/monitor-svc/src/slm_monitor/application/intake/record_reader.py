"""Reading of intake records into the facts of one partition. Rows that belong to another partition are forwarded."""

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
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.partition_step import QuarantineEntry
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, parse_series_indicator
from slm_monitor.domain.facts.intake_items import CounterReading, Indicator, SentMeasurement, SentTicketEvent
from slm_monitor.domain.facts.rejections import IntakeRejection, shorten_value_for_display
from slm_monitor.domain.intake import fast_path
from slm_monitor.domain.intake.fast_path import PlainValueColumns
from slm_monitor.domain.intake.validation import ValidatedBatch, validate_measurements, validate_ticket_events

ANYONE = "*"
"""Stands for a party's id in the setting ``sources``: the source belongs to the operator, and each of its items names
the party.
"""


class IntakeRecordFormat(Protocol):
    """The format of intake records, which an adapter implements."""

    internal: str

    def plain_values(self, body: bytes, content_type: str) -> PlainValueColumns | None: ...

    def measurements(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, SentMeasurement]], list[IntakeRejection]]: ...

    def ticket_events(
        self, body: bytes, content_type: str
    ) -> tuple[Sequence[tuple[int, SentTicketEvent]], list[IntakeRejection]]: ...

    def raw(self, body: bytes, content_type: str) -> Sequence[Any]:
        """Return the items of a batch as JSON, valid or not. Raises ValueError if the body is no batch."""
        ...

    def decode(self, body: bytes) -> tuple[MeasuredValues | None, list[Fact]]:
        """Decode a record written by ``encode``. Raises ValueError for any other content."""
        ...

    def encode(self, values: MeasuredValues, facts: Sequence[Fact]) -> bytes: ...


class IndicatorRegister(Protocol):
    """Queries for registered indicators."""

    async def indicators(self, subjects: Sequence[str]) -> Mapping[str, Indicator]: ...

    async def limits(self, subjects: Sequence[str]) -> Mapping[str, frozenset[tuple[str, float]]]:
        """Return indicator → the limits with which its targets compare values."""
        ...


@dataclass(slots=True)
class DecodedRecords:
    """The content of records: rows, facts, records to forward to other partitions, and quarantine entries."""

    values: list[MeasuredValues] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    forwards: list[tuple[str, int, Record]] = field(default_factory=list)
    quarantined: list[QuarantineEntry] = field(default_factory=list)


class IntakeRecordReader:
    """Reads intake records.

    ``sources``: says which other writers may append records to the intake topics. It maps the ``ce_source`` of a writer
    to the id of the party for which it writes, or to ANYONE.
    """

    def __init__(
        self,
        form: IntakeRecordFormat,
        indicators: IndicatorRegister,
        clock: Clock,
        partitions: int,
        sources: Mapping[str, str],
    ) -> None:
        self._form = form
        self._indicators = indicators
        self._clock = clock
        self._partitions = partitions
        self._sources = sources

    async def read(self, partition: int, records: Sequence[StoredRecord]) -> DecodedRecords:
        read = DecodedRecords()
        for record in records:
            if record.headers.get("content-type") == self._form.internal:
                self._read_own(record, read)
            else:
                await self._read_foreign(partition, record, read)
        return read

    def _read_own(self, record: StoredRecord, read: DecodedRecords) -> None:
        """Read a record that claims to come from this service's own intake.

        Any writer to the topic can claim that, so the record is decoded with care.
        """
        try:
            values, facts = self._form.decode(record.value)
        except ValueError as error:
            read.quarantined.append(QuarantineEntry(None, record.key, f"malformed: {error}", _whole(record)))
            return
        read.facts += facts
        if values is not None:
            read.values.append(values)

    async def _read_foreign(self, partition: int, record: StoredRecord, read: DecodedRecords) -> None:
        """Check and read a record that no intake has checked. Refused items go to the quarantine with the reason."""
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
            fact = (
                convert_item_to_json(items[refusal.index])
                if refusal.index in items
                else convert_unreadable_item(raw[refusal.index])
            )
            reason = f"{refusal.reason}: {refusal.field}: {refusal.remedy}"
            read.quarantined.append(QuarantineEntry(owner, record.key, reason, fact))
        self._sort(partition, record.topic, admitted, read)

    async def _admit(
        self, record: StoredRecord, content_type: str, owner: str | None, now: UtcMicroseconds
    ) -> tuple[ValidatedBatch, dict[int, Any]]:
        empty = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))
        if record.topic == TICKETS.name:
            messages, refusals = self._form.ticket_events(record.value, content_type)
            facts, refused = validate_ticket_events(messages, owner, now, may_name_owner=owner is None)
            return ValidatedBatch(empty, facts, [*refusals, *refused]), dict(messages)
        values = await convert_to_plain_batch(self._form, self._indicators, record.value, content_type, owner, now)
        if values is not None:
            return ValidatedBatch(values), {}
        items, refusals = self._form.measurements(record.value, content_type)
        known = await find_indicators_of_measurements(self._indicators, items, owner)
        admitted = validate_measurements(items, owner, known.get, now, may_name_owner=owner is None)
        admitted.refusals += refusals
        return admitted, dict(items)

    def _sort(self, partition: int, topic: str, admitted: ValidatedBatch, read: DecodedRecords) -> None:
        for number, values, facts in split_accepted_by_partition(admitted, self._partitions):
            if number == partition:
                read.facts += facts
                if len(values):
                    read.values.append(values)
            else:
                record = Record("", self._form.encode(values, facts), {"content-type": self._form.internal})
                read.forwards.append((topic, number, record))


async def convert_to_plain_batch(
    form: IntakeRecordFormat,
    indicators: IndicatorRegister,
    body: bytes,
    content_type: str,
    owner: str | None,
    now: UtcMicroseconds,
) -> MeasuredValues | None:
    """Convert a body to measured values, if each of its items is a single value that is certainly valid.

    Return None for any other body, or if ``owner`` is None. The caller must then check the items one by one.
    """
    if owner is None or (batch := form.plain_values(body, content_type)) is None:
        return None
    known = await indicators.indicators(batch.subjects(owner))
    return fast_path.validate_plain_values(batch, owner, known.get, now)


def _whole(record: StoredRecord) -> dict[str, Any]:
    return {"record": record.value.decode("utf-8", "replace")[:_SHOWN]}


_SHOWN = 2000


def convert_unreadable_item(item: Any) -> dict[str, Any]:
    """Return an item that could not be read, as a JSON object that can be stored. A large item is cut."""
    if isinstance(item, dict) and len(text := json.dumps(item, default=str)) <= _LARGEST:
        return item if "NaN" not in text and "Infinity" not in text else {"value": text}
    return {"value": shorten_value_for_display(item)}


_LARGEST = 65_536


def convert_item_to_json(item: Any) -> dict[str, Any]:
    """Return an item as JSON, without fields that were left out, and with instants as text."""
    names = [each.name for each in fields(SentTicketEvent if hasattr(item, "event") else SentMeasurement)]
    document: dict[str, Any] = json.loads(json.dumps({name: getattr(item, name) for name in names}, default=_written))
    return {name: value for name, value in document.items() if value is not None}


def _written(value: Any) -> Any:
    """Convert a value that JSON does not have: a counter reading to a JSON object, an instant to text."""
    if hasattr(value, "since"):
        names = [each.name for each in fields(CounterReading)]
        return {name: getattr(value, name) for name in names if getattr(value, name) is not None}
    return str(value)


async def find_indicators_of_measurements(
    indicators: IndicatorRegister, items: Sequence[tuple[int, SentMeasurement]], owner: str | None
) -> Mapping[str, Indicator]:
    """Return subject → indicator for these measurements.

    The indicators of measurements with histograms also have the limits with which their targets compare values.
    """
    known = await indicators.indicators(list_measurement_subjects(items, owner))
    merged = [(number, item) for number, item in items if item.histogram is not None]
    if not merged:
        return known
    limits = await indicators.limits(list_measurement_subjects(merged, owner))
    return {subject: replace(each, limits=limits.get(subject, frozenset())) for subject, each in known.items()}


def list_measurement_subjects(items: Sequence[tuple[int, SentMeasurement]], owner: str | None) -> list[str]:
    """Return the subjects of the items' indicators. ``owner`` owns the indicators of items that name no owner."""
    return list({f"{item.owner or owner}/{item.indicator}" for _, item in items})


def split_accepted_by_partition(
    admitted: ValidatedBatch, partitions: int
) -> list[tuple[int, MeasuredValues, list[Fact]]]:
    """Split accepted rows and facts by the partition that evaluates them: (partition, rows, facts), ascending."""
    values, facts = admitted.values, admitted.facts
    homes = np.array(
        [partition_of(parse_series_indicator(subject), partitions) for subject in values.subjects], dtype=np.int32
    )
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
