"""A paying party beside callers without a key: ``python -m tests.bench.strangers [--pairs 20] [--requests 50]``.

The strangers send eight bodies of 15 MB at a time, and keep 60 unfinished bodies and 1,000 half-open connections. The
paying party sends measurements, by turns beside the strangers and without them. Each of its requests has one
measurement, which is durable before the request is answered.
"""

from __future__ import annotations

import argparse
import asyncio

from slm.demo import negotiation
from tests.bench.figures import circumstances
from tests.bench.system import started_on
from tests.support import pairs
from tests.support.strangers import strangers


async def measure(count: int, requests: int) -> str:
    async with started_on("postgres") as system:
        cast = await negotiation.gather_cast(system.client, system.operator_key)
        await negotiation.post(
            system.client, cast.provider_manager_key, "/api/v1/indicators", {"key": "paying", "kind": "value"}
        )
        await system.at_rest()
        host, port = system.address("monitor")
        async with strangers(host, port) as load:
            found = await pairs.measured(system.client, cast.integrator_key, load, count, requests)
    return f"{found.told()}; {circumstances()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--requests", type=int, default=50)
    given = parser.parse_args()
    print(asyncio.run(measure(given.pairs, given.requests)))


if __name__ == "__main__":
    main()
