"""Single measurements, one a request: ``python -m tests.bench.single`` (P8).

32 connections send one value after the other to ``POST /api/v1/measurements`` of an embedded installation, each durable
before its answer; then the same requests to an idiomatic FastAPI endpoint, which validates with pydantic and keeps
nothing. Both run one process; the sender is another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence

from slm.demo import negotiation
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.bench import agreed
from tests.bench.figures import circumstances, milliseconds
from tests.bench.system import started_on
from tests.bench.wire import Connection
from tests.support.processes import free_port

CONNECTIONS = 32
PEER = """
from datetime import datetime
from fastapi import FastAPI
from pydantic import BaseModel

class Measurement(BaseModel):
    indicator: str
    at: datetime
    value: float
    unit: str | None = None

app = FastAPI()
kept = []

@app.post("/api/v1/measurements", status_code=202)
async def take(items: list[Measurement]):
    kept.extend(items)
    del kept[:-1000]
    return {"accepted": len(items)}

import uvicorn
uvicorn.run(app, port=int(__import__("sys").argv[1]), log_level="warning")
"""


async def _load(address: tuple[str, int], key: str, seconds: float) -> tuple[float, Sequence[float]]:
    """(requests a second, seconds of each answer)."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        connection = await Connection.open(address, key)
        while time.perf_counter() < end:
            item = {"indicator": f"i{number:02}", "at": to_text(real_now()), "value": 100, "unit": "ms"}
            sent, answered, _ = await connection.post("/api/v1/measurements", json.dumps([item]).encode(), JSON)
            took.append(answered - sent)
        await connection.close()

    await asyncio.gather(*(client(number) for number in range(CONNECTIONS)))
    return len(took) / seconds, took


JSON = "application/json"


async def ours(seconds: float) -> str:
    async with started_on("postgres") as system:
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        keys = [f"i{number:02}" for number in range(CONNECTIONS)]
        await agreed.agree_on_values(system, cast, "single", agreed.month_start(real_now()), keys)
        await _load(system.address("monitor"), cast.integrator_key, 2.0)
        await system.at_rest()
        before = system.cpu()
        rate, took = await _load(system.address("monitor"), cast.integrator_key, seconds)
        spent = sum(system.cpu().values()) - sum(before.values())
    return f"ours, durable and judged: {rate:,.0f} requests/s; {milliseconds(took)} ms; {spent / seconds:.2f} cores"


async def peer(seconds: float) -> str:
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PEER, str(port))
    try:
        for _ in range(100):
            await asyncio.sleep(0.1)
            try:
                await _load(("127.0.0.1", port), "none", 1.0)
                break
            except OSError:
                continue
        rate, took = await _load(("127.0.0.1", port), "none", seconds)
    finally:
        process.terminate()
        await process.wait()
    return f"FastAPI with pydantic, keeping nothing: {rate:,.0f} requests/s; {milliseconds(took)} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    seconds = parser.parse_args().seconds
    print(asyncio.run(ours(seconds)), flush=True)
    print(asyncio.run(peer(seconds)), circumstances(), sep="; ")


if __name__ == "__main__":
    main()
