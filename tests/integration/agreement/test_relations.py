"""Parties are strangers until one accepted the other's invitation, or an operator linked them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_chassis.identity import NAMESPACE, named_id
from slm_events.agreement import PartiesRelated
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

INSTALLATION = named_id(NAMESPACE, "installation", "local")
NOWHERE = "11111111-1111-5111-8111-111111111111"
DAYS_15 = "2026-12-07T10:00:00Z"


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


async def _made(service: AgreementUnderTest, key: str, path: str, body: Any) -> dict[str, Any]:
    status, answer = await service.ask(key, "POST", f"/api/v1/{path}", body)
    assert status in (200, 201), answer
    return answer


async def _stranger(service: AgreementUnderTest, name: str = "stranger") -> tuple[str, str]:
    """A party that nobody knows, and the key of its manager."""
    party = await _made(service, OPERATOR_KEY, "parties", {"key": name, "name": name})
    body = {"key": "s", "party_id": party["party_id"], "name": "S", "roles": ["service_level_manager"]}
    principal = await _made(service, OPERATOR_KEY, "principals", body)
    issued = await _made(service, OPERATOR_KEY, f"principals/{principal['principal_id']}/keys", {})
    return party["party_id"], issued["key"]


def _without(problem: dict[str, Any], *values: str) -> str:
    """A problem as text, with what was asked for and the id that follows from it taken out."""
    text = str({name: value for name, value in problem.items() if name != "instance"})
    for value in values:
        text = text.replace(value, "…")
    return text


def _guesses(cast: Cast) -> dict[str, str]:
    """Ids that follow from keys that a competitor may well know."""
    return {"provider": cast.provider_party_id, "customer": cast.customer_party_id, "service": cast.service_id}


async def test_a_requirement_of_a_strangers_service_is_answered_like_one_of_none(
    service: AgreementUnderTest, cast: Cast
) -> None:
    _, stranger = await _stranger(service)
    guessed = named_id(cast.provider_party_id, "service", "checkout")
    assert guessed == cast.service_id
    answers = []
    for service_id in (guessed, NOWHERE):
        body = {"service_id": service_id, "text": "I want to see it."}
        status, problem = await service.ask(stranger, "POST", "/api/v1/requirements", body)
        answers.append((status, _without(problem, service_id)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422
    assert (await service.ask(stranger, "GET", f"/api/v1/services/{guessed}"))[0] == 404


@pytest.mark.parametrize("side", ["provider", "customer"])
async def test_a_draft_with_a_stranger_is_answered_like_one_with_nobody(
    service: AgreementUnderTest, cast: Cast, side: str
) -> None:
    own, stranger = await _stranger(service)
    own_service = (await _made(service, stranger, "services", {"key": "own", "name": "Own"}))["service_id"]
    answers = []
    for other, of_other in ((_guesses(cast)[side], cast.service_id), (NOWHERE, NOWHERE)):
        parties = {"provider_party_id": own, "customer_party_id": other, "service_id": own_service}
        if side == "provider":
            parties = {"provider_party_id": other, "customer_party_id": own, "service_id": of_other}
        status, problem = await service.ask(stranger, "POST", "/api/v1/agreements", {**parties, "key": "k"})
        answers.append((status, _without(problem, other, of_other)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422
    assert (await service.ask(stranger, "GET", f"/api/v1/parties/{cast.provider_party_id}"))[0] == 404


async def test_a_strangers_service_in_a_draft_is_answered_like_an_unknown_one(
    service: AgreementUnderTest, cast: Cast
) -> None:
    own, stranger = await _stranger(service)
    other, _ = await _stranger(service, "its-customer")
    await _made(service, OPERATOR_KEY, "relations", {"party_ids": [own, other]})
    answers = []
    for service_id in (cast.service_id, NOWHERE):
        body = {"provider_party_id": own, "customer_party_id": other, "service_id": service_id}
        status, problem = await service.ask(stranger, "POST", "/api/v1/agreements", body)
        answers.append((status, _without(problem, service_id)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


async def test_people_of_the_other_side_cannot_be_found_out_by_guessing(
    service: AgreementUnderTest, cast: Cast
) -> None:
    await negotiation.record_requirement(service.client, cast)
    answers = []
    for name in ("emmy", "nobody-of-that-name"):
        document = {**terms.agreement_document(EFFECTIVE), "signatories": {"customer": [name]}}
        body = {
            "provider_party_id": cast.provider_party_id,
            "customer_party_id": cast.customer_party_id,
            "service_id": cast.service_id,
            "document": document,
            "key": name,
        }
        answers.append((await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", body))[0])
    assert answers == [201, 201]


async def test_a_customer_takes_no_key_in_the_providers_name_space(service: AgreementUnderTest, cast: Cast) -> None:
    await negotiation.record_requirement(service.client, cast)
    body = {
        "key": terms.AGREEMENT_KEY,
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
        "document": {"title": "Squatted"},
    }
    squatted = await _made(service, cast.customer_manager_key, "agreements", body)
    drafted = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    assert drafted["agreement_id"] != squatted["agreement_id"]
    assert drafted["agreement_id"] == named_id(cast.provider_party_id, "agreement", terms.AGREEMENT_KEY)
    assert squatted["agreement_id"] == named_id(cast.customer_party_id, "agreement", terms.AGREEMENT_KEY)
    target = drafted["document"]["targets"][0]
    assert target["target_id"] == named_id(drafted["agreement_id"], "target", "availability")


async def test_an_accepted_invitation_makes_a_relation_and_its_code_works_once(
    service: AgreementUnderTest, cast: Cast
) -> None:
    own, stranger = await _stranger(service)
    service_id = (await _made(service, stranger, "services", {"key": "s", "name": "S"}))["service_id"]
    invitation = await _made(service, stranger, "invitations", {"alias": "The shop"})
    wanted = {"service_id": service_id, "text": "Wanted."}
    customer = cast.customer_manager_key
    assert (await service.ask(customer, "POST", "/api/v1/requirements", wanted))[0] == 422
    accepted = await _made(service, customer, "invitations/accept", {"code": invitation["code"]})
    assert (accepted["state"], accepted["accepted_party_id"]) == ("accepted", cast.customer_party_id)
    assert (await service.ask(customer, "POST", "/api/v1/requirements", wanted))[0] == 201
    _, again = await service.ask(
        cast.provider_manager_key, "POST", "/api/v1/invitations/accept", {"code": invitation["code"]}
    )
    _, wrong = await service.ask(cast.provider_manager_key, "POST", "/api/v1/invitations/accept", {"code": "slm_no"})
    assert (again["status"], _without(again)) == (404, _without(wrong))
    [_, related] = await service.told(PartiesRelated)
    assert {related.first_party_id, related.second_party_id} == {own, cast.customer_party_id}
    _, listed = await service.ask(stranger, "GET", "/api/v1/relations")
    assert [set(item["party_ids"]) for item in listed["items"]] == [{own, cast.customer_party_id}]
    assert invitation["code"] not in str(await service.ask(stranger, "GET", "/api/v1/invitations"))


async def test_a_new_company_gets_a_random_id_and_a_key_it_chose(service: AgreementUnderTest, cast: Cast) -> None:
    invitation = await _made(service, cast.provider_manager_key, "invitations", {"alias": "Baker, Main Street"})
    said = {
        "party": {"key": "corner-shop", "name": "Baker"},
        "person": {"key": "bea", "name": "Bea", "email": "bea@example.com"},
    }
    arrived = await _made(service, invitation["code"], "invitations/accept", said)
    party_id = arrived["accepted_party_id"]
    # The key that another party has already, chosen by somebody who cannot know: no refusal tells.
    assert party_id not in (cast.customer_party_id, named_id(INSTALLATION, "corner-shop"))
    assert UUID(party_id).version == 7
    _, parties = await service.ask(arrived["key"], "GET", "/api/v1/parties")
    assert {party["party_id"] for party in parties["items"]} == {party_id, cast.provider_party_id}
    status, _ = await service.ask(invitation["code"], "POST", "/api/v1/invitations/accept", said)
    assert status == 401
    wanted = {"service_id": cast.service_id, "text": "Bread is paid for, too."}
    assert (await service.ask(arrived["key"], "POST", "/api/v1/requirements", wanted))[0] == 201


async def test_a_code_is_good_for_nothing_but_accepting(service: AgreementUnderTest, cast: Cast) -> None:
    code = (await _made(service, OPERATOR_KEY, "invitations", {"alias": "New"}))["code"]
    for path in ("parties", "people", "principals", "services", "requirements", "agreements", "invitations"):
        assert (await service.ask(code, "GET", f"/api/v1/{path}"))[0] == 403
    assert (await service.ask(code, "POST", "/api/v1/invitations", {"alias": "x"}))[0] == 403


async def test_a_withdrawn_or_expired_code_opens_nothing(service: AgreementUnderTest, cast: Cast) -> None:
    _, stranger = await _stranger(service)
    first, second = [await _made(service, cast.provider_manager_key, "invitations", {}) for _ in range(2)]
    path = f"/api/v1/invitations/{first['invitation_id']}"
    assert (await service.ask(stranger, "POST", f"{path}/withdraw"))[0] == 404
    assert (await service.ask(cast.viewer_key, "POST", f"{path}/withdraw"))[0] == 403
    assert (await service.ask(cast.provider_manager_key, "POST", f"{path}/withdraw"))[1]["state"] == "withdrawn"
    service.clock.move_to(service.clock.now() + 15 * 86_400_000_000)
    for invitation in (first, second):
        body = {"code": invitation["code"]}
        assert (await service.ask(stranger, "POST", "/api/v1/invitations/accept", body))[0] == 404
    said = {"party": {"key": "p", "name": "P"}, "person": {"key": "q", "name": "Q"}}
    assert (await service.ask(second["code"], "POST", "/api/v1/invitations/accept", said))[0] == 404
    _, shown = await service.ask(cast.provider_manager_key, "GET", f"/api/v1/invitations/{second['invitation_id']}")
    assert shown["state"] == "expired"


async def test_only_an_operator_links_parties_and_only_registered_ones(service: AgreementUnderTest, cast: Cast) -> None:
    own, stranger = await _stranger(service)
    pair = {"party_ids": [own, cast.provider_party_id]}
    assert (await service.ask(stranger, "POST", "/api/v1/relations", pair))[0] == 403
    for party_ids in ([own, NOWHERE], [own, own]):
        status, problem = await service.ask(OPERATOR_KEY, "POST", "/api/v1/relations", {"party_ids": party_ids})
        assert (status, problem["errors"][0]["field"]) == (422, "party_ids[1]")
    assert (await service.ask(OPERATOR_KEY, "POST", "/api/v1/relations", pair))[0] == 201
    assert (await service.ask(OPERATOR_KEY, "POST", "/api/v1/relations", pair))[0] == 200
    status, _ = await service.ask(stranger, "GET", f"/api/v1/parties/{cast.provider_party_id}")
    assert status == 200
