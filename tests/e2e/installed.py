"""An installation as a user starts it, an agreement between two parties in it, and files imported into it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from tests.support.processes import Running, free_port, started

EXAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "standalone" / "examples"


@dataclass
class Installed:
    """A running installation, its parties' keys once they are known, and a client."""

    running: Running
    client: httpx.AsyncClient
    operator_key: str

    async def agree(self, key: str, document: dict[str, Any]) -> tuple[Cast, str]:
        """Two parties negotiate the document to its signatures; who they are and the agreement's id."""
        cast, agreement = await negotiation.negotiate_and_sign(
            self.client, self.operator_key, "", agreement_key=key, document=document
        )
        return cast, str(agreement["agreement_id"])

    async def get(self, key: str, path: str) -> dict[str, Any]:
        return await negotiation.get(self.client, key, path)

    async def targets(self, key: str, agreement_id: str) -> dict[str, dict[str, Any]]:
        """The agreement's targets as monitor-svc shows them, by key, once it knows of them all."""
        async with asyncio.timeout(30):
            while True:
                page = await self.get(key, f"/api/v1/targets?agreement_id={agreement_id}&limit=100")
                if page["items"]:
                    return {target["key"]: target for target in page["items"]}
                await asyncio.sleep(0.1)


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[Installed]:
    """``slm up`` in an empty folder."""
    port = free_port()
    environment = {"SLM_DATA_DIR": str(folder / "data"), "SLM_PORT": str(port)}
    async with started(["slm", "up"], folder / "output", port, environment) as running:
        await running.ready()
        key = (folder / "data" / "operator-key").read_text().strip()
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
            yield Installed(running, client, key)
        await running.stop()


async def imported(installed: Installed, kind: str, file: Path, mapping: str, key: str) -> str:
    """``slm import …`` as a user types it; what it said. Fails the test where it does not end well."""
    command = ["slm", "import", kind, str(file), "--mapping", str(EXAMPLES / mapping)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-m",
        *command,
        "--url",
        installed.running.url,
        "--key",
        key,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()
