"""A real Prometheus scrapes a running ``slm up`` with the delivered configuration, and a delivered alert fires."""

from __future__ import annotations

from pathlib import Path

import httpx
import yaml

from slm.demo import negotiation, terms
from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from tests.support import prometheus
from tests.support.processes import free_port, started
from tests.support.service import until

MINUTE, DAY = 60_000_000, 86_400_000_000
BREACHED = "SlmTargetBreached"
SECONDS = 150
"""How long a busy machine may take for each step."""


async def test_the_delivered_files_are_accepted_and_every_rule_fires_as_described() -> None:
    folder = prometheus.RULES.parent
    said = await prometheus.run("promtool", "check", "rules", "rules.yml", folder=folder)
    assert f"SUCCESS: {len(prometheus.rule_expressions())} rules found" in said
    assert "SUCCESS" in await prometheus.run("promtool", "test", "rules", "rules.test.yml", folder=folder)
    tried = (folder / "rules.test.yml").read_text(encoding="utf-8")
    groups = yaml.safe_load(prometheus.RULES.read_text(encoding="utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert f"alertname: {rule['alert']}" in tried, rule


async def test_a_breach_becomes_an_alert(tmp_path: Path) -> None:
    prometheus.program("prometheus")
    port = free_port()
    environment = {"SLM_DATA_DIR": str(tmp_path / "data"), "SLM_PORT": str(port)}
    async with started(["slm", "up"], tmp_path / "output", port, environment) as running:
        await running.ready(SECONDS)
        operator = (tmp_path / "data" / "operator-key").read_text().strip()
        async with httpx.AsyncClient(base_url=running.url, timeout=SECONDS) as client:
            key = await broken_promise(client, operator)
            address = running.url.removeprefix("http://")
            async with prometheus.scraping(address, key, tmp_path) as scraper:
                await until(lambda: is_scraped(scraper), seconds=SECONDS)
                await until(lambda: fires(scraper, BREACHED), seconds=SECONDS)
                await all_queries_work(scraper)
                found = await prometheus.ask(scraper, "alerts")
                names = {each["labels"]["target"] for each in found["alerts"] if "target" in each["labels"]}
                assert "availability" in names, found
        assert await running.stop() == 0, running.said()


async def broken_promise(client: httpx.AsyncClient, operator: str) -> str:
    """Sign an agreement and break its availability; return a key of the customer that may read nothing but figures."""
    now = SystemClock().now()
    cast, agreement = await negotiation.negotiate_and_sign(client, operator, to_text(now - 10 * DAY))
    key = cast.integrator_key
    indicator = {"key": terms.AVAILABILITY_INDICATOR, "kind": "availability", "initial_state": "up"}
    await negotiation.post(client, key, "/api/v1/indicators", {**indicator, "service_id": cast.service_id})

    async def is_judged() -> bool:
        found = await negotiation.get(client, key, f"/api/v1/targets?agreement_id={agreement['agreement_id']}")
        return bool(found["items"])

    await until(is_judged, SECONDS)
    await negotiation.post(
        client,
        key,
        "/api/v1/measurements",
        [{"indicator": terms.AVAILABILITY_INDICATOR, "at": to_text(now - 10 * MINUTE), "state": "down"}],
    )
    watcher = {"key": "prometheus", "party_id": cast.customer_party_id, "name": "Prometheus", "roles": ["viewer"]}
    principal = await negotiation.post(client, operator, "/api/v1/principals", watcher)
    path = f"/api/v1/principals/{principal['principal_id']}/keys"
    made = await negotiation.post(client, operator, path, {"scopes": ["target-metrics:read"]})
    return str(made["key"])


async def is_scraped(scraper: httpx.AsyncClient) -> bool:
    """Whether the targets' figures and the services' own are scraped."""
    found = await prometheus.ask(scraper, "query", query="up == 1")
    return found is not None and {each["metric"]["job"] for each in found["result"]} == {"slm-targets", "slm-services"}


async def fires(scraper: httpx.AsyncClient, name: str) -> bool:
    found = await prometheus.ask(scraper, "alerts")
    return any(each["labels"]["alertname"] == name and each["state"] == "firing" for each in found["alerts"])


async def all_queries_work(scraper: httpx.AsyncClient) -> None:
    """Every expression of the dashboards is one for Prometheus: any value of a variable is put in its place."""
    for text in prometheus.dashboard_expressions():
        if not text.startswith(("label_values", "query_result")):
            written = text.replace("$service", ".*").replace("$agreement", ".*").replace("$target_id", "x")
            answer = await scraper.get("/api/v1/query", params={"query": written})
            assert answer.status_code == 200, (written, answer.text)
