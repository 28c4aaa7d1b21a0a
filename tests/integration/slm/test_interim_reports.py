"""One number for one thing: what a report of an open period shows is what monitor-svc says as of the same instant."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm.installation import open_installation
from slm_chassis.clock import SystemClock
from slm_chassis.settings import Settings
from slm_events.instants import from_text, to_text
from tests.support.operator_key import KEY

OPERATOR_KEY = KEY
HOUR = 3_600_000_000
RESPONSE = {
    "key": "resp",
    "title": "P1 incidents are answered within 15 minutes",
    "aggregation": "clock",
    "clock": "response",
    "objective": {"within": {"calendar": "PT15M"}},
    "window": {"per": "ticket"},
    "applies_to": {"type": "incident", "priority": ["P1"]},
}
IN_TIME = {
    "key": "resp-share",
    "title": "95 percent are answered in time",
    "aggregation": {"compliance": "resp"},
    "objective": {"at_least": "95", "unit": "percent"},
    "window": {"calendar": "month"},
}


@dataclass(frozen=True)
class Signed:
    """An installation with a signed agreement of three targets that began at the month's first instant."""

    client: httpx.AsyncClient
    cast: Cast
    agreement_id: str
    month_at: int

    async def get(self, path: str) -> Any:
        return await negotiation.get(self.client, self.cast.provider_manager_key, path)

    async def send(self, path: str, items: list[dict[str, Any]]) -> None:
        """Facts, and a wait until they are judged."""
        answer = await negotiation.post(self.client, self.cast.integrator_key, path, items)
        await self.get(f"/api/v1/targets?agreement_id={self.agreement_id}&min_position={answer['position']}")

    async def targets(self) -> dict[str, Any]:
        found = await self.get(f"/api/v1/targets?agreement_id={self.agreement_id}")
        return {each["key"]: each for each in found["items"]}

    async def report(self, breaches: int = 0) -> tuple[dict[str, Any], str]:
        """The report of this month and its page, as soon as ``breaches`` breaches have been heard of."""
        wanted = {"agreement_id": self.agreement_id}
        async with asyncio.timeout(20):
            while True:
                made = await negotiation.post(self.client, self.cast.provider_manager_key, "/api/v1/reports", wanted)
                if made["breach_count"] >= breaches:
                    break
                await asyncio.sleep(0.1)
        headers = {"Authorization": f"Bearer {self.cast.provider_manager_key}"}
        page = await self.client.get(made["page_url"], headers=headers)
        assert page.status_code == 200, page.text
        return made, page.text


@pytest.fixture(scope="module")
async def signed() -> AsyncIterator[Signed]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", bootstrap_key=SecretStr(OPERATOR_KEY), partitions=2)
        async with open_installation(settings) as installation:
            for app in installation.apps:
                await app.start()
            transport = httpx.ASGITransport(installation.face, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://slm", timeout=30.0) as client:
                yield await _signed(client)


async def _signed(client: httpx.AsyncClient) -> Signed:
    now = SystemClock().now()
    month = datetime.fromtimestamp(now // 1_000_000, UTC).replace(day=1, hour=0, minute=0, second=0)
    month_at = from_text(month.isoformat())
    document = {
        **terms.agreement_document(to_text(month_at)),
        "targets": [terms.monthly_availability_target(), RESPONSE, IN_TIME],
    }
    cast, agreement = await negotiation.negotiate_and_sign(client, OPERATOR_KEY, to_text(month_at), document=document)
    indicator = {"key": terms.AVAILABILITY_INDICATOR, "kind": "availability", "service_id": cast.service_id}
    await negotiation.post(client, cast.integrator_key, "/api/v1/indicators", {**indicator, "initial_state": "up"})
    signed = Signed(client, cast, agreement["agreement_id"], month_at)
    async with asyncio.timeout(20):
        while len(await signed.targets()) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return signed


def incident(number: int, at: int, answered_at: int) -> list[dict[str, Any]]:
    ticket = {"source": "desk", "ticket": f"INC{number}", "type": "incident", "priority": "P1", "service": "checkout"}
    return [
        {**ticket, "id": "1", "event": "opened", "at": to_text(at)},
        {**ticket, "id": "2", "event": "first_response", "at": to_text(answered_at)},
    ]


async def test_an_open_availability_has_the_figure_of_its_record_then(signed: Signed) -> None:
    at = signed.month_at
    outages = [{"from": to_text(at + HOUR), "to": to_text(at + 2 * HOUR)}]
    await signed.send(
        "/api/v1/measurements", [{"indicator": terms.AVAILABILITY_INDICATOR, "outage": each} for each in outages]
    )
    made, page = await signed.report(breaches=1)
    line = next(each for each in made["lines"] if each["target_key"] == "availability")
    target = (await signed.targets())["availability"]
    known = await signed.get(f"/api/v1/targets/{target['target_id']}/windows?known_at={made['as_of']}")
    assert line["attained"]["display"] == known["items"][0]["figure_display"]
    assert (line["downtime_seconds"], line["verdict"]) == (3600, "breached")
    assert made["breach_count"] == 1
    assert line["attained"]["display"] in page


async def test_tickets_and_their_compliance_say_the_same_on_one_page(signed: Signed) -> None:
    at = signed.month_at
    minute = HOUR // 60
    # A warning comes when 1 of 3 was in time; the others come in after it.
    first = [*incident(1, at, at + minute), *incident(2, at, at + HOUR), *incident(3, at, at + HOUR)]
    await signed.send("/api/v1/ticket-events", first)
    await signed.send("/api/v1/ticket-events", [e for n in range(4, 9) for e in incident(n, at, at + HOUR)])
    made, page = await signed.report()
    lines = {each["target_key"]: each for each in made["lines"]}
    shown = (await signed.targets())["resp-share"]["window"]["figure_display"]
    assert (lines["resp-share"]["attained"]["display"], shown) == ("12.5000", "12.5000")
    assert lines["resp"]["attained"]["display"] == "1 of 8 in time"
    assert "33.3333" not in page


async def test_the_report_is_verified_by_asking_again_with_its_instant(signed: Signed) -> None:
    made, _ = await signed.report()
    headers = {"Authorization": f"Bearer {signed.cast.provider_manager_key}"}
    kept = (await signed.client.get(f"/api/v1/reports/{made['report_id']}/figures", headers=headers)).json()
    period = made["period"]
    again = await signed.get(
        f"/api/v1/figures?agreement_id={signed.agreement_id}&as_of={kept['as_of']}"
        f"&from={period['start_at']}&to={period['end_at']}"
    )
    assert again["windows"] == kept["windows"]
