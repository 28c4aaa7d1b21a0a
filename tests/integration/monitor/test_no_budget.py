"""An objective of 100 percent has no budget in any answer about its target."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, available, finalized
from tests.support.monitor_service import Service

AGREEMENT = named_id(PROVIDER, "agreement", "all")
UP, SHARE = "all.up", "all.share"
ALL = {"at_least": "100", "unit": "percent"}
SLICES = {"time_slices": {"width": "PT1H", "good_if": "0.9", "budget": "slices"}}
FORMS: dict[str, tuple[Any, dict[str, str], str]] = {
    "states": ("availability", {"calendar": "month"}, UP),
    "rolling-states": ("availability", {"rolling": "P1D"}, UP),
    "counts": ("ratio", {"calendar": "month"}, SHARE),
    "rolling-counts": ("ratio", {"rolling": "P1D"}, SHARE),
    "slices": (SLICES, {"calendar": "month"}, SHARE),
    "rolling-slices": (SLICES, {"rolling": "P1D"}, SHARE),
}


def target(key: str) -> dict[str, Any]:
    aggregation, window, indicator = FORMS[key]
    made = {**available(), "key": key, "aggregation": aggregation, "objective": ALL, "window": window, "warn_at": {}}
    named = {
        "target_id": named_id(AGREEMENT, "target", key),
        "indicator": {"owner_party_id": PROVIDER, "key": indicator},
    }
    return {**made, **named}


@pytest.fixture(scope="module", autouse=True)
async def measured(service: Service) -> str:
    await service.register(UP, "availability")
    await service.register(SHARE, "ratio")
    await service.agree(finalized(*map(target, FORMS), agreement_id=AGREEMENT, agreement_key="all"))
    told = await service.measure(
        {"indicator": UP, "at": "2026-11-05T01:00:00Z", "state": "up"},
        {"indicator": UP, "at": "2026-11-05T03:00:00Z", "state": "down"},
        {"indicator": UP, "at": "2026-11-05T03:05:00Z", "state": "up"},
        {"indicator": SHARE, "at": "2026-11-05T01:30:00Z", "good": 10, "total": 10},
        {"indicator": SHARE, "at": "2026-11-05T03:30:00Z", "good": 5, "total": 10},
    )
    return str(told["position"])


@pytest.mark.parametrize("key", FORMS)
async def test_no_door_shows_a_budget_of_an_objective_of_all(service: Service, measured: str, key: str) -> None:
    path = f"/api/v1/targets/{target(key)['target_id']}"
    shown = {}
    for door in ("", "/explain"):
        answer = await service.provider.get(path + door, params={"min_position": measured})
        assert answer.status_code == 200, answer.text
        shown[door] = answer.json()
    window = shown[""]["window"]
    assert (window["verdict"], window["budget"], window["detail"].get("consumed_percent")) == ("breached", None, None)
    assert window["detail"].get("budget") is None
    explained = shown["/explain"]
    assert (explained["budget"], explained["burn_rate"]) == (None, None)
    assert not [line for line in explained["derivation"]["arithmetic"] if "left =" in line]
    text = await service.provider.get(f"{path}/explain", params={"format": "text"})
    assert "consumed" not in text.text and "null" not in text.text, text.text
    # A window as it is listed, once the judge has put it away.
    listed = await service.provider.get(f"{path}/windows")
    assert all(each["detail"].get("budget") is None for each in listed.json()["items"]), listed.text
    figures = await service.provider.get("/api/v1/figures", params={"agreement_id": AGREEMENT})
    assert figures.status_code == 200, figures.text
    own = [each for each in figures.json()["windows"] if each["target_key"] == key]
    assert [(each["budget_consumed_percent"], each.get("budget")) for each in own] == [(None, None)]


@pytest.mark.parametrize("aggregation", ["availability", "ratio", SLICES, {"share_at_most": "300"}])
async def test_no_preview_shows_a_budget_of_an_objective_of_all(service: Service, aggregation: Any) -> None:
    """The preview itself, and each step of a budget that was spent."""
    at = "2026-11-02T10:00:00Z"
    fact: dict[str, Any] = {"at": at, "good": 5, "total": 10}
    if aggregation == "availability":
        fact = {"outage": {"from": at, "to": "2026-11-02T10:05:00Z"}}
    elif isinstance(aggregation, dict) and "share_at_most" in aggregation:
        fact = {"at": at, "value": 500}
    asked = {
        "terms": {"aggregation": aggregation, "objective": ALL},
        "window": {"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z"},
        "initial_state": "up",
        "facts": [fact],
    }
    answer = await service.provider.post("/api/v1/previews/window", json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["verdict"], told["budget"], told["burn_rate"]) == ("breached", None, None)
    assert told["derivation"]["sums"].get("budget") is None
    assert not [line for line in told["derivation"]["arithmetic"] if "left =" in line]
