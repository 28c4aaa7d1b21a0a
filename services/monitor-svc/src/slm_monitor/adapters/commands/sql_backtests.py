"""Back-tests in PostgreSQL. A worker leases a back-test's row; the database's clock decides when the lease ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.backtests import (
    CANCELLED,
    DONE,
    QUEUED,
    RUNNING,
    BacktestJob,
    BacktestWindow,
)

_LEASE = "clock_timestamp() + interval '60 seconds'"
_ADD = """
INSERT INTO backtest (backtest_id, owner_party_id, requested_by, requested_at, question, spans, state, ended_at)
VALUES (:backtest_id, :owner, :by, :now, CAST(:question AS jsonb), CAST(:spans AS jsonb), :state, :ended_at)
"""
_CLAIM = f"""
UPDATE backtest SET state = '{RUNNING}', worker = :token, leased_until = {_LEASE}
 WHERE backtest_id = (SELECT backtest_id FROM backtest
                       WHERE state IN ('{QUEUED}', '{RUNNING}')
                         AND (leased_until IS NULL OR leased_until < clock_timestamp())
                       ORDER BY jsonb_array_length(judged), requested_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
_OURS = f"backtest_id = :backtest_id AND worker = :token AND state = '{RUNNING}'"
_RENEW = f"UPDATE backtest SET leased_until = {_LEASE} WHERE {_OURS}"
_JUDGED = f"""
UPDATE backtest
   SET judged = judged || CAST(:row AS jsonb), worker = NULL, leased_until = NULL,
       state = CASE WHEN jsonb_array_length(judged) + 1 >= jsonb_array_length(spans) THEN '{DONE}' ELSE state END,
       ended_at = CASE WHEN jsonb_array_length(judged) + 1 >= jsonb_array_length(spans) THEN CAST(:now AS bigint) END
 WHERE {_OURS}
"""
_FAILED = f"UPDATE backtest SET state = 'failed', failure = :reason, ended_at = :now WHERE {_OURS}"
_CANCEL = f"""
UPDATE backtest SET state = '{CANCELLED}', ended_at = :now, worker = NULL, leased_until = NULL
 WHERE backtest_id = :backtest_id AND state IN ('{QUEUED}', '{RUNNING}')
"""
_ONE = "SELECT * FROM backtest WHERE backtest_id = :backtest_id AND (:everybody OR owner_party_id = :party)"
_PAGE = """
SELECT * FROM backtest
 WHERE (:everybody OR owner_party_id = :party)
   AND (CAST(:at AS bigint) IS NULL OR (requested_at, backtest_id) < (:at, :name))
 ORDER BY requested_at DESC, backtest_id DESC LIMIT :most
"""


class SqlBacktests:
    """Back-tests in PostgreSQL: commands for the workers that evaluate them, and commands and queries for the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- for workers --------------------------------------------------------------------------------------------

    async def claim(self, token: str) -> BacktestJob | None:
        async with self._database.begin() as transaction:
            row = (await transaction.execute(text(_CLAIM), {"token": token})).mappings().one_or_none()
        return None if row is None else read_backtest_job_from_row(row)

    async def renew(self, job: BacktestJob, token: str) -> bool:
        return await self._done(_RENEW, job, token)

    async def judged(self, job: BacktestJob, token: str, row: Mapping[str, Any]) -> bool:
        return await self._done(_JUDGED, job, token, row=json.dumps([dict(row)]), now=self._database.clock.now())

    async def failed(self, job: BacktestJob, token: str, reason: str) -> None:
        await self._done(_FAILED, job, token, reason=reason, now=self._database.clock.now())

    async def _done(self, statement: str, job: BacktestJob, token: str, **more: Any) -> bool:
        async with self._database.begin() as transaction:
            shared = {"backtest_id": job.backtest_id, "token": token}
            return (await transaction.execute(text(statement), {**shared, **more})).rowcount == 1

    # -- for the API --------------------------------------------------------------------------------------------

    async def add(self, job: BacktestJob, by: str) -> None:
        spans = [[span.window_id, span.start, span.end] for span in job.spans]
        row = {
            "backtest_id": job.backtest_id,
            "owner": job.owner_party_id,
            "by": by,
            "now": job.requested_at,
            "question": json.dumps(job.question.document()),
            "spans": json.dumps(spans),
            "state": job.state,
            "ended_at": job.ended_at,
        }
        async with self._database.begin() as transaction:
            await transaction.execute(text(_ADD), row)

    async def find(self, caller: Principal, backtest_id: str) -> BacktestJob | None:
        asked = {"backtest_id": backtest_id, "everybody": caller.is_operator, "party": caller.party_id}
        async with self._database.read() as connection:
            row = (await connection.execute(text(_ONE), asked)).mappings().one_or_none()
        return None if row is None else read_backtest_job_from_row(row)

    async def page(self, caller: Principal, page: Page) -> Sequence[BacktestJob]:
        """Return a page of the back-tests that the caller may see, the newest first."""
        at, name = page.values(int, str) or (None, "")
        asked = {"everybody": caller.is_operator, "party": caller.party_id, "at": at, "name": name, "most": page.fetch}
        async with self._database.read() as connection:
            rows = (await connection.execute(text(_PAGE), asked)).mappings().all()
        return [read_backtest_job_from_row(row) for row in rows]

    async def cancel(self, backtest_id: str) -> bool:
        """Cancel a back-test; return False if it had already ended."""
        async with self._database.begin() as transaction:
            asked = {"backtest_id": backtest_id, "now": transaction.now}
            return (await transaction.execute(text(_CANCEL), asked)).rowcount == 1


def read_backtest_job_from_row(row: Mapping[Any, Any]) -> BacktestJob:
    question = row["question"]
    return BacktestJob(
        row["backtest_id"],
        row["owner_party_id"],
        BacktestQuestion(
            question["terms"],
            question["indicator"],
            question["service_hours"],
            question["timezone"],
            question.get("members", ()),
            question.get("owner", row["owner_party_id"]),
            question.get("per", "month"),
            question.get("credit_schedule"),
            question.get("period_charge"),
            question.get("critical_periods", ()),
        ),
        [BacktestWindow(*span) for span in row["spans"]],
        row["state"],
        row["judged"],
        row["requested_at"],
        row["failure"],
        row["ended_at"],
    )
