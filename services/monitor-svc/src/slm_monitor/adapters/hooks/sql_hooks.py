"""Hooks, their secrets and calls in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

from sqlalchemy import RowMapping, text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_chassis.sql_ledger import SqlLedgerOfTransaction
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.hooks.hooks import (
    MOST_CALLS,
    MOST_PAYLOADS,
    MOST_UNSIGNED,
    Hook,
    HookAuthentication,
    HookCall,
    HookSecret,
)

_COLUMNS = (
    "hook_id, party_id, title, connector, source, mapping, authentication_kind, authentication_header,"
    " authentication_user, is_paused, version, created_at, created_by_principal_id"
)
_PUT = f"""
INSERT INTO hook ({_COLUMNS})
VALUES (:hook_id, :party_id, :title, :connector, :source, :mapping, :authentication_kind, :authentication_header,
        :authentication_user, :is_paused, :version, :created_at, :created_by_principal_id)
ON CONFLICT (hook_id) DO UPDATE
   SET title = excluded.title, source = excluded.source, mapping = excluded.mapping,
       is_paused = excluded.is_paused, version = excluded.version
"""
_PUT_SECRET = """
INSERT INTO hook_secret (secret_id, hook_id, text, made_at, ends_at)
VALUES (:secret_id, :hook_id, :text, :made_at, :ends_at)
"""
_END_SECRETS = """
UPDATE hook_secret SET ends_at = :ends_at WHERE hook_id = :hook_id AND (ends_at IS NULL OR ends_at > :ends_at)
"""
_VALID_SECRETS = "SELECT text FROM hook_secret WHERE hook_id = :hook_id AND (ends_at IS NULL OR ends_at > :now)"
_SECRETS = """
SELECT secret_id, made_at, ends_at FROM hook_secret WHERE hook_id = :hook_id ORDER BY made_at DESC, secret_id
"""
# Only while the hook exists: the row of a call that outlives its removal would never be removed.
_PUT_CALL = """
INSERT INTO hook_call (call_id, hook_id, at, status, outcome, detail, payload)
SELECT :call_id, :hook_id, :at, :status, :outcome, :detail, :payload
 WHERE EXISTS (SELECT FROM hook WHERE hook_id = :hook_id FOR KEY SHARE)
"""
_DROP_CALLS = """
DELETE FROM hook_call
 WHERE call_id IN (SELECT call_id FROM hook_call WHERE hook_id = :hook_id ORDER BY at DESC, call_id DESC OFFSET :most)
"""
_DROP_UNSIGNED = """
DELETE FROM hook_call
 WHERE call_id IN (SELECT call_id FROM hook_call WHERE hook_id = :hook_id AND outcome = 'unsigned'
                    ORDER BY at DESC, call_id DESC OFFSET :most)
"""
_DROP_PAYLOADS = """
UPDATE hook_call SET payload = NULL
 WHERE call_id IN (SELECT call_id FROM hook_call WHERE hook_id = :hook_id AND payload IS NOT NULL
                    ORDER BY at DESC, call_id DESC OFFSET :most)
"""
_PAGE = f"""
SELECT {_COLUMNS} FROM hook
 WHERE (CAST(:party_id AS TEXT) IS NULL OR party_id = :party_id)
   AND (CAST(:after_at AS BIGINT) IS NULL OR (created_at, hook_id) > (:after_at, :after_id))
 ORDER BY created_at, hook_id LIMIT :fetch
"""
_LAST_CALLS = """
SELECT DISTINCT ON (hook_id) hook_id, call_id, at, status, outcome FROM hook_call
 WHERE hook_id = ANY(:hook_ids) ORDER BY hook_id, at DESC, call_id DESC
