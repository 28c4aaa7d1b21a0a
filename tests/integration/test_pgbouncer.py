"""PgBouncer in front of the services' databases, with the settings that the guide gives."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from tests.support.operator_key import KEY
from tests.support.postgres import fresh_name, session
from tests.support.processes import free_port, started
from tests.support.secured import PASSWORD, USER, SecuredPostgres, system_postgres

PROGRAM = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
GUIDE = (Path(__file__).resolve().parents[2] / "docs/guides/running.md").read_text(encoding="utf-8")


def documented() -> str:
    """The settings of PgBouncer as the guide gives them."""
    found = re.search(r"```ini\n(pool_mode = .*?)```", GUIDE, flags=re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def bouncer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PgBouncer before a real PostgreSQL."""
    programs = system_postgres()
    if programs is None or PROGRAM is None:
        pytest.skip("no PgBouncer or no PostgreSQL of this machine: install Debian's packages pgbouncer and postgresql")
    server = SecuredPostgres(programs)
    folder, port = server.folder / "bouncer", free_port()
    folder.mkdir()
    (folder / "users.txt").write_text(f'"{USER}" "{PASSWORD}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = users.txt\n"
        f"server_tls_sslmode = require\n{documented()}"
    )
    identity = {}
    if os.geteuid() == 0:
        owner = pwd.getpwnam("nobody")
        identity = {"user": owner.pw_uid, "group": owner.pw_gid}
        for each in (folder, *folder.iterdir()):
            os.chown(each, owner.pw_uid, owner.pw_gid)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "pgbouncer.ini"],
            cwd=folder,
            stdout=log,
            stderr=log,
            **identity,  # type: ignore[call-overload]
        )
    time.sleep(0.5)
    yield f"{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"
    process.terminate()
    process.wait(10)
    server.remove()


async def test_a_service_runs_with_pgbouncer_before_its_database(
    bouncer: str, tmp_path: Path, postgres: object
) -> None:
    port = free_port()
    url = f"postgresql://{bouncer}/{fresh_name('slm_agreement')}"
    environment = {
        "SLM_LOG": session().url(fresh_name("slm_log")),
        "SLM_AGREEMENT_DATABASE_URL": url,
        "SLM_AGREEMENT_PORT": str(port),
        "SLM_BOOTSTRAP_KEY": KEY,
    }
    async with started(["slm_agreement"], tmp_path / "output", port, environment) as running:
        await running.ready()
        async with httpx.AsyncClient(base_url=running.url, headers={"X-API-Key": KEY}) as client:
            for number in range(20):
                body = {"key": f"party-{number}", "name": "Somebody"}
                assert (await client.post("/api/v1/parties", json=body)).status_code == 201
            assert len((await client.get("/api/v1/parties?limit=100")).json()["items"]) == 20
        connection = await asyncpg.connect(url, statement_cache_size=0)
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
        await connection.close()
        assert await running.stop() == 0, running.said()
