"""A real Alertmanager."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support import prometheus
from tests.support.processes import free_port
from tests.support.real import unavailable
from tests.support.service import until

_CONFIGURATION = "route: {receiver: none}\nreceivers: [{name: none}]\nglobal: {resolve_timeout: 1s}\n"
_SECONDS = 60.0
_TEMPLATES = Path("/usr/share/prometheus/alertmanager")
"""Where Debian's program looks for its templates."""


class Alertmanager:
    """An Alertmanager of which the test reads the alerts. What nobody sends again is over there after a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        program = prometheus.program("prometheus-alertmanager")
        command = [program] if _TEMPLATES.exists() else _with_templates(program)
        self._folder.mkdir(exist_ok=True)
        (self._folder / "alertmanager.yml").write_text(_CONFIGURATION)
        arguments = (
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        )
        with (self._folder / "alertmanager.log").open("a") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command, *arguments, cwd=self._folder, stdout=output, stderr=output
            )
        await until(self._is_ready_or_over, _SECONDS)
        if self._process.returncode is not None:
            unavailable("Alertmanager", OSError((self._folder / "alertmanager.log").read_text()))

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await asyncio.wait_for(self._process.wait(), _SECONDS)
            self._process = None

    async def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are open."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
            answer = await client.get("/api/v2/alerts")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    async def _is_ready_or_over(self) -> bool:
        if self._process is None or self._process.returncode is not None:
            return True
        try:
            async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
                return (await client.get("/-/ready")).status_code == 200
        except httpx.TransportError:
            return False


def _with_templates(program: str) -> list[str]:
    """Return the command that runs the unpacked program with its templates at their place in the file system."""
    unpacked = Path(program).parent / "alertmanager"
    put = f"mount -t tmpfs none /usr/share && mkdir -p {_TEMPLATES} && cp {unpacked}/*.tmpl {_TEMPLATES}"
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", f'{put} && exec "$0" "$@"', program]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Alertmanager]:
    """Run an Alertmanager inside the block."""
    found = Alertmanager(folder)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()
