"""Relations between parties in PostgreSQL. Each pair is stored once, with the lesser id first."""

from __future__ import annotations

from sqlalchemy import text

from slm_chassis.database import Transaction

_RELATE = "INSERT INTO party_relation VALUES (:first, :second) ON CONFLICT DO NOTHING"
_KNOWS = """
SELECT EXISTS (SELECT FROM party_relation WHERE first_party_id = :first AND second_party_id = :second)
"""


class SqlRelations:
    """Relations between parties, inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def relate(self, one: str, other: str) -> None:
        await self._transaction.execute(text(_RELATE), _pair(one, other))

    async def knows(self, one: str, other: str) -> bool:
        return bool((await self._transaction.execute(text(_KNOWS), _pair(one, other))).scalar_one())


def _pair(one: str, other: str) -> dict[str, str]:
    first, second = sorted((one, other))
    return {"first": first, "second": second}
