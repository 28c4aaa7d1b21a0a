"""The script that makes the compose stack's database roles, run against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from slm.contexts import CONTEXTS, package_of
from slm_chassis.migrations import migrate
from slm_chassis.postgres_programs import wheel_directory
from tests.support import real
from tests.support.postgres import PostgresForTests

COMPOSE = Path(__file__).resolve().parents[2] / "deploy/compose"


@pytest.fixture
def server() -> Iterator[PostgresForTests]:
    try:
        server = PostgresForTests()
    except Exception as cause:
        real.unavailable("PostgreSQL", cause)
    yield server
    server.remove()


async def test_each_service_migrates_its_own_database_and_opens_no_other(
    server: PostgresForTests, tmp_path: Path
) -> None:
    shutil.copy(COMPOSE / "secrets", tmp_path / "secrets")
    await asyncio.to_thread(subprocess.run, [str(tmp_path / "secrets")], check=True, capture_output=True)
    host = parse_qs(urlsplit(server.url()).query)["host"][0]
    environment = {
        "PATH": f"{wheel_directory() / 'bin'}:{os.environ['PATH']}",
        "PGHOST": host,
        "PGPORT": "5432",
        "SECRETS": str(tmp_path / "secrets.d"),
    }
    await asyncio.to_thread(subprocess.run, [str(COMPOSE / "roles.sh")], check=True, env=environment)
    for context in CONTEXTS:
        own = server.url(package_of(context)).replace("postgres@", f"{context}@")
        await migrate(own, package_of(context))
        for other in CONTEXTS:
            if other != context:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await asyncpg.connect(server.url(package_of(other)).replace("postgres@", f"{context}@"))
