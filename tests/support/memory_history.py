"""The record of facts (port ``FactHistoryStore``) over an evaluation store in memory.

It cannot answer what was known at an earlier instant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from slm_calendar.intervals import Interval
from slm_monitor.application.history.closed_tickets import ClosedTicket
from slm_monitor.application.history.fact_history import NOTHING
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.facts.facts import MINUTE, Fact, MeasuredValues, concatenate_value_batches
from slm_monitor.domain.facts.intake_items import Indicator
from tests.support.memory_store import MemoryEvaluationStore


class MemoryHistory:
    """The port ``FactHistoryStore`` over a store in memory."""

    def __init__(self, store: MemoryEvaluationStore) -> None:
        self._store = store

    async def agreement(self, agreement_id: str) -> AgreementTerms:
        return await self._store.agreement(agreement_id)

    async def indicator(self, subject: str) -> Indicator | None:
        return await self._store.indicator(subject)

    async def single(self, subject: str, span: Interval | None, known_at: int | None) -> Sequence[Fact]:
        return self._store.singles(subject, span)

    async def readings(self, stream: str, first: int, last: int, known_at: int | None) -> Sequence[Fact]:
        return await self._store.readings(stream, first, last)

    async def values(self, subject: str, span: Interval, known_at: int | None) -> MeasuredValues:
        parts = self._store.rows(subject)
        if not parts:
            return NOTHING
        values = concatenate_value_batches(parts)
        values = values.selected((values.at >= span[0]) & (values.at < span[1]))
        return values.selected(np.lexsort((values.value, values.at)))

    async def exclusions(self, agreement_id: str, known_at: int | None) -> Sequence[ApprovedExclusion]:
        return sorted(await self._store.exclusions(agreement_id), key=lambda each: each.exclusion_id)

    async def begins_at(self, subject: str) -> int | None:
        return None

    async def overturned(self, breach_ids: Collection[str], known_at: int | None) -> Collection[str]:
        return self._store.overturned & set(breach_ids)

    async def overturned_runs(
        self, target_id: str, window_id: str, minute: int, known_at: int | None
    ) -> Collection[str]:
        return {
            each.level
            for each in self._store.breaches.values()
            if each.breach_id in self._store.overturned
            and (each.target_id, each.window_id) == (target_id, window_id)
            and each.ordinal <= minute
            and (each.until is None or minute < each.until // MINUTE)
        }

    async def accepted_at(self, target_id: str, window_id: str) -> int | None:
        return None

    async def tickets_ended(self, target_ids: Sequence[str], span: Interval, as_of: int) -> Sequence[ClosedTicket]:
        return self._store.ended_within(target_ids, span, as_of)

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]:
        return [await self._store.agreement(agreement_id) for agreement_id in self._store.versions]

    async def tickets_left_out(self, target_ids: Sequence[str], span: Interval) -> tuple[int, int]:
        return (await self._store.tickets_left_out(target_ids, [span]))[0]

    async def tickets_changed(self, owner_party_id: str, known_at: int) -> Mapping[str, Sequence[Fact]]:
        return {}
