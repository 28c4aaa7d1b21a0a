"""Nobody comes to a signed agreement alone: whoever manages, signs with nothing that they made or had a hand in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_chassis.access import hash_of
from slm_events.agreement import AgreementFinalized
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

MANDATE = {"role": "provider_signatory", "text": "Says so."}


@dataclass
class Alone:
    """The provider's manager, who tries to sign, and every key that came into her hands."""

    service: AgreementUnderTest
    cast: Cast
    keys: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None, key: str = "", **headers: str) -> dict[str, Any]:
        """A request with the manager's key or another; what it gives is kept as hers."""
        given = key or self.cast.provider_manager_key
        status, answer = await self.service.ask(given, method, f"/api/v1/{path}", body, **headers)
        self.answers.append(status)
        if "key" in answer and "key_id" in answer:
            self.keys.append(answer["key"])
        return answer if status < 300 else {}

    async def operator(self, path: str, body: Any) -> dict[str, Any]:
        return await negotiation.post(self.service.client, OPERATOR_KEY, f"/api/v1/{path}", body)

    async def principal(self, key: str) -> dict[str, Any]:
        _, listed = await self.service.ask(OPERATOR_KEY, "GET", "/api/v1/principals?limit=100")
        return next(item for item in listed["items"] if item["key"] == key)

    async def edit(self, principal: dict[str, Any], **changed: Any) -> None:
        path = f"principals/{principal['principal_id']}"
        body = {"name": principal["name"], "roles": principal["roles"], "person_id": principal["person_id"], **changed}
        await self.ask("PUT", path, body, if_match="*")

    async def issue(self, principal_id: str, key: str = "") -> dict[str, Any]:
        return await self.ask("POST", f"principals/{principal_id}/keys", {"scopes": []}, key)


async def issues_a_signatorys_key(alone: Alone) -> None:
    await alone.issue((await alone.principal("grace"))["principal_id"])


async def takes_over_the_signatorys_person(alone: Alone) -> None:
    grace = await alone.principal("grace")
    await alone.edit(await alone.principal("ada"), roles=["provider_signatory"], person_id=grace["person_id"])
    alone.keys.append(alone.cast.provider_manager_key)


async def enrols_a_second_principal_of_the_signatory(alone: Alone) -> None:
    grace = await alone.principal("grace")
    body = {"key": "grace-2", "name": "G", "roles": ["provider_signatory"], "person_id": grace["person_id"]}
    made = await alone.ask("POST", "principals", body)
    if made:
        await alone.issue(made["principal_id"])


async def makes_up_a_person_with_a_mandate(alone: Alone) -> None:
    body = {"key": "gracia", "name": "Gracia", "email": "gracia@example.com", "mandates": [MANDATE]}
    person = await alone.ask("POST", "people", body)
    made = await alone.ask(
        "POST",
        "principals",
        {"key": "gracia", "name": "G", "roles": ["provider_signatory"], "person_id": person["person_id"]},
    )
    if made:
        await alone.issue(made["principal_id"])


async def gives_herself_the_role_and_a_mandate(alone: Alone) -> None:
    ada = await alone.principal("ada")
    body = {"name": "Ada", "email": "ada@example.com", "mandates": [MANDATE]}
    await alone.ask("PUT", f"people/{ada['person_id']}", body, if_match="*")
    await alone.edit(ada, roles=["service_level_manager", "provider_signatory"])
    alone.keys.append(alone.cast.provider_manager_key)


async def moves_the_role_to_a_machine_with_a_key_of_hers(alone: Alone) -> None:
    machine = await alone.ask("POST", "principals", {"key": "bot", "name": "Bot", "roles": ["viewer"]})
    await alone.issue(machine["principal_id"])
    grace = await alone.principal("grace")
    await alone.edit(await alone.principal("grace"), roles=["viewer"])
    await alone.edit(await alone.principal("bot"), roles=["provider_signatory"], person_id=grace["person_id"])


async def lets_the_role_go_and_come_back(alone: Alone) -> None:
    grace = await alone.principal("grace")
    await alone.edit(grace, roles=["viewer"])
    await alone.issue(grace["principal_id"])
    await alone.edit(await alone.principal("grace"), roles=["provider_signatory"])


async def rotates_the_signatorys_key(alone: Alone) -> None:
    grace = await alone.principal("grace")
    live = [key for key in grace["keys"] if key["revoked_at"] is None]
    await alone.issue(grace["principal_id"])
    await alone.ask("DELETE", f"principals/{grace['principal_id']}/keys/{live[0]['key_id']}")


async def invites_the_signatory_and_uses_the_code(alone: Alone) -> None:
    grace = await alone.principal("grace")
    made = await alone.ask("POST", "invitations", {"principal_id": grace["principal_id"]})
    if made:
        await alone.ask("POST", "invitations/accept", {}, made["code"])


