"""The supporting agreements of signed versions in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import text

from slm_chassis.database import Database, Transaction
from slm_events.agreement import SupportsSigned
from slm_monitor.application.explain.attribution import NamedSupport, SignedChain
from slm_monitor.domain.causes.attribution import parse_support_structure

_KEEP = """
INSERT INTO signed_supports (agreement_id, version, side, supports, structure)
VALUES (:agreement_id, :version, :side, CAST(:supports AS jsonb), CAST(:structure AS jsonb))
ON CONFLICT DO NOTHING
"""
_OF_VERSION = """
SELECT side, supports, structure FROM signed_supports
 WHERE agreement_id = :agreement_id AND version = :version
 ORDER BY side = 'provider' DESC
"""


async def store_signed_supports(transaction: Transaction, signed: SupportsSigned) -> None:
    """Store the supports that one side of a signed version named. Nothing changes if they are stored already."""
    await transaction.execute(
        text(_KEEP),
        {
            "agreement_id": signed.agreement_id,
            "version": signed.version,
            "side": signed.side,
            "supports": json.dumps(signed.supports),
            "structure": json.dumps(signed.structure),
        },
    )


class SignedSupportQueries:
    """Queries for the supports of signed versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_version(self, agreement_id: str, version: int) -> Sequence[SignedChain]:
        """Return the chain of supports of each side that named supports. The provider's chain comes first."""
        asked = {"agreement_id": agreement_id, "version": version}
        async with self._database.read() as connection:
            rows = (await connection.execute(text(_OF_VERSION), asked)).all()
        return [
            SignedChain(
                [NamedSupport(each["support_id"], row.side, each["agreement_id"]) for each in row.supports],
                parse_support_structure(row.structure),
            )
            for row in rows
        ]
