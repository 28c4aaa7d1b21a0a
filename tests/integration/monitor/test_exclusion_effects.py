"""What an exclusion would change, told before it is asked for, before it is decided, and before it is revoked."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem

AGREEMENT_OF_EFFECTS = named_id(PROVIDER, "agreement", "effects")
HIDDEN_AGREEMENT = named_id(PROVIDER, "agreement", "effects-hidden")
PATH = "/api/v1/exclusions"
OUTAGE = {"from": "2026-11-03T06:00:00Z", "to": "2026-11-03T08:00:00Z"}


def target_named(key: str, indicator: str) -> dict[str, Any]:
    found = {**available(), "key": key, "target_id": named_id(PROVIDER, "target", "effects", key)}
    return {**found, "indicator": {"owner_party_id": PROVIDER, "key": indicator}}


@pytest.fixture(scope="module", autouse=True)
async def breached(service: Service) -> None:
    """Two hours of downtime of one of two indicators; the same under an agreement that hides live figures."""
    for key in ("effects.up", "effects.other"):
        await service.register(key, "availability")
    rolling = {**target_named("rolling", "effects.other"), "window": {"rolling": "P28D"}}
    both = [target_named("up", "effects.up"), target_named("other", "effects.other"), rolling]
    capped = {"planned_maintenance": {"notice": "P2D"}}
    await service.agree(finalized(*both, agreement_id=AGREEMENT_OF_EFFECTS, agreement_key="effects", **capped))
    hidden = target_named("hidden", "effects.up")
    sees = {"customer_sees": {"risks": "at_breach", "live_figure": "at_close"}}
    await service.agree(finalized(hidden, agreement_id=HIDDEN_AGREEMENT, agreement_key="effects-hidden", **sees))
    await service.measure({"indicator": "effects.up", "outage": OUTAGE})
    async with asyncio.timeout(20):
        while not (await breaches(service))["items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def breaches(service: Service) -> dict[str, Any]:
    answer = await service.provider.get("/api/v1/breaches", params={"agreement_id": AGREEMENT_OF_EFFECTS})
    found: dict[str, Any] = answer.json()
    return found


def wanted(**changed: Any) -> dict[str, Any]:
    return {"agreement_id": AGREEMENT_OF_EFFECTS, "kind": "claim", "text": "a storm", "interval": OUTAGE, **changed}


async def effect(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await client.post(f"{PATH}/effect", json=wanted(**changed))
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_the_effect_is_the_figure_that_approval_gives_and_nothing_is_stored(service: Service) -> None:
    before = (await service.provider.get(PATH, params={"agreement_id": AGREEMENT_OF_EFFECTS})).json()["items"]
    told = await effect(service.provider)
    window = {each["target_id"]: each for each in told["windows"]}
    up = window[named_id(PROVIDER, "target", "effects", "up")]
    assert (up["window_id"], up["changes"]) == ("2026-11", True)
    assert (up["before"]["verdict"], up["after"]["verdict"]) == ("breached", "met")
    assert up["after"]["figure"] == "100/1"
    assert up["before"]["budget"]["consumed"] == "7200000000/1"
    other = window[named_id(PROVIDER, "target", "effects", "other")]
    assert (other["before"]["figure"], other["before"]["verdict"]) == (other["after"]["figure"], "met")
    assert window[named_id(PROVIDER, "target", "effects", "rolling")]["window_id"] == "P28D"
    # Without downtime only the allowance shrinks with the month.
    assert other["before"]["budget"]["consumed"] == other["after"]["budget"]["consumed"] == "0/1"
    after = (await service.provider.get(PATH, params={"agreement_id": AGREEMENT_OF_EFFECTS})).json()["items"]
    assert after == before
    assert [each["standing"] for each in (await breaches(service))["items"]] == [True]


async def test_a_request_and_its_revocation_tell_their_effect_to_both_parties(service: Service) -> None:
    entry = (await service.provider.post(PATH, json=wanted(targets=["up"]))).json()
    path = f"{PATH}/{entry['exclusion_id']}"
    for client in (service.provider, service.customer):
        [told] = (await client.get(f"{path}/effect")).json()["windows"]
        assert (told["before"]["verdict"], told["after"]["verdict"]) == ("breached", "met")
    await service.customer.post(f"{path}/approve")
    [told] = (await service.provider.get(f"{path}/effect")).json()["windows"]
    assert (told["before"]["verdict"], told["after"]["verdict"]) == ("met", "breached")
    explained = await service.provider.get(f"/api/v1/targets/{told['target_id']}/explain", params={"window": "2026-11"})
    assert explained.json()["figure"] == told["before"]["figure"]
    await service.customer.post(f"{path}/revoke", json={"reason": "not a storm"})
    ended = (await service.provider.get(f"{path}/effect")).json()
    assert (ended["windows"], ended["counted"]) == ([], [])


async def test_what_is_announced_too_late_changes_nothing_and_says_so(service: Service) -> None:
    told = await effect(service.provider, kind="planned")
    assert told["windows"] == []
    assert [each["cause"] for each in told["uncounted"]] == ["announced_late"]


async def test_time_to_come_and_a_recurring_one_change_no_figure_yet(service: Service) -> None:
    rule = {"rule": "FREQ=WEEKLY;COUNT=3", "from": "2026-11-12T01:00:00Z", "duration": "PT2H", "timezone": "UTC"}
    told = await effect(service.provider, kind="planned", interval=None, recurrence=rule)
    assert (len(told["counted"]), told["windows"], told["untold"]) == (3, [], [])


async def test_the_customer_is_told_nothing_of_figures_that_it_sees_at_close(service: Service) -> None:
    told = await effect(service.customer, agreement_id=HIDDEN_AGREEMENT)
    assert told["windows"] == []
    assert [(each["window_id"], each["cause"]) for each in told["untold"]] == [("2026-11", "shown_at_close")]
    [window] = (await effect(service.provider, agreement_id=HIDDEN_AGREEMENT))["windows"]
    assert window["before"]["verdict"] == "breached"


async def test_strangers_and_operators_are_told_nothing(service: Service) -> None:
    assert problem(await service.foreigner.post(f"{PATH}/effect", json=wanted()))["status"] == 404
    assert problem(await service.operator.post(f"{PATH}/effect", json=wanted()))["type"] == "/problems/no-party"
    assert problem(await service.viewer.post(f"{PATH}/effect", json=wanted()))["type"] == "/problems/missing-role"
    entry = (await service.provider.post(PATH, json=wanted())).json()
    path = f"{PATH}/{entry['exclusion_id']}/effect"
    assert problem(await service.foreigner.get(path))["status"] == 404
    assert problem(await service.foreigner.get(f"{PATH}/nothing/effect"))["status"] == 404


async def test_a_bad_request_names_its_field(service: Service) -> None:
    answer = await service.provider.post(f"{PATH}/effect", json=wanted(targets=["nothing"]))
    assert [each["field"] for each in problem(answer)["errors"]] == ["targets[0]"]


async def test_a_second_exclusion_of_the_same_time_changes_nothing(service: Service) -> None:
    """The same time is excluded already; an interval that ends now reaches into the open window alike."""
    entry = (await service.provider.post(PATH, json=wanted(targets=["up"]))).json()
    path = f"{PATH}/{entry['exclusion_id']}"
    await service.customer.post(f"{path}/approve")
    told = await effect(service.provider, interval={"from": OUTAGE["from"], "to": "2026-11-05T10:00:01Z"})
    assert told["counted"] and told["windows"]
    await service.customer.post(f"{path}/revoke", json={"reason": "not a storm"})
