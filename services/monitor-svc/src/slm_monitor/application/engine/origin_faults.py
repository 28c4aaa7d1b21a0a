"""Counts of records that could not be evaluated, by party and source, and suspension of sources
with too many of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import structlog

from slm_chassis.poison import LONGEST_SECONDS, PoisonLimit
from slm_chassis.workers import Halt
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.application.intake.record_reader import DecodedRecords
from slm_monitor.application.state.partition_step import QuarantineEntry, SuspendedSource
from slm_monitor.domain.facts.facts import FAILED, Fact, MeasuredValues, parse_series_indicator, parse_series_labels
from slm_monitor.domain.intake.value_validation import SOURCE

ROWS_KEPT_TOGETHER = 1_000
"""Most rows of one indicator in one entry of the quarantine."""
_logger = structlog.get_logger(__name__)


class FactOrigin(NamedTuple):
    """A party's source on one of the intake topics. Measurements that name no source have the empty source name."""

    owner_party_id: str
    topic: str
    source: str


class SubjectRecordPart(NamedTuple):
    """The part of a record that belongs to one indicator or ticket."""

    subject: str
    values: Sequence[MeasuredValues]
    facts: Sequence[Fact]

    @property
    def origin(self) -> FactOrigin:
        """The source that sent this part of a record, read from its first fact, or else from its first row.

        Measurement rows may name their source in a label. Rows with other labels in the same part are not looked at.
        """
        if self.facts:
            return find_fact_origin(self.facts[0])
        return _origin_of_rows(self.values[0].subjects[int(self.values[0].slot[0])])

    def quarantined(self, reason: str) -> Iterator[QuarantineEntry]:
        """Yield quarantine entries for this part: one entry for each fact, and one entry for each block of rows."""
        owner = self.subject.partition("/")[0]
        for fact in self.facts:
            kept = [fact.subject, fact.key, fact.at, dict(fact.body), fact.revision, fact.recorded_at]
            yield QuarantineEntry(owner, self.subject, reason, {"kept": kept})
        for values in self.values:
            for start in range(0, len(values), ROWS_KEPT_TOGETHER):
                yield QuarantineEntry(owner, self.subject, reason, {"rows": _rows(values, start)})


def find_fact_origin(fact: Fact) -> FactOrigin:
    """Return the source that sent a fact. A ticket fact has the source in its subject, a measured fact in its key or
    labels.
    """
    owner, _, rest = fact.subject.partition("/")
    if "/" in rest:
        return FactOrigin(owner, TICKETS.name, rest.partition("/")[0])
    named, _, identity = fact.key.partition("\x1f")
    labels = fact.body.get("labels")
    fallback = labels.get(SOURCE) if isinstance(labels, Mapping) else None
    return FactOrigin(owner, MEASUREMENTS.name, named if identity else str(fallback or ""))


def _origin_of_rows(subject: str) -> FactOrigin:
    return FactOrigin(subject.partition("/")[0], MEASUREMENTS.name, parse_series_labels(subject).get(SOURCE, ""))


def split_records_into_parts(read: DecodedRecords) -> list[SubjectRecordPart]:
    """Split the content of records into parts by indicator or ticket."""
    found: dict[str, tuple[list[MeasuredValues], list[Fact]]] = {}
    for values in read.values:
        names = np.array([parse_series_indicator(subject) for subject in values.subjects])
        for name in sorted(set(names.tolist())):
            rows = np.isin(values.slot, np.flatnonzero(names == name))
            if rows.any():
                found.setdefault(name, ([], []))[0].append(values.selected(rows))
    for fact in read.facts:
        found.setdefault(fact.subject, ([], []))[1].append(fact)
    return [SubjectRecordPart(subject, values, facts) for subject, (values, facts) in found.items()]