"""
_CALLS = "SELECT call_id, hook_id, at, status, outcome, detail, payload FROM hook_call WHERE hook_id = :hook_id"


class SqlHookLedger(SqlLedgerOfTransaction):
    """The storage of hooks within one transaction."""

    async def hook(self, hook_id: str) -> Hook | None:
        """Return the hook with this id, locked against changes; None if there is none."""
        statement = text(f"SELECT {_COLUMNS} FROM hook WHERE hook_id = :hook_id FOR UPDATE")
        row = (await self._transaction.execute(statement, {"hook_id": hook_id})).mappings().one_or_none()
        return None if row is None else _hook_of(row)

    async def count_hooks(self, party_id: str) -> int:
        """Return how many hooks a party has."""
        statement = text("SELECT count(*) FROM hook WHERE party_id = :party_id")
        return int((await self._transaction.execute(statement, {"party_id": party_id})).scalar_one())

    async def put_hook(self, hook: Hook) -> None:
        """Insert the hook, or replace the stored hook that has the same id."""
        row = asdict(hook)
        row |= {f"authentication_{name}": value for name, value in row.pop("authentication").items()}
        await self._transaction.execute(text(_PUT), row)

    async def remove_hook(self, hook_id: str) -> None:
        """Remove a hook with its secrets and calls."""
        for table in ("hook", "hook_secret", "hook_call"):
            await self._transaction.execute(text(f"DELETE FROM {table} WHERE hook_id = :id"), {"id": hook_id})

    async def put_secret(self, secret: HookSecret) -> None:
        """Insert a secret."""
        await self._transaction.execute(text(_PUT_SECRET), asdict(secret))

    async def end_secrets(self, hook_id: str, ends_at: UtcMicroseconds) -> None:
        """Let all present secrets of a hook end at ``ends_at``, unless they end earlier.

        ``ends_at`` is an instant of the real clock, not of an accelerated one.
        """
        await self._transaction.execute(text(_END_SECRETS), {"hook_id": hook_id, "ends_at": ends_at})


class SqlHooks:
    """The storage of hooks, their secrets and calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlHookLedger]:
        """Open a transaction and yield its ledger; the changes commit when the ``async with`` ends."""
        async with self._database.begin() as transaction:
            yield SqlHookLedger(transaction)

    async def find(self, hook_id: str, now: UtcMicroseconds) -> tuple[Hook, Sequence[str]] | None:
        """Return a hook, and the stored texts of its secrets that are valid at ``now``; None if there is no such hook.

        ``now`` is an instant of the real clock, not of an accelerated one.
        """
        given = {"hook_id": hook_id}
        async with self._database.read() as connection:
            statement = text(f"SELECT {_COLUMNS} FROM hook WHERE hook_id = :hook_id")
            row = (await connection.execute(statement, given)).mappings().one_or_none()
            if row is None:
                return None
            secrets = (await connection.execute(text(_VALID_SECRETS), {**given, "now": now})).scalars().all()
        return _hook_of(row), secrets

    async def secrets(self, hook_id: str) -> Sequence[RowMapping]:
        """Return ids and times of a hook's secrets, without their texts, the newest first."""
        async with self._database.read() as connection:
            return (await connection.execute(text(_SECRETS), {"hook_id": hook_id})).mappings().all()

    async def page(self, caller: Principal, page: Page) -> Sequence[Hook]:
        """Return one page of the hooks that the caller may see, the oldest first."""
        after = page.values(int, str)
        given = {
            "party_id": None if caller.is_operator else caller.party_id or "",
            "after_at": None if after is None else after[0],
            "after_id": None if after is None else after[1],
            "fetch": page.fetch,
        }
        async with self._database.read() as connection:
            rows = (await connection.execute(text(_PAGE), given)).mappings().all()
        return [_hook_of(row) for row in rows]

    async def last_calls(self, hook_ids: Sequence[str]) -> dict[str, RowMapping]:
        """Return hook id → the latest call of the hook, without its payload and details."""
        async with self._database.read() as connection:
            rows = await connection.execute(text(_LAST_CALLS), {"hook_ids": list(hook_ids)})
            return {row["hook_id"]: row for row in rows.mappings()}

    async def keep_call(self, call: HookCall) -> None:
        """Store a call. If the hook then has too many calls or payloads, remove the oldest ones."""
        async with self._database.begin() as transaction:
            await transaction.execute(text(_PUT_CALL), {**asdict(call), "detail": json.dumps(call.detail)})
            drops = ((_DROP_CALLS, MOST_CALLS), (_DROP_UNSIGNED, MOST_UNSIGNED), (_DROP_PAYLOADS, MOST_PAYLOADS))
            for statement, most in drops:
                await transaction.execute(text(statement), {"hook_id": call.hook_id, "most": most})

    async def calls(self, hook_id: str) -> Sequence[HookCall]:
        """Return the stored calls of a hook, the latest first."""
        async with self._database.read() as connection:
            statement = text(f"{_CALLS} ORDER BY at DESC, call_id DESC LIMIT {MOST_CALLS}")
            rows = (await connection.execute(statement, {"hook_id": hook_id})).mappings().all()
        return [_call_of(row) for row in rows]

    async def call(self, hook_id: str, call_id: str) -> HookCall | None:
        """Return one call of a hook; None if no such call is stored."""
        async with self._database.read() as connection:
            statement = text(f"{_CALLS} AND call_id = :call_id")
            given = {"hook_id": hook_id, "call_id": call_id}
            row = (await connection.execute(statement, given)).mappings().one_or_none()
        return None if row is None else _call_of(row)


def _hook_of(row: RowMapping) -> Hook:
    values = dict(row)
    own = {name: values.pop(f"authentication_{name}") for name in ("kind", "header", "user")}
    return Hook(**values, authentication=HookAuthentication(**own))


def _call_of(row: RowMapping) -> HookCall:
    return HookCall(**{**row, "detail": json.loads(row["detail"])})
