"""An installation with several processes of each service, on a real Kafka and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from slm.contexts import CONTEXTS, package_of
from tests.support.operator_key import KEY
from tests.support.processes import Running, free_port, started

READY_SECONDS = 120.0


@dataclass
class Installation:
    """The services in processes. Replicas are numbered from 0; a restarted process keeps its port and so its URL."""

    folder: Path
    environment: Mapping[str, str]
    ports: dict[tuple[str, int], int]
    _stack: AsyncExitStack
    _running: dict[tuple[str, int], Running] = field(default_factory=dict)

    def urls(self, context: str) -> list[str]:
        """Return the URLs of a service's replicas."""
        return [f"http://127.0.0.1:{port}" for (name, _), port in sorted(self.ports.items()) if name == context]

    async def start(self, context: str, replica: int = 0, **more: str) -> None:
        """Start one process without waiting for it; ``ready`` waits."""
        port = self.ports[context, replica]
        environment = {**self.environment, f"SLM_{context.upper()}_PORT": str(port), **more}
        process = started([package_of(context)], self.folder / f"{context}-{replica}", port, environment)
        self._running[context, replica] = await self._stack.enter_async_context(process)

    async def ready(self) -> None:
        """Wait until every process says that it is ready; raises AssertionError with the output of one that ended."""
        await asyncio.gather(*(each.ready(READY_SECONDS) for each in self._running.values()))

    async def kill9(self, context: str, replica: int = 0) -> None:
        """Kill one process with SIGKILL."""
        await self._running.pop((context, replica)).stop(signal.SIGKILL)

    async def stop(self) -> None:
        """Stop all processes with SIGTERM; fail the test if one does not end properly."""
        ended = await asyncio.gather(*(each.stop() for each in self._running.values()))
        said = {name: each.said()[-3000:] for name, each in self._running.items()}
        assert not any(ended), said
        self._running.clear()


@asynccontextmanager
async def apart(
    folder: Path,
    *,
    log: str,
    database: Callable[[str], str],
    clock: str = "",
    replicas: Mapping[str, int] | None = None,
) -> AsyncIterator[Installation]:
    """Run an installation inside the block. ``database``: context → URL; ``replicas``: context → number, by default
    one.

    Processes that still run at the end are killed.
    """
    counts = dict.fromkeys(CONTEXTS, 1) | dict(replicas or {})
    ports = {(context, number): free_port() for context in CONTEXTS for number in range(counts[context])}
    environment = {"SLM_LOG": log, "SLM_CLOCK": clock, "SLM_BOOTSTRAP_KEY": KEY}
    environment |= {f"SLM_{context.upper()}_DATABASE_URL": database(context) for context in CONTEXTS}
    # In production the address is a gateway's, which finds a replica that lives. Here it is the last one: tests kill
    # the first.
    environment["SLM_REPORT_MONITOR_URL"] = f"http://127.0.0.1:{ports['monitor', counts['monitor'] - 1]}"
    for context in ("agreement", "monitor", "review"):
        url = f"http://127.0.0.1:{ports[context, counts[context] - 1]}"
        environment[f"SLM_NOTIFICATION_{context.upper()}_URL"] = url
    async with AsyncExitStack() as stack:
        installation = Installation(folder, environment, ports, stack)
        for context, number in ports:
            await installation.start(context, number)
        await installation.ready()
        yield installation
