"""The guide for newcomers stops at the first error, and starts what the tests start; test_guides.py runs its blocks."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.support.pages import FENCE, GUIDES, MARK, script_of, steps
from tests.support.processes import free_port, started

PAGE = GUIDES / "first-steps.md"
SECONDS = 150


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
        script = script_of(steps(PAGE))
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
    [typed] = [content for kind, _, content in FENCE.findall(PAGE.read_text(encoding="utf-8")) if kind == "console"]
    assert typed == "make up\n"
    makefile = (PAGE.parents[2] / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^up:.*\n\t@\.venv/bin/slm up$", makefile, re.MULTILINE)
