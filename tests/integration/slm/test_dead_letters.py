"""``slm dead-letters``: what services could not process is seen and put back, whether they run or not."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from slm_chassis import dead_letters
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import Record
from slm_chassis.postgres_server import PrivatePostgres
from slm_events.catalogue import AGREEMENTS, PUBLISHED
from tests.support.processes import free_port, started
from tests.support.service import amendment, until


async def slm(data_dir: Path, *arguments: str) -> tuple[int, list[str]]:
    """``slm dead-letters …`` as a user types it: exit code, and the lines it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLM_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "slm", "dead-letters", *arguments),
        env={**clean, "SLM_DATA_DIR": str(data_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode().splitlines()


async def attempts(data_dir: Path) -> list[int]:
    """How often each dead letter of review-svc was tried, without a process for every look."""
    url = PrivatePostgres.url_of_running(data_dir / "postgres", "slm_review")
    assert url is not None
    database = await Database.open(url, clock=SystemClock(), source="/slm/test/review", pool_size=1)
    try:
        return [letter.attempts for letter in await dead_letters.fetch_dead_letters(database)]
    finally:
        await database.close()


async def listed(data_dir: Path) -> list[str]:
    code, lines = await slm(data_dir, "list")
    assert code == 0, lines
    return lines


async def spoil(data_dir: Path) -> None:
    """Append what calls itself an event and is none, as a foreign program might."""
    url = PrivatePostgres.url_of_running(data_dir / "postgres", "slm_log")
    assert url is not None
    log = await open_log(url, clock=SystemClock(), client="test")
    headers = {"ce_type": PUBLISHED[type(amendment("a"))].type, "ce_id": "1", "content-type": "application/json"}
    try:
        await log.append(AGREEMENTS.name, [Record("a", b"{never closed", headers)])
    finally:
        await log.close()


async def of_review(data: Path) -> list[str]:
    """The listed dead letters of review-svc; another service that reads the same topic has one of its own."""
    return [line for line in await listed(data) if "  review  " in line]


async def test_dead_letters_are_listed_shown_and_put_back(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    environment = {"SLM_DATA_DIR": str(data), "SLM_PORT": str(port)}
    async with started(["slm", "up"], tmp_path / "output", port, environment) as running:
        await running.ready()
        assert await listed(data) == []
        await spoil(data)

        async def set_aside() -> bool:
            return await attempts(data) == [1]

        await until(set_aside, 60)
        [line] = await of_review(data)
        assert "  review  failed  slm.agreements/" in line
        assert "key 'a'  attempts 1" in line
        letter_id = line.split()[0]
        code, whole = await slm(data, "show", letter_id)
        assert code == 0
        assert whole[-1] == "{never closed"
        assert (await slm(data, "redrive", letter_id)) == (0, ["redriven: 1"])

        async def tried_again() -> bool:
            return await attempts(data) == [2]

        await until(tried_again, 60)
        assert await running.stop() == 0, running.said()
    assert len(await of_review(data)) == 1, "also of an installation that is down"
    assert not (data / "postgres" / "postmaster.pid").exists(), "which is down again"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["list"], 1, "there is no installation in"), (["redrive"], 2, "give the ids"), (["show", "x"], 1, "no inst")],
)
async def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    ended, lines = await slm(tmp_path, *arguments)
    assert ended == code
    assert said in "\n".join(lines)
