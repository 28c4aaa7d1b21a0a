"""The migrations make the tables that the statements speak of."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from slm_notification.adapters import mail_tables, tables
from tests.integration.notification.conftest import Service


def differences(connection: Connection) -> list[Any]:
    known = set(tables.metadata.tables)
    options = {"include_name": lambda name, kind, _: kind != "table" or name in known}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


async def test_the_tables_are_those_of_the_migrations(service: Service) -> None:
    assert mail_tables.mail_delivery.name in tables.metadata.tables
    async with service.app.database.read() as connection:
        assert await connection.run_sync(differences) == []
