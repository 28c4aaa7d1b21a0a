"""Intake over REST: measurements and ticket events are checked item by item, made durable, and then acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_chassis.log.port import EventLog, Record
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.application.intake.backlog import IntakeBacklogMonitor
from slm_monitor.application.intake.record_reader import (
    IndicatorRegister,
    IntakeRecordFormat,
    convert_item_to_json,
    convert_to_plain_batch,
    find_indicators_of_measurements,
    split_accepted_by_partition,
)
from slm_monitor.application.intake.source_counts import SourceCounts, tally_batch
from slm_monitor.application.state.partition_step import QuarantineEntry
from slm_monitor.application.state.ports import QuarantineStore
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import SentMeasurement
from slm_monitor.domain.facts.rejections import IntakeRejection, build_rejection_documents
from slm_monitor.domain.intake.validation import ValidatedBatch, validate_measurements, validate_ticket_events

LARGE_BODY_BYTES = 256 << 10
"""Bytes from which on a body is decoded and checked in a thread, so that other requests are answered meanwhile."""
T = TypeVar("T")


async def _beside(body: bytes, work: Callable[..., T], *arguments: Any) -> T:
    """Call ``work(*arguments)``. If ``body`` is large, call it in a thread, because the work then takes long."""
    return work(*arguments) if len(body) <= LARGE_BODY_BYTES else await asyncio.to_thread(work, *arguments)


@dataclass(frozen=True, slots=True)
class IntakeBatchAnswer:
    """The result of a batch. Items without an entry in ``refusals`` were accepted."""

    accepted: int
    refusals: Sequence[IntakeRejection]
    position: str

    def document(self) -> dict[str, Any]:
        rejected = sum(refusal.outcome == "rejected" for refusal in self.refusals)
        return {
            "accepted": self.accepted,
            "rejected": rejected,
            "quarantined": len(self.refusals) - rejected,
            "position": self.position,
            "items": build_rejection_documents(self.refusals),
        }


class FactIntake:
    """Takes in measurements and ticket events from REST requests."""

    def __init__(
        self,
        log: EventLog,
        form: IntakeRecordFormat,
        indicators: IndicatorRegister,
        quarantine: QuarantineStore,
        clock: Clock,
        partitions: int,
        backlog: IntakeBacklogMonitor | None = None,
    ) -> None:
        self.sources = SourceCounts()
        self._log = log
        self._form = form
        self._indicators = indicators
        self._quarantine = quarantine
        self._clock = clock
        self._partitions = partitions
        self._backlog = backlog

    def check(self, topic: str) -> None:
        """Check the backlog before a request for a topic is read. Raises Overload if no part of the request could be
        taken.
        """
        if self._backlog is not None:
            self._backlog.check_any(topic)

    async def take_measurements(self, body: bytes, content_type: str, caller: Principal) -> IntakeBatchAnswer:
        """Take in a batch of measurements.

        Raises ValueError if the body as a whole cannot be read, and Overload.
        """
        now = self._clock.now()
        values = await convert_to_plain_batch(self._form, self._indicators, body, content_type, caller.party_id, now)
        if values is not None:
            position = await self._append(MEASUREMENTS.name, ValidatedBatch(values))
            self.sources.count_accepted(caller, MEASUREMENTS.name, "", len(values), now)
            return IntakeBatchAnswer(len(values), [], position)
        items, refusals = await _beside(body, self._form.measurements, body, content_type)
        known = await find_indicators_of_measurements(self._indicators, items, caller.party_id)
        admitted = await _beside(
            body, validate_measurements, items, caller.party_id, known.get, now, caller.is_operator
        )
        admitted.refusals += refusals
        return await self._admit(MEASUREMENTS.name, admitted, dict(items), caller)

    async def take_ticket_events(self, body: bytes, content_type: str, caller: Principal) -> IntakeBatchAnswer:
        """Take in a batch of ticket events.

        Raises ValueError if the body as a whole cannot be read, and Overload.
        """
        items, refusals = await _beside(body, self._form.ticket_events, body, content_type)
        facts, refused = await _beside(
            body, validate_ticket_events, items, caller.party_id, self._clock.now(), caller.is_operator
        )
        empty = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))
        admitted = ValidatedBatch(empty, facts, [*refusals, *refused])
        return await self._admit(TICKETS.name, admitted, dict(items), caller)

    def note_unreadable(self, topic: str, caller: Principal, why: str) -> None:
        """Count a request that could not be read, as one refused item."""
        self.sources.count_unreadable(caller, topic, why, self._clock.now())

    async def store(self, admitted: ValidatedBatch, items: Mapping[int, SentMeasurement], caller: Principal) -> str:
        """Store measurements that the caller of this method has validated; return the position after them, as text.

        Measurements that validation put in quarantine are stored there first. ``items``: index → measurement, for each
        index that a rejection in ``admitted`` names. Raises Overload.
        """
        await self._quarantine_items(admitted, items, caller)
        return await self._append(MEASUREMENTS.name, admitted)

    async def append_ticket_facts(self, facts: Sequence[Fact]) -> str:
        """Append ticket facts that were checked elsewhere; return the position after them, as text."""
        empty = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))
        return await self._append(TICKETS.name, ValidatedBatch(empty, list(facts)))

    async def _admit(
        self, topic: str, admitted: ValidatedBatch, items: dict[int, Any], caller: Principal
    ) -> IntakeBatchAnswer:
        await self._quarantine_items(admitted, items, caller)
        position = await self._append(topic, admitted)
        refusals = sorted(admitted.refusals, key=lambda refusal: refusal.index)
        accepted = len(items) - len({refusal.index for refusal in refusals} & items.keys())
        counted = (caller, topic, items, refusals, self._clock.now())
        # In a thread where there are many: a hundred thousand items take a tenth of a second.
        few = len(items) + len(refusals) <= _FEW
        self.sources.add(tally_batch(*counted) if few else await asyncio.to_thread(tally_batch, *counted))
        return IntakeBatchAnswer(accepted, refusals, position)

    async def _append(self, topic: str, admitted: ValidatedBatch) -> str:
        """Append accepted facts, one record for each partition; return the position after them, as text.

        Raises Overload before anything is appended.
        """
        parts = split_accepted_by_partition(admitted, self._partitions)
        if self._backlog is not None:
            self._backlog.check(topic, [number for number, _, _ in parts])
        appends = [
            self._log.append(
                topic,
                [Record("", self._form.encode(values, facts), {"content-type": self._form.internal})],
                number,
            )
            for number, values, facts in parts
        ]
        # A task costs as much as the rest of an append, and most requests go to one partition.
        appended = [await appends[0]] if len(appends) == 1 else await asyncio.gather(*appends)
        last = [stored[-1] for stored in appended]
        if self._backlog is not None:
            self._backlog.appended(topic, last)
        return format_min_position(topic, last)

    async def _quarantine_items(self, admitted: ValidatedBatch, items: Mapping[int, Any], caller: Principal) -> None:
        aside = [refusal for refusal in admitted.refusals if refusal.outcome == "quarantined"]
        if aside:
            await self._quarantine.add(
                [
                    QuarantineEntry(
                        items[each.index].owner or caller.party_id,
                        _subject(items[each.index]),
                        each.reason,
                        convert_item_to_json(items[each.index]),
                    )
                    for each in aside
                ]
            )


_FEW = 1_000
"""Most items that are counted on the event loop; more are counted in a thread."""


def _subject(item: Any) -> str:
    return str(item.indicator) if hasattr(item, "indicator") else f"{item.source}/{item.ticket}"


_SHORT = {MEASUREMENTS.name: "m", TICKETS.name: "t"}
_LONG = {short: topic for topic, short in _SHORT.items()}


def format_min_position(topic: str, appended: Sequence[tuple[int, int]]) -> str:
    """Format a position as a client sends it in ``min_position``.

    ``m0:15.m3:7``: measurements up to offset 15 of partition 0 and offset 7 of partition 3.
    """
    return ".".join(f"{_SHORT[topic]}{partition}:{offset + 1}" for partition, offset in sorted(appended))


def parse_min_position(text: str) -> dict[tuple[str, int], int]:
    """Parse a client's ``min_position`` to (topic, partition) → position. Raises ValueError for any other text."""
    wanted = {}
    for part in filter(None, text.split(".")):
        place, _, offset = part.partition(":")
        topic = _LONG.get(place[:1])
        if topic is None or not place[1:].isdigit() or not offset.isdigit():
            raise ValueError(f"{text!r} is no position; send back a position that this installation answered")
        wanted[topic, int(place[1:])] = int(offset)
    return wanted
