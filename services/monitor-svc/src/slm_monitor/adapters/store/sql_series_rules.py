"""The series rules of parties in PostgreSQL. A series rule says which indicator a time series from Prometheus
measures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.sql_ledger import SqlLedgerOfTransaction
from slm_events.instants import to_text
from slm_monitor.domain.mapping.rules import SeriesRules, parse_rule

_REVISION = "SELECT revision FROM series_rules WHERE party_id = :party_id"
_RULES = "SELECT revision, rules, changed_at, changed_by FROM series_rules WHERE party_id = :party_id"
# A revision is never used twice, not even after the rules were deleted: processes compare it with what they remember.
_REPLACE = """
INSERT INTO series_rules (party_id, revision, rules, changed_at, changed_by) VALUES (:party_id, 1, :rules, :now, :name)
ON CONFLICT (party_id) DO UPDATE
   SET revision = series_rules.revision + 1, rules = excluded.rules, changed_at = excluded.changed_at,
       changed_by = excluded.changed_by
"""


class SqlSeriesRules:
    """The store of series rules. The rules of a party are read and replaced as a whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self, party_id: str) -> int:
        """Return the revision number of the party's rules; 0 if the party has never set rules."""
        async with self._database.read() as connection:
            found = (await connection.execute(text(_REVISION), {"party_id": party_id})).scalar_one_or_none()
        return found or 0

    async def rules(self, party_id: str) -> tuple[int, SeriesRules]:
        """Return (revision number, rules) of the party."""
        document = await self.document(party_id)
        rules = [parse_rule(**rule) for rule in document["rules"]]
        return document["revision"], SeriesRules(rules)

    async def document(self, party_id: str) -> dict[str, Any]:
        """Return the party's rules as JSON, with their revision number and who changed them when."""
        async with self._database.read() as connection:
            row = (await connection.execute(text(_RULES), {"party_id": party_id})).mappings().one_or_none()
        if row is None:
            return {"rules": [], "revision": 0, "changed_at": None, "changed_by": None}
        return {**row, "rules": json.loads(row["rules"]), "changed_at": to_text(row["changed_at"])}

    async def replace(self, party_id: str, rules: Sequence[Mapping[str, Any]], caller: Principal) -> dict[str, Any]:
        """Replace all rules of the party; return the new rules as JSON. An empty list deletes the rules."""
        async with self._database.begin() as transaction:
            given = {"party_id": party_id, "rules": json.dumps(rules), "now": transaction.now, "name": caller.name}
            await transaction.execute(text(_REPLACE), given)
            await SqlLedgerOfTransaction(transaction).note(caller, "series-rules.replaced", party_id)
        return await self.document(party_id)
