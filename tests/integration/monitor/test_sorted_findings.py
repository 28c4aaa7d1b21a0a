"""Breaches and risks in the order of urgency, budget and time left, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from tests.support.monitor import HOUR, PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem

HOURS_DOWN = {"calm": 1, "worried": 4, "eager": 6, "over": 9, "lost": 12}
"""Key → hours of an outage; 7.2 h may be down in November."""
AGREEMENT = named_id(PROVIDER, "agreement", "findings")
HIDDEN = named_id(PROVIDER, "agreement", "findings-hidden")


def target(key: str, space: str = "findings") -> dict[str, Any]:
    return {
        **available("99", warn_at={"budget_consumed": ["50"]}),
        "key": key,
        "target_id": named_id(PROVIDER, "target", space, key),
        "indicator": {"owner_party_id": PROVIDER, "key": f"findings.{key}"},
    }


@pytest.fixture(scope="module", autouse=True)
async def played(service: Service) -> None:
    for key in HOURS_DOWN:
        await service.register(f"findings.{key}", "availability")
    await service.agree(finalized(*map(target, HOURS_DOWN), agreement_id=AGREEMENT, agreement_key="findings"))
    hidden = [target(key, "findings-hidden") for key in HOURS_DOWN]
    sees = {"risks": "at_once", "live_figure": "at_close", "plans": "none"}
    await service.agree(finalized(*hidden, agreement_id=HIDDEN, agreement_key="findings-hidden", customer_sees=sees))
    now = service.clock.now()
    sent = await service.measure(
        *({"indicator": f"findings.{key}", "at": "2026-11-01T00:00:00Z", "state": "up"} for key in HOURS_DOWN),
        *(
            {
                "indicator": f"findings.{key}",
                "outage": {"from": to_text(now - 20 * HOUR), "to": to_text(now - (20 - hours) * HOUR)},
            }
            for key, hours in HOURS_DOWN.items()
        ),
    )
    await service.provider.get("/api/v1/targets", params={"min_position": sent["position"]})


async def listed(client: Any, kind: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list, one item at a time."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(f"/api/v1/{kind}", params={"limit": 1, "agreement_id": AGREEMENT, **params, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def keys(found: list[dict[str, Any]]) -> list[str]:
    return [each["target_key"] for each in found]


async def test_the_least_budget_left_comes_first(service: Service) -> None:
    assert keys(await listed(service.provider, "breaches", sort="budget")) == ["lost", "over"]
    risks = keys(await listed(service.provider, "risks", sort="budget", standing=True))
    assert [each for each in risks if each in ("eager", "worried")] == ["eager", "worried"]


async def test_what_nobody_acknowledged_comes_first(service: Service) -> None:
    found = await listed(service.provider, "breaches", sort="urgency")
    first = found[0]
    tag = (await service.provider.get(f"/api/v1/breaches/{first['breach_id']}")).headers["ETag"]
    path = f"/api/v1/breaches/{first['breach_id']}/acknowledge"
    answer = await service.provider.post(path, json={}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    after = await listed(service.provider, "breaches", sort="urgency")
    assert keys(after) == [*keys(found)[1:], first["target_key"]]
    assert after[0].keys() == (await listed(service.provider, "breaches"))[0].keys(), "the order adds no field"


async def test_the_nearest_end_comes_first_and_nothing_is_lost(service: Service) -> None:
    for kind in ("breaches", "risks"):
        latest = await listed(service.provider, kind)
        for sort in ("urgency", "budget", "time_left"):
            found = await listed(service.provider, kind, sort=sort)
            identity = "breach_id" if kind == "breaches" else "risk_id"
            assert sorted(each[identity] for each in found) == sorted(each[identity] for each in latest)
    standing = [each["standing"] for each in await listed(service.provider, "risks", sort="urgency")]
    assert standing == sorted(standing, reverse=True)


async def test_the_order_by_budget_tells_a_customer_no_hidden_figure(service: Service) -> None:
    found = await listed(service.customer, "breaches", sort="budget", agreement_id=HIDDEN)
    assert [each["breach_id"] for each in found] == sorted(each["breach_id"] for each in found)
    open_to = await listed(service.provider, "breaches", sort="budget", agreement_id=HIDDEN)
    assert keys(open_to) == ["lost", "over"]
    assert await listed(service.foreigner, "breaches", sort="budget", agreement_id=HIDDEN) == []


async def test_the_cursor_of_another_order_is_refused(service: Service) -> None:
    params: dict[str, Any] = {"limit": 1, "agreement_id": AGREEMENT}
    page = (await service.provider.get("/api/v1/breaches", params={**params, "sort": "urgency"})).json()
    wrong = {**params, "sort": "budget", "cursor": page["next"]}
    assert problem(await service.provider.get("/api/v1/breaches", params=wrong))["status"] == 422
    odd = problem(await service.provider.get("/api/v1/risks", params={"sort": "colour"}))
    assert odd["status"] == 422 and odd["errors"][0]["field"] == "query.sort"
