"""Pulls, their progress and their runs in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import RowMapping, text

from slm_chassis.access import Principal
from slm_chassis.clock import SECOND, real_now
from slm_chassis.database import Database, Transaction
from slm_chassis.http.paging import Page
from slm_chassis.identity import NewId, new_id
from slm_chassis.sql_ledger import SqlLedgerOfTransaction
from slm_monitor.adapters.pulls.rows import (
    MOST_RECONCILIATIONS,
    PULL_COLUMNS,
    RUN_COLUMNS,
    progress_of,
    progress_row,
    pull_of,
    pull_row,
    run_of,
    run_row,
)
from slm_monitor.domain.pulls.pulls import (
    MOST_RUNS,
    ClaimedPull,
    LeaseLost,
    Pull,
    PullProgress,
    PullRun,
    RunKind,
)

# A change ends the turn that is on: a run that goes by the old fields would store its old place.
_PUT = f"""
INSERT INTO pull ({PULL_COLUMNS}, secret, progress, due_at)
VALUES (:pull_id, :party_id, :title, :connector, :source, :address, :path, :filter, :mapping, :authentication_kind,
        :authentication_user, :every_seconds, :reconcile_at, :zone, :cancels_missing, :is_paused, :version,
        :created_at, :created_by_principal_id, :query, coalesce(:secret, ''), :progress, :due_at)
ON CONFLICT (pull_id) DO UPDATE
   SET title = excluded.title, source = excluded.source, address = excluded.address, path = excluded.path,
       filter = excluded.filter, mapping = excluded.mapping, authentication_kind = excluded.authentication_kind,
       authentication_user = excluded.authentication_user, every_seconds = excluded.every_seconds,
       reconcile_at = excluded.reconcile_at, zone = excluded.zone, cancels_missing = excluded.cancels_missing,
       is_paused = excluded.is_paused, version = excluded.version, query = excluded.query,
       secret = coalesce(CAST(:secret AS TEXT), pull.secret), progress = excluded.progress, due_at = excluded.due_at,
       lease_id = NULL, leased_until = NULL
