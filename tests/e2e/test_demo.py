"""The demonstration checks itself, and comes to the same breaches however the installation is laid out."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slm.contexts import CONTEXTS
from slm.demo.embedded import ORIGIN, RATE
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.support import kafka as kafka_support
from tests.support import postgres as postgres_support
from tests.support import real
from tests.support.installation import Installation, apart
from tests.support.operator_key import KEY
from tests.support.processes import free_port, python

SECONDS = 170.0
STAGES = (
    "start",
    "negotiate",
    "finalize",
    "monitor",
    "risk",
    "breach",
    "recover",
    "digest",
    "report",
    "review",
    "propose",
)


@pytest.fixture(scope="module")
def clock() -> str:
    """One ``SLM_CLOCK`` for all: what one installation sees live, the next is told as history."""
    return f"{ORIGIN},{to_text(real_now())},{RATE}"


@pytest.fixture
def own_kafka() -> Iterator[str]:
    """A broker for one installation alone: topics have fixed names."""
    try:
        broker = kafka_support.private()
    except Exception as cause:
        real.unavailable("Kafka", cause)
    yield broker.address
    broker.remove()


@pytest.fixture(scope="module")
def seen() -> dict[str, list[str]]:
    """Layout of an installation → the breaches that stood in it."""
    return {}


async def play(clock: str, *arguments: str) -> tuple[int, str]:
    """``slm demo --once`` as a user types it: exit code and what it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLM_")}
    process = await asyncio.create_subprocess_exec(
        *python("slm", "demo", "--once", *arguments),
        env={**clean, "SLM_CLOCK": clock},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode()


def breaches_in(code: int, said: str) -> list[str]:
    """The ids told at the end of a play that went well, a line a stage before them."""
    assert code == 0, said
    assert re.findall(r"^\S+ +[\d.]+ s  ✓ (\w+)", said, re.MULTILINE) == list(STAGES), said
    ids = re.findall(r"standing breach +([0-9a-f-]{36})$", said, re.MULTILINE)
    assert len(ids) == 2, said
    return ids


def addresses(installation: Installation) -> list[str]:
    return [
        argument
        for context in ("agreement", "monitor", "report", "review")
        for url in installation.urls(context)
        for argument in (f"--{context}-url", url)
    ]


def same(seen: dict[str, list[str]], layout: str, ids: list[str]) -> None:
    seen[layout] = ids
    assert len({tuple(each) for each in seen.values()}) == 1, seen


async def test_it_passes_embedded(clock: str, seen: dict[str, list[str]]) -> None:
    # pytest closes its own temporary folders to other users, of which a server started by root is one.
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="slm-demo-") as folder:
        code, said = await play(clock, "--data-dir", folder, "--port", str(port))
    same(seen, "embedded", breaches_in(code, said))
    assert f"http://127.0.0.1:{port}," in said
    assert said.startswith("Demonstration: Acme Hosting and The Corner Shop negotiate, sign, break, report and review")


async def test_a_requested_port_that_is_in_use_is_reported_in_one_line(clock: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = await play(clock, "--data-dir", str(tmp_path), "--port", str(port))
    assert code == 1
    assert said.strip() == f"Port {port} is in use; stop the process that listens on it, or give another --port."


@pytest.mark.parametrize("monitors", [2, pytest.param(1, marks=pytest.mark.soak)])
async def test_it_passes_with_services_apart_on_kafka(
    monitors: int, clock: str, seen: dict[str, list[str]], own_kafka: str, postgres: object, tmp_path: Path
) -> None:
    urls = {
        context: postgres_support.session().url(postgres_support.fresh_name(f"slm_{context}")) for context in CONTEXTS
    }
    layout = apart(
        tmp_path, log=f"kafka://{own_kafka}", database=urls.__getitem__, clock=clock, replicas={"monitor": monitors}
    )
    async with layout as installation:
        code, said = await play(clock, "--operator-key", KEY, *addresses(installation))
        same(seen, f"{monitors} of monitor-svc", breaches_in(code, said))
        await installation.stop()


async def test_a_play_that_cannot_go_on_says_why_and_fails(clock: str) -> None:
    code, said = await play(clock, "--url", "http://127.0.0.1:1", "--operator-key", KEY, "--patience", "1")
    assert code == 1
    assert "http://127.0.0.1:1 is not ready" in said
