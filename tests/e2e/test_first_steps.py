"""The guide for newcomers is true: every block of it runs, and says what the page says it does."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import free_port, started

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "first-steps.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== end of a block"
SECONDS = 150


@dataclass(frozen=True)
class Step:
    """A block to type, and what the page says it prints; None where it says nothing of it."""

    typed: str
    printed: str | None


def steps() -> list[Step]:
    blocks = FENCE.findall(PAGE.read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} == {"console", "bash", "text"}
    return [
        Step(content, following[1] if following[0] == "text" else None)
        for (kind, content), following in zip(blocks, [*blocks[1:], ("", "")], strict=True)
        if kind == "bash"
    ]


async def typed(script: str, folder: Path, environment: dict[str, str]) -> list[str]:
    """What each block printed, in a shell as a newcomer opens it: the page itself says that errors end it."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script),
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, complaints = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{printed.decode()}\n{complaints.decode()}"
    return printed.decode().split(f"{MARK}\n")[:-1]


async def test_every_block_of_the_page_runs(tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the page is written for curl and bash, which are not here")
    data, port = tmp_path / ".slm", free_port()
    async with started(
        ["slm", "up"], tmp_path / "output", port, {"SLM_DATA_DIR": str(data), "SLM_PORT": str(port)}
    ) as running:
        await running.ready(SECONDS)
        known = steps()
        script = "".join(f"{step.typed}echo '{MARK}'\n" for step in known)
        printed = await typed(script, tmp_path, {"SLM": running.url})
        assert len(printed) == len(known)
        for step, said in zip(known, printed, strict=True):
            assert step.printed in (None, said), step.typed
        assert await running.stop() == 0, running.said()


async def test_the_page_stops_at_the_first_error(tmp_path: Path) -> None:
    """A key that the server does not know: nothing after the first request runs, and the server's words are shown."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the page is written for curl and bash, which are not here")
    data, port = tmp_path / ".slm", free_port()
    environment = {"SLM_DATA_DIR": str(data), "SLM_PORT": str(port)}
    async with started(["slm", "up"], tmp_path / "output", port, environment) as running:
        await running.ready(SECONDS)
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "operator-key").write_text("slm_" + "x" * 43)
        script = "".join(f"{step.typed}echo '{MARK}'\n" for step in steps())
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", script),
            cwd=tmp_path,
            env={**os.environ, "SLM": running.url, "SLM_DATA_DIR": str(tmp_path / "other")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaints = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode not in (0, None)
        assert printed.decode().count(MARK) == 1
        assert "401" in complaints.decode()
        assert await running.stop() == 0, running.said()


def test_the_page_starts_what_the_test_starts() -> None:
    [typed] = [content for kind, content in FENCE.findall(PAGE.read_text(encoding="utf-8")) if kind == "console"]
    assert typed == "make up\n"
    makefile = (PAGE.parents[2] / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^up:.*\n\t@\.venv/bin/slm up$", makefile, re.MULTILINE)
