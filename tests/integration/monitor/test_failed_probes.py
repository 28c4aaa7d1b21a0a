"""A probe that failed has no value: it is beyond every limit, and outside of mean, maximum and minimum."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, fast, finalized
from tests.support.monitor_service import Service

LATENCY = "failing.latency"
AGREEMENT = named_id(PROVIDER, "agreement", "failing")
MS = {"unit": "ms"}
TARGETS: dict[str, tuple[Any, dict[str, str]]] = {
    "at-most": ({"share_at_most": "300"}, {"at_least": "95"}),
    "at-least": ({"share_at_least": "10"}, {"at_least": "95"}),
    "p50": ({"quantile": 0.5}, {"at_most": "300", **MS}),
    "mean": ("mean", {"at_most": "300", **MS}),
    "max": ("max", {"at_most": "300", **MS}),
    "min": ("min", {"at_least": "10", **MS}),
}
PROBES: list[dict[str, Any]] = [
    {"at": "2026-11-05T08:00:00Z", "value": 100},
    {"at": "2026-11-05T08:01:00Z", "value": "200.5", "id": "a"},
    {"at": "2026-11-05T08:02:00Z", "failed": True},
    {"at": "2026-11-05T08:03:00Z", "failed": True, "id": "b"},
]
FIGURES = {"at-most": "50/1", "at-least": "50/1", "mean": "601/4", "max": "401/2", "min": "100/1", "p50": "50/1"}
DISPLAYED = {
    "at-most": "50.0000",
    "at-least": "50.0000",
    "mean": "150.2500",
    "max": "200.5000",
    "min": "100.0000",
    "p50": "50.0000",
}


def terms(key: str, window: dict[str, str]) -> dict[str, Any]:
    aggregation, objective = TARGETS[key]
    name = f"{key}-{next(iter(window))}"
    return {
        **fast("95", window),
        "key": name,
        "title": name,
        "target_id": named_id(PROVIDER, "target", "failing", name),
        "indicator": {"owner_party_id": PROVIDER, "key": LATENCY},
        "aggregation": aggregation,
        "objective": objective,
    }


@pytest.fixture(scope="module", autouse=True)
async def measured(service: Service) -> str:
    await service.register(LATENCY, "value", "ms")
    targets = [terms(key, window) for key in TARGETS for window in ({"calendar": "day"}, {"rolling": "P1D"})]
    await service.agree(finalized(*targets, agreement_id=AGREEMENT, agreement_key="failing"))
    items = [{"indicator": LATENCY, **probe} for probe in PROBES]
    answer = await service.measure(*items, items[2], items[3])
    assert answer["accepted"] == 6, answer
    return str((await service.measure(*items))["position"])


@pytest.mark.parametrize("kind", ["calendar", "rolling"])
@pytest.mark.parametrize("key", TARGETS)
async def test_a_failed_probe_is_beyond_every_limit(service: Service, measured: str, key: str, kind: str) -> None:
    target = terms(key, {kind: ""})["target_id"]
    path = f"/api/v1/targets/{target}"
    rows = (await service.provider.get(f"{path}/windows", params={"min_position": measured})).json()["items"]
    (window,) = [row for row in rows if row["window_id"] in ("2026-11-05", "P1D")]
    assert window["figure"] == FIGURES[key]
    explained = await service.provider.get(f"{path}/explain", params={"window": window["window_id"]})
    assert explained.status_code == 200, explained.text
    assert explained.json()["figure_display"] == DISPLAYED[key], explained.text


@pytest.mark.parametrize("key", TARGETS)
async def test_a_preview_and_a_back_test_know_of_failed_probes(service: Service, key: str) -> None:
    aggregation, objective = TARGETS[key]
    asked = {
        "terms": {"key": key, "aggregation": aggregation, "objective": objective, "window": {"calendar": "day"}},
        "window": "2026-11-05",
        "facts": PROBES,
    }
    answer = await service.provider.post("/api/v1/previews/window", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["figure_display"] == DISPLAYED[key], answer.text


async def test_a_failed_probe_has_no_value_and_only_value_indicators_have_them(service: Service) -> None:
    await service.register("failing.count", "count")
    at = "2026-11-05T08:00:00Z"
    for item, code in (
        ({"indicator": LATENCY, "at": at, "failed": True, "value": 1}, "two_contents"),
        ({"indicator": LATENCY, "at": at, "failed": False}, "no_value"),
        ({"indicator": "failing.count", "at": at, "failed": True}, "wrong_kind"),
    ):
        answer = await service.provider.post("/api/v1/measurements", json=[item])
        assert (answer.status_code, answer.json()["items"][0]["code"]) == (422, code)