async def invites_before_the_operator_gives_the_role(alone: Alone) -> None:
    person = await alone.ask("POST", "people", {"key": "hal", "name": "Hal", "mandates": [MANDATE]})
    body = {"key": "hal", "name": "Hal", "roles": ["viewer"], "person_id": person["person_id"]}
    hal = await alone.ask("POST", "principals", body)
    made = await alone.ask("POST", "invitations", {"principal_id": hal["principal_id"]})
    edit = {"name": "Hal", "roles": ["provider_signatory"], "person_id": person["person_id"]}
    path = f"/api/v1/principals/{hal['principal_id']}"
    assert (await alone.service.ask(OPERATOR_KEY, "PUT", path, edit, if_match="*"))[0] == 200
    if made:
        await alone.ask("POST", "invitations/accept", {}, made["code"])
    await alone.issue(hal["principal_id"])


async def keeps_a_key_while_the_operator_gives_the_role(alone: Alone) -> None:
    person = await alone.ask("POST", "people", {"key": "ida", "name": "Ida", "mandates": [MANDATE]})
    body = {"key": "ida", "name": "Ida", "roles": ["viewer"], "person_id": person["person_id"]}
    ida = await alone.ask("POST", "principals", body)
    issued = await alone.issue(ida["principal_id"])
    await alone.issue(ida["principal_id"], issued["key"])
    edit = {"name": "Ida", "roles": ["provider_signatory"], "person_id": person["person_id"]}
    await alone.service.ask(OPERATOR_KEY, "PUT", f"/api/v1/principals/{ida['principal_id']}", edit, if_match="*")


async def opens_a_company_of_her_own_by_invitation(alone: Alone) -> None:
    made = await alone.ask("POST", "invitations", {"alias": "A straw man"})
    if made:
        said = {"party": {"key": "straw", "name": "Straw"}, "person": {"key": "ada", "name": "Ada"}}
        arrived = await alone.ask("POST", "invitations/accept", said, made["code"])
        body = {"key": "s", "name": "S", "roles": ["business_signatory"], "person_id": None}
        await alone.ask("POST", "principals", body, arrived["key"])


TRIES: list[Callable[[Alone], Awaitable[None]]] = [
    issues_a_signatorys_key,
    takes_over_the_signatorys_person,
    enrols_a_second_principal_of_the_signatory,
    makes_up_a_person_with_a_mandate,
    gives_herself_the_role_and_a_mandate,
    moves_the_role_to_a_machine_with_a_key_of_hers,
    lets_the_role_go_and_come_back,
    rotates_the_signatorys_key,
    invites_the_signatory_and_uses_the_code,
    invites_before_the_operator_gives_the_role,
    keeps_a_key_while_the_operator_gives_the_role,
    opens_a_company_of_her_own_by_invitation,
]


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


async def _agreed(service: AgreementUnderTest, cast: Cast) -> dict[str, Any]:
    drafted = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    raised = terms.counter_proposal(proposed["document"])
    countered = await negotiation.make_counter_proposal(service.client, cast, proposed, raised)
    return await negotiation.accept_counter_proposal(service.client, cast, countered)


