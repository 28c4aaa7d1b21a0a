"""A target's past over HTTP: derivations as text, windows as they were known, revisions, figures and budgets."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from tests.support.monitor import PROVIDER, available, fast, finalized, resolved
from tests.support.monitor_service import Service, problem

UP, LATENCY, BUSY = "past.up", "past.latency", "past.busy"
AGREEMENT = named_id(PROVIDER, "agreement", "past")


def named(target: dict[str, Any], key: str | None) -> dict[str, Any]:
    return {
        **target,
        "target_id": named_id(PROVIDER, "target", "past", target["key"]),
        "indicator": None if key is None else {"owner_party_id": PROVIDER, "key": key},
    }


DAYS, SHARE, CLOCK = named(available("99", "day"), UP), named(fast("90"), LATENCY), named(resolved(), None)
BURNING = named({**fast("90"), "key": "burning"}, BUSY)
BURNING["warn_at"] = {"burn_rate": [{"long": "PT1H", "short": "PT30M", "factor": "2"}]}
CLOCK["applies_to"] = {"type": "incident", "source": ["past"]}


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.register(UP, "availability")
    await service.register(LATENCY, "value", "ms")
    await service.register(BUSY, "value", "ms")
    await service.agree(finalized(DAYS, SHARE, BURNING, CLOCK, agreement_id=AGREEMENT, agreement_key="past"))


async def read(client: httpx.AsyncClient, target: dict[str, Any], path: str, **params: Any) -> Any:
    answer = await client.get(f"/api/v1/targets/{target['target_id']}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.headers["content-type"] == "application/json" else answer.text


def outage(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"indicator": UP, "outage": {"from": f"2026-11-{start}:00Z", "to": f"2026-11-{end}:00Z"}, **more}


async def test_a_restated_window_shows_its_revisions_and_what_was_known_when(service: Service) -> None:
    first = await service.measure(outage("03T10:00", "03T11:00", id="long"))
    windows = await read(service.provider, DAYS, "windows", min_position=first["position"], closed=True)
    assert [each["window_id"] for each in windows["items"]] == [f"2026-11-0{day}" for day in (4, 3, 2, 1)]
    between = to_text(service.clock.now())
    second = await service.measure(outage("03T10:00", "03T10:06", id="long", revision=1))
    page = await read(
        service.provider,
        DAYS,
        "windows",
        min_position=second["position"],
        **{"from": "2026-11-03T00:00:00Z", "to": "2026-11-04T00:00:00Z"},
    )
    (window,) = page["items"]
    assert window["verdict"] == "met"
    assert [(each["verdict"], each["cause"]) for each in window["revisions"]][-1] == ("met", "fact")
    assert window["revisions"][-1]["before"]["verdict"] == "breached"
    known = await read(service.customer, DAYS, "windows", known_at=between)
    third = next(each for each in known["items"] if each["window_id"] == "2026-11-03")
    assert (third["verdict"], third["figure"]) == ("breached", "575/6")
    assert third["revisions"][-1]["verdict"] == "breached"
    breached = await read(service.provider, DAYS, "windows", verdict="breached")
    assert breached["items"] == []


async def test_a_derivation_can_be_read_as_text(service: Service) -> None:
    answer = await service.measure(outage("02T10:00", "02T10:30", id="half"))
    told = await read(
        service.customer, DAYS, "explain", window="2026-11-02", format="text", min_position=answer["position"]
    )
    assert "2026-11-02T10:00:00.000000Z 2026-11-02T10:30:00.000000Z down counts as down, service time PT30M" in told
    assert told.splitlines()[-3:] == [
        "figure 97.9167 (exactly 1175/12)",
        "budget 864000000/1 microseconds, consumed 1800000000/1, left -936000000/1",
        "verdict breached since 2026-11-02T10:14:24.000000Z",
    ]
    present = await read(service.customer, DAYS, "explain")
    assert (present["window"]["id"], present["agreement_version"]) == ("2026-11-05", 1)
    headers = {"Accept": "text/plain"}
    path = f"/api/v1/targets/{DAYS['target_id']}/explain"
    by_header = await service.customer.get(path, params={"window": "2026-11-02"}, headers=headers)
    assert by_header.text == told


async def test_an_open_window_that_burns_too_fast_is_explained_as_at_risk(service: Service) -> None:
    calm = [{"indicator": BUSY, "at": f"2026-11-04T1{n // 60}:{n % 60:02}:00Z", "value": 100} for n in range(180)]
    hasty = [
        {"indicator": BUSY, "at": f"2026-11-05T09:{40 + n}:00Z", "value": 100 if n % 2 else 900} for n in range(20)
    ]
    position = (await service.measure(*calm, *hasty))["position"]
    told = await read(service.customer, BURNING, "explain", min_position=position)
    assert (told["figure"], told["verdict"]) == ("95/1", "at_risk")
    assert [(each["cause"], each["threshold"]) for each in told["warnings"]] == [("burn_rate", "PT1H/PT30M@2")]
    risk = f"/api/v1/risks/{told['warnings'][0]['risk_id']}"
    for client in (service.provider, service.viewer, service.customer, service.operator):
        answer = (await client.get(risk)).json()
        answer.pop("cause_id")
        assert answer == told["warnings"][0]
    for answer in (await service.foreigner.get(risk), await service.provider.get("/api/v1/risks/none")):
        assert problem(answer)["status"] == 404
    calm_then = await read(service.customer, BURNING, "explain", known_at="2026-11-04T23:00:00Z")
    assert (calm_then["verdict"], calm_then["warnings"]) == ("no_data", [])
    as_text = await read(service.customer, BURNING, "explain", format="text")
    why = "budget burning more than 2 times too fast over 1 h and 30 min"
    assert f"warned since {told['warnings'][0]['opened_at']}: {why}" in as_text


async def test_targets_are_listed_with_their_budgets_and_the_time_left(service: Service) -> None:
    item = {"indicator": LATENCY, "at": "2026-11-04T23:30:00Z", "value": 100}
    position = (await service.measure(item, outage("05T09:00", "05T09:07", id="today")))["position"]
    answer = await service.provider.get("/api/v1/targets", params={"agreement_id": AGREEMENT, "min_position": position})
    windows = {each["key"]: each["window"] for each in answer.json()["items"]}
    day, share = windows["availability"], windows[SHARE["key"]]
    assert (day["budget"]["whole"], day["budget"]["left"]) == ("864000000/1", "444000000/1")
    assert 0 < day["time_left"]["window_seconds"] <= 14 * 3600
    assert day["time_left"]["projected_breach_at"].startswith("2026-11-05T")
    assert share["budget"]["unit"] == "events"
    assert share["time_left"]["projected_breach_at"] is None


async def test_figures_and_budgets_come_as_series(service: Service) -> None:
    values = [
        {"indicator": LATENCY, "at": f"2026-11-04T{hour:02}:30:00Z", "value": 500 if hour < 2 else 100}
        for hour in range(24)
    ]
    answer = await service.measure(*values)
    told = await read(service.provider, SHARE, "budget", window="2026-11", step="P1D", min_position=answer["position"])
    assert [(each["at"][8:13], each["figure"]) for each in told["points"]] == [
        ("02T00", None),
        ("03T00", None),
        ("04T00", None),
        ("05T00", "275/3"),
        ("05T10", "275/3"),
    ]
    assert told["points"][-1]["budget"]["consumed"] == "2/1"
    days = await read(service.provider, DAYS, "history", **{"from": "2026-11-02T00:00:00Z"})
    assert [each["window_id"] for each in days["items"]] == ["2026-11-04", "2026-11-03", "2026-11-02"]


async def test_closed_figures_come_in_pages_the_newest_first(service: Service) -> None:
    found: list[str] = []
    page: dict[str, Any] = {"next": None}
    while not found or page["next"]:
        asked = {"limit": "2", **({"cursor": page["next"]} if page["next"] else {})}
        page = await read(service.provider, DAYS, "history", **asked)
        assert 1 <= len(page["items"]) <= 2
        found += [each["window_id"] for each in page["items"]]
    whole = await read(service.customer, DAYS, "history")
    assert found == [each["window_id"] for each in whole["items"]] == sorted(found, reverse=True)
    assert len(found) > 2 and len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("target", "path", "params", "status"),
    [
        (DAYS, "explain", {"window": "2026-10-31"}, 404),
        (DAYS, "explain", {"window": "yesterday"}, 422),
        (DAYS, "explain", {"window": "2026-11-02", "known_at": "noon"}, 422),
        (CLOCK, "explain", {"window": "2026-11"}, 422),
        (DAYS, "budget", {"window": "2026-11-02", "step": "PT1S"}, 422),
        (SHARE, "budget", {"window": "2026-11", "step": "PT5M"}, 422),
        (DAYS, "budget", {"window": "2027-01"}, 404),
        (DAYS, "windows", {"verdict": "lost"}, 422),
        (DAYS, "windows", {"from": "x"}, 422),
        (DAYS, "history", {"from": "x"}, 422),
        (DAYS, "history", {"window": "2026-11-02"}, 422),
        (DAYS, "budget", {}, 422),
    ],
)
async def test_what_cannot_be_answered_says_why(
    target: dict[str, Any], path: str, params: dict[str, Any], status: int, service: Service
) -> None:
    answer = await service.provider.get(f"/api/v1/targets/{target['target_id']}/{path}", params=params)
    assert problem(answer)["status"] == status


@pytest.mark.parametrize("path", ["explain?window=2026-11-02", "windows", "history", "budget?window=2026-11-02"])
async def test_strangers_learn_nothing(path: str, service: Service) -> None:
    answer = await service.foreigner.get(f"/api/v1/targets/{DAYS['target_id']}/{path}")
    assert problem(answer)["status"] == 404
