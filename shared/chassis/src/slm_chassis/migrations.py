"""Database migrations: a service's database is created if missing and brought to the newest version."""

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
"""Class number of the migrations' advisory locks, the same in all processes. It separates them from other locks."""


class DatabaseTooNew(RuntimeError):
    """The database was migrated by a newer program, so this program must not use it."""


async def migrate(database_url: str, package: str) -> None:
    """Bring a database to the newest migration in ``<package>/migrations/versions``, in one transaction.

    Replicas may start together: one migrates, and the others wait. Raises the migration's own error, which leaves the
    database unchanged, and DatabaseTooNew if a newer program has migrated the database.
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
    """Create the database that the URL names if it is missing.

    The user needs the right to connect to the database ``postgres`` only if the database is missing.
    """
    try:
        await (await asyncpg.connect(database_url, timeout=10.0)).close()
        return
    except asyncpg.InvalidCatalogNameError:
        pass
    except asyncpg.ProtocolViolationError as error:
        # PgBouncer answers with this error if the database does not exist.
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
        raise DatabaseTooNew(
            f"the database {connection.engine.url.database} is at version {', '.join(sorted(unknown))}, which this "
            f"program does not know (its newest is {scripts.get_current_head()}): a newer one has migrated it. "
            "Start that one, or restore the backup made before the upgrade"
        )
