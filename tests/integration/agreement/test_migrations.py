"""The migrations make the tables that the code speaks of."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from slm_agreement.adapters import tables
from slm_chassis import tables as chassis_tables
from tests.support.agreement import AgreementUnderTest


async def test_the_migrated_schema_is_the_one_of_the_code(service: AgreementUnderTest) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        return list(compare_metadata(context, [tables.metadata, chassis_tables.metadata]))

    async with service.app.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
