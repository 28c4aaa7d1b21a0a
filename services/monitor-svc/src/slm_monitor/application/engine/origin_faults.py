"""Faults counted by party and source, and the sources that are set aside because they had too many."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import structlog

from slm_chassis.poison import LONGEST_SECONDS, PoisonLimit
from slm_chassis.workers import Halt
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.application.intake.record_reader import ReadRecords
from slm_monitor.application.state.partition_step import QuarantineEntry, SuspendedSource
from slm_monitor.domain.facts.facts import FAILED, Fact, MeasuredValues, indicator_of, labels_in_name
from slm_monitor.domain.intake.value_validation import SOURCE

ROWS_KEPT_TOGETHER = 1_000
"""Most rows of one indicator in one entry of the quarantine."""
_logger = structlog.get_logger(__name__)


class Origin(NamedTuple):
    """A party's source on one of the intake topics. Measurements that name no source share the empty name."""

    owner_party_id: str
    topic: str
    source: str


class RecordPart(NamedTuple):
    """The part of a record that belongs to one indicator or ticket."""

    subject: str
    values: Sequence[MeasuredValues]
    facts: Sequence[Fact]

    @property
    def origin(self) -> Origin:
        """The source that sent this part. If its rows have several labels, it is the source of the first row."""
        if self.facts:
            return origin_of(self.facts[0])
        return _origin_of_rows(self.values[0].subjects[int(self.values[0].slot[0])])

    def quarantined(self, reason: str) -> Iterator[QuarantineEntry]:
        """Entries for the quarantine that hold this part: one for each fact, one for each block of rows."""
        owner = self.subject.partition("/")[0]
        for fact in self.facts:
            kept = [fact.subject, fact.key, fact.at, dict(fact.body), fact.revision, fact.recorded_at]
            yield QuarantineEntry(owner, self.subject, reason, {"kept": kept})
        for values in self.values:
            for start in range(0, len(values), ROWS_KEPT_TOGETHER):
                yield QuarantineEntry(owner, self.subject, reason, {"rows": _rows(values, start)})


def origin_of(fact: Fact) -> Origin:
    """The source that sent a fact. Ticket facts have it in the subject; a measured fact has it in its key or its
    labels."""
    owner, _, rest = fact.subject.partition("/")
    if "/" in rest:
        return Origin(owner, TICKETS.name, rest.partition("/")[0])
    named, _, identity = fact.key.partition("\x1f")
    labels = fact.body.get("labels")
    fallback = labels.get(SOURCE) if isinstance(labels, Mapping) else None
    return Origin(owner, MEASUREMENTS.name, named if identity else str(fallback or ""))


def _origin_of_rows(subject: str) -> Origin:
    return Origin(subject.partition("/")[0], MEASUREMENTS.name, labels_in_name(subject).get(SOURCE, ""))


def parts_of(read: ReadRecords) -> list[RecordPart]:
    """Split what was read from records by indicator or ticket."""
    found: dict[str, tuple[list[MeasuredValues], list[Fact]]] = {}
    for values in read.values:
        names = np.array([indicator_of(subject) for subject in values.subjects])
        for name in sorted(set(names.tolist())):
            rows = np.isin(values.slot, np.flatnonzero(names == name))
            if rows.any():
                found.setdefault(name, ([], []))[0].append(values.selected(rows))
    for fact in read.facts:
        found.setdefault(fact.subject, ([], []))[1].append(fact)
    return [RecordPart(subject, values, facts) for subject, (values, facts) in found.items()]


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


class OriginFaults:
    """Counts faults by origin. An origin with too many faults is set aside: what it sends goes to the quarantine
    untried.

    Raises Halt if sources of several parties exceed their limit, or records that belong to no party do: the cause is
    then more likely this service than the data.
    """

    def __init__(self, time_of: Callable[[], float] = time.monotonic) -> None:
        self._time_of = time_of
        self._ours = PoisonLimit(time_of)
        self._limits: dict[Origin, PoisonLimit] = {}
        self._tripped: dict[str, float] = {}
        """Party → when one of its sources was last set aside, in seconds of the monotonic clock."""
        self._aside: dict[Origin, str] = {}

    def know(self, aside: Mapping[tuple[str, str, str], str]) -> None:
        """Take over the sources that the store has set aside. A source that is no longer among them starts with no
        faults."""
        known = {Origin(*name): reason for name, reason in aside.items()}
        for origin in self._aside.keys() - known.keys():
            self._limits.pop(origin, None)
            self._tripped.pop(origin.owner_party_id, None)
        self._aside = known

    def handled(self, records: int, read: ReadRecords | None = None) -> None:
        """Note that records were evaluated without a fault; this lowers the fault rate of the origins that had some."""
        self._ours.handled(records)
        if self._limits and read is not None:
            for part in parts_of(read):
                if part.origin in self._limits:
                    self._limits[part.origin].handled(1)

    def failed(self, part: RecordPart, reason: str) -> SuspendedSource | None:
        """Count a part of a record that could not be evaluated. Returns its source if this fault sets it aside. Raises
        Halt."""
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
        """Count a record without an owner that goes to the dead letters. Raises Halt if there are too many of them."""
        self._ours.check(reason)
        self._ours.set_aside()

    def _set_aside(self, origin: Origin, reason: str) -> SuspendedSource:
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

    def sifted(self, read: ReadRecords) -> ReadRecords:
        """Return what was read without the parts of origins that are set aside; those are added to the quarantine."""
        if not self._aside:
            return read
        parts = parts_of(read)
        if not any(part.origin in self._aside for part in parts):
            return read
        kept = ReadRecords(forwards=read.forwards, quarantined=list(read.quarantined))
        for part in parts:
            if part.origin in self._aside:
                why = f"source_set_aside: source: {part.origin.source or 'without a name'}: {self._aside[part.origin]}"
                kept.quarantined += part.quarantined(why)
            else:
                kept.values += part.values
                kept.facts += part.facts
        return kept
