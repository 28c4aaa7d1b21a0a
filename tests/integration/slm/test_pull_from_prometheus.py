"""A real Prometheus is asked for its samples: each is stored once, over ``kill -9`` of the service and gaps of both."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from slm.demo import negotiation
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from tests.support.killable import embedded
from tests.support.operator_key import KEY
from tests.support.prometheus import program
from tests.support.scraping import Sender, eventually, exporter, facts

KILLS = 3
RATE = 'sum by (job) (rate(requests_total{job="shop"}[10s]))'
RULES = [
    {"match": 'up{job="shop"}', "indicator": "shop.up", "reading": "state"},
    {"match": 'requests_total{job="shop"}', "indicator": "shop.requests", "reading": "counter"},
    {"match": "job:requests:rate10s", "indicator": "shop.rate"},
]
KINDS = {"shop.up": "availability", "shop.requests": "count", "shop.rate": "value"}
PULLS = {
    "counters": {"expression": '{__name__=~"up|requests_total|other",job="shop"}', "step_seconds": 1, "lag_seconds": 2},
    "rates": {"expression": RATE, "step_seconds": 1, "lag_seconds": 2, "record": "job:requests:rate10s"},
}


@pytest.mark.timeout(400)
async def test_every_sample_is_stored_once_over_kills_of_the_service_and_gaps_of_both(tmp_path: Path) -> None:
    program("prometheus")
    chance = random.Random(13)
    inside = {"SLM_MONITOR_ALLOWED_NETWORKS": "127.0.0.0/8"}
    began = real_now() // 1_000_000
    async with exporter() as target, embedded(tmp_path / "slm", "") as server:
        prometheus = Sender(tmp_path / "prometheus", target)
        await prometheus.start()
        try:
            await server.start(**inside)
            async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
                cast = await negotiation.gather_cast(client, KEY)
                client.headers["Authorization"] = f"Bearer {cast.provider_manager_key}"
                for key, kind in KINDS.items():
                    given = {"key": key, "kind": kind, "unit": "1/s"} if kind == "value" else {"key": key, "kind": kind}
                    (await client.post("/api/v1/indicators", json=given)).raise_for_status()
                (await client.put("/api/v1/series-rules", json={"rules": RULES})).raise_for_status()
                made = {}
                for source, query in PULLS.items():
                    # Three hours before anything was scraped: several pieces, the last of which has samples.
                    body = {
                        "title": source,
                        "connector": "prometheus",
                        "source": source,
                        "address": prometheus.address,
                        "authentication": {"kind": "none"},
                        "since": to_text((began - 3 * 3_600) * 1_000_000),
                        "query": query,
                    }
                    made[source] = (await client.post("/api/v1/pulls", json=body)).raise_for_status().json()["pull_id"]

                async def runs(source: str) -> list[dict[str, Any]]:
                    items = (await client.get(f"/api/v1/pulls/{made[source]}/runs")).raise_for_status().json()["items"]
                    return list(items)

                async def start_all() -> None:
                    for pull_id in made.values():
                        (await client.post(f"/api/v1/pulls/{pull_id}/runs", json={})).raise_for_status()

                for number in range(KILLS):
                    await start_all()
                    await asyncio.sleep(chance.uniform(0, 0.3))
                    await server.kill(with_postgres=number == 1)
                    if number == 0:
                        # Prometheus too is away for a while; what it did not scrape, nobody has.
                        await prometheus.stop()
                    await asyncio.sleep(5)
                    if number == 0:
                        await prometheus.start()
                    await server.start(**inside)
                await asyncio.sleep(12)
                until = real_now() // 1_000_000 - 5

                async def all_read() -> bool:
                    await start_all()
                    await asyncio.sleep(1)
                    found = [(await client.get(f"/api/v1/pulls/{each}")).json() for each in made.values()]
                    return all(each["state"]["read_until"] > to_text(until * 1_000_000) for each in found)

                await eventually(all_read)
                ended = [*await runs("counters"), *await runs("rates")]
                outcomes = Counter(each["outcome"] for each in ended)
                failed = {each["problem"] for each in ended if each["problem"]}
            expected = await prometheus.evaluated('requests_total{job="shop"}', began, until)
            requests = [fact for fact in await facts(server, "shop.requests") if fact[0] <= until * 1_000]
            print(f"{KILLS} kills, {len(expected)} instants: {dict(outcomes)}")
            assert len(requests) == len({at for at, _ in requests}), "an instant has two samples"
            assert {at: body["cumulative"][0] for at, body in requests} == expected
            rates = [fact for fact in await facts(server, "shop.rate") if fact[0] <= until * 1_000]
            assert {at: body["rows"][0][0] for at, body in rates} == await prometheus.evaluated(RATE, began, until)
            ups = [fact for fact in await facts(server, "shop.up") if fact[0] <= until * 1_000]
            assert {at for at, _ in ups} == (await prometheus.evaluated('up{job="shop"}', began, until)).keys()
            assert len(expected) > 15
            assert any(each["ignored"] for each in ended), "no rule matches the series other"
            assert not failed or failed == {"No connection: the tool is away, its name or its certificate is wrong."}, (
                failed
            )
        finally:
            await prometheus.stop()
