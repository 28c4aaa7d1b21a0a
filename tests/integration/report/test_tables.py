"""The migrations make exactly the tables that the code speaks of."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from slm_chassis import tables as chassis_tables
from slm_chassis.engine import open_engine
from slm_report.adapters import tables


async def test_the_migrated_database_is_what_the_code_expects(database_url: str) -> None:
    engine = open_engine(database_url, client="test", pool_size=1)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


def _differences(connection: Connection) -> list[object]:
    others = {*chassis_tables.metadata.tables, "alembic_version"}
    options = {"include_name": lambda name, kind, _: not (kind == "table" and name in others)}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))
