"""One party puts a contract on record whose other party does not use the product."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.identity import named_id
from slm_events.agreement import AgreementFinalized, AgreementInForce, AgreementRecorded, AgreementTerminated
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

SHA = "ab" * 32
TARGET = {
    "key": "up",
    "indicator": "sky.vm",
    "aggregation": "availability",
    "objective": {"at_least": "99.95", "unit": "percent"},
    "window": {"calendar": "month"},
}
PATH = "/api/v1/recorded-agreements"


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    """Two related parties that use the product."""
    cast, _ = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    return cast


@pytest.fixture
def manager(cast: Cast) -> str:
    """The key of a manager who records contracts."""
    return cast.provider_manager_key


async def contract(service: AgreementUnderTest, manager: str) -> dict[str, Any]:
    """A contract of a named cloud provider with the manager's party, ready to be recorded."""
    _, me = await service.ask(manager, "GET", "/api/v1/me")
    own = me["party"]["party_id"]
    status, company = await service.ask(
        manager, "POST", "/api/v1/named-companies", {"key": "sky", "name": "Sky Compute"}
    )
    assert (status, company["party_id"]) in ((201, named_id(own, "named company", "sky")), (200, company["party_id"]))
    service_body = {"key": "vm", "name": "Virtual machines", "provider_party_id": company["party_id"]}
    status, catalogued = await service.ask(manager, "POST", "/api/v1/services", service_body)
    assert status in (200, 201), catalogued
    return {
        "key": "sky-2027",
        "kind": "uc",
        "provider_party_id": company["party_id"],
        "customer_party_id": own,
        "service_id": catalogued["service_id"],
        "document": {"title": "Sky", "term": {"effective_at": EFFECTIVE}, "targets": [TARGET]},
        "contract": {"media_type": "application/pdf", "sha256": SHA, "dated_on": "2026-03-31"},
    }


async def test_a_contract_on_record_is_in_force_by_its_dates(service: AgreementUnderTest, manager: str) -> None:
    body = await contract(service, manager)
    status, recorded = await service.ask(manager, "POST", PATH, body)
    assert (status, recorded.get("state"), recorded.get("is_stored")) == (201, "recorded", True), recorded
    assert {each["code"] for each in recorded["findings"]} >= {"complete.empty-point"}
    assert (await service.ask(manager, "POST", PATH, body))[0] == 200
    assert (await service.ask(manager, "POST", PATH, {**body, "kind": "ola"}))[0] == 409
    path = f"/api/v1/agreements/{recorded['agreement_id']}"
    await service.move_to("2026-12-05T00:00:00Z")
    _, seen = await service.ask(manager, "GET", path)
    assert (seen["state"], seen["signatures"], seen["finalized_at"]) == ("in_force", [], None)
    assert seen["on_record"]["says"].endswith("not confirmed by Sky Compute")
    _, listed = await service.ask(manager, "GET", "/api/v1/agreements")
    assert [each["on_record"]["says"] for each in listed["items"] if "on_record" in each] == [seen["on_record"]["says"]]
    [event] = [each for each in await service.told(AgreementRecorded) if each.agreement_id == seen["agreement_id"]]
    assert event.targets[0]["indicator"]["owner_party_id"] == event.recorded_by_party_id == body["customer_party_id"]
    assert not [each for each in await service.told(AgreementFinalized) if each.agreement_id == seen["agreement_id"]]
    assert [each for each in await service.told(AgreementInForce) if each.agreement_id == seen["agreement_id"]]
    status, ended = await service.ask(manager, "POST", f"{path}/terminate", {"reason": "Moved to another cloud"})
    assert (status, ended["state"]) == (200, "terminated"), ended
    assert [each for each in await service.told(AgreementTerminated) if each.agreement_id == seen["agreement_id"]]


async def test_a_dry_run_stores_nothing(service: AgreementUnderTest, manager: str) -> None:
    body = await contract(service, manager)
    status, tried = await service.ask(manager, "POST", f"{PATH}?dry_run=true", body)
    assert (status, tried["is_stored"]) == (200, False), tried
    assert (await service.ask(manager, "GET", f"/api/v1/agreements/{tried['agreement_id']}"))[0] == 404
    assert await service.told(AgreementRecorded) == []


async def test_nobody_else_sees_or_names_the_company(service: AgreementUnderTest, cast: Cast, manager: str) -> None:
    body = await contract(service, manager)
    _, recorded = await service.ask(manager, "POST", PATH, body)
    key, company = cast.customer_manager_key, body["provider_party_id"]
    _, named = await service.ask(key, "GET", "/api/v1/named-companies")
    assert named["items"] == []
    for path in (f"named-companies/{company}", f"services/{body['service_id']}"):
        assert (await service.ask(key, "GET", f"/api/v1/{path}"))[0] == 404
    assert (await service.ask(key, "GET", f"/api/v1/agreements/{recorded['agreement_id']}"))[0] == 404
    _, me = await service.ask(key, "GET", "/api/v1/me")
    status, refused = await service.ask(key, "POST", PATH, {**body, "customer_party_id": me["party"]["party_id"]})
    assert status == 404, refused


async def test_a_contract_on_record_is_neither_amended_nor_signed(service: AgreementUnderTest, manager: str) -> None:
    body = await contract(service, manager)
    _, recorded = await service.ask(manager, "POST", PATH, body)
    path = f"/api/v1/agreements/{recorded['agreement_id']}"
    for move, given in (
        ("amendments", {}),
        ("propose", {"revision_hash": recorded["revision_hash"]}),
        ("accept", {"revision_hash": recorded["revision_hash"]}),
        ("withdraw", {}),
    ):
        assert (await service.ask(manager, "POST", f"{path}/{move}", given))[0] == 409, move
