"""Brings a service's database to the newest version of its package's migrations, creating it where it is missing."""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from slm_chassis.engine import open_engine

_ENVIRONMENT = Path(__file__).parent / "migration_environment"
_LOCK_CLASS = 7_546
"""Any number, the same for all: keeps these advisory locks apart from others in the database."""


class Unmigratable(RuntimeError):
    """The database is of a newer version than the code."""


async def migrate(database_url: str, package: str) -> None:
    """Apply ``<package>/migrations/versions`` up to its head, in one transaction.

    Replicas may start together: one migrates, the others wait and find it done. Raises what the migration raised, the
    database being as before, and Unmigratable where a newer version has migrated it.
    """
    await ensure_database(database_url)
    engine = open_engine(database_url, client=f"{package} migrations", pool_size=1, statement_seconds=None)
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:class, :id)"),
                {"class": _LOCK_CLASS, "id": zlib.crc32(package.encode()) & 0x7FFFFFFF},
            )
            await connection.run_sync(_upgrade, _versions_of(package))
    finally:
        await engine.dispose()


async def ensure_database(database_url: str) -> None:
    """Create the database an URL names, unless it exists; needs the right to connect to ``postgres`` only if not."""
    try:
        await (await asyncpg.connect(database_url, timeout=10.0)).close()
        return
    except asyncpg.InvalidCatalogNameError:
        pass
    except asyncpg.ProtocolViolationError as error:
        # PgBouncer's way of saying the same.
        if "does not exist" not in str(error):
            raise
    url = make_url(database_url)
    server = await asyncpg.connect(url.set(database="postgres").render_as_string(hide_password=False), timeout=10.0)
    try:
        name = str(url.database).replace('"', '""')
        await server.execute(f'CREATE DATABASE "{name}"')
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        # Another replica was faster; the second error is how PostgreSQL says so in a close race.
        pass
    finally:
        await server.close()


def _versions_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no package {package} to take migrations from")
    return Path(spec.origin).parent / "migrations" / "versions"


def _upgrade(connection: Connection, versions: Path) -> None:
    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(_ENVIRONMENT).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.attributes["connection"] = connection
    _refuse_newer(connection, ScriptDirectory.from_config(config))
    command.upgrade(config, "head")


def _refuse_newer(connection: Connection, scripts: ScriptDirectory) -> None:
    known = {each.revision for each in scripts.walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise Unmigratable(
            f"the database {connection.engine.url.database} is at version {', '.join(sorted(unknown))}, which this "
            f"program does not know (its newest is {scripts.get_current_head()}): a newer one has migrated it. "
            "Start that one, or restore the backup made before the upgrade"
        )
