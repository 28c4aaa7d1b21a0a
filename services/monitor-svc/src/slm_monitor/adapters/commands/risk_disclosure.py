"""The worker that shows a warning to the customer some time after the warning opened, if the agreement says so."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.workers import Progress
from slm_monitor.adapters.queries.customer_views import IN_FORCE
from slm_monitor.domain.lifecycle import target_events

_DUE = f"""
SELECT risk.risk_id, risk.revision, risk.opened_at, risk.document FROM risk
  JOIN customer_view AS shown ON shown.agreement_id = risk.agreement_id AND {IN_FORCE}
 WHERE risk.standing AND risk.disclosed_at IS NULL AND shown.risks_after > 0
   AND risk.opened_at + shown.risks_after <= :now
   AND risk.document ->> 'hidden_from_party_id' IS NOT NULL
 ORDER BY risk.opened_at, risk.risk_id LIMIT 100 FOR UPDATE OF risk SKIP LOCKED
"""
_DISCLOSED = "UPDATE risk SET disclosed_at = :now WHERE risk_id = :risk_id"
_REGROUP = "INSERT INTO cause_due (kind, ref, since) VALUES ('risk', :risk_id, 0)"
_PRESENT = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_PAUSE_SECONDS = 2.0


class RiskDiscloser:
    """Worker that publishes a warning to the customer once the warning has lasted as long as the agreement says.

    Every replica may run this worker: a warning is locked while it is disclosed, so that it is disclosed once.
    """

    name = "risk disclosure"

    def __init__(self, database: Database, clock: Clock, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._database = database
        self._clock = clock
        self._pause_seconds = pause_seconds
        self.progress = Progress()

    async def step(self) -> int:
        """Disclose all warnings that are due, in one transaction; return their number."""
        async with self._database.begin() as transaction:
            # The database's clock decides, as it does for timers of partitions: the clocks of replicas differ.
            real = (await transaction.execute(text(_PRESENT))).scalar_one()
            now = min(self._clock.now(), self._clock.of_real(int(real)))
            due = (await transaction.execute(text(_DUE), {"now": now})).mappings().all()
            for row in due:
                await transaction.execute(text(_DISCLOSED), {"now": now, "risk_id": row["risk_id"]})
                await transaction.execute(text(_REGROUP), {"risk_id": row["risk_id"]})
                event_id = target_events.derive_event_id(row["risk_id"], "risk-disclosed", row["revision"])
                transaction.publish(target_events.build_risk_disclosed(row["document"], now), at=now, event_id=event_id)
        self.progress.beat()
        return len(due)

    async def run(self) -> None:
        while True:
            if not await self.step():
                await asyncio.sleep(self._pause_seconds)
