"""Queries for streams of live figures: which targets a stream watches, and whether their results have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_monitor.adapters.queries.read_tables import TARGET, build_party_condition

_MARKS = """
SELECT wanted.target_id,
       (SELECT md5(string_agg(concat_ws('.', window_id, version, verdict, good, total, figure, detail::text, closed_at,
                                        revision), ','))
          FROM (SELECT * FROM target_window WHERE target_window.target_id = wanted.target_id
                 ORDER BY start DESC LIMIT 2) AS latest) AS mark
  FROM unnest(CAST(:targets AS text[])) AS wanted (target_id)
"""
"""SQL for a mark of each target: a hash that changes with the results of its two latest windows. Two are needed,
because a window may begin while the window before it is not closed yet.
"""


class WatchedTargetQueries:
    """Queries for the targets that a stream of live figures watches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def marks(self, target_ids: Sequence[str]) -> Mapping[str, str]:
        """Return target id → a text that is different after each evaluation that changed the target's result."""
        async with self._database.read() as connection:
            found = await connection.execute(text(_MARKS), {"targets": list(target_ids)})
            return {row[0]: row[1] for row in found}

    async def targets(self, caller: Principal, target_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows of the given targets, without targets that the caller may not see."""
        return await self._rows(caller, TARGET.c.target_id.in_(target_ids), len(target_ids))

    async def targets_of_services(self, caller: Principal, service_ids: Sequence[str], most: int) -> list[str]:
        """Return the ids of the targets of these services that the caller may see, at most ``most`` of them."""
        rows = await self._rows(caller, TARGET.c.service_id.in_(service_ids), most)
        return [row["target_id"] for row in rows]

    async def _rows(self, caller: Principal, wanted: ColumnElement[bool], most: int) -> list[dict[str, Any]]:
        query = (
            select(TARGET).where(wanted, build_party_condition(TARGET, caller)).order_by(TARGET.c.target_id).limit(most)
        )
        async with self._database.read() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]
