"""What keeps a process from starting is said at once, with the variable to blame and what to do."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from slm_chassis.access import new_key
from slm_chassis.postgres_server import PrivatePostgres
from tests.support.postgres import PostgresForTests, fresh_name, session
from tests.support.processes import free_port, started

GOOD = new_key()


@pytest.fixture
def private() -> Iterator[Path]:
    """A folder that nobody else may pass through."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        yield Path(folder)


async def refused(module: str, folder: Path, environment: dict[str, str], seconds: float = 20.0) -> str:
    """What a process says that ends at once because of its environment."""
    began = time.monotonic()
    command = ["slm", "up"] if module == "slm" else [module]
    async with started(command, folder / "output", 0, environment) as running:
        code = await asyncio.wait_for(running.process.wait(), 120)
        said = running.said()
    assert code == 1, said
    assert "Traceback" not in said, said
    assert time.monotonic() - began < seconds, said
    return said


def addresses(**more: str) -> dict[str, str]:
    """Of a database and a log that are there."""
    return {
        "SLM_LOG": session().url(fresh_name("slm_log")),
        "SLM_REPORT_DATABASE_URL": session().url(fresh_name("slm_report")),
        "SLM_REPORT_PORT": str(free_port()),
        **more,
    }


@pytest.mark.parametrize(("module", "key"), [("slm", "changeme" * 8), ("slm_report", "a" * 64)])
async def test_an_operator_key_that_can_be_guessed_is_refused(module: str, key: str, tmp_path: Path) -> None:
    said = await refused(module, tmp_path, {"SLM_BOOTSTRAP_KEY": key, "SLM_DATA_DIR": str(tmp_path / "data")})
    assert "SLM_BOOTSTRAP_KEY" in said and "secrets.token_urlsafe(32)" in said
    assert key not in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", [["demo", "--once"], ["dead-letters", "list"], ["migrate"], ["up"]])
async def test_no_command_repeats_a_secret_that_it_refuses(command: list[str], tmp_path: Path) -> None:
    environment = {"SLM_BOOTSTRAP_KEY": "swordfish", "SLM_DATA_DIR": str(tmp_path / "data")}
    async with started(["slm", *command], tmp_path / "output", 0, environment) as running:
        assert await asyncio.wait_for(running.process.wait(), 120) == 1
        said = running.said()
    assert said.startswith("slm: SLM_BOOTSTRAP_KEY: it can be guessed") and "swordfish" not in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"SLM_REPORT_PORT": "http"}, ["SLM_REPORT_PORT", "'http'"]),
        ({"SLM_BOOTSTRAP_KEY_FILE": "/nowhere"}, ["SLM_BOOTSTRAP_KEY_FILE", "/nowhere", "cannot be read"]),
        ({"SLM_REPORT_DATABASE_URL": ""}, ["SLM_REPORT_DATABASE_URL"]),
    ],
)
async def test_a_wrong_variable_is_named_with_its_remedy(
    tmp_path: Path, postgres: object, wrong: dict[str, str], words: list[str]
) -> None:
    said = await refused("slm_report", tmp_path, addresses(**wrong))
    assert all(word in said for word in words), said


@pytest.mark.parametrize("module", ["slm", "slm_report"])
async def test_a_port_in_use_is_found_before_anything_is_started(module: str, tmp_path: Path, postgres: object) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {"SLM_PORT": port, "SLM_DATA_DIR": str(tmp_path / "data")}
        if module == "slm_report":
            environment = addresses(SLM_REPORT_PORT=port)
        said = await refused(module, tmp_path, environment)
    assert f"127.0.0.1:{port}" in said and "set another address" in said
    assert ("SLM_PORT" if module == "slm" else "SLM_REPORT_PORT") in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("away", ["SLM_LOG", "SLM_REPORT_DATABASE_URL"])
async def test_what_is_away_is_waited_for_with_words_and_a_limit(away: str, tmp_path: Path, postgres: object) -> None:
    url = f"postgresql://somebody:secret@127.0.0.1:{free_port()}/slm_away"
    said = await refused("slm_report", tmp_path, addresses(SLM_START_SECONDS="2", **{away: url}), 60)
    assert away in said and "slm_away" in said and "SLM_START_SECONDS" in said
    assert '"message": "waiting"' in said and "waited_seconds" in said
    assert "secret" not in said


