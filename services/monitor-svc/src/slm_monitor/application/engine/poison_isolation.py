"""Records of a batch that could not be judged: each is tried again by itself, and of one that fails, each indicator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from slm_chassis.faults import is_fault_of_data, is_infrastructure_fault
from slm_chassis.log.port import Batch, StoredRecord
from slm_monitor.application.engine.origin_faults import OriginFaults, RecordPart, parts_of
from slm_monitor.application.engine.partition import StepInput
from slm_monitor.application.intake.record_reader import ReadRecords, RecordReader
from slm_monitor.application.state.ports import DeadRecord, NotOwner, QuarantineEntry, SuspendedSource

ATTEMPTS = 3
_LONGEST_REASON = 500
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IsolatedFacts:
    """What is kept apart from judgement as the position moves past a record."""

    dead: Sequence[DeadRecord] = ()
    quarantined: Sequence[QuarantineEntry] = ()
    sources: Sequence[SuspendedSource] = ()
    passed: Sequence[StoredRecord] = field(default=())
    """Records of which nothing is judged any more."""


@dataclass(frozen=True)
class PartitionActions:
    """What the judge does for it with a partition. All raise NotOwner where it is another's by now.

    ``judge``: records, but for what is kept apart; ``commit``: facts without their record; ``reload``: after a failure,
    a fresh memory.
    """

    judge: Callable[[int, Batch, IsolatedFacts], Awaitable[object]]
    commit: Callable[[int, StepInput, ReadRecords], Awaitable[object]]
    reload: Callable[[int], Awaitable[bool]]


@dataclass(frozen=True)
class _Failure:
    """Why something could not be judged. ``is_lasting``: it cannot be stored, however often it is tried."""

    reason: str
    is_lasting: bool = False


class PoisonIsolation:
    """Finds what cannot be judged and has everything else judged. What belongs to a party is quarantined as its fault;
    a record that belongs to nobody goes to the dead letters."""

    def __init__(self, reader: RecordReader, origins: OriginFaults, hands: PartitionActions) -> None:
        self._reader = reader
        self._origins = origins
        self._hands = hands

    async def try_again(self, number: int, batch: Batch) -> None:
        """A batch of one record: three attempts, a fresh memory after each that failed. Raises NotOwner, Halt."""
        failed = _Failure("")
        for _ in range(ATTEMPTS):
            found = await self._failure(number, self._hands.judge(number, batch, IsolatedFacts()))
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
            await self._hands.judge(
                number, batch, IsolatedFacts([DeadRecord(record, reason, ATTEMPTS)], passed=[record])
            )
            return
        sources = [self._origins.failed(part, why) for part, why in guilty]
        quarantined = [
            each for part, why in guilty for each in part.quarantined(f"not_judged: {why}"[:_LONGEST_REASON])
        ]
        _logger.error("facts quarantined", topic=record.topic, offset=record.offset, parts=len(guilty), reason=reason)
        apart = IsolatedFacts((), quarantined, [each for each in sources if each is not None], [record])
        await self._hands.judge(number, batch, apart)

    async def _failure(self, number: int, work: Awaitable[object]) -> _Failure | None:
        """Why some work failed, the memory fresh again; None where it did not."""
        try:
            await work
        except Exception as error:
            if isinstance(error, NotOwner) or is_infrastructure_fault(error):
                raise
            await self._hands.reload(number)
            return _Failure(f"{type(error).__name__}: {error}", is_fault_of_data(error))
        return None

    async def _guilty_parts(
        self, number: int, record: StoredRecord, failed: _Failure
    ) -> list[tuple[RecordPart, str]] | None:
        """Judge what of a record can be judged, an indicator or ticket at a time; what cannot, each with why. None
        where the record cannot be read, or nothing that it holds is to blame.

        The position stays: should the record be read again, its facts are known by their identity.
        """
        try:
            read = self._origins.sifted(await self._reader.read(number, [record]))
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            return None
        rest = ReadRecords(forwards=read.forwards, quarantined=read.quarantined)
        if await self._failure(number, self._hands.commit(number, StepInput(), rest)) is not None:
            return None
        guilty: list[tuple[RecordPart, str]] = []
        parts = parts_of(read)
        if len(parts) == 1 and failed.is_lasting:
            return [(parts[0], failed.reason)]
        for part in parts:
            work = StepInput(values=list(part.values), facts=list(part.facts))
            why = await self._failure(number, self._hands.commit(number, work, ReadRecords()))
            if why is not None:
                guilty.append((part, why.reason))
        return guilty or None
