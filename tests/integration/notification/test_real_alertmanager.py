"""A real Alertmanager: alerts open, stay open over its restart and over our silence, and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.notification.conftest import BREACH, ENDPOINTS, RISK, Service
from tests.integration.notification.test_coming_back import change_rows
from tests.support.alertmanager import Alertmanager, running
from tests.unit.notification.test_event_filters import sample

RECOVERED = "slm.monitor.target-recovered.v1"
BREACH_ID = sample(BREACH).data.breach_id
AGAIN = "UPDATE webhook_delivery SET repeat_at = 0 WHERE repeat_at IS NOT NULL"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"attempt_seconds": 10.0, "console_url": "https://slm.acme.example"}


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[Alertmanager]:
    async with running(tmp_path / "alertmanager") as found:
        yield found


async def accepted(service: Service) -> None:
    await service.send()
    found = await service.deliveries()
    assert {each["state"] for each in found} == {"delivered"}, found


async def test_an_alert_opens_stays_open_over_a_restart_and_ends(service: Service, alertmanager: Alertmanager) -> None:
    await service.make("provider", alertmanager.url, kind="alertmanager")
    await service.hear(BREACH, level="unacceptable")
    await accepted(service)
    [alert] = await alertmanager.alerts()
    assert alert["labels"]["severity"] == "critical" and alert["labels"]["breach_id"] == BREACH_ID
    assert alert["generatorURL"] == f"https://slm.acme.example/breaches/{BREACH_ID}"
    assert alert["annotations"]["summary"] == "Breached: Checkout is available"
    left = datetime.fromisoformat(alert["endsAt"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < left <= timedelta(minutes=61)
    # This Alertmanager ends after a second what has no end of its own and is not sent again.
    await asyncio.sleep(2.5)
    assert len(await alertmanager.alerts()) == 1
    await alertmanager.stop()
    await alertmanager.start()
    assert await alertmanager.alerts() == []
    await change_rows(service, AGAIN)
    await accepted(service)
    [again] = await alertmanager.alerts()
    assert again["fingerprint"] == alert["fingerprint"]
    await service.hear(RECOVERED, breach_id=BREACH_ID)
    await accepted(service)
    assert await alertmanager.alerts() == []
    await change_rows(service, AGAIN)
    assert await service.send() == 0 and await alertmanager.alerts() == []


async def test_a_risk_is_open_again_after_its_end_and_a_test_is_accepted(
    service: Service, alertmanager: Alertmanager
) -> None:
    made = await service.make("provider", alertmanager.url, kind="alertmanager")
    for kind, count in ((RISK, 1), ("slm.monitor.risk-cleared.v1", 0), (RISK, 1)):
        await service.hear(kind)
        await accepted(service)
        assert len(await alertmanager.alerts()) == count
    await service.ask("provider", "POST", f"{ENDPOINTS}/{made['endpoint_id']}/test-events")
    await accepted(service)
    assert {each["labels"]["alertname"] for each in await alertmanager.alerts()} == {"SlmRisk", "SlmTest"}
