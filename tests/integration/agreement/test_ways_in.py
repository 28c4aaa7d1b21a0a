"""Invitations with a password, sign-in links and the first start."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_events.agreement import PartyRegistered
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest

PASSWORD = "eleven green bottles"
MANDATE = {"role": "provider_signatory", "text": "Says so."}


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    return await negotiation.gather_cast(service.client, OPERATOR_KEY)


async def _log_in(service: AgreementUnderTest, **body: str) -> tuple[int, dict[str, Any]]:
    response = await service.client.post("/api/v1/sessions", json=body)
    return response.status_code, response.json()


async def _me(service: AgreementUnderTest, key: str) -> dict[str, Any]:
    status, me = await service.ask(key, "GET", "/api/v1/me")
    assert status == 200, me
    return me


async def _invite(service: AgreementUnderTest, by: str, **body: Any) -> dict[str, Any]:
    return await negotiation.post(service.client, by, "/api/v1/invitations", body)


async def _accept(service: AgreementUnderTest, code: str, **body: Any) -> tuple[int, dict[str, Any]]:
    return await service.ask(code, "POST", "/api/v1/invitations/accept", body)


async def _viewer(service: AgreementUnderTest, by: str, key: str, **person: Any) -> str:
    """A person of the provider with a principal that reads; returns the principal's id."""
    body = {"key": key, "name": key.title(), **person}
    made = await negotiation.post(service.client, by, "/api/v1/people", body)
    enrolment = {"key": key, "name": key.title(), "roles": ["viewer"], "person_id": made["person_id"]}
    return str((await negotiation.post(service.client, by, "/api/v1/principals", enrolment))["principal_id"])


