"""The migrations make the tables that the code speaks of."""

from __future__ import annotations

import importlib
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from slm.demo import negotiation, terms
from slm_agreement.adapters import agreement_tables, register_tables, search_tables, sign_in_tables
from slm_chassis import tables as chassis_tables
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


async def test_the_migrated_schema_is_the_one_of_the_code(service: AgreementUnderTest) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        modules = agreement_tables, register_tables, search_tables, sign_in_tables, chassis_tables
        return list(compare_metadata(context, [each.metadata for each in modules]))

    async with service.app.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_needs_of_an_older_version_get_the_roles_that_may_answer(service: AgreementUnderTest) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    await negotiation.propose_draft(service.client, cast, drafted)
    asked = "/api/v1/agreements?needs=answer"

    async def ids() -> list[Any]:
        answers = [
            await service.ask(key, "GET", asked) for key in (cast.customer_manager_key, cast.customer_signatory_key)
        ]
        return [each["agreement_id"] for _, answer in answers for each in answer["items"]]

    assert await ids() == [drafted["agreement_id"]] * 2
    older = """UPDATE agreement_version SET needs = (SELECT jsonb_agg(
        (need - 'roles') || jsonb_build_object('role', need -> 'roles' -> 0))
        FROM jsonb_array_elements(needs) AS need)"""
    migration = importlib.import_module("slm_agreement.migrations.versions.0010_roles_of_needs")
    for statement, found in ((older, []), (migration.ROLES, [drafted["agreement_id"]] * 2)):
        async with service.app.database.engine.begin() as connection:
            await connection.exec_driver_sql(statement)
        assert await ids() == found
