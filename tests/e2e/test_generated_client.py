"""The client that openapi-python-client generates: no warning, strict types, and it plays the first steps."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from slm import documents
from tests.support.pages import FENCE, GUIDES
from tests.support.processes import free_port, started

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "tools/openapi/client.yaml"
SCRIPT = Path(__file__).with_name("client_first_steps.py")
SECONDS = 240


async def ran(folder: Path, *command: str) -> str:
    """What a command of the environment prints; an AssertionError with all of it where it fails."""
    program = str(Path(sys.executable).with_name(command[0]))
    # What the generated code does is its own affair; warnings of it are not ours.
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "default"}
    process = await asyncio.create_subprocess_exec(
        *(program, *command[1:]),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, f"{said.decode()}\n{complained.decode()}"
    return said.decode()


@pytest.fixture(scope="module")
async def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the client and of the script that uses it."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(documents.document_files()[documents.OPENAPI], encoding="utf-8")
    options = ("--config", str(CONFIGURATION), "--meta", "none", "--output-path", "slm_client", "--fail-on-warning")
    await ran(folder, "openapi-python-client", "generate", "--path", "openapi.json", *options)
    shutil.copy(SCRIPT, folder)
    return folder


async def test_the_client_is_strictly_typed(generated: Path) -> None:
    await ran(generated, "mypy", "--strict", "--cache-dir", "cache", "-p", "slm_client", "-m", SCRIPT.stem)


async def test_the_client_plays_the_first_steps(generated: Path, tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    async with started(
        ["slm", "up"], tmp_path / "output", port, {"SLM_DATA_DIR": str(data), "SLM_PORT": str(port)}
    ) as (running):
        await running.ready(150)
        key = (data / "operator-key").read_text().strip()
        said = await ran(generated, "python", SCRIPT.name, running.url, key)
        assert said.split("\n") == [*shown_by_the_guide(), "open", ""]
        assert await running.stop() == 0, running.said()


def shown_by_the_guide() -> list[str]:
    """The lines that the page shows as the answers of its commands."""
    page = (GUIDES / "first-steps.md").read_text(encoding="utf-8")
    return [line for kind, _, content in FENCE.findall(page) if kind == "text" for line in content.splitlines()]


def test_the_script_sends_the_terms_of_the_guide() -> None:
    page = (GUIDES / "first-steps.md").read_text(encoding="utf-8")
    script = SCRIPT.read_text(encoding="utf-8")
    for text in re.findall(r'"(?:title|text|outcome|name|service_description)": "([^"$]+)"', page):
        assert text in script, text
