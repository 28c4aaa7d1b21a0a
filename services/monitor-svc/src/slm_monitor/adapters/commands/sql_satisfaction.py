"""Ratings that arrive in events of another service, appended to the intake in the transaction that
receives the event.
"""

from __future__ import annotations

import numpy as np
from sqlalchemy import text

from slm_chassis.database import Transaction
from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import Record
from slm_events.catalogue import MEASUREMENTS
from slm_monitor.adapters.commands import sql_terms
from slm_monitor.adapters.formats import column_codec
from slm_monitor.adapters.formats.wire_formats import INTERNAL
from slm_monitor.adapters.rows import partition_rows
from slm_monitor.application.state.partition_step import QuarantineEntry
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator

_NOTHING = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


class SqlRatings:
    """Registers indicators of ratings and appends ratings to the intake, inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def registered(self, indicator: Indicator) -> Indicator:
        return (await sql_terms.register_indicator_row(self._transaction, indicator))[0]

    async def append(self, fact: Fact) -> None:
        held = await self._transaction.execute(text("SELECT count(*) FROM judge_partition"))
        partition = partition_of(fact.subject, held.scalar_one())
        body = column_codec.encode_intake_record(_NOTHING, [fact])
        self._transaction.append(MEASUREMENTS.name, Record("", body, {"content-type": INTERNAL}), partition)

    async def quarantine(self, fact: QuarantineEntry) -> None:
        await partition_rows.quarantine_facts(self._transaction, [fact])
