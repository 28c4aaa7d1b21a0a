"""Exclusions over HTTP: asked for, decided by the other party or its delegate, and refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from slm_chassis.identity import named_id
from slm_events.agreement import PartiesRelated
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, available, finalized
from tests.support.monitor_service import FOREIGNER, Service, problem, publish

HTTP_AGREEMENT = named_id(PROVIDER, "agreement", "excluding")
PATH = "/api/v1/exclusions"
DELEGATES = "/api/v1/exclusion-delegates"


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.register("excluding.up", "availability")
    target = {
        **available(),
        "target_id": named_id(PROVIDER, "target", "excluding"),
        "indicator": {"owner_party_id": PROVIDER, "key": "excluding.up"},
    }
    await service.agree(finalized(target, agreement_id=HTTP_AGREEMENT, agreement_key="excluding"))


def given(**changed: Any) -> dict[str, Any]:
    interval = {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T09:00:00Z"}
    return {"agreement_id": HTTP_AGREEMENT, "kind": "claim", "text": "their cable", "interval": interval, **changed}


async def asked(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json=given(**changed))
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_one_party_asks_and_the_other_one_approves(service: Service) -> None:
    entry = await asked(service.provider, targets=["availability"], evidence=[{"system": "change", "id": "C1"}])
    assert (entry["state"], entry["waits_for_party_id"]) == ("requested", CUSTOMER)
    assert entry["targets"] == [named_id(PROVIDER, "target", "excluding")]
    path = f"{PATH}/{entry['exclusion_id']}"
    approved = (await service.customer.post(f"{path}/approve", json={"reason": "agreed"})).json()
    assert (approved["state"], approved["decided_by_party_id"]) == ("approved", CUSTOMER)
    assert (await service.provider.get(path)).json()["uncounted"] == []
    again = problem(await service.customer.post(f"{path}/reject"))
    assert (again["status"], "it is approved" in again["detail"]) == (409, True)
    revoked = (await service.customer.post(f"{path}/revoke", json={"reason": "it was not"})).json()
    assert (revoked["state"], revoked["revoked_by_party_id"]) == ("revoked", CUSTOMER)


async def test_a_rule_without_an_end_runs_on_by_the_wall_clock(service: Service) -> None:
    """A reboot each Saturday at 14:00 in New York, of an agreement that has no end itself."""
    rule = {
        "rule": "FREQ=WEEKLY;BYDAY=SA",
        "from": "2026-09-05T18:00:00Z",
        "duration": "PT2H",
        "timezone": "America/New_York",
    }
    entry = await asked(service.provider, kind="planned", interval=None, recurrence=rule)
    begins = [each["from"] for each in entry["intervals"]]
    assert "2026-10-31T18:00:00.000000Z" in begins
    assert "2026-11-07T19:00:00.000000Z" in begins
    assert begins[-1] > "2036-08-01"


async def test_whoever_asked_and_an_operator_do_not_decide(service: Service) -> None:
    entry = await asked(service.customer)
    path = f"{PATH}/{entry['exclusion_id']}"
    assert problem(await service.customer.post(f"{path}/approve"))["type"] == "/problems/not-your-turn"
    assert problem(await service.operator.post(f"{path}/approve"))["type"] == "/problems/no-party"
    assert problem(await service.operator.post(PATH, json=given()))["type"] == "/problems/no-party"
    assert problem(await service.viewer.post(PATH, json=given()))["type"] == "/problems/missing-role"
    assert (await service.operator.get(path)).status_code == 200


async def acquainted(service: Service) -> None:
    """The customer and the foreigner come to know one another."""
    pair = {"first_party_id": CUSTOMER, "second_party_id": FOREIGNER}
    await publish(
        service.log, PartiesRelated(relation_id="r", made_how="operator", made_at="2026-11-01T00:00:00.000000Z", **pair)
    )
    async with asyncio.timeout(10):
        while True:
            async with service.app.database.read() as connection:
                if (await connection.execute(text("SELECT count(*) FROM party_relation"))).scalar_one():
                    return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("named", [FOREIGNER, "11111111-1111-4111-8111-111111111111", "nobody"])
async def test_a_delegate_unknown_to_the_party_is_refused_like_a_missing_one(service: Service, named: str) -> None:
    other = {"agreement_id": HTTP_AGREEMENT, "delegate_party_id": named, "reason": "they run it for us"}
    refused = problem(await service.customer.post(DELEGATES, json=other))
    assert (refused["status"], [each["field"] for each in refused["errors"]]) == (422, ["delegate_party_id"])
    assert refused["errors"][0]["remedy"] == "write the id of a party that yours has a relation with"


async def test_a_delegate_decides_in_a_partys_place_until_it_is_dismissed(service: Service) -> None:
    await acquainted(service)
    wanted = {"agreement_id": HTTP_AGREEMENT, "delegate_party_id": FOREIGNER, "reason": "they run it for us"}
    first, second = await asked(service.provider), await asked(service.provider)
    of_customer = await asked(service.customer)
    answer = await service.customer.post(DELEGATES, json=wanted)
    assert answer.status_code == 201, answer.text
    delegate = answer.json()
    assert (delegate["party_id"], delegate["delegate_party_id"]) == (CUSTOMER, FOREIGNER)
    assert (await service.foreigner.get(f"{PATH}/{first['exclusion_id']}")).status_code == 200
    approved = (await service.foreigner.post(f"{PATH}/{first['exclusion_id']}/approve")).json()
    assert (approved["state"], approved["decided_by_party_id"]) == ("approved", FOREIGNER)
    assert approved["decided_for_party_id"] == CUSTOMER
    # Not what the customer itself asked for: that is the provider's to decide.
    path = f"{PATH}/{of_customer['exclusion_id']}/approve"
    assert problem(await service.foreigner.post(path))["status"] == 404
    listed = (await service.foreigner.get(DELEGATES)).json()["items"]
    assert delegate["delegate_id"] in [each["delegate_id"] for each in listed]
    path = f"{DELEGATES}/{delegate['delegate_id']}/dismiss"
    assert problem(await service.foreigner.post(path))["status"] == 404
    assert (await service.customer.post(path)).json()["dismissed_at"] is not None
    assert problem(await service.customer.post(path))["status"] == 409
    assert problem(await service.foreigner.post(f"{PATH}/{second['exclusion_id']}/approve"))["status"] == 404
    assert problem(await service.foreigner.get(f"{PATH}/{first['exclusion_id']}"))["status"] == 404


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"delegate_party_id": PROVIDER}, 422),
        ({"ends_at": "2026-01-01T00:00:00Z"}, 422),
        ({"agreement_id": "another"}, 404),
    ],
)
async def test_only_somebody_else_is_a_delegate(service: Service, changed: dict[str, Any], status: int) -> None:
    wanted = {"agreement_id": HTTP_AGREEMENT, "delegate_party_id": FOREIGNER, **changed}
    assert problem(await service.customer.post(DELEGATES, json=wanted))["status"] == status


async def test_what_belongs_to_others_is_not_there(service: Service) -> None:
    entry = await asked(service.provider)
    path = f"{PATH}/{entry['exclusion_id']}"
    assert problem(await service.foreigner.get(path))["status"] == 404
    assert problem(await service.foreigner.post(PATH, json=given()))["status"] == 404
    assert (await service.foreigner.get(PATH)).json()["items"] == []
    assert problem(await service.provider.get(f"{PATH}/{AGREEMENT}"))["status"] == 404


async def test_the_same_request_under_the_same_key_asks_once(service: Service) -> None:
    answers = [
        await service.provider.post(PATH, json=given(text="once"), headers={"Idempotency-Key": "excluding-once"})
        for _ in range(3)
    ]
    assert len({answer.json()["exclusion_id"] for answer in answers}) == 1
    page = (await service.provider.get(PATH, params={"agreement_id": HTTP_AGREEMENT, "limit": 1000})).json()
    assert sum(each["text"] == "once" for each in page["items"]) == 1


async def test_a_recurrence_is_resolved_when_it_is_asked_for(service: Service) -> None:
    rule = {"rule": "FREQ=WEEKLY;COUNT=3", "from": "2026-11-08T01:00:00Z", "duration": "PT2H"}
    entry = await asked(service.provider, interval=None, recurrence=rule)
    assert [each["from"][:13] for each in entry["intervals"]] == ["2026-11-08T01", "2026-11-15T01", "2026-11-22T01"]
    assert entry["recurrence"]["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"interval": None}, "interval"),
        ({"interval": {"from": "2026-11-05T09:00:00Z", "to": "2026-11-05T09:00:00Z"}}, "interval.to"),
        ({"interval": {"from": "yesterday", "to": "2026-11-05T09:00:00Z"}}, "interval.from"),
        ({"targets": ["availability", "unheard-of"]}, "targets[1]"),
        ({"indicators": ["unheard-of"]}, "indicators[0]"),
        ({"services": ["unheard-of"]}, "services[0]"),
        ({"announced_at": "2036-11-05T09:00:00Z"}, "announced_at"),
        ({"decide_by_at": "2036-11-05T09:00:00Z"}, "if_silent"),
        ({"decide_by_at": "2016-11-05T09:00:00Z", "if_silent": "approved"}, "decide_by_at"),
        (
            {
                "interval": None,
                "recurrence": {"rule": "FREQ=NEVER", "from": "2026-11-08T01:00:00Z", "duration": "PT2H"},
            },
            "recurrence.rule",
        ),
        (
            {
                "interval": None,
                "recurrence": {"rule": "FREQ=WEEKLY;COUNT=2", "from": "2026-11-08T01:00:00Z", "duration": "P1M"},
            },
            "recurrence.duration",
        ),
        (
            {
                "interval": None,
                "recurrence": {
                    "rule": "FREQ=WEEKLY;COUNT=2",
                    "from": "2026-11-08T01:00:00Z",
                    "duration": "PT1H",
                    "timezone": "Mars/Olympus",
                },
            },
            "timezone",
        ),
    ],
)
async def test_a_request_that_means_nothing_is_refused_with_field_value_and_remedy(
    service: Service, changed: dict[str, Any], field: str
) -> None:
    refused = problem(await service.provider.post(PATH, json=given(**changed)))
    assert refused["status"] == 422
    (error,) = refused["errors"]
    assert error["field"] == field
    assert error["remedy"]


async def test_planned_time_in_a_frozen_period_is_refused_and_stored_nowhere(service: Service) -> None:
    frozen = named_id(PROVIDER, "agreement", "frozen")
    target = {**available(), "target_id": named_id(PROVIDER, "target", "frozen")}
    target["indicator"] = {"owner_party_id": PROVIDER, "key": "excluding.up"}
    dates = [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]
    night = {"key": "night", "title": "Election night", "occurrences": {"dates": dates}, "freeze": True}
    await service.agree(finalized(target, agreement_id=frozen, agreement_key="frozen", critical_periods=[night]))
    wanted = {"agreement_id": frozen, "interval": {"from": "2026-11-04T00:00:00Z", "to": "2026-11-04T03:00:00Z"}}
    for path in (PATH, f"{PATH}/effect"):
        refused = problem(await service.provider.post(path, json=given(kind="planned", **wanted)))
        (error,) = refused["errors"]
        assert (refused["status"], error["field"]) == (422, "interval")
        assert "“Election night”" in error["remedy"]
    assert (await service.provider.get(PATH, params={"agreement_id": frozen})).json()["items"] == []
    assert (await asked(service.provider, kind="force_majeure", **wanted))["state"] == "requested"
