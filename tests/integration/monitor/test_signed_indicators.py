"""An indicator that a signed target names and nobody registered: its data is taken, and missing data is loud."""

from __future__ import annotations

import asyncio
from typing import Any

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, available, fast, finalized
from tests.support.monitor_service import Service

AGREEMENT = named_id(PROVIDER, "agreement", "signed")


def target(key: str, indicator: str, of: dict[str, Any]) -> dict[str, Any]:
    named = {"owner_party_id": PROVIDER, "key": indicator, "unit": of["indicator"].get("unit")}
    return {**of, "key": key, "target_id": named_id(PROVIDER, "target", "signed", key), "indicator": named}


async def states(service: Service, position: str | None = None) -> dict[str, dict[str, Any]]:
    params = {"agreement_id": AGREEMENT, **({"min_position": position} if position else {})}
    answer = await service.customer.get("/api/v1/targets", params=params)
    return {each["key"]: each for each in answer.json()["items"]}


async def test_signing_registers_what_a_target_is_measured_by(service: Service) -> None:
    targets = [target("up", "signed.up", available()), target("fast", "signed.latency", fast())]
    await service.agree(finalized(*targets, agreement_id=AGREEMENT, agreement_key="signed"))
    listed = (await service.provider.get("/api/v1/indicators", params={"limit": 1000})).json()["items"]
    kinds = {each["key"]: each["kind"] for each in listed}
    assert (kinds.get("signed.up"), kinds.get("signed.latency")) == ("availability", "value")
    at = "2026-11-05T09:00:00Z"
    async with asyncio.timeout(20):
        # Since when is told once the target has been evaluated.
        while (before := await states(service))["up"]["no_data"]["since_at"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert before["up"]["no_data"]["never_measured"] is before["fast"]["no_data"]["never_measured"] is True
    assert before["up"]["no_data"]["since_at"] == "2026-11-01T00:00:00.000000Z"
    sent = await service.measure(
        {"indicator": "signed.up", "at": at, "state": "up"}, {"indicator": "signed.latency", "at": at, "value": 1}
    )
    assert sent["accepted"] == 2, sent
    after = await states(service, sent["position"])
    assert after["up"]["no_data"] is after["fast"]["no_data"] is None


async def test_an_owner_defines_an_indicator_once_and_nobody_changes_its_kind(service: Service) -> None:
    targets = [target("up2", "signed.other", available())]
    agreement = named_id(PROVIDER, "agreement", "signed too")
    await service.agree(finalized(*targets, agreement_id=agreement, agreement_key="signed too"))
    path, given = "/api/v1/indicators", {"key": "signed.other", "kind": "availability", "initial_state": "up"}
    assert (await service.provider.post(path, json={**given, "kind": "ratio"})).status_code == 409
    assert (await service.provider.post(path, json=given)).status_code == 201
    assert (await service.provider.post(path, json=given)).status_code == 200
    assert (await service.provider.post(path, json={**given, "initial_state": "down"})).status_code == 409
