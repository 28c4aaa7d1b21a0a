"""Records of a batch that could not be judged: each is tried again by itself, and of one that fails, each indicator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import Batch, StoredRecord
from slm_chassis.poison import PoisonLimit
from slm_monitor.application.partition import Work
from slm_monitor.application.ports import DeadRecord, NotOwner
from slm_monitor.application.reading import Read, Reader
from slm_monitor.domain.facts import Fact, Values, indicator_of, joined

ATTEMPTS = 3
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Hands:
    """What the judge does for it with a partition. All raise NotOwner where it is another's by now.

    ``judge``: records, of which some go to the dead letters; ``commit``: facts without their record; ``reload``: after
    a failure, a fresh memory.
    """

    judge: Callable[[int, Batch, Sequence[DeadRecord]], Awaitable[None]]
    commit: Callable[[int, Work, Read], Awaitable[None]]
    reload: Callable[[int], Awaitable[bool]]


class Patience:
    """Finds what cannot be judged, sets it aside, and has everything else judged."""

    def __init__(self, reader: Reader, limit: PoisonLimit, hands: Hands) -> None:
        self._reader = reader
        self._limit = limit
        self._hands = hands

    async def try_again(self, number: int, batch: Batch) -> None:
        """A batch of one record: three attempts, a fresh memory after each that failed. Raises NotOwner, Halt."""
        reason = ""
        for _ in range(ATTEMPTS):
            failed = await self._failure(number, self._hands.judge(number, batch, ()))
            if failed is None:
                self._limit.handled(1)
                return
            reason = failed
        (record,) = batch.records
        guilty = await self._without_the_innocent(number, record)
        if guilty is None:
            self._limit.check(reason)
        _logger.error("record set aside", topic=record.topic, offset=record.offset, reason=reason, whole=guilty is None)
        await self._hands.judge(number, batch, [DeadRecord(guilty or record, reason, ATTEMPTS)])
        if guilty is None:
            self._limit.set_aside()
        else:
            self._limit.handled(1)

    async def _failure(self, number: int, work: Awaitable[None]) -> str | None:
        """Why some work failed, the memory fresh again; None where it did not."""
        try:
            await work
        except Exception as error:
            if isinstance(error, NotOwner) or is_infrastructure_fault(error):
                raise
            await self._hands.reload(number)
            return f"{type(error).__name__}: {error}"
        return None

    async def _without_the_innocent(self, number: int, record: StoredRecord) -> StoredRecord | None:
        """Judge what of a record can be judged, an indicator or ticket at a time; what is left of it, None: all.

        The position stays: should the record be read again, its facts are known by their identity.
        """
        try:
            read = await self._reader.read(number, [record])
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            return None
        parts = _parts(read)
        if len(parts) < 2:
            return None
        await self._hands.commit(number, Work(), read)
        left = [
            part
            for part in parts
            if await self._failure(number, self._hands.commit(number, Work(values=part[0], facts=part[1]), Read()))
        ]
        if not left or len(left) == len(parts):
            return None
        values = [each for values, _ in left for each in values]
        return self._reader.rewritten(record, joined(values), [fact for _, facts in left for fact in facts])


def _parts(read: Read) -> list[tuple[list[Values], list[Fact]]]:
    """What a record came to, by what it is about."""
    found: dict[str, tuple[list[Values], list[Fact]]] = {}
    for values in read.values:
        names = np.array([indicator_of(subject) for subject in values.subjects])
        for name in sorted(set(names.tolist())):
            rows = np.isin(values.slot, np.flatnonzero(names == name))
            found.setdefault(name, ([], []))[0].append(values.taken(rows))
    for fact in read.facts:
        found.setdefault(fact.subject, ([], []))[1].append(fact)
    return list(found.values())
