"""Migrations bring a database to its newest version: once, whoever starts at the same time, or not at all."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from slm_chassis.migrations import ensure_database, migrate
from tests.support import postgres as postgres_support

FIRST = """
from alembic import op
from slm_chassis import tables

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

def upgrade():
    tables.create_technical_tables(op.get_bind())
    op.execute("CREATE TABLE thing (name text)")
"""
SECOND = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

def upgrade():
    op.execute("INSERT INTO thing VALUES ('from 0002')")
    {more}
"""

MakePackage = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePackage]:
    """A service's package with migrations and nothing else; a percent sign in its path must not matter."""
    root = tmp_path / "100%"
    name = "slm_migrated"

    def make(*versions: str) -> str:
        folder = root / name / "migrations" / "versions"
        folder.mkdir(parents=True, exist_ok=True)
        (root / name / "__init__.py").write_text("")
        for number, version in enumerate(versions, 1):
            (folder / f"{number:04}_step.py").write_text(version)
        importlib.invalidate_caches()
        return name

    monkeypatch.syspath_prepend(str(root))
    yield make
    sys.modules.pop(name, None)


async def fetch(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_a_missing_database_is_created_and_migrated(postgres: Any, package: MakePackage) -> None:
    url = postgres_support.session().url(postgres_support.fresh_name("new"))
    await migrate(url, package(FIRST, SECOND.format(more="")))
    assert await fetch(url, "SELECT version_num FROM alembic_version") == ["0002"]
    assert await fetch(url, "SELECT name FROM thing") == ["from 0002"]
    assert await fetch(url, "SELECT id FROM outbox_relay") == [1]


async def test_replicas_that_start_together_migrate_once(postgres: Any, package: MakePackage) -> None:
    url = postgres_support.session().url(postgres_support.fresh_name("new"))
    name = package(FIRST, SECOND.format(more=""))
    await asyncio.gather(*(migrate(url, name) for _ in range(5)))
    assert await fetch(url, "SELECT name FROM thing") == ["from 0002"]


async def test_only_what_is_new_is_applied(database_url: str, package: MakePackage) -> None:
    await migrate(database_url, package(FIRST))
    assert await fetch(database_url, "SELECT name FROM thing") == []
    await migrate(database_url, package(FIRST, SECOND.format(more="")))
    await migrate(database_url, package(FIRST, SECOND.format(more="")))
    assert await fetch(database_url, "SELECT name FROM thing") == ["from 0002"]


async def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str, package: MakePackage) -> None:
    await migrate(database_url, package(FIRST))
    with pytest.raises(ZeroDivisionError):
        await migrate(database_url, package(FIRST, SECOND.format(more="1 / 0")))
    assert await fetch(database_url, "SELECT name FROM thing") == []
    assert await fetch(database_url, "SELECT version_num FROM alembic_version") == ["0001"]


async def test_replicas_may_create_a_database_together(postgres: Any) -> None:
    name = postgres_support.fresh_name("New-Database")
    url = postgres_support.session().url(name)
    await asyncio.gather(*(ensure_database(url) for _ in range(5)))
    assert await fetch(url, "SELECT current_database()") == [name]


async def test_a_package_that_does_not_exist_is_named(database_url: str) -> None:
    with pytest.raises(ModuleNotFoundError, match="slm_nothing"):
        await migrate(database_url, "slm_nothing")
