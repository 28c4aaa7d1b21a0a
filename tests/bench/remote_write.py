"""What samples of remote write cost, beside the JSON door and a Prometheus that stores the same samples:
``python -m tests.bench.remote_write``.

A request has one sample of each of a thousand series. Each of them is a value of an indicator that is judged over a
month and a rolling hour with burn rate warnings. The rounds of the ways alternate in one run; the figure of a way is
the median of its rounds. CPU seconds count the services with PostgreSQL, and all of Prometheus.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cramjam
import httpx
import psutil

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.bench import agreed
from tests.bench.figures import circumstances, milliseconds
from tests.bench.intake import MISSED, NDJSON, SETTLE_SECONDS, VALUES, judged
from tests.bench.system import System, embedded
from tests.support.processes import free_port
from tests.support.prometheus import program
from tests.support.remote_write import DOOR, HEADERS, V1, V2, Series, version_1, version_2

WAYS = {"remote write 1.0": V1, "remote write 2.0": V2}
JSON, PROMETHEUS = "JSON lines", "Prometheus, remote write 1.0, only stored"
WARM_UP_ROUNDS = 1
NAME = "answer_ms"


@dataclass
class Round:
    """The cost of one round of a way."""

    rows: int
    cpu: float
    seconds: float
    answered: list[float] = field(default_factory=list)

    @property
    def per_million(self) -> float:
        """CPU seconds per million rows."""
        return 1_000_000 * self.cpu / self.rows


@dataclass
class Bench:
    """The installation, its peer, and the indicators of each way."""

    system: System
    cast: Cast
    peer: httpx.AsyncClient
    peer_process: psutil.Process
    keys: Mapping[str, Sequence[str]]
    requests: int
    sent: int = 0
    """Requests so far: it decides which value comes next."""

    async def round_of(self, way: str) -> Round:
        """Send the requests of one round, wait until they are judged and stored, and return what it took."""
        before, began = self._cpu(way), time.perf_counter()
        answered = [await self._request(way) for _ in range(self.requests)]
        seconds = time.perf_counter() - began
        if way != PROMETHEUS:
            # Remote write answers without a position: a last request over the JSON door tells when all is judged.
            await judged(self.system, self.cast, await self._last(way))
            await asyncio.sleep(SETTLE_SECONDS)
        return Round(self.requests * len(self.keys[way]), self._cpu(way) - before, seconds, answered)

    def _cpu(self, way: str) -> float:
        if way == PROMETHEUS:
            times = self.peer_process.cpu_times()
            return times.user + times.system
        return sum(self.system.cpu().values())

    async def _request(self, way: str) -> float:
        """Send one request and return the seconds until its answer."""
        client, path, body, headers = self._made(way)
        began = time.perf_counter()
        answer = await client.post(path, content=body, headers=headers)
        taken = time.perf_counter() - began
        if answer.status_code not in (202, 204):
            raise SystemExit(f"{way}: {answer.status_code} {answer.text[:500]}")
        if "x-prometheus-remote-write-samples-written" in answer.headers:
            assert answer.headers["x-prometheus-remote-write-samples-written"] == str(len(self.keys[way]))
        # A sample has an instant of whole milliseconds: each request comes with a later one.
        await asyncio.sleep(0.002)
        return taken

    def _made(self, way: str) -> tuple[httpx.AsyncClient, str, bytes, dict[str, str]]:
        self.sent += 1
        now, keys = real_now() // 1_000, self.keys[way]
        values = [_value(self.sent + 7 * place) for place in range(len(keys))]
        authorization = {"Authorization": f"Bearer {self.cast.integrator_key}"}
        if way == JSON:
            return (
                self.system.client,
                "/api/v1/measurements",
                _lines(keys, now, values),
                authorization | {"Content-Type": NDJSON},
            )
        version = WAYS.get(way, V1)
        series = [
            Series({"__name__": NAME, "indicator": key, "instance": "10.0.0.1:9090", "job": "bench"}, [(now, value)])
            for key, value in zip(keys, values, strict=True)
        ]
        plain = version_1(*series) if version == V1 else version_2(*series)
        body = bytes(cramjam.snappy.compress_raw(plain))
        if way == PROMETHEUS:
            return self.peer, "/api/v1/write", body, HEADERS[version]
        return self.system.client, DOOR, body, authorization | HEADERS[version]

    async def _last(self, way: str) -> str:
        keys = self.keys[way]
        body = _lines(keys, real_now() // 1_000, [VALUES[0]] * len(keys))
        headers = {"Authorization": f"Bearer {self.cast.integrator_key}", "Content-Type": NDJSON}
        answer = await self.system.client.post("/api/v1/measurements", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        position: str = answer.json()["position"]
        return position


def _plain(way: str) -> str:
    return "".join(filter(str.isalnum, way))


def _value(number: int) -> int:
    return MISSED if number % 1_000 == 999 else VALUES[number % len(VALUES)]


def _lines(keys: Sequence[str], milliseconds_now: int, values: Sequence[int]) -> bytes:
    at = to_text(1_000 * milliseconds_now)
    rows = [f'{{"indicator":"{key}","at":"{at}","value":{value}}}' for key, value in zip(keys, values, strict=True)]
    return "\n".join(rows).encode()


async def measure(series: int, requests: int, rounds: int) -> list[str]:
    """Start everything, play the rounds and return the lines of the result."""
    ways = [*WAYS, JSON, PROMETHEUS]
    keys = {way: [f"{_plain(way)}-{n:05d}" for n in range(series)] for way in ways}
    async with embedded() as system, prometheus() as (peer, process):
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        for way in [*WAYS, JSON]:
            await agreed.agree_on_values(system, cast, _plain(way), agreed.month_start(real_now()), keys[way])
        await _say_rules(system, cast)
        bench = Bench(system, cast, peer, process, keys, requests)
        found: dict[str, list[Round]] = {way: [] for way in ways}
        for number in range(WARM_UP_ROUNDS + rounds):
            for way in ways:
                result = await bench.round_of(way)
                if number >= WARM_UP_ROUNDS:
                    found[way].append(result)
        await _all_is_stored(bench, (WARM_UP_ROUNDS + rounds) * requests)
    return _told(found, series)


async def _say_rules(system: System, cast: Cast) -> None:
    rules = {"rules": [{"match": f'{NAME}{{job="bench"}}', "indicator": "{indicator}"}]}
    headers = {"Authorization": f"Bearer {cast.integrator_key}"}
    answer = await system.client.put("/api/v1/series-rules", json=rules, headers=headers)
    answer.raise_for_status()


async def _all_is_stored(bench: Bench, samples: int) -> None:
    """Raise AssertionError if a series of Prometheus has not as many samples as were sent."""
    query = f"sum(count_over_time({NAME}[1d]))"
    answer = await bench.peer.get("/api/v1/query", params={"query": query})
    [stored] = answer.json()["data"]["result"]
    assert int(stored["value"][1]) == samples * len(bench.keys[PROMETHEUS]), stored


def _told(found: Mapping[str, Sequence[Round]], series: int) -> list[str]:
    medians = {way: statistics.median(each.per_million for each in rounds) for way, rounds in found.items()}
    lines = [f"{series:,} series × 1 a request, {circumstances()}"]
    for way, rounds in found.items():
        spread = " to ".join(f"{f(each.per_million for each in rounds):.1f}" for f in (min, max))
        answered = [seconds for each in rounds for seconds in each.answered]
        speed = sum(each.rows for each in rounds) / sum(each.seconds for each in rounds)
        ratio = medians[way] / medians[PROMETHEUS]
        lines.append(
            f"{way}: {medians[way]:.1f} CPU s per million ({spread}; {len(rounds)} rounds of {rounds[0].rows:,}), "
            f"{ratio:.1f} × Prometheus; {speed:,.0f} samples/s; answer {milliseconds(answered)} ms"
        )
    return lines


@asynccontextmanager
async def prometheus() -> AsyncIterator[tuple[httpx.AsyncClient, psutil.Process]]:
    """Start a Prometheus that takes remote write and scrapes nothing; its API and its process."""
    with tempfile.TemporaryDirectory(prefix="slm-bench-") as name:
        folder, port = Path(name), free_port()
        (folder / "prometheus.yml").write_text("global: {}\n")
        process = await asyncio.create_subprocess_exec(
            program("prometheus"),
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--web.enable-remote-write-receiver",
            f"--web.listen-address=127.0.0.1:{port}",
            cwd=folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                await _ready(client)
                yield client, psutil.Process(process.pid)
        finally:
            process.terminate()
            await process.wait()


async def _ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await client.get("/-/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.remote_write", description=__doc__)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--requests", type=int, default=100, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(*asyncio.run(measure(given.series, given.requests, given.rounds)), sep="\n")


if __name__ == "__main__":
    main()