async def test_a_person_accepts_with_a_password_and_is_in(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id = await _viewer(service, cast.provider_manager_key, "lise", email="lise@example.com")
    made = await _invite(service, cast.provider_manager_key, principal_id=principal_id, email="Lise@example.com")
    assert made["link"] == f"/invitations/{made['code']}"
    status, accepted = await _accept(service, made["code"], password=PASSWORD, client="Phone")
    assert (status, accepted["key_expires_at"]) == (200, "2026-11-22T22:00:00.000000Z")
    me = await _me(service, accepted["key"])
    assert (me["person"]["name"], me["identified_by"], me["may_sign"]) == ("Lise", "password", False)
    assert (await _accept(service, made["code"], password=PASSWORD))[0] == 401
    assert (await _log_in(service, email="lise@example.com", password=PASSWORD))[0] == 201


async def test_a_new_company_begins_with_a_password(service: AgreementUnderTest, cast: Cast) -> None:
    made = await _invite(service, cast.provider_manager_key, alias="The bakery", email="emil@bakery.example")
    newcomer = {"party": {"key": "bakery", "name": "The Bakery"}, "person": {"key": "emil", "name": "Emil"}}
    status, accepted = await _accept(service, made["code"], **newcomer, password=PASSWORD)
    assert status == 200
    me = await _me(service, accepted["key"])
    assert (me["party"]["name"], me["email"], me["roles"]) == (
        "The Bakery",
        "emil@bakery.example",
        ["service_level_manager"],
    )


async def test_without_an_address_there_is_no_account(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id = await _viewer(service, cast.provider_manager_key, "lise")
    made = await _invite(service, cast.provider_manager_key, principal_id=principal_id)
    assert (await _accept(service, made["code"], password=PASSWORD))[0] == 422
    made = await _invite(service, cast.provider_manager_key, principal_id=principal_id, email="lise@example.com")
    assert (await _accept(service, made["code"], password="lise lise lise"))[0] == 422
    assert (await _accept(service, made["code"], password=PASSWORD))[0] == 200
    assert (await _log_in(service, email="lise@example.com", password=PASSWORD))[0] == 201


async def test_an_invitation_goes_to_the_address_on_record(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id = await _viewer(service, cast.provider_manager_key, "lise", email="lise@example.com")
    body = {"principal_id": principal_id, "email": "mallory@example.com"}
    status, problem = await service.ask(cast.provider_manager_key, "POST", "/api/v1/invitations", body)
    assert (status, problem["errors"][0]["field"]) == (422, "email")


async def test_a_reset_ends_sessions_and_the_old_password(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id = await _viewer(service, cast.provider_manager_key, "lise", email="lise@example.com")
    first = await _invite(service, cast.provider_manager_key, principal_id=principal_id)
    session = (await _accept(service, first["code"], password=PASSWORD))[1]["key"]
    second = await _invite(service, cast.provider_manager_key, principal_id=principal_id)
    assert (await _accept(service, second["code"], password="ten green bottles"))[0] == 200
    assert (await service.ask(session, "GET", "/api/v1/me"))[0] == 401
    assert (await _log_in(service, email="lise@example.com", password=PASSWORD))[0] == 401


async def test_an_operators_invitation_makes_an_account_that_signs(service: AgreementUnderTest, cast: Cast) -> None:
    grace = await _me(service, cast.provider_signatory_key)
    made = await _invite(service, OPERATOR_KEY, principal_id=grace["principal_id"])
    assert (await _accept(service, made["code"], password=PASSWORD))[0] == 200
    session = (await _log_in(service, email="grace@example.com", password=PASSWORD))[1]
    assert (await _me(service, session["key"]))["may_sign"]


async def test_a_manager_cannot_take_over_a_signatorys_account(service: AgreementUnderTest, cast: Cast) -> None:
    grace = await _me(service, cast.provider_signatory_key)
    body = {"password": PASSWORD}
    assert (await service.ask(cast.provider_signatory_key, "POST", "/api/v1/me/password", body))[0] == 204
    ada = cast.provider_manager_key
    person = grace["person"]
    edit = {"name": person["name"], "email": "ada+grace@example.com", "mandates": [MANDATE]}
    assert (await service.ask(ada, "PUT", f"/api/v1/people/{person['person_id']}", edit, if_match="*"))[0] == 403
    invitation = {"principal_id": grace["principal_id"]}
    assert (await service.ask(ada, "POST", "/api/v1/invitations", invitation))[0] == 403
    assert (await service.ask(ada, "POST", "/api/v1/sign-in-links", invitation))[0] == 403
    assert (await service.ask(ada, "POST", f"/api/v1/principals/{grace['principal_id']}/keys", {}))[0] == 403
    # Another person of the party with the signatory's address would answer to it.
    body = {"key": "g2", "name": "G", "email": "GRACE@example.com"}
    assert (await service.ask(ada, "POST", "/api/v1/people", body))[0] == 422
    assert (await _log_in(service, email="grace@example.com", password=PASSWORD))[0] == 201


async def test_an_account_that_a_manager_reset_never_signs(service: AgreementUnderTest, cast: Cast) -> None:
    principal_id = await _viewer(service, cast.provider_manager_key, "hal", email="hal@example.com", mandates=[MANDATE])
    made = await _invite(service, cast.provider_manager_key, principal_id=principal_id)
    session = (await _accept(service, made["code"], password=PASSWORD))[1]
    hal = await _me(service, session["key"])
    edit = {"name": "Hal", "roles": ["provider_signatory"], "person_id": hal["person"]["person_id"]}
    path = f"/api/v1/principals/{principal_id}"
    assert (await service.ask(OPERATOR_KEY, "PUT", path, edit, if_match="*"))[0] == 409
    assert (await service.ask(session["key"], "DELETE", "/api/v1/sessions/current"))[0] == 204
    assert (await service.ask(OPERATOR_KEY, "PUT", path, edit, if_match="*"))[0] == 200
    again = (await _log_in(service, email="hal@example.com", password=PASSWORD))[1]
    assert not (await _me(service, again["key"]))["may_sign"]
    change = {"password": "ten green bottles", "current_password": PASSWORD}
    assert (await service.ask(again["key"], "POST", "/api/v1/me/password", change))[0] == 204
    third = (await _log_in(service, email="hal@example.com", password="ten green bottles"))[1]
    assert not (await _me(service, third["key"]))["may_sign"]


async def test_a_sign_in_link_lets_in_once(service: AgreementUnderTest, cast: Cast) -> None:
    emmy = await _me(service, cast.customer_signatory_key)
    body = {"principal_id": emmy["principal_id"]}
    made = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/sign-in-links", body)
    answers = await asyncio.gather(*(_log_in(service, code=made["code"]) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [201, 401, 401, 401]
    [session] = [answer for status, answer in answers if status == 201]
    me = await _me(service, session["key"])
    assert (me["person"]["name"], me["identified_by"]) == ("Emmy Noether", "sign_in_link")
    wrong = (await _log_in(service, code="slm_" + "a" * 43))[1]
    assert wrong == (await _log_in(service, code=made["code"]))[1]


async def test_a_sign_in_link_expires_and_is_an_operators(service: AgreementUnderTest, cast: Cast) -> None:
    emmy = await _me(service, cast.customer_signatory_key)
    body = {"principal_id": emmy["principal_id"]}
    for key in (cast.customer_manager_key, cast.customer_signatory_key):
        assert (await service.ask(key, "POST", "/api/v1/sign-in-links", body))[0] == 403
    made = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/sign-in-links", body)
    await service.move_to("2026-11-23T10:00:00Z")
    assert (await _log_in(service, code=made["code"]))[0] == 401
    unknown = {"principal_id": "0193a5c0-7a00-7000-8000-000000000001"}
    assert (await service.ask(OPERATOR_KEY, "POST", "/api/v1/sign-in-links", unknown))[0] == 404


async def _set_up(service: AgreementUnderTest, code: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {
        "code": code,
        "name": "Acme's",
        "party": {"name": "Acme Hosting"},
        "person": {"name": "Ada Byron", "email": "ada@example.com"},
        "password": PASSWORD,
        **more,
    }
    response = await service.client.post("/api/v1/installation", json=body)
    return response.status_code, response.json()


async def test_the_first_start_makes_party_manager_and_signatory(service: AgreementUnderTest) -> None:
    assert (await service.client.get("/api/v1/installation")).json() == {
        "name": "",
        "is_set_up": False,
        "sends_mails": False,
        "openid_provider": None,
    }
    void = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/installation/links", {})
    made = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/installation/links", {})
    grace = {"name": "Grace Hopper", "email": "grace@example.com"}
    assert (await _set_up(service, void["code"]))[0] == 401
    status, answer = await _set_up(service, made["code"], signatory=grace)
    assert status == 201, answer
    assert (await service.client.get("/api/v1/installation")).json() == {
        "name": "Acme's",
        "is_set_up": True,
        "sends_mails": False,
        "openid_provider": None,
    }
    me = await _me(service, answer["key"])
    assert (me["roles"], me["party"]["name"]) == (["service_level_manager"], "Acme Hosting")
    code = answer["signatory_link"].removeprefix("/invitations/")
    session = (await _accept(service, code, password="ten green bottles"))[1]
    signatory = await _me(service, session["key"])
    assert (signatory["may_sign"], signatory["roles"]) == (True, ["business_signatory", "provider_signatory"])
    assert (await _log_in(service, email="ada@example.com", password=PASSWORD))[0] == 201
    assert len(await service.told(PartyRegistered)) == 1


async def test_an_installation_is_set_up_once(service: AgreementUnderTest) -> None:
    made = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/installation/links", {})
    answers = await asyncio.gather(*(_set_up(service, made["code"]) for _ in range(3)))
    assert sorted(status for status, _ in answers) == [201, 409, 409]
    assert (await service.ask(OPERATOR_KEY, "POST", "/api/v1/installation/links"))[0] == 409
    assert (await _set_up(service, made["code"]))[0] == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short"},
        {"person": {"name": "Ada", "email": "nowhere"}},
        {"signatory": {"name": "Ada", "email": "ADA@example.com"}},
        {"signatory": {"key": "manager", "name": "Grace", "email": "grace@example.com"}},
        {"party": {"key": "not a key", "name": "Acme"}},
    ],
)
async def test_a_wrong_first_start_changes_nothing(service: AgreementUnderTest, wrong: dict[str, Any]) -> None:
    made = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/installation/links", {})
    assert (await _set_up(service, made["code"], **wrong))[0] == 422
    assert not (await service.client.get("/api/v1/installation")).json()["is_set_up"]
    assert (await _set_up(service, made["code"]))[0] == 201


async def test_the_code_of_the_first_start_expires(service: AgreementUnderTest) -> None:
    made = await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/installation/links", {})
    assert (await _set_up(service, "slm_" + "a" * 43))[0] == 401
    await service.move_to("2026-11-23T10:00:00Z")
    assert (await _set_up(service, made["code"]))[0] == 401


_BAKERY = {
    "party": {"key": "bakery", "name": "The Bakery"},
    "person": {"key": "emil", "name": "Emil", "email": "emil@bakery.example"},
    "password": PASSWORD,
}


async def test_a_company_that_accepts_names_who_signs_for_it(service: AgreementUnderTest, cast: Cast) -> None:
    made = await _invite(service, cast.provider_manager_key, alias="The bakery")
    rosa = {"name": "Rosa", "email": "rosa@bakery.example"}
    status, manager = await _accept(service, made["code"], **_BAKERY, signatory=rosa)
    assert status == 200, manager
    code = manager["signatory_link"].removeprefix("/invitations/")
    [waiting] = (await service.ask(manager["key"], "GET", "/api/v1/invitations"))[1]["items"]
    assert (waiting["alias"], waiting["state"], waiting["party_id"]) == ("Rosa", "open", None)
    path = f"/api/v1/invitations/{waiting['invitation_id']}/withdraw"
    refused = (await service.ask(manager["key"], "POST", path))[0]
    assert refused == 404, "a manager cannot withdraw the invitation of who signs"
    others = (await service.ask(cast.provider_manager_key, "GET", "/api/v1/invitations"))[1]["items"]
    assert waiting["invitation_id"] not in {each["invitation_id"] for each in others}, "a stranger does not see it"
    session = (await _accept(service, code, password="ten green bottles"))[1]
    me = await _me(service, session["key"])
    assert (me["person"]["name"], me["party"]["name"], me["may_sign"]) == ("Rosa", "The Bakery", True)
    assert me["roles"] == ["business_signatory", "provider_signatory"]
    people = (await service.ask(manager["key"], "GET", "/api/v1/people"))[1]["items"]
    [mandates] = [each["mandates"] for each in people if each["name"] == "Rosa"]
    assert {each["text"] for each in mandates} == {"Named by Emil at the company's start"}
    [done] = (await service.ask(manager["key"], "GET", "/api/v1/invitations"))[1]["items"]
    assert done["state"] == "accepted"


async def test_a_company_may_name_nobody_who_signs(service: AgreementUnderTest, cast: Cast) -> None:
    made = await _invite(service, cast.provider_manager_key)
    status, manager = await _accept(service, made["code"], **_BAKERY)
    assert (status, manager["signatory_link"]) == (200, None)


@pytest.mark.parametrize(
    ("signatory", "field"),
    [
        ({"name": "Emil", "email": "EMIL@bakery.example"}, "signatory.email"),
        ({"key": "emil", "name": "Rosa", "email": "rosa@bakery.example"}, "signatory.key"),
        ({"name": "Rosa", "email": "nowhere"}, "signatory.email"),
    ],
)
async def test_a_company_that_names_a_wrong_signatory_is_not_registered(
    service: AgreementUnderTest, cast: Cast, signatory: dict[str, str], field: str
) -> None:
    made = await _invite(service, cast.provider_manager_key)
    status, problem = await _accept(service, made["code"], **_BAKERY, signatory=signatory)
    assert (status, problem["errors"][0]["field"]) == (422, field)
    assert (await _accept(service, made["code"], **_BAKERY))[0] == 200


async def test_only_a_company_that_comes_in_names_who_signs(service: AgreementUnderTest, cast: Cast) -> None:
    principal = await _viewer(service, cast.provider_manager_key, "lise", email="lise@example.com")
    made = await _invite(service, cast.provider_manager_key, principal_id=principal)
    rosa = {"name": "Rosa", "email": "rosa@bakery.example"}
    status, problem = await _accept(service, made["code"], password=PASSWORD, signatory=rosa)
    assert (status, problem["errors"][0]["field"]) == (422, "signatory")


async def test_whoever_is_invited_reads_by_whom_before_accepting(service: AgreementUnderTest, cast: Cast) -> None:
    made = await _invite(service, cast.provider_manager_key, alias="The bakery", email="emil@bakery.example")
    status, seen = await service.ask(made["code"], "POST", "/api/v1/invitations/preview")
    assert status == 200, seen
    assert seen == {
        "kind": "party",
        "alias": "The bakery",
        "email": "emil@bakery.example",
        "inviter_name": "Ada Byron",
        "inviter_company": "Acme Hosting",
        "expires_at": made["expires_at"],
    }
    assert (await _accept(service, made["code"], **_BAKERY))[0] == 200
    assert (await service.ask(made["code"], "POST", "/api/v1/invitations/preview"))[0] == 401
    assert (await service.ask(cast.provider_manager_key, "POST", "/api/v1/invitations/preview"))[0] == 404


async def test_an_operator_who_invites_is_not_named(service: AgreementUnderTest, cast: Cast) -> None:
    grace = await _me(service, cast.provider_signatory_key)
    made = await _invite(service, OPERATOR_KEY, principal_id=grace["principal_id"])
    seen = (await service.ask(made["code"], "POST", "/api/v1/invitations/preview"))[1]
    assert (seen["kind"], seen["inviter_name"], seen["inviter_company"]) == ("principal", None, None)