async def _sign(service: AgreementUnderTest, key: str, agreement: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    body = {"revision_hash": agreement["revision"]["hash"]}
    return await service.ask(key, "POST", f"/api/v1/agreements/{agreement['agreement_id']}/sign", body)


@pytest.mark.parametrize("attempt", TRIES, ids=lambda each: each.__name__)
async def test_a_manager_comes_to_no_signature(
    service: AgreementUnderTest, cast: Cast, attempt: Callable[[Alone], Awaitable[None]]
) -> None:
    agreement = await _agreed(service, cast)
    alone = Alone(service, cast)
    await attempt(alone)
    assert all(status < 500 for status in alone.answers)
    answers = [(await _sign(service, key, agreement))[0] for key in alone.keys]
    assert 200 not in answers, f"signed with a key of her own making: {alone.answers}"
    _, seen = await service.ask(cast.viewer_key, "GET", f"/api/v1/agreements/{agreement['agreement_id']}")
    assert seen["signatures"] == []


async def test_one_principal_does_not_both_manage_and_sign(service: AgreementUnderTest, cast: Cast) -> None:
    alone = Alone(service, cast)
    body = {"key": "both", "party_id": cast.provider_party_id, "name": "B", "email": "b@example.com"}
    person = await alone.operator("people", {**body, "mandates": [MANDATE]})
    both = {"key": "both", "party_id": cast.provider_party_id, "name": "B", "person_id": person["person_id"]}
    roles = ["service_level_manager", "provider_signatory"]
    status, problem = await service.ask(OPERATOR_KEY, "POST", "/api/v1/principals", {**both, "roles": roles})
    assert (status, problem["errors"][0]["field"]) == (422, "roles")


async def test_a_machine_is_no_signatory(service: AgreementUnderTest, cast: Cast) -> None:
    body = {"party_id": cast.provider_party_id, "name": "Bot", "roles": ["provider_signatory"]}
    status, problem = await service.ask(OPERATOR_KEY, "POST", "/api/v1/principals", body)
    assert (status, problem["errors"][0]["field"]) == (422, "person_id")


async def test_an_operator_signs_nothing(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await _agreed(service, cast)
    alone = Alone(service, cast)
    made = await alone.operator("principals", {"name": "Olga", "roles": ["operator"]})
    issued = await alone.operator(f"principals/{made['principal_id']}/keys", {})
    for key in (OPERATOR_KEY, issued["key"]):
        assert (await _sign(service, key, agreement))[0] == 403
    emmy = await alone.principal("emmy")
    body = {"name": "Olga", "roles": ["operator"], "person_id": emmy["person_id"]}
    assert (await service.ask(OPERATOR_KEY, "POST", "/api/v1/principals", body))[0] == 422


async def test_nobody_changes_their_own_roles(service: AgreementUnderTest, cast: Cast) -> None:
    alone = Alone(service, cast)
    await alone.edit(await alone.principal("ada"), roles=["service_level_manager", "integrator"])
    assert alone.answers == [403]
    await alone.edit(await alone.principal("monitoring"), roles=["integrator", "viewer"])
    assert alone.answers == [403, 200]


async def test_a_manager_does_not_change_who_a_signatory_is(service: AgreementUnderTest, cast: Cast) -> None:
    alone = Alone(service, cast)
    grace = await alone.principal("grace")
    body = {"name": "Grace", "email": "somebody.else@example.com", "mandates": [MANDATE]}
    await alone.ask("PUT", f"people/{grace['person_id']}", body, if_match="*")
    assert alone.answers == [403]


async def test_the_same_human_being_signs_for_one_side_only(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await _agreed(service, cast)
    alone = Alone(service, cast)
    mandate = {"role": "business_signatory", "text": "Both"}
    body = {"key": "g", "party_id": cast.customer_party_id, "name": "Grace", "email": " GRACE@example.com "}
    person = await alone.operator("people", {**body, "mandates": [mandate]})
    enrolled = {"key": "g", "party_id": cast.customer_party_id, "name": "Grace", "person_id": person["person_id"]}
    made = await alone.operator("principals", {**enrolled, "roles": ["business_signatory"]})
    issued = await alone.operator(f"principals/{made['principal_id']}/keys", {})
    assert (await _sign(service, cast.provider_signatory_key, agreement))[0] == 200
    status, problem = await _sign(service, issued["key"], agreement)
    assert (status, "cannot sign for both" in problem["detail"]) == (403, True)


async def test_two_people_of_a_party_have_two_mail_addresses(service: AgreementUnderTest, cast: Cast) -> None:
    body = {"key": "grace-too", "name": "Grace Too", "email": "Grace@Example.com"}
    status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/people", body)
    assert (status, problem["errors"][0]["field"]) == (422, "email")


async def test_a_person_makes_a_key_by_code_and_the_other_side_learns(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await _agreed(service, cast)
    alone = Alone(service, cast)
    grace, emmy = await alone.principal("grace"), await alone.principal("emmy")
    invitation = await alone.operator("invitations", {"principal_id": grace["principal_id"]})
    path = "/api/v1/invitations/accept"
    status, made = await service.ask(invitation["code"], "POST", path, {})
    assert status == 200, made
    assert (await service.ask(invitation["code"], "POST", path, {}))[0] == 401
    assert (await _sign(service, made["key"], agreement))[0] == 200
    _, own = await service.ask(
        cast.customer_signatory_key, "POST", f"/api/v1/principals/{emmy['principal_id']}/keys", {}
    )
    status, signed = await _sign(service, own["key"], agreement)
    assert (status, signed["state"]) == (200, "finalized")
    _, seen = await service.ask(cast.viewer_key, "GET", f"/api/v1/agreements/{agreement['agreement_id']}")
    told = [(each["key_id"], each["key_issued_how"], each["key_issued_by"]) for each in seen["signatures"]]
    assert told == [
        (made["key_id"], "invitation", "bootstrap operator"),
        (own["key_id"], "holder", "Emmy Noether"),
    ]
    [finalized] = await service.told(AgreementFinalized)
    assert [each["key_id"] for each in finalized.signatures] == [made["key_id"], own["key_id"]]
    assert all(each["key_issued_at"] for each in finalized.signatures)
    assert hash_of(made["key"]) not in str(seen)


async def test_who_signs_terminates_and_nobody_in_their_place(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await _agreed(service, cast)
    for key in (cast.provider_signatory_key, cast.customer_signatory_key):
        await _sign(service, key, agreement)
    alone = Alone(service, cast)
    await keeps_a_key_while_the_operator_gives_the_role(alone)
    await issues_a_signatorys_key(alone)
    path = f"/api/v1/agreements/{agreement['agreement_id']}/terminate"
    for key in [*alone.keys, cast.provider_manager_key]:
        assert (await service.ask(key, "POST", path, {"reason": "Tired of it."}))[0] == 403
