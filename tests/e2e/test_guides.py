"""The guides are true: every block of them runs, one guide after the other in the shell of first steps."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.pages import FENCE, GUIDES, MARK, Step, script_of, steps, typed
from tests.support.processes import Running, free_port, started

FIRST_STEPS = GUIDES / "first-steps.md"
TYPED = sorted(page for page in GUIDES.glob("*.md") if page != FIRST_STEPS and steps(page))
"""The guides whose blocks go on where first steps ends."""
PROMISED = {
    "causes", "measurements", "negotiation", "prometheus", "reports", "reviews", "roles-people-and-keys",
    "service-hours", "signing-in", "tickets-and-clocks", "time-that-does-not-count",
}  # fmt: skip
SECONDS = 150
KEEP = "{ declare -p | grep -v '^declare -[^ ]*r'; declare -f; } > first-steps.sh\n"
"""Writes down the variables and functions of a shell, but for those that bash itself sets and nobody may."""
GO_ON = "source first-steps.sh\nset -euo pipefail\nshopt -s inherit_errexit 2> /dev/null || true\n"


@dataclass(frozen=True)
class Newcomer:
    """An installation in which first steps were typed, and the folder of that shell."""

    running: Running
    folder: Path
    printed: list[str]
    """What each block of first steps printed."""

    @property
    def environment(self) -> dict[str, str]:
        return {"SLM": self.running.url}


@pytest.fixture(scope="module")
async def newcomer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Newcomer]:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the pages are written for curl and bash, which are not here")
    folder = tmp_path_factory.mktemp("guides")
    data, port = folder / ".slm", free_port()
    environment = {"SLM_DATA_DIR": str(data), "SLM_PORT": str(port)}
    async with started(["slm", "up"], folder / "output", port, environment) as running:
        await running.ready(SECONDS)
        printed = await typed(steps(FIRST_STEPS), folder, {"SLM": running.url}, SECONDS, after=KEEP)
        yield Newcomer(running, folder, printed)
        assert await running.stop() == 0, running.said()


def compared(known: list[Step], printed: list[str]) -> None:
    assert len(printed) == len(known)
    for step, said in zip(known, printed, strict=True):
        assert step.printed in (None, said), step.typed


async def test_every_block_of_first_steps_runs(newcomer: Newcomer) -> None:
    compared(steps(FIRST_STEPS), newcomer.printed)


@pytest.mark.parametrize("page", TYPED, ids=lambda page: page.stem)
async def test_every_block_of_a_guide_runs_after_first_steps(page: Path, newcomer: Newcomer) -> None:
    known = steps(page)
    compared(known, await typed(known, newcomer.folder, newcomer.environment, SECONDS, before=GO_ON))


async def test_first_steps_stop_at_the_first_error(newcomer: Newcomer, tmp_path: Path) -> None:
    """A key that the server does not know: nothing after the first request runs, and the server's words are shown."""
    (tmp_path / "operator-key").write_text("slm_" + "x" * 43)
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script_of(steps(FIRST_STEPS))),
        cwd=tmp_path,
        env={**os.environ, **newcomer.environment, "SLM_DATA_DIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaints = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode not in (0, None)
    assert printed.decode().count(MARK) == 1
    assert "401" in complaints.decode()


def test_first_steps_start_what_the_tests_start() -> None:
    [typed] = [content for kind, _, content in FENCE.findall(FIRST_STEPS.read_text("utf-8")) if kind == "console"]
    assert typed == "make up\n"
    makefile = (GUIDES.parents[1] / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^up:.*\n\t@\.venv/bin/slm up$", makefile, re.MULTILINE)


def test_every_promised_guide_has_blocks_that_run() -> None:
    assert {page.stem for page in TYPED} == PROMISED


@pytest.mark.parametrize("page", [FIRST_STEPS, *TYPED], ids=lambda page: page.stem)
def test_a_guide_has_no_block_that_no_test_runs(page: Path) -> None:
    """A block is typed, is what a typed one prints, is a file that a later block reads, or settings of another
    installation.
    """
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    scripts = "".join(content for kind, _, content in blocks if kind == "bash")
    for kind, name, content in blocks:
        assert kind in ("bash", "text", "ini") or name or (page == FIRST_STEPS and content == "make up\n"), content
        assert not name or re.search(rf"\b{re.escape(name)}\b", scripts), name
