"""Who may do and see what, and how principals and keys come and go."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_chassis.access import hash_of
from slm_events.agreement import KeyRevoked, PartyRegistered, PrincipalEnrolled, ServiceCatalogued
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


async def _stranger(service: AgreementUnderTest, role: str = "service_level_manager") -> str:
    party = await negotiation.post(
        service.client, OPERATOR_KEY, "/api/v1/parties", {"key": "stranger", "name": "Stranger"}
    )
    body = {"key": "s", "party_id": party["party_id"], "name": "S", "roles": [role]}
    principal = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/principals", body)
    path = f"/api/v1/principals/{principal['principal_id']}/keys"
    return str((await negotiation.post(service.client, OPERATOR_KEY, path, {}))["key"])


async def _drafted(service: AgreementUnderTest, cast: Cast) -> dict[str, Any]:
    return await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )


async def test_a_foreign_agreement_is_not_found_whatever_is_done_to_it(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await _drafted(service, cast)
    await negotiation.propose_draft(service.client, cast, agreement)
    stranger = await _stranger(service)
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    named = {"revision_hash": agreement["revision"]["hash"]}
    assert (await service.ask(stranger, "GET", path))[0] == 404
    for move, body in (("accept", named), ("sign", named), ("withdraw", {}), ("amendments", {})):
        assert (await service.ask(stranger, "POST", f"{path}/{move}", body))[0] == 404
    for part in ("revisions", "check", "events", "diff?from=1&to=1", "revisions/1"):
        assert (await service.ask(stranger, "GET", f"{path}/{part}"))[0] == 404
    assert (await service.ask(stranger, "GET", "/api/v1/agreements"))[1]["items"] == []


async def test_foreign_parties_people_services_and_requirements_are_not_found(
    service: AgreementUnderTest, cast: Cast
) -> None:
    stranger = await _stranger(service)
    people = (await service.ask(OPERATOR_KEY, "GET", "/api/v1/people"))[1]["items"]
    principals = (await service.ask(OPERATOR_KEY, "GET", "/api/v1/principals"))[1]["items"]
    requirements = (await service.ask(OPERATOR_KEY, "GET", "/api/v1/requirements"))[1]["items"]
    mine = [item for item in principals if item["name"] != "S"]
    for path in (
        f"/api/v1/parties/{cast.provider_party_id}",
        f"/api/v1/services/{cast.service_id}",
        f"/api/v1/people/{people[0]['person_id']}",
        f"/api/v1/principals/{mine[0]['principal_id']}",
        f"/api/v1/requirements/{requirements[0]['requirement_id']}",
    ):
        status, problem = await service.ask(stranger, "GET", path)
        assert (status, problem["type"]) == (404, "/problems/not-found")


async def test_a_draft_is_its_authors_alone_until_it_is_proposed(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await _drafted(service, cast)
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    assert (await service.ask(cast.customer_manager_key, "GET", path))[0] == 404
    assert (await service.ask(cast.customer_manager_key, "GET", "/api/v1/agreements"))[1]["items"] == []
    revised = {**terms.agreement_document(EFFECTIVE), "title": "Second thoughts"}
    tag = f'"{agreement["version"]}.0"'
    status, agreement = await service.ask(
        cast.provider_manager_key, "POST", f"{path}/revisions", {"document": revised}, if_match=tag
    )
    assert status == 201
    await negotiation.propose_draft(service.client, cast, agreement)
    assert (await service.ask(cast.customer_manager_key, "GET", path))[0] == 200
    for who, numbers in ((cast.provider_manager_key, [1, 2]), (cast.customer_manager_key, [2])):
        _, listed = await service.ask(who, "GET", f"{path}/revisions")
        assert [item["number"] for item in listed["items"]] == numbers
    _, history = await service.ask(cast.customer_manager_key, "GET", f"{path}/events")
    assert [item["action"] for item in history["items"]] == ["agreement.propose"]


async def test_a_key_is_shown_once_and_stops_working_when_revoked(service: AgreementUnderTest, cast: Cast) -> None:
    body = {"key": "robot", "name": "Robot", "roles": ["integrator"]}
    robot = await negotiation.post(service.client, cast.provider_manager_key, "/api/v1/principals", body)
    path = f"/api/v1/principals/{robot['principal_id']}"
    issued = await negotiation.post(service.client, cast.provider_manager_key, f"{path}/keys", {})
    assert (await service.ask(issued["key"], "GET", "/api/v1/parties"))[0] == 200
    assert issued["key"] not in str(await service.ask(cast.provider_manager_key, "GET", path))
    status, _ = await service.ask(cast.provider_manager_key, "DELETE", f"{path}/keys/{issued['key_id']}")
    assert status == 204
    assert (await service.ask(issued["key"], "GET", "/api/v1/parties"))[0] == 401
    [revoked] = await _revoked(service, robot)
    assert revoked.revoked_key_id == issued["key_id"]
    assert [(key["sha256"], key["revoked_at"] is not None) for key in revoked.keys] == [(hash_of(issued["key"]), True)]
    assert (await service.ask(cast.provider_manager_key, "DELETE", f"{path}/keys/{issued['key_id']}"))[0] == 204
    assert len(await _revoked(service, robot)) == 1


async def _revoked(service: AgreementUnderTest, principal: dict[str, Any]) -> list[KeyRevoked]:
    told = await service.told(KeyRevoked)
    return [event for event in told if event.principal_id == principal["principal_id"]]


async def test_no_secret_is_published_or_stored_for_a_repeated_request(service: AgreementUnderTest, cast: Cast) -> None:
    enrolled = await service.told(PrincipalEnrolled)
    assert cast.viewer_key not in str(enrolled)
    [viewer] = {event.principal_id for event in enrolled if event.name == "The shop's dashboard"}
    path = f"/api/v1/principals/{viewer}/keys"
    status, problem = await service.ask(OPERATOR_KEY, "POST", path, {}, idempotency_key="k1")
    assert (status, problem["type"]) == (400, "/problems/no-idempotency-here")


async def test_a_service_level_manager_enrols_within_its_own_party_only(
    service: AgreementUnderTest, cast: Cast
) -> None:
    other = {"key": "spy", "name": "Spy", "roles": ["viewer"], "party_id": cast.customer_party_id}
    assert (await service.ask(cast.provider_manager_key, "POST", "/api/v1/principals", other))[0] == 404
    above = {"key": "boss", "name": "Boss", "roles": ["operator"]}
    status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/principals", above)
    assert (status, problem["errors"][0]["field"]) == (422, "roles[0]")
    assert (await service.ask(cast.viewer_key, "POST", "/api/v1/principals", {**above, "roles": []}))[0] == 403
    assert (await service.ask(cast.provider_manager_key, "POST", "/api/v1/parties", {"name": "X"}))[0] == 403


async def test_an_operator_sees_all_but_negotiates_for_nobody(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await _drafted(service, cast)
    path = f"/api/v1/agreements/{agreement['agreement_id']}"
    assert (await service.ask(OPERATOR_KEY, "GET", path))[0] == 200
    body = {"revision_hash": agreement["revision"]["hash"]}
    assert (await service.ask(OPERATOR_KEY, "POST", f"{path}/propose", body))[0] == 403


async def test_registering_again_changes_nothing_and_editing_needs_the_tag(
    service: AgreementUnderTest, cast: Cast
) -> None:
    body: dict[str, Any] = {"key": "acme-hosting", "name": "Acme Hosting"}
    status, party = await service.ask(OPERATOR_KEY, "POST", "/api/v1/parties", body)
    assert (status, party["party_id"]) == (200, cast.provider_party_id)
    status, _ = await service.ask(OPERATOR_KEY, "POST", "/api/v1/parties", {**body, "name": "Other"})
    assert status == 409
    path = f"/api/v1/parties/{cast.provider_party_id}"
    edit = {"name": "Acme", "external_refs": [{"system": "crm", "id": "K:1"}]}
    assert (await service.ask(OPERATOR_KEY, "PUT", path, edit))[0] == 428
    assert (await service.ask(OPERATOR_KEY, "PUT", path, edit, if_match='"old"'))[0] == 412
    tag = (await service.client.get(path, headers={"Authorization": f"Bearer {OPERATOR_KEY}"})).headers["etag"]
    assert (await service.ask(OPERATOR_KEY, "PUT", path, edit, if_match=tag))[0] == 200
    _, found = await service.ask(OPERATOR_KEY, "GET", "/api/v1/parties?external_ref=crm:K:1")
    assert [item["name"] for item in found["items"]] == ["Acme"]
    assert [event.name for event in await service.told(PartyRegistered) if event.key == "acme-hosting"] == [
        "Acme Hosting",
        "Acme",
    ]


async def test_a_service_is_seen_by_its_provider_and_by_whom_it_knows(service: AgreementUnderTest, cast: Cast) -> None:
    path = f"/api/v1/services/{cast.service_id}"
    assert (await service.ask(cast.provider_manager_key, "GET", path))[0] == 200
    assert (await service.ask(cast.viewer_key, "GET", path))[0] == 200
    [catalogued] = await service.told(ServiceCatalogued)
    assert catalogued.outcome == "Customers can pay for what is in their cart"


async def test_lists_come_in_pages(service: AgreementUnderTest, cast: Cast) -> None:
    _, first = await service.ask(OPERATOR_KEY, "GET", "/api/v1/people?limit=3")
    _, second = await service.ask(OPERATOR_KEY, "GET", f"/api/v1/people?limit=3&cursor={first['next']}")
    ids = [item["person_id"] for item in first["items"] + second["items"]]
    assert (len(ids), ids, second["next"]) == (4, sorted(ids), None)


async def test_related_parties_see_names_and_services_but_no_private_drafts(
    service: AgreementUnderTest,
) -> None:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    document = {**terms.agreement_document(EFFECTIVE), "requirements": []}
    agreement = await negotiation.draft_agreement(service.client, cast, document, terms.AGREEMENT_KEY)
    paths = (f"/api/v1/parties/{cast.provider_party_id}", f"/api/v1/services/{cast.service_id}")
    _, listed = await service.ask(cast.viewer_key, "GET", "/api/v1/agreements")
    assert (agreement["state"], listed["items"]) == ("draft", [])
    assert [(await service.ask(cast.viewer_key, "GET", path))[0] for path in paths] == [200, 200]


async def test_a_limited_key_issues_no_key_that_is_less_limited(service: AgreementUnderTest, cast: Cast) -> None:
    manager = cast.provider_manager_key
    robot = await negotiation.post(
        service.client, manager, "/api/v1/principals", {"key": "r", "name": "R", "roles": ["service_level_manager"]}
    )
    path = f"/api/v1/principals/{robot['principal_id']}/keys"
    limits = ["principals:write", "services:read"]
    limited = await negotiation.post(service.client, manager, path, {"scopes": limits})
    for scopes, status in ((["services:read"], 201), ([], 403), (["services:write"], 403), (["*:write"], 403)):
        assert (await service.ask(limited["key"], "POST", path, {"scopes": scopes}))[0] == status
