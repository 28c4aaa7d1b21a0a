"""Decisions on quarantined facts: each fact is released or discarded, once. Releasing a fact appends it to the intake
with the identity under which it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from slm_chassis.access import Principal
from slm_chassis.log.port import Record
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.intake.record_reader import (
    IndicatorRegister,
    IntakeRecordFormat,
    find_indicators_of_measurements,
    split_accepted_by_partition,
)
from slm_monitor.domain.facts.facts import FAILED, Fact, MeasuredValues
from slm_monitor.domain.facts.rejections import IntakeRejection
from slm_monitor.domain.intake.validation import ValidatedBatch, validate_measurements, validate_ticket_events
from slm_monitor.domain.terms.terms import FOREVER

QUARANTINED, RELEASED, DISCARDED = "quarantined", "released", "discarded"


class NoSuchQuarantinedFact(Exception):
    """No quarantined fact with this id exists, or the caller may not see it."""


class QuarantineDecisionNotPossible(Exception):
    """A quarantined fact cannot be released or discarded; the subclass says why."""

    def __init__(self, detail: str, refusals: tuple[IntakeRejection, ...] = ()) -> None:
        super().__init__(detail)
        self.refusals = refusals


class QuarantinedFactAlreadyDecided(QuarantineDecisionNotPossible):
    """A quarantined fact was released or discarded before."""


class QuarantinedFactWithoutOwner(QuarantineDecisionNotPossible):
    """A quarantined fact names no known party, so that it cannot count for anyone."""


class QuarantinedFactStillInvalid(QuarantineDecisionNotPossible):
    """A quarantined fact breaks rules that hold for every fact; ``refusals`` names them."""


@dataclass(frozen=True, slots=True)
class QuarantinedFact:
    """A fact in the quarantine, as it was sent."""

    quarantine_id: str
    owner_party_id: str | None
    fact: Mapping[str, Any]
    state: str


class QuarantinedFactStore(Protocol):
    """The store of quarantined facts, inside one transaction. A quarantined fact is not evaluated until somebody
    releases it.
    """

    async def locked(self, quarantine_id: str) -> QuarantinedFact | None: ...

    async def decide(self, quarantine_id: str, state: str, principal_id: str, now: UtcMicroseconds) -> None: ...

    def append(self, topic: str, record: Record, partition: int) -> None:
        """Append a record to the intake when the transaction commits."""
        ...


class QuarantineDecisions:
    """Releases and discards quarantined facts."""

    def __init__(self, form: IntakeRecordFormat, indicators: IndicatorRegister, partitions: int) -> None:
        self._form = form
        self._indicators = indicators
        self._partitions = partitions

    async def release(
        self, ward: QuarantinedFactStore, quarantine_id: str, caller: Principal, now: UtcMicroseconds
    ) -> None:
        """Release a fact into the intake, as the party that owns the fact or as an operator.

        The fact must meet all rules for facts, except that its instant may lie in the future. Raises
        NoSuchQuarantinedFact, QuarantineDecisionNotPossible.
        """
        aside = await self._quarantined(ward, quarantine_id, caller)
        if aside.owner_party_id is None:
            raise QuarantinedFactWithoutOwner(
                "nobody is known to whom this fact belongs; discard it, and have it sent again"
            )
        topic, admitted = await self._admitted(aside.fact, aside.owner_party_id)
        if admitted.refusals:
            problems = "; ".join(f"{each.field}: {each.remedy}" for each in admitted.refusals)
            raise QuarantinedFactStillInvalid(f"it cannot be judged as it is: {problems}", tuple(admitted.refusals))
        for partition, values, facts in split_accepted_by_partition(admitted, self._partitions):
            record = Record("", self._form.encode(values, facts), {"content-type": self._form.internal})
            ward.append(topic, record, partition)
        await ward.decide(quarantine_id, RELEASED, caller.principal_id, now)

    async def discard(
        self, ward: QuarantinedFactStore, quarantine_id: str, caller: Principal, now: UtcMicroseconds
    ) -> None:
        """Discard a fact: it remains in the quarantine and is never evaluated.

        Raises NoSuchQuarantinedFact, QuarantineDecisionNotPossible.
        """
        await self._quarantined(ward, quarantine_id, caller)
        await ward.decide(quarantine_id, DISCARDED, caller.principal_id, now)

    async def _quarantined(self, ward: QuarantinedFactStore, quarantine_id: str, caller: Principal) -> QuarantinedFact:
        aside = await ward.locked(quarantine_id)
        if aside is None or not (caller.is_operator or caller.party_id == aside.owner_party_id):
            raise NoSuchQuarantinedFact(quarantine_id)
        if aside.state != QUARANTINED:
            raise QuarantinedFactAlreadyDecided(f"it was {aside.state} already")
        return aside

    async def _admitted(self, fact: Mapping[str, Any], owner: str) -> tuple[str, ValidatedBatch]:
        if isinstance(fact.get("kept"), list):
            kept = Fact(*fact["kept"])
            return _topic_of(kept.subject), ValidatedBatch(_NO_ROWS, [kept])
        if isinstance(fact.get("rows"), list):
            return MEASUREMENTS.name, ValidatedBatch(_values_of(fact["rows"]))
        body = json.dumps([fact]).encode()
        if "event" in fact:
            messages, refusals = self._form.ticket_events(body, "application/json")
            facts, refused = validate_ticket_events(messages, owner, FOREVER, may_name_owner=False)
            return TICKETS.name, ValidatedBatch(_NO_ROWS, facts, [*refusals, *refused])
        items, refusals = self._form.measurements(body, "application/json")
        known = await find_indicators_of_measurements(self._indicators, items, owner)
        admitted = validate_measurements(items, owner, known.get, FOREVER, may_name_owner=False)
        admitted.refusals += refusals
        return MEASUREMENTS.name, admitted


_NO_ROWS = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


def _topic_of(subject: str) -> str:
    return TICKETS.name if subject.count("/") > 1 else MEASUREMENTS.name


def _values_of(rows: Sequence[Sequence[Any]]) -> MeasuredValues:
    """Convert rows of a quarantine entry to columns. Each row is [series, instant, value, total], as the worker wrote
    it.
    """
    slots = {subject: slot for slot, subject in enumerate(dict.fromkeys(row[0] for row in rows))}
    out_of = np.array([np.nan if row[3] is None else row[3] for row in rows], dtype=np.float64)
    return MeasuredValues(
        list(slots),
        np.array([slots[row[0]] for row in rows], dtype=np.int32),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([FAILED if row[2] is None else row[2] for row in rows], dtype=np.float64),
        None if np.isnan(out_of).all() else out_of,
    )