def _rows(values: MeasuredValues, start: int) -> list[list[Any]]:
    end = start + ROWS_KEPT_TOGETHER
    out_of = (
        [None] * len(values)
        if values.out_of is None
        else [None if each != each else each for each in values.out_of.tolist()]
    )
    columns = (
        values.slot[start:end].tolist(),
        values.at[start:end].tolist(),
        values.value[start:end].tolist(),
        out_of[start:end],
    )
    return [
        [values.subjects[slot], at, None if value == FAILED else value, whole]
        for slot, at, value, whole in zip(*columns, strict=True)
    ]


class OriginFaultCounter:
    """Counts faults by origin, and suspends an origin that has too many faults.

    Facts of a suspended origin go to the quarantine without being evaluated. Raises Halt if sources of several parties,
    or records that belong to no party, have too many faults. Then the service is more likely at fault than the data.
    """

    def __init__(self, time_of: Callable[[], float] = time.monotonic) -> None:
        self._time_of = time_of
        self._ours = PoisonLimit(time_of)
        self._limits: dict[FactOrigin, PoisonLimit] = {}
        self._tripped: dict[str, float] = {}
        """Party → when one of its sources was last suspended, in seconds of the monotonic clock."""
        self._aside: dict[FactOrigin, str] = {}

    def know(self, aside: Mapping[tuple[str, str, str], str]) -> None:
        """Take over the suspended sources from the store. ``aside``: (party, topic, source) → reason.

        A source that is not suspended any more starts with no faults.
        """
        known = {FactOrigin(*name): reason for name, reason in aside.items()}
        for origin in self._aside.keys() - known.keys():
            self._limits.pop(origin, None)
            self._tripped.pop(origin.owner_party_id, None)
        self._aside = known

    def handled(self, records: int, read: DecodedRecords | None = None) -> None:
        """Record that ``records`` records were evaluated without a fault.

        ``read``: the decoded records, which lower the fault rates of their origins. If it is None, only the fault rate
        of the service is lowered.
        """
        self._ours.handled(records)
        if self._limits and read is not None:
            for part in split_records_into_parts(read):
                if part.origin in self._limits:
                    self._limits[part.origin].handled(1)

    def failed(self, part: SubjectRecordPart, reason: str) -> SuspendedSource | None:
        """Count a part of a record that could not be evaluated; return its source if this fault suspends the source.

        Raises Halt.
        """
        origin = part.origin
        if origin in self._aside:
            return None
        limit = self._limits.setdefault(origin, PoisonLimit(self._time_of))
        try:
            limit.check(reason)
        except Halt as excess:
            return self._set_aside(origin, f"{excess}")
        limit.set_aside()
        return None

    def unattributed(self, reason: str) -> None:
        """Count a record that belongs to no party and goes to the dead letters. Raises Halt if there are too many such
        records.
        """
        self._ours.check(reason)
        self._ours.set_aside()

    def _set_aside(self, origin: FactOrigin, reason: str) -> SuspendedSource:
        now = self._time_of()
        others = [
            party
            for party, at in self._tripped.items()
            if party != origin.owner_party_id and now - at < LONGEST_SECONDS
        ]
        if others:
            raise Halt(f"records of {len(others) + 1} parties could not be judged; of one of them: {reason}")
        self._tripped[origin.owner_party_id] = now
        self._aside[origin] = reason
        _logger.error(
            "source set aside",
            owner_party_id=origin.owner_party_id,
            topic=origin.topic,
            source=origin.source,
            reason=reason,
        )
        return SuspendedSource(*origin, reason)

    def sifted(self, read: DecodedRecords) -> DecodedRecords:
        """Return the content of records without the parts from suspended origins.

        The parts that are left out become quarantine entries of the returned content.
        """
        if not self._aside:
            return read
        parts = split_records_into_parts(read)
        if not any(part.origin in self._aside for part in parts):
            return read
        kept = DecodedRecords(forwards=read.forwards, quarantined=list(read.quarantined))
        for part in parts:
            if part.origin in self._aside:
                why = f"source_set_aside: source: {part.origin.source or 'without a name'}: {self._aside[part.origin]}"
                kept.quarantined += part.quarantined(why)
            else:
                kept.values += part.values
                kept.facts += part.facts
        return kept
