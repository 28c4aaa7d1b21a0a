"""The status of services and what their provider's catalogue records, over REST on a real database."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

PARTS = [{"name": "Payment cluster", "external_refs": [{"system": "cmdb", "id": "CI-2041", "url": None}]}]


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


async def _entered(service: AgreementUnderTest, cast: Cast, **more: Any) -> dict[str, Any]:
    body = {"key": "search", "name": "Search", **more}
    status, answer = await service.ask(cast.provider_manager_key, "POST", "/api/v1/services", body)
    assert status == 201, answer
    return answer


async def _edited(
    service: AgreementUnderTest, cast: Cast, service_id: str, if_match: str = "*", **body: Any
) -> tuple[int, dict[str, Any]]:
    path = f"/api/v1/services/{service_id}"
    return await service.ask(cast.provider_manager_key, "PUT", path, {"name": "Search", **body}, If_Match=if_match)


def _draft(cast: Cast, service_id: str, key: str) -> dict[str, Any]:
    return {
        "key": key,
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": service_id,
        "document": terms.agreement_document(EFFECTIVE),
    }


async def _drafted(service: AgreementUnderTest, cast: Cast, service_id: str, key: str) -> tuple[int, dict[str, Any]]:
    body = _draft(cast, service_id, key)
    return await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", body)


async def test_a_service_is_live_unless_its_provider_says_otherwise(service: AgreementUnderTest, cast: Cast) -> None:
    entered = await _entered(service, cast)
    assert entered["status"] == "live"
    assert [(each["status"], each["since"]) for each in entered["status_history"]] == [
        ("live", "2026-11-22T10:00:00.000000Z")
    ]


async def test_the_catalogue_keeps_everything_that_a_service_is(service: AgreementUnderTest, cast: Cast) -> None:
    said = {
        "status": "pipeline",
        "planned_on": "2027-04-01",
        "further_outcomes": ["Returns are found"],
        "moments_of_truth": ["The customer types a word"],
        "owner": "Search team",
        "priority": 2,
        "weight": 3,
        "configuration_items": PARTS,
    }
    entered = await _entered(service, cast, **said)
    path = f"/api/v1/services/{entered['service_id']}"
    _, read = await service.ask(cast.provider_manager_key, "GET", path)
    assert {name: read[name] for name in said} == said
    # What an edit leaves out stays, so that a client of before these fields takes nothing away.
    assert (await _edited(service, cast, entered["service_id"], name="Search"))[1] == read
    _, seen = await service.ask(cast.customer_manager_key, "GET", path)
    assert "configuration_items" not in seen
    assert {name: seen[name] for name in said if name != "configuration_items"} == {
        name: value for name, value in said.items() if name != "configuration_items"
    }


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("pipeline", "live", 200),
        ("pipeline", "retired", 200),
        ("live", "retired", 200),
        ("retired", "pipeline", 200),
        ("live", "pipeline", 409),
        ("retired", "live", 409),
    ],
)
async def test_only_some_statuses_follow_a_status(
    service: AgreementUnderTest, cast: Cast, first: str, then: str, expected: int
) -> None:
    entered = await _entered(service, cast, status=first)
    status, answer = await _edited(service, cast, entered["service_id"], status=then)
    assert status == expected, answer
    if expected == 200:
        assert [each["status"] for each in answer["status_history"]] == [first, then]
        assert answer["status"] == then
    else:
        assert answer["type"].endswith("/wrong-state")
        assert first in answer["detail"]


async def test_a_change_of_status_forgets_the_planned_date(service: AgreementUnderTest, cast: Cast) -> None:
    entered = await _entered(service, cast, status="pipeline", planned_on="2027-04-01")
    _, live = await _edited(service, cast, entered["service_id"], status="live")
    assert live["planned_on"] is None
    _, planned = await _edited(service, cast, entered["service_id"], planned_on="2030-01-31")
    assert (planned["status"], planned["planned_on"]) == ("live", "2030-01-31")


@pytest.mark.parametrize(
    ("status", "date"), [("pipeline", "2027-02-30"), ("pipeline", "soon"), ("retired", "2027-01-01")]
)
async def test_a_planned_date_must_be_a_date_before_the_end(
    service: AgreementUnderTest, cast: Cast, status: str, date: str
) -> None:
    body = {"key": "search", "name": "Search", "status": status, "planned_on": date}
    code, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/services", body)
    assert code == 422
    assert problem["errors"][0]["field"] == "planned_on"


async def test_two_managers_cannot_overwrite_each_others_edit(service: AgreementUnderTest, cast: Cast) -> None:
    entered = await _entered(service, cast)
    path = f"/api/v1/services/{entered['service_id']}"
    headers = {"Authorization": f"Bearer {cast.provider_manager_key}"}
    tag = (await service.client.get(path, headers=headers)).headers["ETag"]
    assert (await _edited(service, cast, entered["service_id"], tag, owner="Ada"))[0] == 200
    assert (await _edited(service, cast, entered["service_id"], tag, owner="Bert"))[0] == 412


async def test_a_key_with_another_status_is_taken(service: AgreementUnderTest, cast: Cast) -> None:
    await _entered(service, cast, status="pipeline")
    for status, expected in (("pipeline", 200), ("live", 409)):
        body = {"key": "search", "name": "Search", "status": status}
        assert (await service.ask(cast.provider_manager_key, "POST", "/api/v1/services", body))[0] == expected


async def test_a_planned_service_can_be_drafted_and_a_retired_one_cannot(
    service: AgreementUnderTest, cast: Cast
) -> None:
    planned = await _entered(service, cast, status="pipeline")
    assert (await _drafted(service, cast, planned["service_id"], "planned"))[0] == 201
    retired = await _entered(service, cast, key="fax", status="retired")
    status, problem = await _drafted(service, cast, retired["service_id"], "retired")
    assert status == 422
    assert problem["errors"][0]["code"] == "specific.service-retired"
    assert "retired on 2026-11-22" in problem["errors"][0]["remedy"]


async def test_a_draft_about_a_service_that_is_retired_later_cannot_be_agreed(
    service: AgreementUnderTest, cast: Cast
) -> None:
    entered = await _entered(service, cast)
    _, draft = await _drafted(service, cast, entered["service_id"], "draft")
    path, revision = f"/api/v1/agreements/{draft['agreement_id']}", {"revision_hash": draft["revision"]["hash"]}
    assert (await service.ask(cast.provider_manager_key, "POST", f"{path}/propose", revision))[0] == 200
    assert (await _edited(service, cast, entered["service_id"], status="retired"))[0] == 200
    _, check = await service.ask(cast.customer_manager_key, "GET", f"{path}/check")
    assert "specific.service-retired" in [each["code"] for each in check["findings"]]
    status, problem = await service.ask(cast.customer_manager_key, "POST", f"{path}/accept", revision)
    assert status == 422
    assert "specific.service-retired" in [each["code"] for each in problem["errors"]]


async def test_a_service_is_not_retired_while_an_agreement_about_it_lasts(
    service: AgreementUnderTest, cast: Cast
) -> None:
    drafted = await negotiation.draft_agreement(service.client, cast, terms.agreement_document(EFFECTIVE), "signed")
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    changed = terms.counter_proposal(proposed["document"])
    countered = await negotiation.make_counter_proposal(service.client, cast, proposed, changed)
    agreed = await negotiation.accept_counter_proposal(service.client, cast, countered)
    await negotiation.sign_for_both_parties(service.client, cast, agreed)
    status, problem = await _edited(service, cast, cast.service_id, name="Checkout", status="retired")
    assert status == 409
    assert "(1)" in problem["detail"]
    await service.move_to("2026-12-02T00:00:00Z")
    assert (await _edited(service, cast, cast.service_id, name="Checkout", status="retired"))[0] == 409


async def test_services_are_found_by_status_and_by_configuration_item(service: AgreementUnderTest, cast: Cast) -> None:
    entered = await _entered(service, cast, status="pipeline", configuration_items=PARTS)

    async def found(key: str, query: str) -> list[str]:
        status, answer = await service.ask(key, "GET", f"/api/v1/services?{query}")
        assert status == 200, answer
        return [each["service_id"] for each in answer["items"]]

    assert await found(cast.provider_manager_key, "status=pipeline") == [entered["service_id"]]
    assert await found(cast.customer_manager_key, "status=live") == [cast.service_id]
    assert await found(cast.provider_manager_key, "configuration_item=cmdb:CI-2041") == [entered["service_id"]]
    # The customer cannot read the parts of a service, and so must not find a service by them.
    assert await found(cast.customer_manager_key, "configuration_item=cmdb:CI-2041") == []
    assert (await service.ask(cast.provider_manager_key, "GET", "/api/v1/services?configuration_item=CI"))[0] == 422


async def _coverage(service: AgreementUnderTest, key: str, query: str = "") -> dict[str, dict[str, Any]]:
    status, answer = await service.ask(key, "GET", f"/api/v1/service-coverage?{query}")
    assert status == 200, answer
    return {each["key"]: each for each in answer["items"]}


async def test_coverage_shows_planned_services_without_a_target(service: AgreementUnderTest, cast: Cast) -> None:
    await _entered(service, cast, status="pipeline", planned_on="2027-04-01")
    found = await _coverage(service, cast.provider_manager_key, "covered_by=none")
    assert list(found) == ["checkout", "search"] or list(found) == ["search", "checkout"]
    assert found["search"]["status"] == "pipeline"
    nothing = {"agreements": 0, "targets": 0, "customers": 0}
    assert [found["search"][stage] for stage in ("in_force", "signed", "negotiated")] == [nothing] * 3
    assert list(await _coverage(service, cast.provider_manager_key, "covered_by=none&status=pipeline")) == ["search"]


async def test_a_service_is_covered_first_by_a_draft_then_in_force(service: AgreementUnderTest, cast: Cast) -> None:
    document = terms.agreement_document(EFFECTIVE)
    promised = {"agreements": 1, "targets": len(document["targets"]), "customers": 1}
    drafted = await negotiation.draft_agreement(service.client, cast, document, "covering")
    keys = (cast.provider_manager_key, cast.customer_manager_key)

    async def seen() -> list[str]:
        return [(await _coverage(service, key))["checkout"]["covered_by"] for key in keys]

    # The customer must not learn of a draft that nobody has proposed to it.
    assert await seen() == ["negotiated", "none"]
    assert (await _coverage(service, keys[0]))["checkout"]["negotiated"] == promised
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    assert await seen() == ["negotiated", "negotiated"]
    changed = terms.counter_proposal(proposed["document"])
    countered = await negotiation.make_counter_proposal(service.client, cast, proposed, changed)
    agreed = await negotiation.accept_counter_proposal(service.client, cast, countered)
    await negotiation.sign_for_both_parties(service.client, cast, agreed)
    assert await seen() == ["signed", "signed"]
    await service.move_to("2026-12-02T00:00:00Z")
    assert await seen() == ["in_force", "in_force"]
    assert (await _coverage(service, keys[1]))["checkout"]["in_force"] == promised


async def test_an_agreement_without_a_target_covers_no_service(service: AgreementUnderTest, cast: Cast) -> None:
    document = {**terms.agreement_document(EFFECTIVE), "targets": []}
    await negotiation.draft_agreement(service.client, cast, document, "empty")
    found = (await _coverage(service, cast.provider_manager_key))["checkout"]
    assert (found["covered_by"], found["negotiated"]) == ("none", {"agreements": 1, "targets": 0, "customers": 1})


async def test_a_stranger_reads_no_coverage_of_others(service: AgreementUnderTest, cast: Cast) -> None:
    party = {"key": "stranger", "name": "Stranger"}
    _, stranger = await service.ask(OPERATOR_KEY, "POST", "/api/v1/parties", party)
    body = {"key": "s", "party_id": stranger["party_id"], "name": "S", "roles": ["service_level_manager"]}
    _, principal = await service.ask(OPERATOR_KEY, "POST", "/api/v1/principals", body)
    path = f"/api/v1/principals/{principal['principal_id']}/keys"
    _, issued = await service.ask(OPERATOR_KEY, "POST", path, {})
    assert await _coverage(service, issued["key"]) == {}
