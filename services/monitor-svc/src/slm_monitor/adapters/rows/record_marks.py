"""The mark of agreements on record, which every answer about their targets has: recorded by A, not confirmed by B."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.database import Database
from slm_events.record_marks import build_mark

_MARKS = """
SELECT DISTINCT ON (agreement_id) agreement_id, recorded_by_party_id,
       CASE WHEN recorded_by_party_id = provider_party_id THEN provider_name ELSE customer_name END AS recorded_by,
       CASE WHEN recorded_by_party_id = provider_party_id THEN customer_name ELSE provider_name END AS not_confirmed_by
  FROM agreement_terms
 WHERE agreement_id = ANY(CAST(:ids AS text[])) AND recorded_by_party_id IS NOT NULL
 ORDER BY agreement_id, version DESC
"""


async def fetch_record_marks(database: Database, agreement_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Return agreement id → mark of those agreements that are on record."""
    if not agreement_ids:
        return {}
    async with database.read() as connection:
        rows = (await connection.execute(text(_MARKS), {"ids": sorted(agreement_ids)})).all()
    return {row.agreement_id: build_mark(*row[1:]) for row in rows}


async def mark_records(database: Database, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the JSON items, each with the field ``on_record`` if its agreement is on record.

    ``items`` have the field ``agreement_id``.
    """
    marks = await fetch_record_marks(database, {str(each["agreement_id"]) for each in items})
    return [
        {**each, "on_record": marks[each["agreement_id"]]} if each["agreement_id"] in marks else dict(each)
        for each in items
    ]
