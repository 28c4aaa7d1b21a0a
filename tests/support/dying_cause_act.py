"""A process that acts on a cause, or groups causes, and is killed just before its transaction would commit.

``python -m tests.support.dying_cause_act act|group DATABASE_URL [CAUSE PARTY]``: everything has been written when the
process sends itself SIGKILL.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from slm_chassis.access import Principal
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database, Transaction
from slm_monitor.adapters.causes.cause_grouping import CauseGroupingWorker
from slm_monitor.adapters.causes.sql_cause_acts import SqlCauseActs
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.causes import cause_acts
from slm_monitor.application.history.fact_history import ParsedTermsCache
from slm_monitor.domain.lifecycle.breach_workflow import ACKNOWLEDGE
from tests.support.judged import PARTITIONS


async def act(database: Database, cause_id: str, party_id: str) -> None:
    caller = Principal("principal", party_id, "somebody", frozenset({"integrator"}))
    async with database.begin() as transaction:
        store = SqlCauseActs(transaction)
        result = await cause_acts.take_step_for_cause(store, cause_id, ACKNOWLEDGE, {}, caller, transaction.now)
        assert result.done
        await store.write()
        await transaction.flush()
        os.kill(os.getpid(), signal.SIGKILL)


async def group(database: Database) -> None:
    flush = Transaction.flush

    async def dying(transaction: Transaction) -> bool:
        await flush(transaction)
        os.kill(os.getpid(), signal.SIGKILL)
        return True

    Transaction.flush = dying  # type: ignore[method-assign, assignment]
    store = SqlEvaluationStore(database, database.clock)
    await CauseGroupingWorker(database, SqlHistory(database, store, PARTITIONS), ParsedTermsCache()).step()


async def main(what: str, url: str, *named: str) -> None:
    database = await Database.open(url, clock=SystemClock(), source="/slm/test/monitor")
    await (act(database, *named) if what == "act" else group(database))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
