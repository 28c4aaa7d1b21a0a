"""monitor-svc with a planted bug that the kill tests must find: the position is committed before the effect.

``python -m tests.support.hasty_monitor`` kills itself between the two, at the commits of facts that ``HASTY_DIES_AT``
numbers. Without that variable it keeps running.
"""

from __future__ import annotations

import os
from dataclasses import replace

from slm_chassis import app
from slm_monitor import bootstrap
from slm_monitor.adapters.store import sql_evaluation_store
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.settings import MonitorSettings

DIES_AT = "HASTY_DIES_AT"


class HastyStore(sql_evaluation_store.SqlEvaluationStore):
    """A store with a planted bug: it moves the position in a transaction of its own."""

    commits_of_facts = 0

    async def commit(self, partition: int, epoch: int, step: PartitionStepChanges) -> int | None:
        if not step.facts and step.blob is None:
            return await super().commit(partition, epoch, step)
        async with self._database.begin() as transaction:
            await self._fence(await transaction.driver(), partition, epoch, step)
        self.commits_of_facts += 1
        if self.commits_of_facts == int(os.environ.get(DIES_AT, 0)):
            os._exit(9)
        return await super().commit(partition, epoch, replace(step, expected=step.positions))


if __name__ == "__main__":
    bootstrap.SqlEvaluationStore = HastyStore  # type: ignore[attr-defined]
    app.main("monitor", bootstrap.build, MonitorSettings)
