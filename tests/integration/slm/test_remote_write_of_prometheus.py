"""A real Prometheus scrapes an exporter and writes to the product: samples arrive once each, over restarts of both."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from tests.support.killable import Killable, embedded
from tests.support.operator_key import KEY
from tests.support.prometheus import program
from tests.support.scraping import Sender, eventually, exporter, facts

RULES = [
    {"match": 'up{job="shop"}', "indicator": "shop.up", "reading": "state"},
    {"match": 'requests_total{job="shop"}', "indicator": "shop.requests", "reading": "counter"},
]


def by_key(key: str) -> dict[str, Any]:
    """The part of a remote write that sends an API key."""
    return {"authorization": {"credentials": key}}


async def prepared(server: Killable) -> Cast:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        cast = await negotiation.gather_cast(client, KEY)
        headers = {"Authorization": f"Bearer {cast.provider_manager_key}"}
        for key, kind in (("shop.up", "availability"), ("shop.requests", "count")):
            given = {"key": key, "kind": kind}
            (await client.post("/api/v1/indicators", json=given, headers=headers)).raise_for_status()
        (await client.put("/api/v1/series-rules", json={"rules": RULES}, headers=headers)).raise_for_status()
    return cast


@pytest.mark.timeout(300)
async def test_every_sample_arrives_once_over_restarts_of_both(tmp_path: Path) -> None:
    program("prometheus")
    async with exporter() as target, embedded(tmp_path / "slm", "") as server:
        await server.start()
        cast = await prepared(server)
        sender = Sender(tmp_path / "prometheus", target, server.url, by_key(cast.integrator_key))
        await sender.start()
        try:

            async def have(count: int) -> bool:
                return len(await facts(server, "shop.requests")) >= count

            await eventually(lambda: have(3))
            await server.kill(with_postgres=False)
            await asyncio.sleep(3)
            await server.start()
            await eventually(lambda: have(7))
            await sender.stop()
            await sender.start()
            await eventually(lambda: have(10))

            async def all_of_them() -> bool:
                sent = await sender.samples()
                came = await facts(server, "shop.requests")
                # What was scraped within the last seconds may be on its way.
                settled = {at: value for at, value in sent.items() if at <= max(sent) - 4000}
                instants = [at for at, _ in came]
                assert len(instants) == len(set(instants)), "a sample counts twice"
                values = {at: body["cumulative"][0] for at, body in came}
                assert all(sent.get(at, value) == value for at, value in values.items())
                return len(settled) > 8 and settled.keys() <= values.keys()

            await eventually(all_of_them)
            assert {body["state"] for _, body in await facts(server, "shop.up")} == {"up"}
            async with httpx.AsyncClient(base_url=server.url) as client:
                headers = {"Authorization": f"Bearer {cast.provider_manager_key}"}
                [found] = (await client.get("/api/v1/sources", headers=headers)).json()["items"]
            assert found["source"] == "prometheus" and not found["refused_last_day"]
            assert found["ignored_last_day"] > 0 and found["ignored"][0].startswith("other{")
            assert "non-recoverable" not in sender.log
        finally:
            await sender.stop()


@pytest.mark.timeout(300)
async def test_it_fetches_tokens_for_its_key_until_the_key_is_revoked(tmp_path: Path) -> None:
    program("prometheus")
    async with exporter() as target, embedded(tmp_path / "slm", "") as server:
        await server.start()
        cast = await prepared(server)
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            headers = {"Authorization": f"Bearer {cast.integrator_key}"}
            me = (await client.get("/api/v1/me", headers=headers)).json()
            path = f"/api/v1/principals/{me['principal_id']}/keys"
            limits = {"scopes": ["prometheus:write"]}
            made = (await client.post(path, json=limits, headers=headers)).raise_for_status().json()
            found = (await client.get("/.well-known/oauth-authorization-server")).raise_for_status().json()
        grant = {
            "client_id": made["key_id"],
            "client_secret": made["key"],
            "token_url": found["token_endpoint"],
            "scopes": ["prometheus:write"],
        }
        sender = Sender(tmp_path / "prometheus", target, server.url, {"oauth2": grant})
        await sender.start()
        try:

            async def have(count: int) -> bool:
                return len(await facts(server, "shop.requests")) >= count

            await eventually(lambda: have(3))
            # The token that it holds was signed by a process that is gone without a farewell.
            await server.kill(with_postgres=False)
            await server.start()
            await eventually(lambda: have(6))
            await sender.stop()
            await sender.start()
            await eventually(lambda: have(9))
            instants = [at for at, _ in await facts(server, "shop.requests")]
            assert len(instants) == len(set(instants)), "a sample counts twice"
            async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
                (await client.delete(f"{path}/{made['key_id']}", headers=headers)).raise_for_status()
            await eventually(lambda: says(sender, "401"), 30)
            after = len(await facts(server, "shop.requests"))
            await asyncio.sleep(3)
            assert len(await facts(server, "shop.requests")) == after, "a revoked key goes on sending"
            assert made["key"] not in server.running.said() and "slmt_" not in server.running.said()
        finally:
            await sender.stop()


async def says(sender: Sender, word: str) -> bool:
    """Whether Prometheus has logged the word."""
    return word in sender.log