"""
_CLAIM = f"""
UPDATE pull SET lease_id = :lease_id, leased_until = :leased_until
 WHERE pull_id = (SELECT pull_id FROM pull
                   WHERE NOT is_paused AND due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
                   ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {PULL_COLUMNS}, progress, secret
"""
_KEEP = """
UPDATE pull SET progress = :progress, due_at = :due_at,
       lease_id = CASE WHEN :is_over THEN NULL ELSE lease_id END,
       leased_until = CASE WHEN :is_over THEN NULL ELSE CAST(:leased_until AS BIGINT) END
 WHERE pull_id = :pull_id AND lease_id = :lease_id
"""
_RELEASE = "UPDATE pull SET lease_id = NULL, leased_until = NULL WHERE pull_id = :pull_id AND lease_id = :lease_id"
_PUT_RUN = f"""
INSERT INTO pull_run ({RUN_COLUMNS})
VALUES (:run_id, :pull_id, :kind, :started_at, :ended_at, :outcome, :requests, :tickets, :changed, :refused, :problem,
        :errors, :missing, :samples, :ignored)
ON CONFLICT (run_id) DO UPDATE
   SET ended_at = excluded.ended_at, outcome = excluded.outcome, requests = excluded.requests,
       tickets = excluded.tickets, changed = excluded.changed, refused = excluded.refused,
       problem = excluded.problem, errors = excluded.errors, missing = excluded.missing, samples = excluded.samples,
       ignored = excluded.ignored
"""
_INTERRUPT = """
UPDATE pull_run SET outcome = 'interrupted', ended_at = :now WHERE pull_id = :pull_id AND outcome = 'running'
"""
_DROP_RUNS = """
DELETE FROM pull_run
 WHERE run_id IN (SELECT run_id FROM pull_run WHERE pull_id = :pull_id AND kind = :kind
                   ORDER BY started_at DESC, run_id DESC OFFSET :most)
"""
_PAGE = f"""
SELECT {PULL_COLUMNS}, progress FROM pull
 WHERE (CAST(:party_id AS TEXT) IS NULL OR party_id = :party_id)
   AND (CAST(:after_at AS BIGINT) IS NULL OR (created_at, pull_id) > (:after_at, :after_id))
 ORDER BY created_at, pull_id LIMIT :fetch
"""
_ONE = f"SELECT {PULL_COLUMNS}, progress FROM pull WHERE pull_id = :pull_id"
_OPEN = """
SELECT number FROM ticket
 WHERE owner_party_id = :party_id AND source = :source AND ended_at IS NULL AND number > :after
 ORDER BY number LIMIT :most
"""


class SqlPullLedger(SqlLedgerOfTransaction):
    """The storage of pulls within one transaction."""

    async def pull(self, pull_id: str) -> Pull | None:
        """Return the pull with this id, locked against changes and runs; None if there is none."""
        found = await self._rows(f"SELECT {PULL_COLUMNS} FROM pull WHERE pull_id = :id FOR UPDATE", id=pull_id)
        return pull_of(found[0]) if found else None

    async def progress(self, pull_id: str) -> PullProgress:
        """Return the progress of a pull that exists."""
        [row] = await self._rows("SELECT progress FROM pull WHERE pull_id = :id", id=pull_id)
        return progress_of(row["progress"])

    async def pulls_of(self, party_id: str) -> Sequence[Pull]:
        """Return the pulls of a party."""
        statement = f"SELECT {PULL_COLUMNS} FROM pull WHERE party_id = :party_id"
        return [pull_of(row) for row in await self._rows(statement, party_id=party_id)]

    async def put(self, pull: Pull, progress: PullProgress, secret: str | None) -> None:
        """Insert or replace the pull and its progress. Replace its secret, too, unless ``secret`` is None.

        If a run of this pull is still going on, this run is ended.
        """
        await self._transaction.execute(text(_PUT), pull_row(pull, progress, secret))
        await self._transaction.execute(text(_INTERRUPT), {"pull_id": pull.pull_id, "now": real_now()})

    async def remove(self, pull_id: str) -> None:
        """Remove a pull with its secret and runs."""
        for table in ("pull", "pull_run"):
            await self._transaction.execute(text(f"DELETE FROM {table} WHERE pull_id = :id"), {"id": pull_id})

    async def _rows(self, statement: str, **given: Any) -> Sequence[RowMapping]:
        return (await self._transaction.execute(text(statement), given)).mappings().all()


class SqlPullTurn:
    """One transaction in the run of a pull that this process has claimed."""

    def __init__(self, transaction: Transaction, claim: ClaimedPull, leased_until: int) -> None:
        self._transaction = transaction
        self._claim = claim
        self._leased_until = leased_until

    async def keep(self, progress: PullProgress, run: PullRun, *, is_over: bool) -> None:
        """Store the progress of the pull and of its run. Then renew the lease, or end the lease if ``is_over``. Raises
        LeaseLost.
        """
        given = {
            **progress_row(progress),
            "pull_id": run.pull_id,
            "lease_id": self._claim.lease_id,
            "leased_until": self._leased_until,
            "is_over": is_over,
        }
        kept = await self._transaction.execute(text(_KEEP), given)
        if not kept.rowcount:
            raise LeaseLost
        await self._transaction.execute(text(_PUT_RUN), run_row(run))


class SqlPulls:
    """The storage of pulls, their progress and their runs."""

    def __init__(self, database: Database, make_id: NewId = new_id) -> None:
        self._database = database
        self._new_id = make_id

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlPullLedger]:
        """Open a transaction and yield its ledger; the changes commit when the ``async with`` ends."""
        async with self._database.begin() as transaction:
            yield SqlPullLedger(transaction)

    async def find(self, pull_id: str) -> Pull | None:
        """Return a pull; None if there is none."""
        found = await self.find_with_progress(pull_id)
        return None if found is None else found[0]

    async def find_with_progress(self, pull_id: str) -> tuple[Pull, PullProgress] | None:
        """Return a pull and its progress; None if the pull does not exist."""
        async with self._database.read() as connection:
            row = (await connection.execute(text(_ONE), {"pull_id": pull_id})).mappings().one_or_none()
        return None if row is None else (pull_of(row), progress_of(row["progress"]))

    async def page(self, caller: Principal, page: Page) -> Sequence[tuple[Pull, PullProgress]]:
        """Return one page of the pulls that the caller may see, the oldest first."""
        after = page.values(int, str)
        given = {
            "party_id": None if caller.is_operator else caller.party_id or "",
            "after_at": None if after is None else after[0],
            "after_id": None if after is None else after[1],
            "fetch": page.fetch,
        }
        async with self._database.read() as connection:
            rows = (await connection.execute(text(_PAGE), given)).mappings().all()
        return [(pull_of(row), progress_of(row["progress"])) for row in rows]

    async def runs(self, pull_id: str) -> Sequence[PullRun]:
        """Return the stored runs of a pull, the latest first."""
        statement = text(
            f"SELECT {RUN_COLUMNS} FROM pull_run WHERE pull_id = :pull_id"
            f" ORDER BY started_at DESC, run_id DESC LIMIT {MOST_RUNS}"
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, {"pull_id": pull_id})).mappings().all()
        return [run_of(row) for row in rows]

    async def claim(self, lease_seconds: float) -> ClaimedPull | None:
        """Claim a pull that is due and begin a run of it; None if no pull is due.

        No other process can claim the pull until the lease ends.
        """
        now, lease_id = real_now(), self._new_id()
        given = {"now": now, "lease_id": lease_id, "leased_until": now + int(lease_seconds * SECOND)}
        async with self._database.begin() as transaction:
            row = (await transaction.execute(text(_CLAIM), given)).mappings().one_or_none()
            if row is None:
                return None
            pull, progress = pull_of(row), progress_of(row["progress"])
            kind: RunKind = "changes" if progress.changes_due_at <= progress.reconcile_due_at else "reconciliation"
            run = PullRun(self._new_id(), pull.pull_id, kind, now)
            await transaction.execute(text(_INTERRUPT), {"pull_id": pull.pull_id, "now": now})
            await transaction.execute(text(_PUT_RUN), run_row(run))
            most = MOST_RECONCILIATIONS if kind == "reconciliation" else MOST_RUNS - MOST_RECONCILIATIONS
            await transaction.execute(text(_DROP_RUNS), {"pull_id": pull.pull_id, "kind": kind, "most": most})
        return ClaimedPull(pull, progress, run, lease_id, row["secret"])

    @asynccontextmanager
    async def turn(self, claim: ClaimedPull, lease_seconds: float) -> AsyncIterator[SqlPullTurn]:
        """Open a transaction for a part of the pull's run.

        Facts that the body of the ``async with`` sends to the intake are stored in the same transaction.
        """
        async with self._database.begin() as transaction:
            with self._database.enclose(transaction):
                yield SqlPullTurn(transaction, claim, real_now() + int(lease_seconds * SECOND))

    async def release(self, claim: ClaimedPull) -> None:
        """End the lease of a run that stops in the middle, so that another process can continue the run at once."""
        given = {"pull_id": claim.pull.pull_id, "lease_id": claim.lease_id}
        async with self._database.begin() as transaction:
            await transaction.execute(text(_RELEASE), given)

    async def open_numbers(self, party_id: str, source: str, after: str, most: int) -> list[str]:
        """Return the numbers of a source's open tickets, sorted. A ticket is open unless a fact received so far ended
        it.

        Only numbers that follow ``after`` are returned, at most ``most`` of them.
        """
        given = {"party_id": party_id, "source": source, "after": after, "most": most}
        async with self._database.read() as connection:
            return list((await connection.execute(text(_OPEN), given)).scalars().all())
