"""Poison isolation: a record that cannot be evaluated is tried alone, then by indicator or ticket, and only the faulty
part is quarantined.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from slm_chassis.faults import is_fault_of_data, is_infrastructure_fault
from slm_chassis.log.port import Batch, StoredRecord
from slm_monitor.application.engine.origin_faults import OriginFaultCounter, SubjectRecordPart, split_records_into_parts
from slm_monitor.application.engine.partition import PartitionStepInput
from slm_monitor.application.intake.record_reader import DecodedRecords, IntakeRecordReader
from slm_monitor.application.state.partition_step import DeadLetterRecord, QuarantineEntry, SuspendedSource
from slm_monitor.application.state.ports import PartitionNotOwned

ATTEMPTS = 3
_LONGEST_REASON = 500
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IsolatedFacts:
    """The parts of a batch that are left out of evaluation, although the position moves past their records."""

    dead: Sequence[DeadLetterRecord] = ()
    quarantined: Sequence[QuarantineEntry] = ()
    sources: Sequence[SuspendedSource] = ()
    passed: Sequence[StoredRecord] = field(default=())
    """Records of which nothing is evaluated any more."""


@dataclass(frozen=True)
class PartitionOperations:
    """The operations of the worker that poison isolation needs:

    - ``evaluate`` evaluates records without the isolated parts.
    - ``commit`` evaluates facts and does not move the position.
    - ``reload`` drops the partition's memory after a failure and loads it again.

    Each raises PartitionNotOwned if another worker owns the partition by now.
    """

    evaluate: Callable[[int, Batch, IsolatedFacts], Awaitable[object]]
    commit: Callable[[int, PartitionStepInput, DecodedRecords], Awaitable[object]]
    reload: Callable[[int], Awaitable[bool]]


@dataclass(frozen=True)
class _Failure:
    """The reason why an evaluation failed. ``is_lasting``: another attempt would fail in the same way."""

    reason: str
    is_lasting: bool = False


class PoisonIsolation:
    """Finds the part of a record that cannot be evaluated, and has everything else evaluated.

    A faulty part goes to the quarantine of its party; a record that belongs to no party goes to the dead letters.
    """

    def __init__(self, reader: IntakeRecordReader, origins: OriginFaultCounter, hands: PartitionOperations) -> None:
        self._reader = reader
        self._origins = origins
        self._hands = hands

    async def evaluate_or_quarantine(self, number: int, batch: Batch) -> None:
        """Evaluate a batch of one record; if every attempt fails, quarantine the faulty parts of the record.

        There are up to ``ATTEMPTS`` attempts. Each failure loads the partition's memory again. A record without a
        faulty part goes to the dead letters. Raises PartitionNotOwned, Halt.
        """
        failed = _Failure("")
        for _ in range(ATTEMPTS):
            found = await self._failure(number, self._hands.evaluate(number, batch, IsolatedFacts()))
            if found is None:
                self._origins.handled(1)
                return
            failed = found
            if failed.is_lasting:
                break
        (record,), reason = batch.records, failed.reason
        guilty = await self._guilty_parts(number, record, failed)
        if guilty is None:
            self._origins.unattributed(reason)
            _logger.error("record set aside", topic=record.topic, offset=record.offset, reason=reason)
            await self._hands.evaluate(
                number, batch, IsolatedFacts([DeadLetterRecord(record, reason, ATTEMPTS)], passed=[record])
            )
            return
        sources = [self._origins.failed(part, why) for part, why in guilty]
        quarantined = [
            each for part, why in guilty for each in part.quarantined(f"not_judged: {why}"[:_LONGEST_REASON])
        ]
        _logger.error("facts quarantined", topic=record.topic, offset=record.offset, parts=len(guilty), reason=reason)
        apart = IsolatedFacts((), quarantined, [each for each in sources if each is not None], [record])
        await self._hands.evaluate(number, batch, apart)

    async def _failure(self, number: int, work: Awaitable[object]) -> _Failure | None:
        """Run some work; return None if it succeeds, or the reason if it fails.

        After a failure, the partition's memory is loaded again. Raises PartitionNotOwned and infrastructure faults,
        because the record causes neither of them.
        """
        try:
            await work
        except Exception as error:
            if isinstance(error, PartitionNotOwned) or is_infrastructure_fault(error):
                raise
            await self._hands.reload(number)
            return _Failure(f"{type(error).__name__}: {error}", is_fault_of_data(error))
        return None

    async def _guilty_parts(
        self, number: int, record: StoredRecord, failed: _Failure
    ) -> list[tuple[SubjectRecordPart, str]] | None:
        """Evaluate a record one indicator or ticket at a time; return the parts that fail, each with its reason.

        Return None if the record cannot be read, or if each part can be evaluated alone. The position does not move. If
        the record is read again, its facts are recognised by their identity and are not counted twice.
        """
        try:
            read = self._origins.sifted(await self._reader.read(number, [record]))
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            return None
        rest = DecodedRecords(forwards=read.forwards, quarantined=read.quarantined)
        if await self._failure(number, self._hands.commit(number, PartitionStepInput(), rest)) is not None:
            return None
        guilty: list[tuple[SubjectRecordPart, str]] = []
        parts = split_records_into_parts(read)
        if len(parts) == 1 and failed.is_lasting:
            return [(parts[0], failed.reason)]
        for part in parts:
            work = PartitionStepInput(values=list(part.values), facts=list(part.facts))
            why = await self._failure(number, self._hands.commit(number, work, DecodedRecords()))
            if why is not None:
                guilty.append((part, why.reason))
        return guilty or None
