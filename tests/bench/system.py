"""The installation under test: its processes, their cost so far, and its addresses."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from slm.contexts import CONTEXTS
from slm.face import resource_of
from slm_chassis.identity import NAMESPACE, named_id
from slm_chassis.postgres_server import PrivatePostgres
from tests.support import kafka as kafka_support
from tests.support.operator_key import KEY
from tests.support.processes import Running, free_port, started

PROVIDER_KEY, CUSTOMER_KEY = "acme-hosting", "corner-shop"
SOURCE = "/bench"
"""``ce_source`` of the records that a benchmark writes to the intake topics itself: it speaks for the provider."""
PARTITIONS = 4
READY_SECONDS = 120.0
TIMEOUT = 60.0
REST_SECONDS = 2.0
BUSY_PERCENT = 25.0
"""Of a core: above it, something from before is still being worked off."""
MOST_LOOKS = 60
MONITORED = frozenset({"indicators", "measurements", "targets"})
"""Resources of monitor-svc that benchmarks use; the others they use are agreement-svc's."""


@dataclass
class System:
    """An installation that runs. ``urls``: context → where it answers; embedded, all the same."""

    log: str
    urls: dict[str, str]
    client: httpx.AsyncClient
    operator_key: str
    processes: dict[str, psutil.Process]
    """``slm`` or the context → process; the roots only, children belong to them."""
    postgres: psutil.Process
    broker: psutil.Process | None = None
    kafka: str | None = None
    """The broker's address."""
    profiled: bool = False

    def cpu(self) -> dict[str, float]:
        """CPU seconds spent so far: ``services`` (all of them), ``postgres`` (with every backend, ended ones too),
        ``kafka`` where there is a broker."""
        spent = {"services": sum(cpu_of(each) for each in self.processes.values()), "postgres": cpu_of(self.postgres)}
        if self.broker is not None:
            spent["kafka"] = cpu_of(self.broker)
        return spent

    def memory(self) -> dict[str, float]:
        """Megabytes in use now; pages that processes share count once."""
        held = {"services": sum(_megabytes(each) for each in self.processes.values())}
        held["postgres"] = _megabytes(self.postgres)
        return held

    async def at_rest(self) -> float:
        """Wait until what came before has been worked off; the share of a core that the system then needs, percent."""
        shares: list[float] = []
        while True:
            before, began = sum(self.cpu().values()), time.perf_counter()
            await asyncio.sleep(REST_SECONDS)
            shares.append(100 * (sum(self.cpu().values()) - before) / (time.perf_counter() - began))
            if len(shares) > MOST_LOOKS or (len(shares) > 3 and max(shares[-2:]) < BUSY_PERCENT):
                return min(shares)

    @contextmanager
    def profiling(self) -> Iterator[None]:
        """Context manager around the code to profile; it does nothing if no profile is wanted."""
        if self.profiled:
            self.processes["slm"].send_signal(signal.SIGUSR1)
        yield
        if self.profiled:
            self.processes["slm"].send_signal(signal.SIGUSR2)
            time.sleep(1.0)

    def address(self, context: str) -> tuple[str, int]:
        url = httpx.URL(self.urls[context])
        assert url.port is not None
        return url.host, url.port


class _Gateway(httpx.AsyncHTTPTransport):
    """One address in front of the services."""

    def __init__(self, urls: dict[str, str]) -> None:
        super().__init__()
        self._urls = {context: httpx.URL(url) for context, url in urls.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        owner = self._urls["monitor" if resource_of(request.url.path) in MONITORED else "agreement"]
        request.url = request.url.copy_with(host=owner.host, port=owner.port)
        return await super().handle_async_request(request)


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and its descendants, ended ones too."""
    total = 0.0
    for each in _family(process):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            # Of children that have ended, their parent keeps the account.
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _megabytes(process: psutil.Process) -> float:
    total = 0
    for each in _family(process):
        with suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return total / 2**20


@asynccontextmanager
async def embedded(profile: Path | None = None) -> AsyncIterator[System]:
    """``slm up`` in an empty folder: one process, its own PostgreSQL, the log in it.

    ``profile``: a file for the figures of cProfile, which makes everything about twice as slow; see ``profiling``.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slm-bench-")))
        port = free_port()
        environment = {"SLM_DATA_DIR": str(folder / "data"), "SLM_PORT": str(port), **_speaking_for_provider()}
        output = folder / "output"
        module = ["slm", "up"] if profile is None else ["tests.bench.profiled", str(profile), "slm", "up"]
        running = await stack.enter_async_context(started(module, output, port, environment))
        await running.ready(READY_SECONDS)
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=running.url, timeout=TIMEOUT))
        postmaster = int((folder / "data/postgres/postmaster.pid").read_text().split("\n", 1)[0])
        yield System(
            log="postgres",
            urls=dict.fromkeys(CONTEXTS, running.url),
            client=client,
            operator_key=(folder / "data" / "operator-key").read_text().strip(),
            processes={"slm": psutil.Process(running.process.pid)},
            postgres=psutil.Process(postmaster),
            profiled=profile is not None,
        )
        await running.stop()


@asynccontextmanager
async def on_kafka() -> AsyncIterator[System]:
    """Four processes, a Kafka broker and a PostgreSQL server."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slm-bench-")))
        server = PrivatePostgres.start(folder / "postgres")
        stack.callback(server.stop)
        assert server.process_id is not None
        broker, address = _broker(stack)
        services: dict[str, Running] = {}
        for context in CONTEXTS:
            port = free_port()
            environment = {
                "SLM_LOG": f"kafka://{address}",
                f"SLM_{context.upper()}_DATABASE_URL": server.url(f"slm_{context}"),
                f"SLM_{context.upper()}_PORT": str(port),
                "SLM_BOOTSTRAP_KEY": KEY,
                **_speaking_for_provider(),
            }
            module = [f"slm_{context}"]
            services[context] = await stack.enter_async_context(started(module, folder / context, port, environment))
        urls = {context: each.url for context, each in services.items()}
        for each in services.values():
            await each.ready(READY_SECONDS)
        gateway = httpx.AsyncClient(transport=_Gateway(urls), base_url="http://bench", timeout=TIMEOUT)
        client = await stack.enter_async_context(gateway)
        yield System(
            log="kafka",
            urls=urls,
            client=client,
            operator_key=KEY,
            processes={context: psutil.Process(each.process.pid) for context, each in services.items()},
            postgres=psutil.Process(server.process_id),
            broker=broker,
            kafka=address,
        )
        for each in services.values():
            await each.stop()


def _broker(stack: AsyncExitStack) -> tuple[psutil.Process | None, str]:
    given = kafka_support.given()
    if given:
        return None, given
    broker = kafka_support.private()
    stack.callback(broker.remove)
    return psutil.Process(broker.pid), broker.address


def _speaking_for_provider() -> dict[str, str]:
    provider = named_id(named_id(NAMESPACE, "installation", "local"), PROVIDER_KEY)
    return {
        "SLM_PARTITIONS": str(PARTITIONS),
        "SLM_MONITOR_SOURCES": f'{{"{SOURCE}": "{provider}"}}',
    }


def started_on(log: str, profile: Path | None = None) -> AbstractAsyncContextManager[System]:
    """The installation of a log: ``postgres`` (embedded) or ``kafka`` (four processes). Only the first is profiled."""
    return embedded(profile) if log == "postgres" else on_kafka()