async def test_an_absent_broker_is_waited_for_with_messages_and_a_limit(tmp_path: Path, postgres: object) -> None:
    url = f"kafka://127.0.0.1:{free_port()}"
    said = await refused("slm_report", tmp_path, addresses(SLM_START_SECONDS="2", SLM_LOG=url), 60)
    assert f"SLM_LOG, {url}" in said and '"message": "waiting"' in said and "SLM_START_SECONDS" in said


async def test_a_slip_in_a_variables_name_is_warned_about(tmp_path: Path, postgres: object) -> None:
    slips = {"SLM_REPORT_POTR": "1", "SLM_DATABASE_URL": "x", "SLM_BOOTSTRAP_KEY_FLIE": "x", "SLM_AGREEMENT_PORT": "1"}
    said = await refused("slm_report", tmp_path, addresses(SLM_REPORT_DATABASE_URL="", **slips))
    for name, meant in (("SLM_REPORT_POTR", "SLM_REPORT_PORT"), ("SLM_DATABASE_URL", "SLM_REPORT_DATABASE_URL")):
        assert f"{name} is set but not used; did you mean {meant}?" in said
    assert "SLM_AGREEMENT_PORT" not in said


async def test_a_secret_may_stand_in_a_file(tmp_path: Path, postgres: object) -> None:
    given = addresses()
    for name in ("SLM_LOG", "SLM_REPORT_DATABASE_URL"):
        (tmp_path / name).write_text(given.pop(name) + "\n")
        given[f"{name}_FILE"] = str(tmp_path / name)
    (tmp_path / "key").write_text(GOOD + "\n")
    given["SLM_BOOTSTRAP_KEY_FILE"] = str(tmp_path / "key")
    async with started(["slm_report"], tmp_path / "output", int(given["SLM_REPORT_PORT"]), given) as running:
        await running.ready()
        async with httpx.AsyncClient(base_url=running.url, headers={"X-API-Key": GOOD}) as client:
            assert (await client.get("/api/v1/reports")).status_code == 200
        assert await running.stop() == 0
    both = {**given, "SLM_LOG": "memory://"}
    assert "both set" in await refused("slm_report", tmp_path, both)


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, postgres: object) -> None:
    for database, table in (("SLM_REPORT_DATABASE_URL", "alembic_version"), ("SLM_LOG", "log_version")):
        given = addresses()
        async with started(["slm_report"], tmp_path / "first", int(given["SLM_REPORT_PORT"]), given) as running:
            await running.ready()
            assert await running.stop() == 0
        connection = await asyncpg.connect(given[database])
        newer = "UPDATE alembic_version SET version_num = '9999'"
        await connection.execute(newer if table == "alembic_version" else "INSERT INTO log_version VALUES (99)")
        await connection.close()
        said = await refused("slm_report", tmp_path, given)
        assert "newer" in said and "restore the backup" in said


@pytest.mark.parametrize(("mode", "content"), [(0o644, None), (0o640, None), (0o600, ""), (0o600, "weak")])
async def test_an_operator_key_file_readable_by_others_or_empty_is_refused(
    tmp_path: Path, mode: int, content: str | None
) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "operator-key"
    file.write_text(GOOD if content is None else content)
    file.chmod(mode)
    said = await refused("slm", tmp_path, {"SLM_DATA_DIR": str(tmp_path / "data"), "SLM_PORT": str(free_port())})
    assert str(file) in said and "emove" in said and GOOD not in said


async def test_private_folders_above_the_data_stay_private(private: Path, tmp_path: Path) -> None:
    middle = private / "also private"
    middle.mkdir(mode=0o700)
    environment = {"SLM_DATA_DIR": str(middle / "data"), "SLM_PORT": str(free_port())}
    async with started(["slm", "up"], tmp_path / "output", int(environment["SLM_PORT"]), environment) as running:
        await running.ready(120)
        for folder in (private, middle, middle / "data"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        assert await running.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
async def test_a_server_of_root_runs_below_a_private_folder(private: Path) -> None:
    server = PrivatePostgres.start(private / "data")
    try:
        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    finally:
        server.stop()


async def test_a_login_that_is_refused_is_not_waited_for(tmp_path: Path, postgres: object) -> None:
    if not isinstance(session(), PostgresForTests):
        pytest.skip("needs a server whose roles it may make")
    url = addresses()["SLM_REPORT_DATABASE_URL"].replace("postgres@", "nobody@")
    said = await refused("slm_report", tmp_path, addresses(SLM_REPORT_DATABASE_URL=url))
    assert "SLM_REPORT_DATABASE_URL" in said and "may not log in" in said
